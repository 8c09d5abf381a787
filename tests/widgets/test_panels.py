import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QSplitter, QToolButton, QVBoxLayout, QWidget

from app.core import AssayError
from app.widgets import declare
from app.widgets.build import build_panel
from app.widgets.grid import PanelGrid
from app.widgets.log import MOST_LINES, plain_line
from app.widgets.panels import Panel, PanelHeader
from app.widgets.table import DataTable
from tests.widgets.gallery import record

DECLARED = [
    (declare.Plot("A", "loss"), ("metric", "loss")),
    (declare.Images("B", "x/*"), ("image", "x/1")),
    (declare.TableOf("C", "t"), ("table", "t")),
    (declare.Heatmap("D", "h"), ("array", "h")),
    (declare.Bars("E", "b"), ("table", "b")),
    (declare.TextOf("F", "c"), ("text", "c")),
    (declare.LogOf("G"), ("log", "")),
    (declare.Custom("H", (("array", "z"),), "tests.widgets.test_panels:Own"), ("array", "z")),
]


class Own(Panel):
    """A panel of a workspace's own."""

    def __init__(self, title, theme, parent=None):
        super().__init__(title, theme, parent=parent)

    def wants(self, kind, name):
        return (kind, name) == ("array", "z")


@pytest.fixture
def make(theme, qtbot):
    kept = []  # qtbot holds them weakly, and a panel that is collected while it paints takes the process with it

    def build(declaration):
        panel = build_panel(declaration, theme)
        kept.append(panel)
        qtbot.addWidget(panel)
        panel.resize(480, 300)
        panel.show()
        return panel

    yield build
    kept.clear()


@pytest.mark.parametrize(("declaration", "event"), DECLARED)
def test_a_declaration_makes_a_panel_that_wants_its_events(make, declaration, event):
    panel = make(declaration)
    assert panel.wants(*event)
    assert not panel.wants("metric", "something else")
    assert declare.consumes(declaration)[0][0] == event[0]
    assert not panel.filled
    assert panel.accessibleName() == declaration.title


@pytest.mark.parametrize(("declaration", "event"), DECLARED)
def test_every_button_of_a_panel_has_a_name(make, declaration, event):
    for button in make(declaration).findChildren(QToolButton):
        if "ExtensionButton" not in type(button).__name__ and button.isVisibleTo(button.window()):
            assert button.accessibleName() or button.text() or button.objectName(), button


def test_a_double_click_on_the_header_asks_for_the_whole_room(make, qtbot):
    panel = make(DECLARED[1][0])
    header = panel.findChild(PanelHeader)
    with qtbot.waitSignal(panel.maximise_requested):
        qtbot.mouseDClick(header, Qt.MouseButton.LeftButton, pos=QPoint(200, 10))


@pytest.mark.parametrize("holder", [QSplitter, QWidget])
def test_a_panel_torn_off_docks_back_to_its_place(make, theme, qtbot, holder):
    panels = [make(DECLARED[k][0]) for k in range(3)]
    place = holder()
    qtbot.addWidget(place)
    if holder is QSplitter:
        for panel in panels:
            place.addWidget(panel)
    else:
        layout = QVBoxLayout(place)
        for panel in panels:
            layout.addWidget(panel)
    place.show()
    panels[1].tear_off()
    assert panels[1].torn_off and panels[1].window() is not place
    panels[1].dock_back()
    assert not panels[1].torn_off and panels[1].window() is place
    order = place.indexOf(panels[1]) if holder is QSplitter else place.layout().indexOf(panels[1])
    assert order == 1 and panels[1].isVisible()
    for panel in panels:
        panel.setParent(None)


def test_the_grid_maximises_one_panel_and_gives_the_room_back(make, theme, qtbot):
    grid = PanelGrid([[make(DECLARED[0][0]), make(DECLARED[2][0])], [make(DECLARED[5][0])]], theme)
    qtbot.addWidget(grid)
    grid.resize(900, 600)
    grid.show()
    first, second, third = grid.panels()
    first.maximise_requested.emit()
    assert grid.large is first and first.isVisible() and not second.isVisible() and not third.isVisible()
    first.maximise_requested.emit()
    assert all(panel.isVisible() for panel in grid.panels())
    state = grid.save()
    grid.restore(state)
    grid.restore({"rows": [1], "columns": "nonsense", "views": {}})
    third.tear_off()
    grid.reset()
    assert not third.torn_off and third.isVisible()
    for panel in grid.panels():
        panel.setParent(None)


def test_an_export_to_an_unknown_format_or_place_is_refused_in_words(make, tmp_path):
    panel = make(declare.TableOf("C", "t"))
    with pytest.raises(AssayError, match="Cannot export"):
        panel.export(tmp_path / "x.docx")
    with pytest.raises(AssayError, match="Could not save"):
        panel.export(tmp_path / "missing" / "x.csv")


def test_text_that_starts_like_a_formula_is_made_harmless_in_csv(make, folder):
    panel = make(declare.TableOf("C", "t"))
    rows = [["=1+1", -2], ["@x", 3], ["plain", None]]
    panel.record_added(record("table", "t", {"columns": ["name", "n"], "rows": rows}), folder)
    panel.export(folder / "t.csv")
    read = list(csv.reader((folder / "t.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert read == [["name", "n"], ["'=1+1", "-2"], ["'@x", "3"], ["plain", ""]]


def test_a_table_sorts_numbers_as_numbers_and_marks_the_best(make, folder, qtbot):
    panel = make(declare.TableOf("C", "t", better=(("score", "higher"),)))
    rows = [["a", 9], ["b", 10], ["c", None], ["d", "n/a"]]
    panel.record_added(record("table", "t", {"columns": ["name", "score"], "rows": rows}), folder)
    QAbstractItemModelTester(panel.view.source, QAbstractItemModelTester.FailureReportingMode.Fatal)
    view = panel.view
    view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    shown = [view.sorted.index(row, 1).data() for row in range(4)]
    assert shown.index("★ 10") < shown.index("9")
    view.selectRow(shown.index("9"))
    view.copy()
    assert QGuiApplication.clipboard().text() == "name\tscore\na\t9"


def test_damaged_tables_are_left_out(make, folder):
    panel = make(declare.TableOf("C", "t"))
    for data in ({"file": "../../etc/passwd"}, {"columns": 3}, {"columns": ["a"], "rows": "x"}, {}):
        panel.record_added(record("table", "t", data), folder)
    assert not panel.filled
    panel.record_added(record("table", "t", {"columns": ["a", "b"], "rows": [[1], [1, 2, 3]]}), folder)
    assert panel.filled


@pytest.mark.parametrize("kind", ["table", "bars", "heatmap", "text", "images"])
def test_a_rewind_shows_what_was_known_then(make, folder, kind):
    declared = {
        "table": declare.TableOf("x", "n"), "bars": declare.Bars("x", "n"), "heatmap": declare.Heatmap("x", "n"),
        "text": declare.TextOf("x", "n"), "images": declare.Images("x", "n"),
    }[kind]  # fmt: skip
    panel = make(declared)
    np.save(folder / "files" / "a.npy", np.eye(2))
    QImage(4, 4, QImage.Format.Format_Grayscale8).save(str(folder / "files" / "a.png"))
    data = {
        "table": {"columns": ["label", "value"], "rows": [["a", 1]]}, "heatmap": {"file": "files/a.npy"},
        "text": {"text": "first"}, "images": {"file": "files/a.png"},
    }  # fmt: skip
    for seq in (3, 7):
        panel.record_added(record("any", "n", data["table" if kind == "bars" else kind], seq=seq), folder)
    panel.rewind(5)
    assert panel.filled
    panel.rewind(1)
    assert not panel.filled


def test_pictures_are_listed_opened_and_compared(make, folder, qtbot):
    panel = make(declare.Images("Samples", "x", columns=3))
    for k in range(5):
        image = QImage(8, 8, QImage.Format.Format_RGB888)
        image.fill(20 * k)
        image.save(str(folder / "files" / f"{k}.png"))
        panel.record_added(record("image", "x", {"file": f"files/{k}.png", "caption": f"no {k}"}, k, k + 1), folder)
    panel.record_added(record("image", "x", {"file": "../outside.png"}), folder)
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert panel.model.rowCount() == 5
    with qtbot.waitSignal(panel.picture_chosen) as chosen:
        panel.grid.doubleClicked.emit(panel.model.index(2, 0))
    assert chosen.args[0].caption == "no 2"
    qtbot.keyClick(panel.viewer, Qt.Key.Key_Right)
    assert panel._row == 3
    for how in range(5):
        panel._how.setCurrentIndex(how)
        panel.viewer.grab()
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_1, Qt.Key.Key_0, Qt.Key.Key_Minus):
        qtbot.keyClick(panel.viewer, key)
    panel.export(folder / "out.png")
    qtbot.keyClick(panel.viewer, Qt.Key.Key_Escape)
    assert panel._pages.currentIndex() == 0
    panel.export(folder / "out.png")


def test_the_pixel_under_the_pointer_is_told(make, folder, qtbot):
    panel = make(declare.Images("Samples", "x"))
    image = QImage(2, 2, QImage.Format.Format_RGB888)
    image.fill(0x102030)
    image.save(str(folder / "files" / "a.png"))
    panel.record_added(record("image", "x", {"file": "files/a.png"}), folder)
    panel.grid.doubleClicked.emit(panel.model.index(0, 0))
    with qtbot.waitSignal(panel.viewer.pointed, check_params_cb=lambda words: "16 32 48" in words):
        qtbot.mouseMove(panel.viewer, panel.viewer.rect().center() + QPoint(3, 3))


def test_a_damaged_picture_is_said_and_not_fatal(make, folder):
    panel = make(declare.Images("Samples", "x"))
    (folder / "files" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    panel.record_added(record("image", "x", {"file": "files/a.png"}), folder)
    panel.grab()
    assert panel.filled


def test_a_cell_of_a_heatmap_can_be_chosen_by_click_and_by_keys(make, folder, qtbot):
    panel = make(declare.Heatmap("Confusion", "h", "true", "read as"))
    np.save(folder / "files" / "h.npy", np.arange(6.0).reshape(2, 3))
    labels = [["cat", "dog"], ["a", "b", "c"]]
    panel.record_added(record("array", "h", {"file": "files/h.npy", "labels": labels}), folder)
    panel.grab()
    at = panel.view.picture.box(1, 2).center().toPoint()
    with qtbot.waitSignal(panel.cell_chosen) as chosen:
        qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args == [1, 2]
    qtbot.keyClick(panel.view, Qt.Key.Key_Left)
    assert panel.view.accessibleDescription() == "true dog, read as b: 4"
    panel.export(folder / "h.csv")
    panel.export(folder / "h.svg")
    assert "cat,0.0,1.0,2.0" in (folder / "h.csv").read_text(encoding="utf-8-sig")


def test_values_that_are_no_numbers_have_a_grey_cell(make, folder):
    panel = make(declare.Heatmap("Confusion", "h", diverging=True))
    np.save(folder / "files" / "h.npy", np.array([[np.nan, 1.0], [-np.inf, -1.0]]))
    panel.record_added(record("array", "h", {"file": "files/h.npy"}), folder)
    panel.grab()
    assert panel.filled


def test_bars_are_read_from_a_table_and_spoken(make, folder, qtbot):
    panel = make(declare.Bars("Accuracy", "b", references=(declare.Reference(0.9, "paper"),)))
    rows = [["ours", 0.931, 0.012, 5, 0.9], ["bad", float("nan"), None, 1, None], ["other", 0.5, None, 1, None]]
    columns = ["label", "value", "interval", "n", "reference"]
    panel.record_added(record("table", "b", {"columns": columns, "rows": rows}), folder)
    panel.grab()
    assert [bar.label for bar in panel.view.picture.bars] == ["ours", "other"]
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert panel.view.accessibleDescription() == "ours: 0.931 ± 0.012, n = 5; reference 0.9"
    panel.export(folder / "b.png")


def test_texts_can_be_gone_through(make, folder):
    panel = make(declare.TextOf("Circuit", "c", mono=True))
    for step in range(3):
        panel.record_added(record("text", "c", {"text": f"<b>{step}</b>"}, step, step + 1), folder)
    assert panel.view.toPlainText() == "<b>2</b>"
    panel._slider.setValue(0)
    assert panel.view.toPlainText() == "<b>0</b>"
    panel.record_added(record("text", "c", {"text": "new"}, 3, 4), folder)
    assert panel.view.toPlainText() == "<b>0</b>"


def test_the_log_is_capped_filtered_and_searched(make, folder, qtbot):
    panel = make(declare.LogOf("Log"))
    panel.append([("info", f"line {k}") for k in range(MOST_LINES + 100)])
    panel.append([("debug", "small talk"), ("warning", "careful")])
    panel.flush()
    assert panel.view.blockCount() == MOST_LINES - 1, "all but the one that is not shown at this level"
    assert panel._note.text() == "first 102 lines are in the run's folder"
    panel._level.setCurrentIndex(2)
    assert panel.view.toPlainText() == "⚠ careful"
    panel._level.setCurrentIndex(0)
    assert "small talk" in panel.view.toPlainText()
    panel._search.setText("line 300")
    assert panel.view.textCursor().selectedText() == "line 300"
    assert not panel._follow.isChecked()
    panel._search.setText("nowhere")
    assert panel._note.text() == "not found"


def test_the_log_follows_until_it_is_paused(make, folder, qtbot):
    panel = make(declare.LogOf("Log"))
    panel.append([("info", "x")] * 200)
    panel.flush()
    bar = panel.view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    panel._follow.setChecked(False)
    bar.setValue(0)
    panel.append([("info", "y")] * 50)
    panel.flush()
    assert bar.value() == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("safe\u202egnp.exe", "safe\ufffdgnp.exe"),
        ("<img src='file:///x'>", "<img src='file:///x'>"),
        ("bell\x07", "bell\ufffd"),
    ],
)
def test_a_line_of_the_log_is_made_plain(text, shown):
    assert plain_line(text) == shown


def test_numbers_to_compare_stay_together_and_words_take_the_room_that_is_left(theme, qtbot):
    table = DataTable(theme)
    qtbot.addWidget(table)
    table.resize(900, 200)
    table.show()
    table.set_table(["figure", "before", "after"], [["uniformity", 0.1, 0.2]])
    assert table.columnWidth(2) < 150
    table.set_table(["seed", "because"], [[0, "62 % of the pictures are one picture"]])
    assert table.columnWidth(1) > 600


def test_columns_grow_with_later_rows(theme, qtbot):
    table = DataTable(theme)
    qtbot.addWidget(table)
    table.set_table(["model", "n"], [["a", 1]])
    narrow = table.columnWidth(0)
    table.set_table(["model", "n"], [["a", 1], ["ddpm-baddiffusion-1", 2]])
    assert table.columnWidth(0) > narrow + 40


def test_long_words_go_on_in_further_lines_where_a_table_wraps(theme, qtbot):
    table = DataTable(theme, wrap=True)
    qtbot.addWidget(table)
    table.resize(300, 300)
    table.show()
    table.set_table(["seed", "because"], [[0, "short"], [1, "a reason with many words " * 20]])
    assert table.rowHeight(1) > 3 * table.rowHeight(0)
    assert table.source.data(table.source.index(1, 1)).endswith("words ")
