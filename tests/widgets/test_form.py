from typing import Literal

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel

from app.core import Citation, Config, Preset, field
from app.data.inspection import Inspection, Problem
from app.widgets.form import ConfigForm


class Sample(Config):
    data: str = field(help="Labelled pictures", widget="data")
    classes: tuple[str, ...] = field((), widget="classes")
    rate: float = field(
        1e-4, gt=0, le=1, log=True, unit="per step", help="Step size of the optimiser", group="Training"
    )
    epochs: int = field(30, ge=1, le=5000, group="Training")
    noise: Literal["none", "device"] = field("none", labels={"device": "As a real device"})
    shuffle: bool = field(True)
    seed: int = field(0, ge=0, advanced=True)
    layers: tuple[int, ...] = field((4, 4), advanced=True)
    widths: list[float] = field([0.5], advanced=True)
    cap: int | None = field(None, ge=1, advanced=True)
    remark: str = field("", widget="multiline", advanced=True)


PRESETS = {
    "paper": Preset("Table 2", {"epochs": 100}, "As printed", Citation(text="A. Author, 2024")),
    "quick": Preset("Quick", {"epochs": 3}),
}


@pytest.fixture
def form(theme, qtbot):
    made = ConfigForm(Sample, PRESETS, theme)
    qtbot.addWidget(made)
    made.resize(340, 700)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.set_value("data", "builtin:digits")
    return made


def type_into(qtbot, form, name, text):
    target = form.rows[name].focus_target()
    form.focus_field(name)
    target.selectAll()
    qtbot.keyClicks(target, text)


def test_the_defaults_make_the_config(form):
    assert form.faults() == []
    assert Sample.model_validate(form.values()) == Sample(data="builtin:digits")


def test_every_kind_of_value_comes_back_as_it_was_set(form):
    values = {
        "data": "/somewhere", "classes": ("a", "b"), "rate": 3e-5, "epochs": 7, "noise": "device", "shuffle": False,
        "seed": 2**64, "layers": (1, 2, 3), "widths": [0.1, 0.25], "cap": 9, "remark": "two\nlines",
    }  # fmt: skip
    assert form.set_values(values) == []
    assert form.values() == values
    assert form.faults() == []


def test_names_the_form_does_not_have_are_told(form):
    assert form.set_values({"epochs": 5, "epoch_count": 9}) == ["epoch_count"]
    assert form.values()["epochs"] == 5


def test_an_empty_required_path_needs_a_value(theme, qtbot):
    form = ConfigForm(Sample, {}, theme)
    qtbot.addWidget(form)
    assert form.faults() == [("data", "Needs a value")]


def test_a_decimal_comma_is_a_decimal_sign(form, qtbot):
    type_into(qtbot, form, "rate", "0,5")
    assert form.values()["rate"] == 0.5


def test_what_was_typed_is_kept_as_typed(form, qtbot):
    type_into(qtbot, form, "rate", "1e-4")
    form.set_values({"rate": 1e-4})
    assert form.rows["rate"].focus_target().text() == "1e-4"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rate", "1e309", "Too large"),
        ("rate", "fast", "Use digits"),
        ("rate", "0", "Must be above 0"),
        ("epochs", "0", "Must be at least 1"),
        ("epochs", "1.5", "whole number"),
        ("epochs", "6000", "Must be at most 5000"),
        ("layers", "4 x", "Use digits"),
    ],
)
def test_a_fault_is_said_under_its_field_after_leaving_it(form, qtbot, name, text, words):
    type_into(qtbot, form, name, text)
    with qtbot.waitSignal(form.validated):
        pass
    form.focus_search()
    qtbot.waitUntil(lambda: words in form.rows[name].fault, timeout=2000)
    assert form.faults()[0][0] == name


def test_a_mended_fault_goes_away(form, qtbot):
    form.set_value("epochs", 0)
    assert form.faults()
    type_into(qtbot, form, "epochs", "5")
    qtbot.waitUntil(lambda: form.rows["epochs"].fault == "", timeout=2000)


def test_full_width_digits_and_minus_zero_are_numbers(form, qtbot):
    QApplication.clipboard().setText("１２")
    target = form.rows["epochs"].focus_target()
    target.selectAll()
    target.paste()
    assert form.values()["epochs"] == 12
    form.set_value("rate", 0.5)
    type_into(qtbot, form, "rate", "-0")
    assert str(form.values()["rate"]) == "0.0"


def test_a_paste_of_ten_megabytes_is_cut_or_refused_in_words(form, qtbot):
    QApplication.clipboard().setText("9" * 10_000_000)
    for name in ("data", "rate", "layers"):
        form.focus_field(name)
        target = form.rows[name].focus_target()
        target.selectAll()
        target.paste()
        assert len(target.text()) <= 4096
    remark = form.rows["remark"].editor
    remark.paste()
    assert remark.toPlainText() == ""
    assert "longer than" in form.rows["remark"].fault


def test_undo_and_redo_go_over_all_fields(form, qtbot):
    type_into(qtbot, form, "epochs", "77")
    form.focus_field("rate")
    type_into(qtbot, form, "rate", "0.5")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert form.values()["rate"] == 1e-4
    assert form.values()["epochs"] == 77
    form.undo()
    assert form.values()["epochs"] == 30
    form.redo()
    form.redo()
    assert (form.values()["epochs"], form.values()["rate"]) == (77, 0.5)


def test_a_preset_changes_its_settings_and_keeps_the_data(form):
    form.set_values({"seed": 5})
    combo = form._presets.findChild(QComboBox)
    row = combo.findText("Table 2")
    combo.setCurrentIndex(row)
    combo.activated.emit(row)
    assert form.values()["epochs"] == 100
    assert form.values()["seed"] == 0
    assert form.values()["data"] == "builtin:digits"
    assert "A. Author, 2024" in form._presets._note.text()
    form.undo()
    assert (form.values()["epochs"], form.values()["seed"]) == (30, 5)


def test_a_changed_setting_is_marked_and_can_be_reset(form, qtbot):
    row = form.rows["epochs"]
    assert not row._reset.isVisible()
    form.set_value("epochs", 5)
    assert row._reset.isVisible() and row._dot.text() == "•"
    qtbot.mouseClick(row._reset, Qt.MouseButton.LeftButton)
    assert form.values()["epochs"] == 30
    assert not row._reset.isVisible()


def test_search_shows_what_matches_even_in_the_fold(form, qtbot):
    form._search.setText("seed")
    assert [name for name, row in form.rows.items() if row.isVisible()] == ["seed"]
    form._search.setText("no such thing")
    assert "no such thing" in form._nothing.text() and form._nothing.isVisible()
    form._search.clear()
    assert form.rows["epochs"].isVisible() and not form.rows["seed"].isVisible()


def test_the_fold_counts_its_settings_and_what_changed_in_it(form):
    assert form._fold.text() == "Advanced (5)"
    form.set_value("seed", 3)
    assert form._fold.text() == "Advanced (5, 1 changed)"


def test_focusing_a_hidden_field_opens_the_fold(form):
    form.focus_field("seed")
    assert form.rows["seed"].isVisible()


def test_an_inspection_fills_the_card_and_offers_the_classes(form, qtbot):
    found = Inspection(
        "labelled-images", "<b>Set</b>", "12 pictures", "/x",
        problems=(Problem("warning", "3 files cannot be read", "a.png", "Delete them", 3),),
        options={"class_names": ["cat", "dog & wolf"]},
    )  # fmt: skip
    form.set_inspection("data", found)
    boxes = form.rows["classes"].editor._boxes
    boxes[1].click()
    assert form.values()["classes"] == ("dog & wolf",)
    texts = [label.text() for label in form.rows["data"].findChildren(QLabel)]
    assert "<b>Set</b>" in texts and any("3 files" in text for text in texts)


def test_files_dropped_on_the_field_are_told_with_its_name(form, qtbot, tmp_path):
    (tmp_path / "a.csv").write_text("x")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.csv"))])
    editor = form.rows["data"].editor
    with qtbot.waitSignal(form.paths_dropped) as told:
        how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(editor, QDragEnterEvent(QPoint(5, 5), *how))
        assert editor.hovering
        QApplication.sendEvent(editor, QDropEvent(QPointF(5, 5), *how))
    assert not editor.hovering
    assert told.args == ["data", [tmp_path / "a.csv"]]


def test_a_passing_wheel_changes_nothing(form, qtbot):
    form.focus_search()
    before = form.values()
    for name in ("epochs", "rate", "noise"):
        editor = form.rows[name].editor
        wheel = QWheelEvent(
            QPointF(5, 5), QPointF(editor.mapToGlobal(QPoint(5, 5))), QPoint(0, 120), QPoint(0, 120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(editor, wheel)
    assert form.values() == before


def test_arrow_keys_step_by_factors_where_the_field_is_logarithmic(form, qtbot):
    form.focus_field("rate")
    qtbot.keyClick(form.rows["rate"].editor, Qt.Key.Key_Up)
    assert form.values()["rate"] == 2e-4


def test_every_field_can_be_reached_and_named(form):
    for row in form.rows.values():
        assert row.focus_target().accessibleName().startswith(row.field.title)


def test_the_own_presets_are_offered_and_saving_tells_the_changes(form, qtbot):
    form.set_user_presets({"my nights": {"epochs": 900}})
    combo = form._presets.findChild(QComboBox)
    assert combo.findText("my nights") > 0
    form.set_value("epochs", 5)
    with qtbot.waitSignal(form.save_preset_requested) as told:
        form._presets._save.click()
    assert told.args[0]["epochs"] == 5
