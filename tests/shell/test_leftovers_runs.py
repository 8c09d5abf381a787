"""Runs that belong together are one line; waiting runs change places."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from app.shell.main_window import MainWindow
from app.shell.run_list import FOLD, SUMMARY
from tests.shell.conftest import Open, until


def rows(window: MainWindow) -> list[str]:
    model = window.runs.model
    return [model.index(row).data() for row in range(model.rowCount())]


def finish(window: MainWindow, runs: list[str]) -> None:
    for run in runs:
        until(lambda run=run: (found := window.runs.model.summary(run)) and found.state == "done")


def test_seeds_are_one_line_with_mean_interval_and_n(window: MainWindow) -> None:
    runs = [window.laboratory.submit("fake.chatty", {"steps": 20, "seed": seed}, "Talk") for seed in range(3)]
    finish(window, runs)
    until(lambda: window.runs.model.rowCount() == 1)
    fold = window.runs.model.index(0).data(FOLD)
    assert fold.title == "Talk × 3 seeds"
    assert "n = 3" in fold.words and "20" in fold.words
    window.runs.select(runs[1])
    assert window.runs.selected() == [runs[1]]
    assert window.runs.model.rowCount() == 4
    window.runs._turn(window.runs.model.index(0))
    assert window.runs.model.rowCount() == 1


def test_a_sweep_is_one_line_and_stands_for_its_runs(window: MainWindow) -> None:
    first = window.laboratory.submit("fake.chatty", {"steps": 20})
    others = [window.laboratory.submit("fake.chatty", {"steps": steps}, sweep="s") for steps in (30, 40)]
    finish(window, [first, *others])
    until(lambda: rows(window)[0] == "Sweep: 2 runs of 2 settings", 10)
    window.runs._list.setCurrentIndex(window.runs.model.index(0))
    assert sorted(window.runs.selected()) == sorted(others)


def test_words_find_runs_within_folds(window: MainWindow) -> None:
    runs = [window.laboratory.submit("fake.chatty", {"steps": 20, "seed": seed}, "Talk") for seed in range(2)]
    finish(window, runs)
    window.runs._search.setText("seed=1")
    until(lambda: window.runs.model.rowCount() == 1)
    assert window.runs.model.index(0).data(SUMMARY).id == runs[1]


def test_alt_and_arrows_move_a_waiting_run(window: MainWindow) -> None:
    runs = [
        window.laboratory.supervisor.submit("fake.chatty", {"steps": steps}, name=str(steps), hold=True)
        for steps in (10, 20, 30)
    ]
    until(lambda: rows(window) == ["10", "20", "30"])
    window.runs.select(runs[2])
    press = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    QApplication.sendEvent(window.runs._list, press)
    assert window.laboratory.store.queue.order() == [runs[0], runs[2], runs[1]]
    assert rows(window) == ["10", "30", "20"]
    assert window.runs.selected() == [runs[2]]


def test_the_order_of_the_queue_is_known_from_the_start(open_window: Open) -> None:
    first = open_window()
    for steps in (10, 20):
        first.laboratory.supervisor.submit("fake.chatty", {"steps": steps}, name=str(steps), hold=True)
    second = open_window()
    until(lambda: rows(second) == ["10", "20"])
