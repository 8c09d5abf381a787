"""The window's commands: what keys, palette and buttons do, each one method. Dialogs are imported when they open."""

import secrets
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from app.core import AssayError
from app.engines import find_task, load_tasks
from app.runs.config_text import read_config_text, to_command_line
from app.shell.help_view import HelpView, help_pages
from app.shell.model_search import ModelSearch
from app.shell.palette import Entry, entries
from app.shell.shortcuts import COMMANDS, keys_of

if TYPE_CHECKING:
    from app.shell.compare_view import CompareView
    from app.shell.main_window import MainWindow
    from app.shell.palette_view import PaletteView
    from app.shell.settings_dialog import SettingsDialog
    from app.shell.workspace_page import WorkspacePage


class Commands(QObject):
    """Made once for a window; owns its actions and the dialogs that are open."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._laboratory = window.laboratory
        self._actions: dict[str, QAction] = {}
        self._help: HelpView | None = None
        self._settings: SettingsDialog | None = None
        self.palette: PaletteView | None = None
        self.comparison: CompareView | None = None
        for command in COMMANDS:
            action = QAction(command.words, window)
            action.setAutoRepeat(False)
            action.setProperty("method", command.method)
            action.triggered.connect(self._triggered)
            window.addAction(action)
            self._actions[command.key] = action
        self._take_keys(self._laboratory.settings)
        self._laboratory.settings_changed.connect(self._take_keys)

    def perform(self, method: str) -> None:
        """Do what a command names."""
        if method.startswith("tab_"):
            self._tab(int(method.removeprefix("tab_")))
        elif method == "close":
            self._window.close()
        else:
            getattr(self, method)()

    def open_palette(self) -> None:
        tasks = {name: task for name, task in load_tasks().items() if task.workspace in self._window.workspaces}
        keys = keys_of(self._laboratory.settings.shortcuts)
        found = entries(tasks, self._window.runs.model.all(), help_pages(), keys)
        self._models = self._laboratory.background(ModelSearch(self._laboratory))
        from app.shell.palette_view import PaletteView

        self.palette = PaletteView(found, self._window.keeper.theme, self._window)
        self.palette.chosen.connect(self._found)
        self.palette.chosen_apart.connect(self._found_apart)
        self._models.done.connect(self.palette.add)
        self._laboratory.send(self._models)
        self.palette.open()

    def run_now(self) -> None:
        if self._page is not None:
            self._page.start()

    def stop_now(self) -> None:
        if self._page is not None:
            self._page.stop()

    def resume_now(self) -> None:
        if self._page is not None and self._page.view.run:
            self._window.act("resume", self._page.view.run)

    def try_now(self) -> None:
        if self._page is not None:
            self._page.try_it()

    def duplicate_now(self) -> None:
        if self._page is not None and self._page.view.run:
            self._page.use_settings(self._page.view.run)

    def report_now(self) -> None:
        if self._page is not None and self._page.view.run:
            self._window.open_report(self._page.view.run)

    def rename_now(self) -> None:
        if self._page is not None and self._page.view.run:
            self._page.view.strip.rename()

    def find_now(self) -> None:
        """Search here: in the form when it has the focus, else in the runs."""
        focused = QApplication.focusWidget()
        if self._page is not None and focused is not None and self._page.setup.isAncestorOf(focused):
            self._page.setup.form.focus_search()
            return
        self._window.runs.setVisible(True)
        self._window.runs.focus_search()

    def toggle_runs(self) -> None:
        self._window.runs.setVisible(not self._window.runs.isVisible())

    def maximise_now(self) -> None:
        if self._page is None:
            return
        grid = self._page.view.grid()
        focused = QApplication.focusWidget()
        under = next((panel for panel in grid.panels() if focused is not None and panel.isAncestorOf(focused)), None)
        grid.maximise(None if grid.large is not None else under or grid.panels()[0])

    def reset_layout(self) -> None:
        if self._page is not None:
            self._page.view.layouts.forget()
            for grid in self._page.view.grids:
                grid.reset()
            self._page.edited.emit()

    def stop_all(self) -> None:
        for summary in self._window.runs.model.all():
            self._window.act("stop", summary.id)

    def undo_now(self) -> None:
        if self._page is not None:
            self._page.setup.form.undo()

    def redo_now(self) -> None:
        if self._page is not None:
            self._page.setup.form.redo()

    def measure_now(self) -> None:
        if self._page is not None:
            self._page.ask_measure()

    def sweep_now(self) -> None:
        if self._page is not None:
            self._page.ask_sweep()

    def tour_now(self) -> None:
        """Walk through the shown workspace."""
        page = self._page
        if page is None:
            self._laboratory.say("Open a workspace first; each has a tour of its own.")
            return
        from app.shell.tour import Tour

        tour = Tour(self._window.centralWidget(), page.workspace.tour, self._tour_target, self._window.keeper.theme)
        tour.advance()

    def open_trash(self) -> None:
        from app.shell.trash_dialog import TrashDialog

        dialog = TrashDialog(self._laboratory, self._window.keeper.theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.restored.connect(self._laboratory.run_changed)
        dialog.problem.connect(self._window.show_problem)
        dialog.open()

    def open_activity(self) -> None:
        self._window.show_activity()

    def open_about(self) -> None:
        from app.shell.about_dialog import AboutDialog

        dialog = AboutDialog(self._window.keeper.theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def toggle_offline(self) -> None:
        self._laboratory.change_settings(offline=not self._laboratory.settings.offline)

    def toggle_theme(self) -> None:
        mode = "light" if self._window.keeper.theme.dark else "dark"
        self._laboratory.change_settings(theme=mode)
        self._window.keeper.set_mode(mode)  # type: ignore[arg-type]

    def home_now(self) -> None:
        self._window.open_tab("")

    def next_pane(self) -> None:
        self._move_focus(1)

    def previous_pane(self) -> None:
        self._move_focus(-1)

    def compare_now(self) -> None:
        self.compare(self._window.runs.selected())

    @Slot(object)
    def compare(self, runs: list[str]) -> None:
        """Open the comparison of two or more runs."""
        if len(runs) < 2:
            self._laboratory.say("Select two or more runs on the right to compare them.")
            return
        summaries = [self._laboratory.store.summary(run) for run in runs]
        workspace = self._window.workspaces.get(summaries[0].workspace)
        if workspace is None:
            return
        if self.comparison is None:
            from app.shell.compare_view import CompareView

            self.comparison = CompareView(self._laboratory, self._window.keeper.theme, self._window)
            self.comparison.report_requested.connect(self._comparison_report)
            self.comparison.problem.connect(self._window.show_problem)
            self.comparison.said.connect(self._laboratory.say)
            self.comparison.left.connect(self._window.leave_comparison)
        self.comparison.show_runs(summaries, workspace)
        self._window.show_comparison(self.comparison)

    def export_now(self) -> None:
        if self._page is not None and self._page.view.run:
            self._window.act("export", self._page.view.run)

    def copy_command(self) -> None:
        if self._page is not None:
            task = find_task(self._page.setup.task)
            QGuiApplication.clipboard().setText(to_command_line(task, self._page.setup.form.values()))
            self._laboratory.say("Copied as a command line.")

    def paste_command(self) -> None:
        """Fill the form from a command line, preset or report in the clipboard."""
        page = self._page
        text = QGuiApplication.clipboard().text()
        try:
            found = read_config_text(text, load_tasks(), page.setup.task if page is not None else "")
        except AssayError as error:
            self._window.show_problem(error)
            return
        workspace = found.task.split(".")[0]
        if workspace not in self._window.workspaces or found.task not in self._window.workspaces[workspace].tasks:
            self._laboratory.say(f"There is no form for {found.task}.", "unsure")
            return
        self._window.open_tab(workspace)
        self._window.page(workspace).fill(found.task, found.values)
        words = f" Not known here: {', '.join(found.unknown)}." if found.unknown else ""
        self._laboratory.say(f"The form is filled in from the {found.form}.{words}")

    def open_settings(self) -> None:
        from app.shell.settings_dialog import SettingsDialog

        self._settings = SettingsDialog(self._laboratory, self._window.keeper.theme, self._window)
        self._settings.theme_chosen.connect(self._window.keeper.set_mode)
        self._settings.density_chosen.connect(self._window.keeper.set_density)
        self._settings.problem.connect(self._window.show_problem)
        self._settings.open()

    def open_shortcuts(self) -> None:
        self.open_settings()
        assert self._settings is not None
        self._settings.tabs.setCurrentIndex(self._settings.tabs.count() - 1)

    def open_help(self) -> None:
        """The page for what is shown."""
        if self._help is None:
            self._help = HelpView(self._window.keeper.theme, self._window)
        key = str(self._window.tabs.tabData(self._window.tabs.currentIndex()))
        self._help.open_page(key)
        self._help.show()
        self._help.raise_()

    @Slot(str, object)
    def measure(self, task: str, values: dict[str, Any]) -> None:
        """Three real steps in a throw-away process."""
        from app.shell.measure_dialog import MeasureDialog

        dialog = MeasureDialog(task, values, self._laboratory, self._window.keeper.theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.run_requested.connect(self._run_measured)
        dialog.open()

    @Slot(str, object)
    def sweep(self, task: str, values: dict[str, Any]) -> None:
        from app.shell.sweep_dialog import SweepDialog

        dialog = SweepDialog(task, values, self._window.keeper.theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted_configs.connect(self.queue_all)
        dialog.open()

    @property
    def _page(self) -> "WorkspacePage | None":
        return self._window.pages.get(str(self._window.tabs.tabData(self._window.tabs.currentIndex())))

    def _tour_target(self, name: str) -> QWidget | None:
        page = self._page
        if page is None:
            return None
        targets = {
            "data": page.setup,
            "form": page.setup,
            "try-it": page.try_button,
            "panels": page.view,
            "verdict": page.view.verdict if page.view.verdict.isVisible() else page.view,
            "runs": self._window.runs if self._window.runs.isVisible() else None,
        }
        return targets.get(name)

    def _tab(self, number: int) -> None:
        if number < self._window.tabs.count():
            self._window.tabs.setCurrentIndex(number)

    def _move_focus(self, step: int) -> None:
        """From pane to pane: tabs, settings, centre, runs."""
        panes = [self._window.tabs]
        if self._page is not None:
            panes += [self._page.setup, self._page.view]
        if self._window.runs.isVisible():
            panes.append(self._window.runs)
        focused = QApplication.focusWidget()
        here = next(
            (k for k, pane in enumerate(panes) if focused and (pane is focused or pane.isAncestorOf(focused))), 0
        )
        pane = panes[(here + step) % len(panes)]
        target = pane if pane.focusPolicy() != Qt.FocusPolicy.NoFocus else pane.nextInFocusChain()
        while target is not pane and not (
            pane.isAncestorOf(target) and target.isVisible() and target.focusPolicy() & Qt.FocusPolicy.TabFocus
        ):
            target = target.nextInFocusChain()
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def _triggered(self) -> None:
        self.perform(str(self.sender().property("method")))

    @Slot(object)
    def _take_keys(self, settings: Any) -> None:
        for key, sequence in keys_of(settings.shortcuts).items():
            # "?" reaches the window only where no text field takes it as a letter.
            more = [QKeySequence("?")] if key == "keys" else []
            self._actions[key].setShortcuts([QKeySequence(sequence), *more])

    @Slot(object)
    def _found(self, entry: Entry) -> None:
        match entry.kind:
            case "command":
                self.perform(next(command.method for command in COMMANDS if command.key == entry.key))
            case "task":
                self._open_task(entry.key)
            case "field":
                task, _, field = entry.key.partition("/")
                self._open_task(task).setup.form.focus_field(field)
            case "run" | "model":
                self._window.show_run(entry.key)
            case "help":
                self.open_help()
                assert self._help is not None
                self._help.open_page(entry.key)

    @Slot(object)
    def _found_apart(self, entry: Entry) -> None:
        """In a window of its own, where the thing can have one; a task is started."""
        self._found(entry)
        if entry.kind in ("run", "model"):
            self._window.act("tear_off", entry.key)
        elif entry.kind == "task":
            self.run_now()

    def _open_task(self, task: str) -> "WorkspacePage":
        workspace = task.split(".")[0]
        self._window.open_tab(workspace)
        page = self._window.page(workspace)
        if task in self._window.workspaces[workspace].tasks:
            page.setup.choose_task(task)
        return page

    @Slot(str, object)
    def _run_measured(self, task: str, values: dict[str, Any]) -> None:
        page = self._window.pages.get(task.split(".")[0])
        if page is not None and page.setup.task == task:
            page.start()

    @Slot(str, object)
    def queue_all(self, task: str, configs: list[dict[str, Any]]) -> None:
        """Queue a run for each of `configs`; together they are one sweep."""
        sweep = secrets.token_hex(8) if len(configs) > 1 else None
        first = ""
        for number, values in enumerate(configs):
            name = f"{find_task(task).title}, {number + 1} of {len(configs)}"
            run = self._laboratory.submit(task, values, name, sweep=sweep)
            first = first or run
            self._window.runs.model.update(run)
        self._window.show_run(first)
        self._laboratory.say(f"{len(configs)} runs are queued.", "good")

    @Slot(object, str)
    def _comparison_report(self, runs: list[str], baseline: str) -> None:
        from app.shell.comparison_report import ComparisonReport

        errand = self._laboratory.background(ComparisonReport(self._laboratory, runs, baseline))
        errand.done.connect(self._window.report_written)
        errand.failed.connect(self._window.show_problem)
        self._laboratory.send(errand)
