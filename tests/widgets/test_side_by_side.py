"""Pictures compared with each other, and points that are chosen: wipe, picture table, scatter, histogram."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from app.widgets.histogram import counted
from app.widgets.scatter import Dot, ScatterView
from tests.widgets.gallery import histogram, picture_table, record, samplers, saved_picture, scatter, settle, wipe

SIZE = (400, 320)


@pytest.fixture
def shown(theme, folder, qtbot):
    kept = []

    def build(make):
        piece = make(theme, folder)
        kept.append(piece)
        qtbot.addWidget(piece)
        piece.resize(*SIZE)
        piece.show()
        settle(piece)
        return piece

    yield build
    kept.clear()


def grey_at(view, share: float) -> int:
    box = view.box()
    at = QPoint(round(box.left() + share * box.width()), round(box.top() + 0.2 * box.height()))
    return view.grab().toImage().pixelColor(at).red()


def test_before_is_left_of_the_divider_and_after_is_right_of_it(shown):
    view = shown(wipe).view
    assert (grey_at(view, 0.25), grey_at(view, 0.75)) == (30, 220)


def test_the_divider_follows_the_mouse_and_stops_at_the_edges(shown):
    view = shown(wipe).view
    box = view.box()
    middle = int(box.center().y())
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(int(box.left() + 0.9 * box.width()), middle))
    assert view.place == pytest.approx(0.9, abs=0.01)
    QTest.mouseMove(view, QPoint(view.width(), middle))
    view.move_to(1.4)
    assert view.place == 1.0 and grey_at(view, 0.9) == 30


def test_the_divider_is_moved_by_keys_and_tells_where_it_is(shown):
    view = shown(wipe).view
    for key, place in (
        (Qt.Key.Key_Home, 0.0),
        (Qt.Key.Key_Right, 0.02),
        (Qt.Key.Key_PageUp, 0.12),
        (Qt.Key.Key_End, 1.0),
        (Qt.Key.Key_Left, 0.98),
    ):
        QTest.keyClick(view, key)
        assert view.place == pytest.approx(place)
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert view.place == pytest.approx(0.88) and "88 %" in view.accessibleDescription()


def test_a_single_picture_is_shown_whole_and_the_other_named_as_missing(shown, folder):
    panel = shown(wipe)
    panel.rewind(0)
    assert panel.filled and grey_at(panel.view, 0.75) == 30
    panel.rewind(-1)
    assert not panel.filled


def test_the_place_of_the_divider_is_remembered(shown):
    panel = shown(wipe)
    panel.view.move_to(0.25)
    other = shown(wipe)
    other.restore_view(panel.view_state())
    assert other.view.place == 0.25
    other.restore_view({"place": "far"})
    assert other.view.place == 0.25


def choose(box, words: str) -> None:
    """As a person does: the entry is set, then the box tells that it was picked."""
    box.setCurrentText(words)
    box.activated.emit(box.currentIndex())


def test_each_ending_has_its_own_pair_and_the_first_is_shown(shown):
    panel = shown(samplers)
    view = panel.view
    assert [panel.choices.itemText(k) for k in range(panel.choices.count())] == ["DDIM", "ODE"]
    assert (grey_at(view, 0.25), grey_at(view, 0.75)) == (30, 220)
    choose(panel.choices, "ODE")
    assert (grey_at(view, 0.25), grey_at(view, 0.75)) == (90, 160)


def test_the_chosen_ending_is_remembered_and_one_that_is_gone_does_no_harm(shown):
    panel, other = shown(samplers), shown(samplers)
    choose(panel.choices, "ODE")
    other.restore_view(panel.view_state())
    assert other.choices.currentText() == "ODE"
    other.restore_view({"choice": "no such sampler"})
    assert other.filled and not other.view.grab().isNull()


def test_without_endings_there_is_nothing_to_choose(shown):
    assert not shown(wipe).choices.isVisible()


def test_seeds_stand_side_by_side_and_the_newest_picture_of_each_counts(shown):
    panel = shown(picture_table)
    words = panel.view.accessibleDescription()
    assert "raw, seed 1: update 4" in words and "less background, seed 0: update 1" in words
    panel.slider.setValue(2)
    assert "raw, seed 1: update 2" in panel.view.accessibleDescription()


def test_one_row_can_be_shown_alone_and_that_is_remembered(shown, folder):
    panel, other = shown(picture_table), shown(picture_table)
    file = saved_picture(folder, "absolute.png", 77)
    panel.record_added(record("image", "shift/absolute/0", {"file": file, "caption": "size"}, 9, 9), folder)
    assert "size" not in panel.view.accessibleDescription(), "further rows are shown when they are asked for"
    panel.choices.setCurrentIndex(panel.choices.findText("absolute"))
    assert panel.view.accessibleDescription() == "absolute, seed 0: size"
    panel.choices.setCurrentIndex(panel.choices.findText("less background"))
    assert "raw" not in panel.view.accessibleDescription()
    other.restore_view(panel.view_state())
    assert "raw" not in other.view.accessibleDescription()


def test_values_of_all_sets_are_counted_in_the_same_ranges():
    found = counted({"a": np.array([0.0, 0.1, np.nan]), "b": np.array([1.0])}, ranges=2)
    assert list(found.edges) == [0.0, 0.5, 1.0]
    assert {name: list(each) for name, each in found.sets.items()} == {"a": [2, 0], "b": [0, 1]}
    assert len(counted({}).edges) and len(counted({"a": np.zeros(3)}).edges)


def test_a_histogram_says_the_middle_of_each_set(shown):
    words = shown(histogram).accessibleDescription()
    assert words == "noise alone: median 0.299; noise + shift: median 0.013"


def test_nothing_of_the_legend_is_cut_and_it_takes_as_many_lines_as_it_needs(shown):
    view = shown(scatter)
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    view.paint(painter, QRectF(image.rect()), view._theme)
    painter.end()
    assert all(image.pixelColor(x, y) == Qt.GlobalColor.white for x in range(image.width()) for y in range(3))
    one = view.position("model 3").y()
    view.show_dots(view._dots, [f"a group with quite a long name, number {k}" for k in range(7)])
    assert view.position("model 3").y() > one + 20


def test_a_slider_moved_back_stays_while_pictures_come(shown, folder):
    panel = shown(picture_table)
    panel.slider.setValue(1)
    file = saved_picture(folder, "late.png", 9)
    panel.record_added(record("image", "shift/0", {"file": file, "caption": "late"}, 9, 9), folder)
    assert panel.slider.value() == 1 and "late" not in panel.view.accessibleDescription()
    panel.slider.setValue(panel.slider.maximum())
    assert "late" in panel.view.accessibleDescription()


def test_a_click_on_a_point_chooses_it_and_one_beside_it_does_not(shown, qtbot):
    view = shown(scatter)
    with qtbot.waitSignal(view.dot_chosen) as told:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.position("model 1").toPoint())
    assert told.args == ["model 1"] and view.chosen == "model 1"
    with qtbot.assertNotEmitted(view.dot_chosen):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.position("model 1").toPoint() + QPoint(0, 40))


def test_points_are_walked_through_by_keys_from_left_to_right(shown):
    view = shown(scatter)
    view.choose("")
    seen = []
    view.dot_chosen.connect(seen.append)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert seen == ["model 0", "model 1", "model 2", "model 1"]
    assert view.accessibleDescription() == "model 1, made for a look"


def test_what_a_log_axis_cannot_show_is_left_out_until_it_is_linear(theme, qtbot):
    view = ScatterView("x", "y", theme)
    qtbot.addWidget(view)
    view.resize(*SIZE)
    view.show_dots([Dot(0.0, 1.0, 0, "zero", "zero"), Dot(1.0, 2.0, 0, "one", "one")], ("all",))
    assert view.position("zero") is None and view.position("one") is not None
    view.set_log(False)
    assert view.position("zero") is not None
