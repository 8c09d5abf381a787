"""The main window: tabs of workspaces, the runs beside them, drops anywhere, and the way out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDragMoveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.core import AssayError
from app.data.inspection import Inspection
from app.runs.states import ACTIVE
from app.shell.activity import Activity, ActivityView
from app.shell.commands import Commands
from app.shell.drops import DropHandler
from app.shell.laboratory import Laboratory
from app.shell.quit_dialog import QuitDialog
from app.shell.run_actions import RunActions
from app.shell.run_news import RunNews, is_session
from app.shell.runs_panel import RunsPanel
from app.shell.session import load_session, save_session
from app.shell.start_page import StartPage
from app.shell.status_bar import StatusBar
from app.shell.system_check import SystemCheck
from app.shell.top_row import TopRow
from app.widgets.dropzone import paths_of
from app.widgets.labels import rule
from app.widgets.theme import Theme, ThemeKeeper
from app.widgets.toast import ToastStack
from app.workspaces.declare import Workspace

if TYPE_CHECKING:
    from app.shell.workspace_page import WorkspacePage

FOLDS_BELOW = 1280
RIGHT = 260
SAVE_AFTER_MS = 500


class MainWindow(QMainWindow):
    """Everything a person sees. Pages of workspaces are made when their tab is first opened."""

    closing = Signal()
    painted = Signal()
    """Once, when the window is on the screen for the first time."""

    def __init__(
        self,
        workspaces: Mapping[str, Workspace],
        laboratory: Laboratory,
        keeper: ThemeKeeper,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.workspaces = dict(workspaces)
        self.laboratory = laboratory
        self.keeper = keeper
        self.pages: dict[str, WorkspacePage] = {}
        self.ready = False
        self._state: dict[str, Any] = load_session()
        theme = keeper.theme
        self.setWindowTitle("Assay")
        self.setMinimumSize(1100, 700)
        self.setAcceptDrops(True)
        self._build(theme)
        self.actions_on_runs = RunActions(self)
        self.commands = Commands(self)
        self.search_button.clicked.connect(self.commands.open_palette)
        self.settings_button.clicked.connect(self.commands.open_settings)
        self.top.help.clicked.connect(self.commands.open_help)
        self.runs.compare_requested.connect(self.commands.compare)
        self.activity = Activity(laboratory, theme, self)
        self.activity.grew.connect(self.status.set_activity)
        self.status.activity_requested.connect(self.show_activity)
        self.status.offline_requested.connect(self.commands.open_settings)
        self.toasts = ToastStack(self.centralWidget(), theme)
        self.toasts.action_requested.connect(self._toast_action)
        self._toast_actions: dict[int, tuple[str, str]] = {}
        self.drops = DropHandler(self.workspaces, laboratory, self, theme)
        self.drops.filled.connect(self._filled)
        self.drops.failed.connect(self.show_problem)
        self.drops.busy.connect(self._busy)
        self.actions_on_runs.trashed.connect(self._trashed)
        self.actions_on_runs.said.connect(self._say)
        self.actions_on_runs.problem.connect(self.show_problem)
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_AFTER_MS)
        self._save.timeout.connect(self.save_session)
        self.news = RunNews(laboratory, self.runs.model, self.activity, self)
        self.news.ended.connect(self._run_ended)
        self.news.awake_changed.connect(self.status.set_awake)
        laboratory.message.connect(self._say)
        keeper.changed.connect(self._theme_changed)
        self.resize(QSize(*self._state.get("size", (1360, 860))))

    def open_tab(self, key: str) -> "WorkspacePage | None":
        """Show a workspace ("" for the start page)."""
        self.tabs.setCurrentIndex([self.tabs.tabData(k) for k in range(self.tabs.count())].index(key))
        return self.pages.get(key)

    def page(self, key: str) -> "WorkspacePage":
        """The page of a workspace, made when it is first asked for."""
        if key not in self.pages:
            # Plots and forms are imported with the first page: the window stands before (tests/bench/startup.py).
            from app.shell.workspace_page import WorkspacePage

            page = WorkspacePage(self.workspaces[key], self.laboratory, self.keeper.theme)
            page.run_started.connect(self._run_started)
            page.problem.connect(self.show_problem)
            page.said.connect(self._say)
            page.report_requested.connect(self.open_report)
            page.action_requested.connect(self.act)
            page.edited.connect(self._save.start)
            page.measure_requested.connect(self.commands.measure)
            page.sweep_requested.connect(self.commands.sweep)
            page.many_requested.connect(self.commands.queue_all)
            self.pages[key] = page
            self._stack.addWidget(page)
            page.view.layouts.take(self._state.get("layout", {}).get(key))
            kept = self._state.get("forms", {}).get(key)
            if isinstance(kept, dict):
                page.setup.restore(kept)
            run = self._state.get("runs", {}).get(key)
            if isinstance(run, str) and run in self.laboratory.store.ids():
                page.show_run(run)
        return self.pages[key]

    def show_run(self, run: str) -> None:
        """Open the workspace of a run with that run in the centre."""
        summary = self.laboratory.store.summary(run)
        if summary.workspace not in self.workspaces:
            self._say(f"Nothing here can show a run of {summary.task}.", "unsure")
            return
        self.open_tab(summary.workspace)
        self.page(summary.workspace).show_run(run)
        self.runs.select(run)
        self._save.start()

    def show_comparison(self, view: QWidget) -> None:
        """Put the comparison in place of the page until it is left or a tab is chosen."""
        if self._stack.indexOf(view) < 0:
            self._stack.addWidget(view)
        self._stack.setCurrentWidget(view)

    @Slot()
    def leave_comparison(self) -> None:
        self._tab_chosen(self.tabs.currentIndex())

    @Slot(object)
    def show_problem(self, error: AssayError) -> None:
        """A message that says what, where, why and how to mend it."""
        parts = [error.what, f"({error.where})" if error.where else "", error.why, error.remedy]
        words = " ".join(filter(None, parts))
        self.activity.add(words, "bad")
        self.toasts.show_toast(words, tone="bad", seconds=20)

    @Slot(object)
    def take_paths(self, paths: list[Path]) -> None:
        self.drops.take(paths)

    @Slot(str)
    def try_workspace(self, key: str) -> None:
        """Open a workspace and start its demonstration."""
        self.open_tab(key)
        self.page(key).try_it()

    @Slot(str)
    def open_report(self, run: str) -> None:
        self.actions_on_runs.open_report(run)

    @Slot(object)
    def report_written(self, path: Path) -> None:
        """Show a report in the browser, and say where it lies."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        self._say(f"Report written: {path}", "good")

    @Slot(str, str)
    def act(self, key: str, run: str) -> None:
        """Do what a menu or a banner asks for a run; the state of the run allows it."""
        self.actions_on_runs.act(key, run)

    @Slot()
    def save_session(self) -> None:
        """Keep tabs, forms, sizes and selected runs; never loses the forms of pages that were not opened."""
        forms = dict(self._state.get("forms", {})) | {key: page.setup.save() for key, page in self.pages.items()}
        runs = dict(self._state.get("runs", {})) | {key: page.view.run for key, page in self.pages.items()}
        shown = {key: page.view.layout_state() for key, page in self.pages.items()}
        layout = dict(self._state.get("layout", {})) | shown
        self._state = {
            "tab": self.tabs.tabData(self.tabs.currentIndex()),
            "size": [self.width(), self.height()],
            "forms": forms,
            "runs": runs,
            "layout": layout,
        }
        try:
            save_session(self._state)
        except OSError as error:
            self._say(f"The session could not be kept: {error.strerror}", "unsure")

    def after_paint(self) -> None:
        """Once the window stands: start the engine, read the list of runs, open the last tab."""
        self.painted.emit()
        self.laboratory.start()
        self.runs.load()
        kept = self._state.get("tab")
        if kept in self.workspaces:
            self.open_tab(str(kept))
        check = self.laboratory.background(SystemCheck(self.laboratory.root, self.laboratory.settings.offline))
        check.done.connect(self.start_page.show_system)
        self.laboratory.send(check)
        for problem in self.laboratory.problems:
            self._say(problem, "unsure")
        self.ready = True

    @Slot(str)
    def offer_tour(self, key: str) -> None:
        """Say once that there is a tour."""
        hint = f"tour/{key}"
        if self.workspaces[key].tour and hint not in self.laboratory.settings.hidden_hints:
            self.laboratory.change_settings(hidden_hints=(*self.laboratory.settings.hidden_hints, hint))
            words = f"New here? A tour of {self.workspaces[key].title} takes a minute."
            self._toast_actions[self.toasts.show_toast(words, "Tour")] = ("tour", key)

    @Slot()
    def session_ends(self) -> None:
        """The desktop's session ends: keep everything, ask nothing, let runs go on."""
        self._ask_before_quit = False
        self.save_session()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Every way of quitting passes here; what runs is kept running unless the user says otherwise."""
        for run in self.laboratory.store.queue.active():
            self.runs.model.update(run)  # one that began a moment ago may not have been told yet
        running = [summary for summary in self.runs.model.all() if summary.state in ACTIVE and not is_session(summary)]
        stop = False
        if running and self._ask_before_quit:
            dialog = QuitDialog(running, self.keeper.theme, self)
            dialog.exec()
            if not dialog.choice:
                event.ignore()
                return
            stop = dialog.choice == "stop"
        self.save_session()
        for page in self.pages.values():
            page.view.session.close()
        self.closing.emit()
        self.news.close()
        self.laboratory.close(stop_runs=stop)
        event.accept()

    def leave(self) -> None:
        """Close without asking; what runs goes on."""
        self._ask_before_quit = False
        self.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < FOLDS_BELOW
        if narrow != self._narrow:
            self._narrow = narrow
            self.runs.setVisible(not narrow)
            self._runs_button.setChecked(not narrow)
        self._save.start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        paths, refused = paths_of(event.mimeData())
        if refused:
            self._say(refused, "unsure")
        if paths:
            self.take_paths(paths)

    def _build(self, theme: Theme) -> None:
        self._narrow = False
        self._ask_before_quit = True
        top = TopRow(self.workspaces, theme)
        self.top, self.tabs = top, top.tabs
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.tabs.tabBarClicked.connect(self._tab_chosen)
        self.search_button, self.settings_button = top.search, top.settings
        self._runs_button = top.runs
        self._stack = QStackedWidget()
        self.start_page = StartPage(self.workspaces, self.laboratory, theme)
        self.start_page.workspace_opened.connect(self.open_tab)
        self.start_page.try_requested.connect(self.try_workspace)
        self.start_page.run_chosen.connect(self.show_run)
        self.start_page.paths_dropped.connect(self.take_paths)
        self.start_page.refused.connect(self._say)
        self._stack.addWidget(self.start_page)
        self.runs = RunsPanel(self.laboratory, theme)
        self.runs.setMinimumWidth(220)
        self._runs_button.toggled.connect(self.runs.setVisible)
        self.runs.chosen.connect(self.show_run)
        self.runs.action_requested.connect(self.act)
        self.runs.model.modelReset.connect(self._tell_start_page)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self._stack)
        self._splitter.addWidget(self.runs)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setSizes([1100, RIGHT])
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(rule())
        column.addWidget(self._splitter, 1)
        self.status = StatusBar(self.laboratory, theme)
        column.addWidget(rule())
        column.addWidget(self.status)
        self.setCentralWidget(whole)

    @Slot(str, str)
    def _trashed(self, run: str, name: str) -> None:
        for page in self.pages.values():
            if page.view.run == run:
                page.show_run("")
        words = f"“{name}” is in the trash for {self.laboratory.settings.trash_days} days."
        self._toast_actions[self.toasts.show_toast(words, "Undo")] = ("restore", run)

    @Slot(int)
    def _tab_chosen(self, position: int) -> None:
        key = str(self.tabs.tabData(position))
        self._stack.setCurrentWidget(self.page(key) if key else self.start_page)
        self.runs.set_workspace(key)
        if not key:
            self._tell_start_page()
        elif self.ready:
            self.offer_tour(key)
        self._save.start()

    @Slot(str)
    def _run_started(self, run: str) -> None:
        self.runs.model.update(run)
        self.runs.select(run)

    @Slot(str, str, str)
    def _run_ended(self, run: str, words: str, tone: str) -> None:
        self._toast_actions[self.toasts.show_toast(words, "Show", tone=tone)] = ("show", run)
        self._tell_start_page()

    @Slot()
    def _tell_start_page(self) -> None:
        self.start_page.show_runs(self.runs.model.all())

    @Slot(str, str, object, object)
    def _filled(self, workspace: str, task: str, values: dict[str, Any], found: Inspection) -> None:
        self.open_tab(workspace)
        page = self.page(workspace)
        page.fill(task, values)
        self._say(f"{found.title}: the form is filled in. Press Run to start.", "good")

    @Slot(int)
    def _toast_action(self, key: int) -> None:
        action, run = self._toast_actions.pop(key, ("", ""))
        if action == "restore":
            self.actions_on_runs.restore(run)
        elif action == "tour":
            self.commands.tour_now()
        elif action == "show":
            self.show_run(run)

    @Slot(str)
    def _busy(self, words: str) -> None:
        if words:
            self.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self.unsetCursor()

    @Slot(str)
    @Slot(str, str)
    @Slot(str, str, str)
    def _say(self, words: str, tone: str = "unsure", _action: str = "") -> None:
        self.activity.add(words, tone)
        self.toasts.show_toast(words, tone=tone)

    @Slot()
    def show_activity(self) -> None:
        view = ActivityView(self.activity, self.keeper.theme, self)
        view.show_requested.connect(self.show_run)
        view.open()

    @Slot(object)
    def _theme_changed(self, theme: Theme) -> None:
        self.drops.theme = theme
