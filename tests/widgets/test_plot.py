import csv

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt

from app.widgets import declare
from app.widgets.build import build_panel
from app.widgets.plot_axis import apart
from tests.widgets.gallery import families, points, settle


@pytest.fixture
def panel(theme, qtbot):
    made = build_panel(declare.Plot("Loss", ("train/loss", "val/*"), unit="nats"), theme)
    qtbot.addWidget(made)
    made.resize(600, 320)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_only_declared_metrics_are_wanted(panel):
    assert panel.wants("metric", "train/loss") and panel.wants("metric", "val/accuracy")
    assert not panel.wants("metric", "train/rate") and not panel.wants("image", "train/loss")


def test_the_empty_state_goes_when_the_first_point_comes(panel):
    assert not panel.filled
    panel.points_added({"other": points([1])})
    assert not panel.filled
    panel.points_added({"train/loss": points([1, 2])})
    assert panel.filled
    panel.clear()
    assert not panel.filled


def test_curves_are_drawn_at_screen_rate_and_items_are_made_once(panel, qtbot):
    for k in range(50):
        panel.points_added({"train/loss": points([k], start=k + 1)})
    qtbot.waitUntil(lambda: len(panel.canvas.drawn) == 1)
    items = panel.canvas._items[("", "train/loss")]
    panel.points_added({"train/loss": points([1.0], start=99)})
    panel.canvas.redraw()
    assert panel.canvas._items[("", "train/loss")] is items


def test_a_long_curve_is_thinned_to_the_screen(panel):
    panel.points_added({"train/loss": points(np.random.default_rng(0).standard_normal(300_000))})
    panel.canvas.redraw()
    assert len(panel.canvas.drawn[0].x) <= 3 * 2 * 600


def test_a_logarithmic_axis_says_how_many_points_it_hides(panel, qtbot):
    panel.points_added({"train/loss": points([1.0, 0.0, -2.0, 3.0])})
    qtbot.keyClick(panel.canvas, Qt.Key.Key_L)
    assert panel.data.log_y
    assert panel._badge.text() == "2 points ≤ 0 not shown" and panel._badge.isVisible()
    qtbot.keyClick(panel.canvas, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert panel.data.log_x
    qtbot.keyClick(panel.canvas, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_L)
    assert not panel._badge.isVisible()


def test_values_that_are_no_numbers_are_marked(panel):
    panel.points_added({"train/loss": points([1, np.nan, 3, np.inf])})
    panel.canvas.redraw()
    assert list(panel.canvas._bad.getData()[0]) == [1, 3]


def test_smoothing_keeps_the_raw_curve_behind(panel):
    panel.points_added({"train/loss": points([1, 5, 1, 5])})
    panel._slider.setValue(90)
    panel.canvas.redraw()
    series = panel.canvas.drawn[0]
    assert series.raw is not None and list(series.raw[1]) == [1, 5, 1, 5]
    assert list(series.y) != [1, 5, 1, 5]


def test_arrow_keys_step_through_points_and_enter_chooses(panel, qtbot):
    panel.points_added({"train/loss": points([3, 2, 1], start=10)})
    panel.canvas.redraw()
    for _ in range(2):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert "step 1: 2" in panel.canvas.accessibleDescription()
    with qtbot.waitSignal(panel.point_chosen) as chosen:
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Return)
    assert chosen.args == ["train/loss", "", 11, 1]


def test_a_click_on_a_point_chooses_it(panel, qtbot):
    panel.points_added({"train/loss": points([3, 2, 1], start=10)})
    panel.canvas.redraw()
    at = panel.canvas.mapFromScene(panel.canvas.view.mapViewToScene(QPointF(1.0, 2.0)))
    with qtbot.waitSignal(panel.point_chosen) as chosen:
        qtbot.mouseMove(panel.canvas.viewport(), at)
        qtbot.mouseClick(panel.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args[2:] == [11, 1]


def test_overlaid_runs_are_told_apart_and_fold_into_a_band(panel):
    for run in ("a", "b", "c"):
        panel.points_added({"train/loss": points([1, 2, 3])}, run=run)
    panel.canvas.redraw()
    assert [series.label for series in panel.canvas.drawn] == ["a", "b", "c"]
    assert [series.style for series in panel.canvas.drawn] == [0, 1, 2]
    panel.set_folds({"4 qubits": ["a", "b", "c"]})
    panel.canvas.redraw()
    assert [series.label for series in panel.canvas.drawn] == ["train/loss"]
    assert panel.canvas.drawn[0].band is not None
    panel.set_folds({"4 qubits": ["a", "b"]})
    panel.canvas.redraw()
    assert [series.label for series in panel.canvas.drawn] == ["4 qubits (n = 2)", "c"]
    panel.remove_run("c")
    panel.canvas.redraw()
    assert len(panel.canvas.drawn) == 1


def test_more_than_eight_curves_are_grey(panel):
    panel.points_added({f"val/{k}": points([k, k + 1]) for k in range(9)})
    panel.canvas.redraw()
    assert len({series.style for series in panel.canvas.drawn}) == 1


def test_a_click_in_the_legend_hides_a_curve(panel, qtbot):
    panel.points_added({"train/loss": points([1, 2]), "val/loss": points([2, 3])})
    panel.legend.chips[("", "val/loss")].click()
    panel.canvas.redraw()
    assert [series.key[1] for series in panel.canvas.drawn] == ["train/loss"]


def test_any_metric_can_be_the_x_axis(panel):
    panel.points_added({"train/loss": points([1, 2, 3]), "val/examples": points([0, 64, 128])})
    panel.restore_view({"axis": "val/examples"})
    panel.canvas.redraw()
    assert list(panel.canvas.drawn[0].x) == [0, 64, 128]
    assert panel.view_state()["axis"] == "val/examples"


def test_a_rewind_forgets_points(panel):
    panel.points_added({"train/loss": points([1, 2, 3, 4])})
    panel.rewind(2)
    assert len(panel.data.curves[("", "train/loss")]) == 2


def test_the_csv_holds_what_was_asked_for(panel, tmp_path):
    panel.points_added({"train/loss": points([1, 2])})
    panel._slider.setValue(50)
    for what, columns in (("raw", 4), ("shown", 4), ("both", 5)):
        panel.export(tmp_path / "curve.csv", what)
        rows = list(csv.reader((tmp_path / "curve.csv").read_text(encoding="utf-8-sig").splitlines()))
        assert len(rows) == 3 and len(rows[0]) == columns, what


def test_pictures_are_drawn_anew_from_the_data(panel, tmp_path, qapp):
    from PySide6.QtGui import QImage

    panel.points_added({"train/loss": points(np.linspace(1, 0.1, 50)), "val/loss": points(np.linspace(2, 1, 50))})
    panel.set_reference("train/loss", 0.5, "paper: 0.5", "Table 1")
    panel.set_context(["digits"])
    panel.export(tmp_path / "p.png")
    image = QImage(str(tmp_path / "p.png"))
    assert (image.width(), image.height()) == (1920, 1200)
    assert image.pixelColor(2, 2).name() == "#ffffff"
    panel.export(tmp_path / "p.svg")
    assert "paper: 0.5" in (tmp_path / "p.svg").read_text()


def test_a_reference_outside_the_curve_widens_the_view(panel):
    panel.points_added({"train/loss": points([1, 2])})
    panel.set_reference("train/loss", 9.0, "paper: 9")
    assert panel.data.bounds()[3] == 9.0


def test_the_table_behind_shows_every_point(panel):
    panel.points_added({"train/loss": points([1, 2, 3])})
    panel._table_action.setChecked(True)
    assert panel._table.model.rowCount() == 3
    assert panel._table.model.data(panel._table.model.index(1, 2)) == "2"


@pytest.fixture
def searches(theme, folder, qtbot):
    """Twelve curves: four seeds of three searches each."""
    made = families(theme, folder)
    qtbot.addWidget(made)
    made.resize(600, 320)
    made.show()
    qtbot.waitExposed(made)
    settle(made)
    return made


def test_many_curves_that_divide_into_parts_are_coloured_by_the_second(searches):
    styles = {series.label: series.style for series in searches.canvas.drawn}
    assert len(styles) == 12 and set(styles.values()) == {0, 1, 2}
    assert styles["seed 0 λ 1"] == styles["seed 3 λ 1"]
    assert [chip.text() for chip in searches.legend.chips.values()] == ["λ 0.5", "λ 1", "paired noise"]
    assert not any(series.named for series in searches.canvas.drawn)


def test_a_family_is_hidden_by_its_chip_as_a_whole(searches, qtbot):
    chip = next(chip for chip in searches.legend.chips.values() if chip.text() == "λ 1")
    chip.click()
    searches.canvas.redraw()
    assert len(searches.canvas.drawn) == 8 and not any("λ 1" in series.label for series in searches.canvas.drawn)
    chip.click()
    searches.canvas.redraw()
    assert len(searches.canvas.drawn) == 12


@pytest.mark.parametrize(("part", "labels"), [
    ("seed 2", ["λ 0.5", "λ 1", "paired noise"]),
    ("λ 1", ["seed 0", "seed 1", "seed 2", "seed 3"]),
])  # fmt: skip
def test_one_part_can_be_looked_at_alone_in_colours_of_its_own(searches, theme, folder, part, labels):
    searches._fill_part_menu()
    assert part in [action.text() for action in searches._part_menu.actions()]
    searches.show_part(part)
    assert [series.label for series in searches.canvas.drawn] == labels
    assert [series.style for series in searches.canvas.drawn] == list(range(len(labels)))
    assert all(series.named for series in searches.canvas.drawn)
    other = families(theme, folder)
    other.restore_view(searches.view_state())
    assert other.data.part == part
    searches.show_part("")
    assert len(searches.canvas.drawn) == 12


def test_a_remembered_part_that_this_run_lacks_hides_nothing(searches):
    searches.restore_view({"part": "seed 9"})
    assert len(searches.canvas.drawn) == 12 and searches._part_button.text().startswith("all 12")


def test_curves_of_one_first_part_need_no_choice(theme, qtbot):
    panel = build_panel(declare.Plot("Loss", "loss/*", parts=r"(seed \d+) (.+)"), theme)
    qtbot.addWidget(panel)
    panel.points_added({f"loss/seed 0 λ {k}": points([1.0, 2.0]) for k in range(3)})
    assert panel._part_button.isHidden()
    assert [panel.data.style(key) for key in panel.data.shown_keys()] == [0, 1, 2]


def test_of_several_runs_the_runs_have_the_colours_whatever_the_parts(searches):
    searches.show_part("λ 1")
    searches.points_added({"loss/seed 0 λ 1": points([1.0, 2.0])}, run="other")
    assert searches.data.families() == {} and len(searches.data.shown_keys()) == 5


def test_words_of_ticks_never_cover_each_other():
    rooms = [QRectF(0, y, 30, 12) for y in (0, 20, 26, 40)]
    assert [text for _, _, text in apart([(room, 0, str(k)) for k, room in enumerate(rooms)])] == ["0", "1", "3"]
