"""The window for everyone: by keyboard, for screen readers, with strangers' words, in both looks, at every scale."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtGui import Qt as TextQt  # QtCore has mightBeRichText only once pyqtgraph was imported
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app.runs.states import OVER
from app.shell.main_window import MainWindow
from app.workspaces import load_workspaces
from tests.shell.conftest import Open, until
from tests.shell.fake_tasks import FOREIGN

WRAPPED = "<p style='white-space: pre-wrap'>"
"""How a tooltip is told to break its lines; what stands in it is escaped."""
HEAVY = {"torch", "transformers", "diffusers", "qiskit", "qiskit_aer", "sklearn", "cv2", "scipy"}

LOOK = """
import sys, time
from pathlib import Path
from app.shell.start import make_application, open_window
app = make_application()
window = open_window(app, Path(sys.argv[1]), warm=False)
end = time.monotonic() + 30
while not window.ready and time.monotonic() < end:
    app.processEvents()
window.open_tab("quantum")
window.commands.open_palette()
window.commands.palette.reject()
for _ in range(20):
    app.processEvents()
    time.sleep(0.01)
print(",".join(sorted(sys.modules)))
window.leave()
"""


def name_of(widget: QWidget) -> str:
    """What a screen reader says of a widget."""
    if widget.accessibleName():
        return widget.accessibleName()
    if isinstance(widget, QAbstractButton | QGroupBox):
        return widget.text() if isinstance(widget, QAbstractButton) else widget.title()
    buddy = next((label for label in widget.window().findChildren(QLabel) if label.buddy() is widget), None)
    return buddy.text() if buddy is not None else ""


def where(widget: QWidget) -> str:
    parts = []
    at: QWidget | None = widget
    while at is not None and len(parts) < 6:
        parts.append(type(at).__name__ + (f"({at.accessibleName()})" if at.accessibleName() else ""))
        at = at.parentWidget()
    return " in ".join(parts)


def tab_stops(root: QWidget) -> list[QWidget]:
    """Every visible widget that Tab reaches, in order, each once."""
    stops: list[QWidget] = []
    at = root.nextInFocusChain()
    for _ in range(20_000):
        if at is root or at is None:
            break
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.isVisibleTo(root) and at.isEnabled():
            stops.append(at)
        at = at.nextInFocusChain()
    return stops


def nameless(root: QWidget) -> list[str]:
    return sorted({where(stop) for stop in tab_stops(root) if not name_of(stop).strip() and not stop.focusProxy()})


def test_every_stop_of_tab_has_a_name_on_the_start_page_and_on_a_page(window):
    assert not nameless(window)
    window.open_tab("fake")
    window.try_workspace("fake")
    until(lambda: window.laboratory.store.summary(window.page("fake").view.run).state in OVER)
    view = window.page("fake").view
    for position in range(view.tabs.count()):
        view.tabs.setCurrentIndex(position)
        QApplication.processEvents()
        assert not nameless(window)


def test_every_stop_of_tab_has_a_name_in_the_quantum_workspace(open_window: Open):
    window = open_window({"quantum": load_workspaces()["quantum"]})
    window.open_tab("quantum")
    page = window.page("quantum")
    for task in page.workspace.tasks:
        page.setup.choose_task(task)
        QApplication.processEvents()
        assert not nameless(window), task
    for panel in page.view.panels():
        panel.set_filled(True)
    page.view._stack.setCurrentIndex(1)
    for position in range(page.view.tabs.count()):
        page.view.tabs.setCurrentIndex(position)
        QApplication.processEvents()
        assert not nameless(window), page.view.tabs.tabText(position)


@pytest.mark.parametrize(
    "command", ["open_palette", "open_settings", "open_help", "open_shortcuts", "open_about", "open_trash"]
)
def test_every_stop_of_tab_has_a_name_in_dialogs(window, command):
    window.commands.perform(command)
    QApplication.processEvents()
    dialogs = [widget for widget in QApplication.topLevelWidgets() if widget is not window and widget.isVisible()]
    assert dialogs
    for dialog in dialogs:
        assert not nameless(dialog)
        dialog.close()


def test_tab_goes_round_and_reaches_the_run_button(window):
    window.open_tab("fake")
    window.activateWindow()
    reached = set()
    for _ in range(200):
        window.focusNextPrevChild(True)
        reached.add(QApplication.focusWidget())
    assert window.page("fake")._run in reached
    assert window.search_button in reached


def test_foreign_words_are_never_taken_for_markup(window):
    window.open_tab("fake")
    page = window.page("fake")
    run = window.laboratory.submit("fake.foreign", {}, FOREIGN)
    until(lambda: window.laboratory.store.summary(run).state in OVER)
    window.runs.model.update(run)
    window.show_run(run)
    until(lambda: page.view.verdict.isVisible() and page.view.banner.isVisible())
    window.act("note", run)
    window.laboratory.say(FOREIGN, "unsure")
    for _ in range(10):
        QApplication.processEvents()
    window.start_page.show_runs(window.runs.model.all())
    assert not list(_guessing(window))
    for dialog in window.findChildren(QDialog):
        dialog.close()


def _guessing(window: MainWindow) -> Iterator[str]:
    """Labels, boxes and tooltips that show foreign words as markup, or would if they were told some."""
    for widget in [widget for top in QApplication.topLevelWidgets() for widget in (top, *top.findChildren(QWidget))]:
        if isinstance(widget, QLabel) and widget.textFormat() != Qt.TextFormat.PlainText and widget.text():
            yield f"label “{widget.text()[:40]}” {where(widget)}"
        if isinstance(widget, QTextEdit) and not widget.isReadOnly() and widget.acceptRichText():
            yield f"rich text {where(widget)}"
        if isinstance(widget, QMessageBox):
            yield f"message box {where(widget)}"
        if TextQt.mightBeRichText(widget.toolTip()) and "<" in widget.toolTip().removeprefix(WRAPPED).removesuffix(
            "</p>"
        ):
            yield f"tooltip “{widget.toolTip()[:40]}” {where(widget)}"


def test_escape_sequences_and_reversed_writing_are_made_visible(window):
    run = window.laboratory.submit("fake.foreign", {}, FOREIGN)
    until(lambda: window.laboratory.store.summary(run).state in OVER)
    window.show_run(run)
    view = window.page("fake").view
    until(lambda: view.verdict.isVisible())
    for widget in window.findChildren(QWidget):
        text = ""
        if isinstance(widget, QLabel | QLineEdit):
            text = widget.text()
        elif isinstance(widget, QPlainTextEdit):
            text = widget.toPlainText()
        elif isinstance(widget, QComboBox):
            text = widget.currentText()
        assert "\x1b" not in text and "\u202e" not in text, where(widget)


def test_the_dark_look_reaches_every_part(window):
    window.open_tab("fake")
    window.try_workspace("fake")
    until(lambda: window.laboratory.store.summary(window.page("fake").view.run).state in OVER)
    window.keeper.set_mode("dark")
    for _ in range(10):
        QApplication.processEvents()
    picture = window.grab().toImage()
    light = sum(
        picture.pixelColor(x, y).lightness() > 200
        for x in range(0, picture.width(), 7)
        for y in range(0, picture.height(), 7)
    )
    all_points = (picture.width() // 7) * (picture.height() // 7)
    assert light < 0.04 * all_points, "bright patches in the dark look"


def test_reduced_to_its_smallest_size_nothing_that_acts_is_clipped(window):
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values({"steps": 100_000, "rate": 50.0})
    page._run.click()
    until(lambda: page._stop.isVisible())
    window.resize(window.minimumSize())
    for _ in range(5):
        QApplication.processEvents()
    inside = window.rect()
    for button in (page._run, page._stop, page.try_button, window.search_button, window.settings_button):
        corner = button.mapTo(window, button.rect().bottomRight())
        assert inside.contains(corner), button.text()
        assert button.width() >= button.minimumSizeHint().width(), button.text()


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["1", "1.25", "2"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_the_window_has_the_size_of_the_scale(tmp_path, own_home, monkeypatch, scale, theme):
    monkeypatch.setenv("QT_SCALE_FACTOR", scale)
    out = tmp_path / "shot.png"
    arguments = ["--store", str(tmp_path / "store"), "--out", str(out), "--workspace", "quantum"]
    done = subprocess.run(
        [sys.executable, "-m", "app.shell.screenshot", *arguments, "--theme", theme, "--size", "1280x800"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (round(1280 * float(scale)), round(800 * float(scale)))
    assert "QPainter" not in done.stderr and "QFont" not in done.stderr, done.stderr


def test_the_process_of_the_window_loads_no_heavy_library(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path / "store")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.strip().split(","))


def test_the_session_file_is_plain_json_and_a_damaged_one_is_passed_over(open_window: Open, own_home: Path):
    first = open_window()
    first.open_tab("fake")
    first.page("fake").setup.form.set_values({"note": FOREIGN, "steps": 77})
    first.leave()
    place = next(own_home.rglob("session.json"))
    assert json.loads(place.read_text(encoding="utf-8"))["forms"]["fake"]["values"]["fake.chatty"]["steps"] == 77
    place.write_text('{"forms": [1, 2], "runs": "x", "size": ["a"], "tab": 5, "layout": 3}', encoding="utf-8")
    second = open_window()
    second.open_tab("fake")
    assert second.page("fake").setup.form.values()["steps"] == 40


def test_a_form_is_kept_half_a_second_after_the_edit(window, own_home):
    window.open_tab("fake")
    window.page("fake").setup.form.set_values({"steps": 78})
    until(lambda: any("78" in place.read_text(encoding="utf-8") for place in own_home.rglob("session.json")), 5)
