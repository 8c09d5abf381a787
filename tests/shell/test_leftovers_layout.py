"""The panels come back as a person arranged them."""

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QSplitter

from app.shell.layouts import Layouts
from app.shell.main_window import MainWindow
from tests.shell.conftest import until


def row_of(window: MainWindow) -> QSplitter:
    page = window.page("fake")
    window.open_tab("fake")
    run = window.laboratory.submit("fake.chatty", {"steps": 5})
    page.show_run(run)
    QApplication.processEvents()
    return next(splitter for splitter in page.view.grid(0).findChildren(QSplitter) if splitter.count() == 3)


def test_dragged_panels_are_where_they_were_in_the_next_session(open_window: Callable[..., MainWindow]) -> None:
    first = open_window()
    row = row_of(first)
    row.setSizes([600, 200, 200])
    until(lambda: row.sizes()[0] > row.sizes()[1] + 80)
    first.leave()
    row = row_of(open_window())
    assert row.sizes()[0] > row.sizes()[1] + 80


def test_a_maximised_panel_does_not_spoil_what_is_kept(open_window: Callable[..., MainWindow]) -> None:
    first = open_window()
    row_of(first)
    grid = first.page("fake").view.grid(0)
    before = first.page("fake").view.layout_state()
    grid.maximise(grid.panels()[1])
    QApplication.processEvents()
    assert first.page("fake").view.layout_state()["Curves"]["columns"] == before["Curves"]["columns"]


def test_reset_layout_gives_equal_shares_again(open_window: Callable[..., MainWindow]) -> None:
    window = open_window()
    row = row_of(window)
    row.setSizes([600, 200, 200])
    window.commands.perform("reset_layout")
    QApplication.processEvents()
    assert max(row.sizes()) - min(row.sizes()) < 20


def test_a_damaged_session_leaves_the_proposed_layout(window: MainWindow) -> None:
    row = row_of(window)
    layouts = Layouts()
    layouts.take({"Curves": {"rows": "x", "views": {"Value": {"smoothing": []}}}})
    layouts.restore("Curves", window.page("fake").view.grid(0))
    layouts.take([1, 2])
    assert all(row.sizes())
