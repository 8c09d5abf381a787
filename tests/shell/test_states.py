"""The table of states: which buttons there are in each, and that a hasty or stubborn user ends in a defined state."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.runs.states import ACTIONS, ACTIVE, OVER
from app.shell.main_window import MainWindow
from app.shell.quit_dialog import QuitDialog
from app.shell.runs_panel import WORDS
from app.shell.workspace_page import WorkspacePage
from tests.shell.conftest import Open, until

LONG = {"steps": 100_000, "rate": 50.0}


def begin(window: MainWindow, **values: object) -> tuple[WorkspacePage, str]:
    """Press Run with some settings; the page and the run."""
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values(values)
    page._run.click()
    return page, page.view.run


def state(window: MainWindow, run: str) -> str:
    return window.laboratory.store.summary(run).state


def shown_buttons(page: WorkspacePage) -> set[str]:
    return {button.text() for button in (page._stop, page._resume) if button.isVisible()}


def test_run_pressed_twice_within_a_moment_starts_one_run(window):
    page, _ = begin(window, **LONG)
    QTest.mouseDClick(page._run, Qt.MouseButton.LeftButton)
    QTest.mouseClick(page._run, Qt.MouseButton.LeftButton)
    assert len(window.laboratory.store.ids()) == 1


def test_the_run_key_held_down_starts_one_run(window):
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values(LONG)
    for _ in range(20):
        window.commands.perform("run_now")
    assert len(window.laboratory.store.ids()) == 1


def test_enter_held_on_the_run_button_starts_one_run(window):
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values(LONG)
    page._run.setFocus()
    for _ in range(20):
        QTest.keyClick(page._run, Qt.Key.Key_Space)
    assert len(window.laboratory.store.ids()) == 1


def test_run_can_be_pressed_again_while_the_first_run_goes_on(window):
    page, first = begin(window, **LONG)
    until(lambda: page._run.isEnabled())
    page._run.click()
    assert len(window.laboratory.store.ids()) == 2
    assert state(window, page.view.run) == "queued" and page.view.run != first


def test_stop_right_after_run_ends_the_run(window):
    page, run = begin(window, **LONG)
    window.commands.perform("stop_now")
    until(lambda: state(window, run) in OVER)
    assert state(window, run) == "stopped"
    until(lambda: page._resume.isVisible() and not page._stop.isVisible())


def test_stop_is_taken_at_once_and_cannot_be_pressed_twice(window):
    page, run = begin(window, **LONG)
    until(lambda: page.view.panels()[0].filled)
    page._stop.click()
    assert not page._stop.isEnabled() or page._stop.isHidden()
    until(lambda: state(window, run) == "stopped")
    until(lambda: page.view.verdict.isVisible() and "Partial" in page.view.verdict.accessibleName())


def test_a_run_that_ignores_stop_can_be_forced_after_five_seconds(window, monkeypatch):
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.choose_task("fake.stubborn")
    page._run.click()
    run = page.view.run
    until(lambda: state(window, run) == "running" and page.view.panels()[0].filled)
    page._stop.click()
    until(lambda: state(window, run) == "stopping")
    until(lambda: page._stop.text() == "Stopping…")
    assert not page._stop.isEnabled()
    monkeypatch.setattr("app.shell.workspace_page.FORCE_AFTER_S", 0.0)
    until(lambda: page._stop.isEnabled() or state(window, run) in OVER)
    if state(window, run) not in OVER:
        assert page._stop.text() == "Force stop"
        page._stop.click()
    until(lambda: state(window, run) in ("interrupted", "stopped"))


def test_each_state_shows_the_buttons_of_the_table(window):
    page, run = begin(window, **LONG)
    for wanted, buttons in (("running", {"Stop"}), ("stopped", {"Resume"}), ("running", {"Stop"})):
        until(lambda wanted=wanted: state(window, run) == wanted)
        until(lambda buttons=buttons: shown_buttons(page) == buttons)
        {"running": page._stop, "stopped": page._resume}[wanted].click()
    until(lambda: state(window, run) in OVER)


def test_a_run_goes_through_stop_and_resume_twice_and_ends_whole(window):
    page, run = begin(window, steps=200, rate=100.0)
    for _ in range(2):
        until(lambda: state(window, run) == "running" and len(page.view.panels()[0].table("raw")[1]) > 25)
        page._stop.click()
        until(lambda: page._resume.isVisible())
        page._resume.click()
    until(lambda: state(window, run) == "done")
    until(lambda: len(page.view.panels()[0].table("raw")[1]) == 200)
    until(lambda: shown_buttons(page) == set())


def test_a_waiting_run_can_be_held_released_and_removed(window):
    begin(window, **LONG)
    waiting = window.laboratory.submit("fake.chatty", {"steps": 10}, "waiting")
    assert state(window, waiting) == "queued"
    window.act("hold", waiting)
    assert state(window, waiting) == "held"
    window.act("release", waiting)
    assert state(window, waiting) == "queued"
    window.act("remove", waiting)
    until(lambda: state(window, waiting) in OVER)


def test_start_now_does_not_wait_for_the_run_before(window):
    _, first = begin(window, **LONG)
    until(lambda: state(window, first) == "running")
    waiting = window.laboratory.submit("fake.chatty", {"steps": 10}, "waiting")
    window.act("start_now", waiting)
    until(lambda: state(window, waiting) == "done")
    assert state(window, first) == "running"


@pytest.mark.parametrize("key", [*WORDS, "rename", "star", "nonsense"])
def test_what_the_state_does_not_allow_does_nothing(window, key):
    _, run = begin(window, **LONG)
    until(lambda: state(window, run) == "running")
    if key in (*ACTIONS["running"], "rename", "star"):
        pytest.skip("allowed while it runs")
    window.act(key, run)
    assert state(window, run) == "running"
    assert not window.laboratory.store.summary(run).trashed
    assert len(window.laboratory.store.ids()) == 1


def test_a_running_run_can_be_renamed_and_goes_on(window):
    page, run = begin(window, **LONG)
    until(lambda: state(window, run) == "running")
    window.commands.perform("rename_now")
    QTest.keyClicks(page.view.strip._line, "a better name")
    QTest.keyClick(page.view.strip._line, Qt.Key.Key_Return)
    assert window.laboratory.store.summary(run).name == "a better name"
    assert state(window, run) == "running"
    assert window.runs.model.summary(run).name == "a better name"


@pytest.mark.parametrize("choice", ["keep", "stop", ""])
def test_closing_while_something_runs_asks_and_does_what_was_chosen(window, monkeypatch, choice):
    _, run = begin(window, **LONG)
    until(lambda: state(window, run) == "running")
    asked = []

    def answer(dialog: QuitDialog) -> int:
        asked.append(dialog)
        assert dialog.focusWidget().property("choice") == "keep", "Return would not do the usual thing"
        button = next(b for b in dialog.findChildren(QPushButton) if b.property("choice") == choice)
        button.click()
        return 0

    monkeypatch.setattr(QuitDialog, "exec", answer)
    closed = window.close()
    assert len(asked) == 1
    assert closed == bool(choice)
    assert state(window, run) == ("stopped" if choice == "stop" else "running")


@pytest.mark.parametrize("when", ["nothing", "queued", "done", "failed", "stopped"])
def test_closing_asks_nothing_when_nothing_runs(window, monkeypatch, when):
    if when != "nothing":
        _, run = begin(window, **{"failed": {"fail_at": 3}, "stopped": LONG}.get(when, {"steps": 5}))
        if when == "stopped":
            window.commands.perform("stop_now")
        if when == "queued":
            window.laboratory.supervisor.stop(run)
        until(lambda: state(window, run) in OVER)
        until(lambda: window.runs.model.summary(run).state in OVER)
    monkeypatch.setattr(QuitDialog, "exec", lambda dialog: pytest.fail("it asked"))
    assert window.close()


def test_the_file_of_states_names_only_actions_that_the_window_can_do(window):
    for actions in ACTIONS.values():
        for key in actions:
            assert key in WORDS or key in ("probe", "tear_off"), key


def test_a_run_that_another_window_started_can_be_stopped_here(open_window: Open):
    first, second = open_window(), open_window()
    _, run = begin(first, **LONG)
    until(lambda: state(second, run) == "running")
    second.laboratory.run_changed.emit(run)
    second.show_run(run)
    second.page("fake")._stop.click()
    until(lambda: state(first, run) == "stopped")
    assert state(second, run) == "stopped" and not ACTIVE & {state(second, run)}


def test_two_runs_are_selected_with_the_mouse_and_compared(window):
    window.open_tab("fake")
    runs = [window.laboratory.submit("fake.chatty", {"steps": steps}, f"{steps} steps") for steps in (20, 30)]
    until(lambda: all(state(window, run) == "done" for run in runs))
    until(lambda: window.runs.model.rowCount() == 2)
    listed = window.runs._list
    for row, modifier in ((0, Qt.KeyboardModifier.NoModifier), (1, Qt.KeyboardModifier.ControlModifier)):
        at = listed.visualRect(window.runs.model.index(row)).center()
        QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, modifier, at)
    assert sorted(window.runs.selected()) == sorted(runs)
    window.commands.perform("compare_now")
    assert window.commands.comparison is not None and window.commands.comparison.isVisible()
