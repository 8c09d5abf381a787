"""The main window: tabs of workspaces, the runs beside them, drops anywhere, and the way out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDragMoveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core import AssayError
from app.data.inspection import Inspection
from app.engines import load_tasks
from app.runs.report import write_report
from app.runs.states import ACTIONS, ACTIVE, BADGES, OVER
from app.runs.summary import RunSummary
from app.shell.activity import Activity, ActivityView
from app.shell.commands import Commands
from app.shell.drops import DropHandler
from app.shell.laboratory import Laboratory
from app.shell.quit_dialog import QuitDialog
from app.shell.runs_panel import RunsPanel
from app.shell.session import load_session, save_session
from app.shell.start_page import StartPage
from app.shell.status_bar import StatusBar
from app.shell.workspace_page import WorkspacePage
from app.widgets.dropzone import paths_of
from app.widgets.icons import icon
from app.widgets.labels import rule
from app.widgets.theme import Theme, ThemeKeeper
from app.widgets.toast import ToastStack
from app.workspaces.declare import Workspace

FOLDS_BELOW = 1280
RIGHT = 260
SAVE_AFTER_MS = 500


class MainWindow(QMainWindow):
    """Everything a person sees. Pages of workspaces are made when their tab is first opened."""

    closing = Signal()

    def __init__(
        self, workspaces: Mapping[str, Workspace], laboratory: Laboratory, keeper: ThemeKeeper, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.workspaces = dict(workspaces)
        self.laboratory = laboratory
        self.keeper = keeper
        self.pages: dict[str, WorkspacePage] = {}
        self._seen: dict[str, str] = {}
        self._state: dict[str, Any] = load_session()
        theme = keeper.theme
        self.setWindowTitle("Assay")
        self.setMinimumSize(1100, 700)
        self.setAcceptDrops(True)
        self._build(theme)
        self.commands = Commands(self)
        self.search_button.clicked.connect(self.commands.open_palette)
        self.settings_button.clicked.connect(self.commands.open_settings)
        self.runs.compare_requested.connect(self.commands.compare)
        self.activity = Activity(laboratory, theme, self)
        self.activity.grew.connect(self.status.set_activity)
        self.status.activity_requested.connect(self._show_activity)
        self.status.offline_requested.connect(self.commands.open_settings)
        self.toasts = ToastStack(self.centralWidget(), theme)
        self.toasts.action_requested.connect(self._toast_action)
        self._toast_actions: dict[int, tuple[str, str]] = {}
        self.drops = DropHandler(self.workspaces, laboratory, self, theme)
        self.drops.filled.connect(self._filled)
        self.drops.failed.connect(self.show_problem)
        self.drops.busy.connect(self._busy)
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_AFTER_MS)
        self._save.timeout.connect(self.save_session)
        laboratory.run_changed.connect(self._run_changed)
        laboratory.message.connect(self._say)
        keeper.changed.connect(self._theme_changed)
        self.resize(QSize(*self._state.get("size", (1360, 860))))

    def open_tab(self, key: str) -> WorkspacePage | None:
        """Show a workspace ("" for the start page)."""
        position = [self.tabs.tabData(k) for k in range(self.tabs.count())].index(key)
        self.tabs.setCurrentIndex(position)
        return self.pages.get(key)

    def page(self, key: str) -> WorkspacePage:
        """The page of a workspace, made when it is first asked for."""
        if key not in self.pages:
            page = WorkspacePage(self.workspaces[key], self.laboratory, self.keeper.theme)
            page.run_started.connect(self._run_started)
            page.problem.connect(self.show_problem)
            page.said.connect(self._said)
            page.report_requested.connect(self.open_report)
            page.action_requested.connect(self.act)
            page.edited.connect(self._save.start)
            page.measure_requested.connect(self.commands.measure)
            page.sweep_requested.connect(self.commands.sweep)
            self.pages[key] = page
            self._stack.addWidget(page)
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
        """Write the report in a worker thread, then show it."""
        errand = self.laboratory.background(_Report(self.laboratory, run))
        errand.done.connect(self.report_written)
        errand.failed.connect(self.show_problem)
        self.laboratory.send(errand)

    @Slot(object)
    def report_written(self, path: Path) -> None:
        """Show a report in the browser, and say where it lies."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        self._say(f"Report written: {path}", "good")

    @Slot(str, str)
    def act(self, key: str, run: str) -> None:
        """Do what a menu or a banner asks for a run; the state of the run allows it."""
        laboratory = self.laboratory
        try:
            if key not in ("rename", "star") and key not in ACTIONS[laboratory.store.summary(run).state]:
                return
            match key:
                case "stop":
                    laboratory.supervisor.stop(run)
                case "force_stop":
                    laboratory.supervisor.force_stop(run)
                case "resume":
                    laboratory.supervisor.resume(run)
                    self.show_run(run)
                case "hold":
                    laboratory.store.queue.hold(run)
                case "release":
                    laboratory.store.queue.release(run)
                case "start_now":
                    laboratory.store.queue.move(run, 0)
                case "remove":
                    laboratory.supervisor.stop(run)
                case "trash":
                    self._trash(run)
                    return
                case "star":
                    laboratory.store.annotate(run, starred=not laboratory.store.summary(run).starred)
                case "report":
                    self.open_report(run)
                case "use_settings" | "duplicate" | "edit":
                    self.open_tab(laboratory.store.summary(run).workspace)
                    self.page(laboratory.store.summary(run).workspace).use_settings(run)
                case "why" | "compare":
                    self.show_run(run)
                case "note":
                    self.commands.note(run)
                case "export":
                    self.commands.export(run)
                case "save_bundle":
                    self.commands.save_bundle(run)
                case "rename":
                    self.show_run(run)
                    self.page(laboratory.store.summary(run).workspace).view.strip.rename()
        except AssayError as error:
            self.show_problem(error)
        laboratory.run_changed.emit(run)

    @Slot()
    def save_session(self) -> None:
        """Keep tabs, forms, sizes and selected runs; never loses the forms of pages that were not opened."""
        forms = dict(self._state.get("forms", {})) | {key: page.setup.save() for key, page in self.pages.items()}
        runs = dict(self._state.get("runs", {})) | {key: page.view.run for key, page in self.pages.items()}
        layout = dict(self._state.get("layout", {})) | {
            key: [grid.save() for grid in page.view.grids] for key, page in self.pages.items()
        }
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
        self.laboratory.start()
        self.runs.load()
        kept = self._state.get("tab")
        if kept in self.workspaces:
            self.open_tab(str(kept))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Every way of quitting passes here; what runs is kept running unless the user says otherwise."""
        running = [summary for summary in self.runs.model.all() if summary.state in ACTIVE and not _is_session(summary)]
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
            page.view.close_session()
        self.closing.emit()
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
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Workspaces")
        self._add_tab("", "Start", "home", theme)
        for workspace in self.workspaces.values():
            self._add_tab(workspace.key, workspace.title, workspace.key, theme)
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.search_button = QPushButton("Search  Ctrl+K")
        self.search_button.setToolTip("Tasks, runs, settings and help (Ctrl+K)")
        self.settings_button = _tool("settings", "Settings (Ctrl+,)", theme)
        self._runs_button = _tool("queue", "Show or hide the runs (Ctrl+B)", theme)
        self._runs_button.setCheckable(True)
        self._runs_button.setChecked(True)
        self._runs_button.toggled.connect(self._show_runs)
        top = QWidget()
        row = QHBoxLayout(top)
        row.setContentsMargins(theme.space("field"), theme.space("tight"), theme.space("field"), theme.space("tight"))
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(self.search_button)
        row.addWidget(self._runs_button)
        row.addWidget(self.settings_button)
        self._stack = QStackedWidget()
        self.start_page = StartPage(self.workspaces, self.laboratory, theme)
        self.start_page.workspace_opened.connect(self.open_tab)
        self.start_page.try_requested.connect(self.try_workspace)
        self.start_page.run_chosen.connect(self.show_run)
        self.start_page.paths_dropped.connect(self.take_paths)
        self.start_page.refused.connect(self._refused)
        self._stack.addWidget(self.start_page)
        self.runs = RunsPanel(self.laboratory, theme)
        self.runs.setMinimumWidth(220)
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

    def _add_tab(self, key: str, title: str, meaning: str, theme: Theme) -> None:
        position = self.tabs.addTab(icon(meaning, theme), title)
        self.tabs.setTabData(position, key)

    def _trash(self, run: str) -> None:
        name = self.laboratory.store.summary(run).name or run
        self.laboratory.store.trash(run)
        for page in self.pages.values():
            if page.view.run == run:
                page.show_run("")
        self.laboratory.run_changed.emit(run)
        key = self.toasts.show_toast(f"“{name}” is in the trash for 30 days.", "Undo")
        self._toast_actions[key] = ("restore", run)

    @Slot(int)
    def _tab_chosen(self, position: int) -> None:
        key = str(self.tabs.tabData(position))
        self._stack.setCurrentWidget(self.page(key) if key else self.start_page)
        self.runs.set_workspace(key)
        if not key:
            self._tell_start_page()
        self._save.start()

    @Slot(str)
    def _run_started(self, run: str) -> None:
        self.runs.model.update(run)
        self.runs.select(run)

    @Slot(str)
    def _run_changed(self, run: str) -> None:
        summary = self.runs.model.summary(run)
        if summary is None:
            return
        before, self._seen[run] = self._seen.get(run, ""), summary.state
        if before in ACTIVE and summary.state in OVER and not _is_session(summary):
            words = summary.verdict or BADGES[summary.state][1]
            tone = {"failed": "bad", "interrupted": "unsure"}.get(summary.state, summary.tone)
            self.activity.add(f"{summary.name or run}: {words}", tone)
            self.activity.notify(summary.name or run, words)
            key = self.toasts.show_toast(f"{summary.name or run}: {words}", "Show", tone=tone)
            self._toast_actions[key] = ("show", run)
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
            self.laboratory.store.restore(run)
            self.laboratory.run_changed.emit(run)
        elif action == "show":
            self.show_run(run)

    @Slot(bool)
    def _show_runs(self, shown: bool) -> None:
        self.runs.setVisible(shown)

    @Slot(str)
    def _busy(self, words: str) -> None:
        if words:
            self.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self.unsetCursor()

    @Slot(str)
    def _refused(self, words: str) -> None:
        self._say(words, "unsure")

    @Slot(str, str)
    def _said(self, words: str, tone: str) -> None:
        self._say(words, tone)

    @Slot(str, str, str)
    def _say(self, words: str, tone: str = "neutral", _action: str = "") -> None:
        self.activity.add(words, tone)
        self.toasts.show_toast(words, tone=tone)

    @Slot()
    def _show_activity(self) -> None:
        ActivityView(self.activity, self.keeper.theme, self).open()

    @Slot(object)
    def _theme_changed(self, theme: Theme) -> None:
        self.drops.theme = theme
        for position in range(self.tabs.count()):
            self.tabs.setTabIcon(position, icon(self.tabs.tabData(position) or "home", theme))
        self.settings_button.setIcon(icon("settings", theme))
        self._runs_button.setIcon(icon("queue", theme))


def _is_session(summary: RunSummary) -> bool:
    """Runs that only answer panels: nobody waits for their end."""
    task = load_tasks().get(summary.task)
    return task is not None and task.session


class _Report:
    """Write a run's report."""

    def __init__(self, laboratory: Laboratory, run: str) -> None:
        self._laboratory, self._run = laboratory, run

    def __call__(self) -> Path:
        return write_report(self._laboratory.store, self._run, redact=self._laboratory.secrets.redactor())


def _tool(meaning: str, words: str, theme: Theme) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(meaning, theme))
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setFixedSize(30, 30)
    return button
