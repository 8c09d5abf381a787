"""What a first-time user does: Try it, watch, read the verdict, drop data, change the look."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication

from app.shell.main_window import MainWindow
from tests.shell.conftest import until


def shown_state(window: MainWindow) -> str:
    run = window.page("fake").view.run
    return window.laboratory.store.summary(run).state if run else ""


def test_try_it_on_the_start_page_ends_in_curves_and_a_verdict(window: MainWindow) -> None:
    window.start_page.cards["fake"].try_button.click()
    until(lambda: shown_state(window) == "done")
    view = window.page("fake").view
    until(lambda: len(view.panels()[0].table("raw")[1]) == 40)
    until(lambda: view.verdict.isVisible() and "Talked for 40 steps" in view.verdict.accessibleName())


def test_pressing_run_twice_quickly_starts_one_run(window: MainWindow) -> None:
    window.open_tab("fake")
    page = window.page("fake")
    page.start()
    page.start()
    page._run.click()
    assert len(window.laboratory.store.ids()) == 1


def test_stop_answers_at_once_and_keeps_what_there_is(window: MainWindow) -> None:
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values({"steps": 100_000, "rate": 50.0})
    page.start()
    until(lambda: shown_state(window) == "running" and page.view.panels()[0].filled)
    page._stop.click()
    assert page._stop.text() != "Stop" or not page._stop.isEnabled()
    until(lambda: shown_state(window) == "stopped")
    until(lambda: page._resume.isVisible())
    assert not page._stop.isVisible()


def test_resume_goes_on_to_the_end(window: MainWindow) -> None:
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values({"steps": 150, "rate": 100.0})
    page.start()
    until(lambda: shown_state(window) == "running" and len(page.view.panels()[0].table("raw")[1]) > 15)
    page._stop.click()
    until(lambda: page._resume.isVisible())
    page._resume.click()
    until(lambda: shown_state(window) == "done")
    until(lambda: len(page.view.panels()[0].table("raw")[1]) == 150)


def test_a_failed_run_says_what_where_why_and_what_to_do(window: MainWindow) -> None:
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values({"fail_at": 7})
    page.start()
    until(lambda: shown_state(window) == "failed")
    until(lambda: page.view.banner.isVisible())
    words = page.view.banner._what.text() + page.view.banner._more.text()
    for part in ("The sample cannot be read", "step 7", "it is made up", "Leave it out."):
        assert part in words


def test_a_dropped_data_set_fills_the_form(window: MainWindow, tmp_path: Path) -> None:
    table = tmp_path / "flowers.csv"
    table.write_text("a,b,kind\n" + "".join(f"{k}.5,{k}.25,{'x' if k % 2 else 'y'}\n" for k in range(30)))
    drop(window, [table])
    until(lambda: window.drops.card is not None)
    window.drops.card.chosen.emit(window.drops.targets(window.drops.card.found)[0][0], False)
    window.drops.card.accept()
    assert window.page("fake").setup.form.values()["data"] == str(table)


def test_dropped_text_is_refused_in_words(window: MainWindow) -> None:
    mime = QMimeData()
    mime.setText("not a file")
    send_drop(window, mime)
    assert any("Text was dropped" in toast.text for toast in window.toasts._toasts.values())


def test_a_second_window_on_the_same_store_shows_the_whole_curve(open_window: Callable[..., MainWindow]) -> None:
    first = open_window()
    first.try_workspace("fake")
    until(lambda: shown_state(first) == "done")
    run = first.page("fake").view.run
    second = open_window()
    until(lambda: second.runs.model.rowCount() == 1)
    second.show_run(run)
    until(lambda: len(second.page("fake").view.panels()[0].table("raw")[1]) == 40)


def test_a_window_closed_while_a_run_goes_on_finds_it_again(open_window: Callable[..., MainWindow]) -> None:
    first = open_window()
    first.open_tab("fake")
    page = first.page("fake")
    page.setup.form.set_values({"steps": 400, "rate": 100.0})
    page.start()
    until(lambda: shown_state(first) == "running")
    run = page.view.run
    first.leave()
    second = open_window()
    until(lambda: second.laboratory.store.summary(run).state == "done")
    second.show_run(run)
    until(lambda: len(second.page("fake").view.panels()[0].table("raw")[1]) == 400)


def test_unsent_settings_and_the_tab_come_back(open_window: Callable[..., MainWindow]) -> None:
    first = open_window()
    first.open_tab("fake")
    first.page("fake").setup.form.set_values({"steps": 77})
    first.leave()
    second = open_window()
    assert second.page("fake").setup.form.values()["steps"] == 77
    assert second.tabs.tabData(second.tabs.currentIndex()) == "fake"


def test_the_look_changes_while_a_run_goes_on(window: MainWindow) -> None:
    window.open_tab("fake")
    page = window.page("fake")
    page.setup.form.set_values({"steps": 300, "rate": 100.0, "pictures": 20})
    page.start()
    until(lambda: page.view.panels()[0].filled)
    window.keeper.set_mode("dark")
    QApplication.processEvents()
    window.keeper.set_mode("light")
    until(lambda: shown_state(window) == "done")


def test_a_trashed_run_comes_back_by_undo(window: MainWindow) -> None:
    window.try_workspace("fake")
    until(lambda: shown_state(window) == "done")
    run = window.page("fake").view.run
    window.act("trash", run)
    assert window.runs.model.summary(run) is None
    key = next(key for key, action in window._toast_actions.items() if action[0] == "restore")
    window._toast_action(key)
    assert window.runs.model.summary(run) is not None


def test_two_runs_are_compared_in_one_table_and_one_plot(window: MainWindow) -> None:
    window.open_tab("fake")
    runs = [window.laboratory.submit("fake.chatty", {"steps": steps}, f"{steps} steps") for steps in (30, 50)]
    for run in runs:
        until(lambda run=run: window.laboratory.store.summary(run).state == "done")
    window.commands.compare(runs)
    view = window.commands.comparison
    assert view is not None
    until(lambda: len(view._plots[0].data.curves) == 2)
    assert view.fields.source.rowCount() == 1
    assert view.figures.source.rowCount() == 2


def test_no_heavy_library_is_loaded_by_the_window() -> None:
    import subprocess

    code = (
        "import sys\nfrom pathlib import Path\nfrom app.shell.start import make_application, open_window\n"
        "app = make_application()\nwindow = open_window(app, Path(sys.argv[1]), warm=False)\n"
        "window.after_paint()\nwindow.open_tab('quantum')\napp.processEvents()\n"
        "print(sorted({'torch','transformers','diffusers','qiskit','sklearn','cv2'} & set(sys.modules)))\nwindow.leave()\n"
    )
    import tempfile

    with tempfile.TemporaryDirectory() as store:
        done = subprocess.run(
            [sys.executable, "-c", code, store], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def drop(window: MainWindow, paths: list[Path]) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    send_drop(window, mime)


def send_drop(window: MainWindow, mime: QMimeData) -> None:
    event = QDropEvent(
        QPointF(500, 400),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
