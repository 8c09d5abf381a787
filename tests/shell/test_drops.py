"""Anything may be dropped anywhere: it is said what it is, put where it belongs, or refused in words."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget

from app.shell.main_window import MainWindow
from app.widgets.dropfield import DropField
from tests.shell.conftest import Open, until


def drag_onto(widget: QWidget, mime: QMimeData) -> bool:
    """Enter, move and drop as Qt does it, stopping where the widget does not want it; whether it was taken."""
    at = widget.rect().center()
    for kind in (QDragEnterEvent, QDragMoveEvent):
        event = kind(at, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)
        if not event.isAccepted():
            return False
    drop = QDropEvent(
        QPointF(at), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, drop)
    return drop.isAccepted()


def mime_of(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def words_of(window: MainWindow) -> str:
    return " | ".join(toast.text for toast in window.toasts._toasts.values())


def card_of(window: MainWindow) -> QDialog:
    return until(lambda: window.drops.card is not None and window.drops.card.isVisible() and window.drops.card)  # type: ignore[return-value]


def press(dialog: QDialog, words: str) -> None:
    next(button for button in dialog.findChildren(QPushButton) if words in button.text()).click()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of twelve small pictures each."""
    for name, grey in (("cats", 40), ("dogs", 200)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for k in range(12):
            Image.new("L", (8, 8), grey + k).save(tmp_path / "pets" / name / f"{k}.png")
    return tmp_path / "pets"


def test_a_folder_of_pictures_dropped_on_the_start_page_goes_into_the_form(window, pictures):
    assert drag_onto(window.start_page.drop_zone, mime_of(pictures))
    press(card_of(window), "Fake")
    page = window.page("fake")
    until(lambda: page.setup.form.values()["data"] == str(pictures))
    assert window.tabs.tabData(window.tabs.currentIndex()) == "fake"


def test_a_folder_dropped_anywhere_on_the_window_goes_into_the_form(window, pictures):
    assert drag_onto(window, mime_of(pictures))
    press(card_of(window), "Fake")
    until(lambda: window.page("fake").setup.form.values()["data"] == str(pictures))


def test_a_folder_dropped_on_the_field_of_the_form_goes_into_that_field(window, pictures):
    window.open_tab("fake")
    form = window.page("fake").setup.form
    field = next(iter(form.findChildren(DropField)))
    assert drag_onto(field, mime_of(pictures))
    until(lambda: form.values()["data"] == str(pictures))


@pytest.mark.parametrize("place", ["window", "start", "field"])
def test_a_file_that_is_nothing_known_is_named_and_changes_no_form(window, tmp_path, place):
    bad = tmp_path / "noise.xyz"
    bad.write_bytes(bytes(range(256)) * 4)
    window.open_tab("fake")
    before = window.page("fake").setup.form.values()
    if place == "start":
        window.open_tab("")
    target = {
        "window": window,
        "start": window.start_page.drop_zone,
        "field": next(iter(window.page("fake").setup.form.findChildren(DropField))),
    }[place]
    assert drag_onto(target, mime_of(bad))
    if place == "field":
        until(lambda: "noise.xyz" in all_words(target) or "noise.xyz" in words_of(window))
    else:
        card = card_of(window)
        assert "noise.xyz" in all_words(card)
        card.reject()
    assert window.page("fake").setup.form.values() == before


def test_dropped_text_and_foreign_addresses_are_refused_in_words(window):
    text = QMimeData()
    text.setText("hello")
    drag_onto(window, text)
    assert "Text was dropped" in words_of(window)
    address = QMimeData()
    address.setUrls([QUrl("http://example.org/set.zip")])
    drag_onto(window, address)
    assert "download it first" in words_of(window)
    drag_onto(window, QMimeData())
    assert "carries no file" in words_of(window)


def test_ten_files_at_once_are_looked_at_together(window, tmp_path):
    files = []
    for k in range(10):
        files.append(tmp_path / f"{k}.png")
        Image.new("L", (8, 8), 20 * k).save(files[-1])
    drag_onto(window, mime_of(*files))
    card = card_of(window)
    assert all_words(card).strip()
    card.reject()


def test_ten_thousand_and_one_files_are_refused_in_words(window, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))] * 10_001)
    drag_onto(window, mime)
    assert "drop the folder" in words_of(window)


def test_a_drop_while_a_dialog_is_open_is_handled_after_it(window, tmp_path, pictures):
    window.commands.perform("open_palette")
    drag_onto(window, mime_of(pictures))
    card = card_of(window)
    card.reject()


def test_a_drop_then_quit_ends_quietly(open_window: Open, pictures):
    window = open_window()
    drag_onto(window, mime_of(pictures))
    window.leave()
    assert not window.isVisible()


def test_a_choice_that_is_to_be_remembered_is_not_asked_again(window, pictures):
    window.laboratory.change_settings(drop_choices={"labelled-images": "fake/fake.chatty/data"})
    drag_onto(window, mime_of(pictures))
    until(lambda: "fake" in window.pages and window.page("fake").setup.form.values()["data"] == str(pictures))
    assert window.drops.card is None


def test_the_field_says_what_was_found_in_it(window, pictures):
    window.open_tab("fake")
    form = window.page("fake").setup.form
    field = next(iter(form.findChildren(DropField)))
    drag_onto(field, mime_of(pictures))
    until(lambda: "24" in all_words(field))


def all_words(widget: QWidget) -> str:
    """Everything that a widget and its children write."""
    parts = []
    for child in (widget, *widget.findChildren(QWidget)):
        text = getattr(child, "text", None)
        parts += [text() if callable(text) and isinstance(text(), str) else "", child.accessibleName(), child.toolTip()]
    return " ".join(filter(None, parts))


def test_a_point_outside_every_drop_zone_still_takes_the_drop(window, pictures):
    window.open_tab("fake")
    target = window.childAt(QPoint(window.width() // 2, window.height() // 2))
    while target is not None and not target.acceptDrops():
        target = target.parentWidget()
    assert target is window or target.window() is window


def test_return_takes_the_offer_of_the_card(window, pictures):
    drag_onto(window, mime_of(pictures))
    card = card_of(window)
    assert card.focusWidget() is not None and "Fake" in card.focusWidget().text()
    QTest.keyClick(card.focusWidget(), Qt.Key.Key_Return)
    until(lambda: "fake" in window.pages and window.page("fake").setup.form.values()["data"] == str(pictures))
