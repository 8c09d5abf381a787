"""The centre: one selected run with its strip, verdict, findings, and pages of panels that its log feeds."""

import time
from collections import deque
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.core import AssayError, Figure
from app.engines import load_tasks
from app.runs.figures import duration_text
from app.runs.plain_text import one_line
from app.runs.records import Batch, Points, Record
from app.runs.states import ACTIVE, OVER
from app.runs.summary import RunSummary
from app.shell.banner import Banner
from app.shell.laboratory import Laboratory
from app.shell.layouts import Layouts
from app.shell.panel_session import PanelSession
from app.shell.together import Together
from app.widgets.build import build_panel
from app.widgets.empty import EmptyState
from app.widgets.grid import PanelGrid
from app.widgets.panels import Panel, ending
from app.widgets.strip import RunStrip
from app.widgets.theme import Theme
from app.widgets.verdict import VerdictCard
from app.workspaces.declare import Workspace

FRAME_MS = 16
FRAME_BUDGET_S = 0.010
"""Time per frame spent on showing records; the rest of the frame belongs to the user."""

LEAST_HEIGHT = 440
"""Two rows of panels that can be read; where the window is lower the centre scrolls."""

MAIN, SESSION = "run", "session"


class RunView(QWidget):
    """Shows a run live or long over: the same replay and follow."""

    report_requested = Signal(str)
    use_settings_requested = Signal(str)
    stages_changed = Signal(object)
    exported = Signal(str)
    failed = Signal(object)
    try_requested = Signal()
    arranged = Signal()
    action_requested = Signal(str, str)
    run_requested = Signal(str, object, str)
    """A panel wants a task done: its name, settings, and what to call the run."""
    run_chosen = Signal(str)
    """A panel that lists runs had one of them chosen."""

    def __init__(self, workspace: Workspace, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None):
        super().__init__(parent)
        self.workspace = workspace
        self.theme = theme
        self.run = ""
        self.stages: list[str] = []
        self._laboratory = laboratory
        self._waiting: deque[tuple[str, Record, Path]] = deque()
        self._newest: dict[str, float] = {}
        self._artifacts: dict[str, list[Record]] = {}
        self.session = PanelSession(workspace.sessions, laboratory, self._key(SESSION), self)
        self.session.failed.connect(self.failed)
        self.together = Together(laboratory, self)
        self.together.changed.connect(self._together_changed)
        self._findings: dict[str, int] = {}
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._drain)

        self._empty = EmptyState(
            workspace.question,
            theme,
            f"Try it (about {workspace.try_it_seconds} s)",
            "Runs appear here live: curves, pictures, and a verdict at the end.",
            workspace.key,
        )
        self._empty.action_requested.connect(self.try_requested)
        self.strip = RunStrip(theme)
        self.strip.use_settings_requested.connect(self._use_settings)
        self.strip.renamed.connect(self._rename)
        self.verdict = VerdictCard(theme)
        self.verdict.report_requested.connect(self._report)
        self.banner = Banner(theme)
        self.banner.action_requested.connect(self._banner_action)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Pages of panels")
        self.pages = QStackedWidget()
        self.layouts = Layouts()
        self._built: dict[int, PanelGrid] = {}
        self._watching = False
        for page in workspace.pages:
            place = QWidget()
            QVBoxLayout(place).setContentsMargins(0, 0, 0, 0)
            self.pages.addWidget(place)
            self.tabs.addTab(page.title)
        self.tabs.currentChanged.connect(self._page_chosen)
        self.pages.setMinimumHeight(LEAST_HEIGHT)
        # What panels would like does not count: the centre scrolls only below the least height.
        self.pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        below = QWidget()
        room = QVBoxLayout(below)
        room.setContentsMargins(0, 0, 0, 0)
        room.setSpacing(theme.space("field"))
        for widget in (self.verdict, self.banner, self.tabs):
            room.addWidget(widget)
        room.addWidget(self.pages, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(below)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("field"))
        layout.addWidget(self.strip)
        layout.addWidget(scroll, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        laboratory.following.arrived.connect(self._arrived)

    @property
    def grids(self) -> list[PanelGrid]:
        """The pages that have been opened so far."""
        return [self._built[place] for place in sorted(self._built)]

    @property
    def busy(self) -> bool:
        """Whether something that was told is not shown yet."""
        return bool(self._waiting)

    def layout_state(self) -> dict[str, Any]:
        return self.layouts.save({self.workspace.pages[place].title: grid for place, grid in self._built.items()})

    def panels(self) -> list[Panel]:
        return [panel for grid in self.grids for panel in grid.panels()]

    def grid(self, place: int | None = None) -> PanelGrid:
        """The panels of a page (else of the one that is open), made when they are first needed."""
        place = max(0, self.tabs.currentIndex()) if place is None else place
        if place not in self._built:
            self._build(place)
        return self._built[place]

    def show_run(self, run: str) -> None:
        """Select a run; everything shown before is forgotten."""
        if run == self.run:
            return
        self._laboratory.following.unwatch(self._key(MAIN))
        self.session.close()
        self._waiting.clear()
        self._watching = False
        self.run = run
        self.stages = []
        self._newest.clear()
        self._artifacts.clear()
        self._findings.clear()
        self.banner.clear()
        for panel in self.panels():
            panel.clear()
        self.verdict.clear()
        self.together.show("")
        self._stack.setCurrentIndex(1 if run else 0)
        if not run:
            return
        summary = self._laboratory.store.summary(run)
        self._open_page_of(summary.task)
        self.grid()
        self._reference(summary)
        for panel in self.panels():
            panel.set_context([summary.name or run])
        self.refresh()
        self._laboratory.following.watch(self._key(MAIN), self._laboratory.store.folder(run))
        self._watching = True
        self._watch_together()

    def refresh(self) -> None:
        """Bring strip, verdict and banner up to date with the run's state."""
        if not self.run:
            return
        try:
            summary = self._laboratory.summary(self.run)
        except AssayError:
            self.show_run("")
            return
        share = f"{100 * summary.done / summary.total:.0f} %" if summary.total and summary.state == "running" else ""
        detail = duration_text(summary.seconds) if summary.seconds else ""
        self.strip.show_run(one_line(summary.name or summary.id), summary.state, detail, share)
        if summary.state in OVER:
            result = self._laboratory.store.result(self.run)
            if result is not None:
                self.verdict.show_result(result)
        elif summary.state in ACTIVE and self._newest:
            self.verdict.show_so_far(self._figures_so_far(summary.task), summary.stage or summary.state)
        if summary.error:
            self.banner.show_error(summary.error, summary.state)
        elif summary.paused:
            self.banner.show_words(summary.paused, "unsure")
        elif summary.silent > 60 * self._laboratory.settings.silent_minutes:
            self.banner.show_words(f"Silent for {duration_text(summary.silent)}.", "unsure")

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme

    def artifact(self, role: str) -> Path | None:
        """The newest artifact of that role which the shown run has made."""
        records = self._artifacts.get(role, [])
        return self._laboratory.store.folder(self.run) / records[-1].data["file"] if records else None

    def open_session_page(self) -> None:
        """The page whose panel talks to a session."""
        for position in range(len(self.workspace.pages)):
            if any(hasattr(panel, "command_requested") for panel in self.grid(position).panels()):
                self.tabs.setCurrentIndex(position)
                return

    @Slot(str, object)
    def _arrived(self, key: str, batch: Batch) -> None:
        if key not in (self._key(MAIN), self._key(SESSION)):
            return
        run = self.run if key == self._key(MAIN) else self.session.run
        if not run:
            self._laboratory.following.taken()
            return
        folder = self._laboratory.store.folder(run)
        if batch.rewind is not None and key == self._key(MAIN):
            self._drain_all()
            for panel in self.panels():
                panel.rewind(batch.rewind)
        if batch.points:
            self._show_points(batch.points)
        self._waiting.extend((key, record, folder) for record in batch.records)
        self._timer.start()
        self._laboratory.following.taken()

    def _show_points(self, points: dict[str, Points]) -> None:
        for name, part in points.items():
            if len(part):
                self._newest[name] = float(part.value[-1])
        for panel in self.panels():
            wanted = {name: part for name, part in points.items() if panel.wants("metric", name)}
            if wanted:
                panel.points_added(wanted)

    @Slot()
    def _drain(self) -> None:
        end = time.perf_counter() + FRAME_BUDGET_S
        while self._waiting and time.perf_counter() < end:
            self._show(*self._waiting.popleft())
        if not self._waiting:
            self._timer.stop()

    def _drain_all(self) -> None:
        while self._waiting:
            self._show(*self._waiting.popleft())

    def _show(self, key: str, record: Record, folder: Path) -> None:
        if record.kind == "stage" and key == self._key(MAIN):
            if record.name not in self.stages:
                self.stages.append(record.name)
                self.stages_changed.emit(self.stages)
        elif record.kind == "artifact":
            self._artifacts.setdefault(record.data.get("role", ""), []).append(record)
        elif record.kind == "warn":
            self.banner.add_finding(record.data.get("what", ""), record.data.get("remedy", ""))
        for panel in self.panels():
            if panel.wants(record.kind, record.name):
                try:
                    panel.record_added(record, folder)
                except (OSError, ValueError, KeyError) as error:
                    self.banner.add_finding(f"Could not show “{record.name}”: {error}", "")

    def _figures_so_far(self, task: str) -> list[Figure]:
        known = load_tasks().get(task)
        named = [name for name in self._newest if "test" in name or "loss" in name] or list(self._newest)
        figures: dict[str, Figure] = {}
        for name in named:
            emits = known.declaration("metric", name) if known else None
            title = emits.title if emits and emits.title else name
            note = ending(emits.name, name) if emits and emits.name != name else ""
            # Of many curves under one title, the last that began is the one that is going on.
            figures[title] = Figure(name=title, value=self._newest[name], note=note)
        return list(figures.values())[:3]

    def _reference(self, summary: RunSummary) -> None:
        for name, references in self._laboratory.references(summary.id).items():
            for panel in self.panels() if references else []:
                if panel.wants("metric", name):
                    for reference in references:
                        panel.set_reference(name, reference.value, reference.text, reference.source)

    def _build(self, place: int) -> None:
        declared = self.workspace.pages[place].rows
        rows = [[build_panel(declaration, self.theme) for declaration in row] for row in declared]
        grid = PanelGrid(rows, self.theme)
        self.layouts.restore(self.workspace.pages[place].title, grid)
        for splitter in grid.findChildren(QSplitter):
            splitter.splitterMoved.connect(self.arranged)
        for panel in grid.panels():
            panel.exported.connect(self.exported)
            panel.failed.connect(self.failed)
            if hasattr(panel, "command_requested"):
                panel.command_requested.connect(self._command)
            if hasattr(panel, "run_requested"):
                panel.run_requested.connect(self.run_requested)
            if hasattr(panel, "run_chosen"):
                panel.run_chosen.connect(self.run_chosen)
        self._built[place] = grid
        self.pages.widget(place).layout().addWidget(grid)
        if self._watching:
            self._replay()

    def _replay(self) -> None:
        """Tell the logs from their beginning, so that panels made later show the same as the others."""
        following, store = self._laboratory.following, self._laboratory.store
        self._waiting.clear()
        self._newest.clear()
        self._artifacts.clear()
        self._findings.clear()
        self.stages = []
        self.banner.clear()
        summary = store.summary(self.run)
        for panel in self.panels():
            panel.clear()
            panel.set_context([summary.name or self.run])
        self._reference(summary)
        self.refresh()
        following.watch(self._key(MAIN), store.folder(self.run))
        self.session.watch()
        self._watch_together()

    def _watch_together(self) -> None:
        """Only for panels that ask: to know what belongs together all runs are read."""
        if any(hasattr(panel, "runs_together") for panel in self.panels()):
            self.together.show(self.run)

    @Slot(object)
    def _together_changed(self, runs: list[Any]) -> None:
        for panel in self.panels():
            if hasattr(panel, "runs_together"):
                panel.runs_together(runs)

    @Slot(int)
    def _page_chosen(self, place: int) -> None:
        if self.run:
            self.grid(place)
        self.pages.setCurrentIndex(place)

    def _open_page_of(self, task: str) -> None:
        for position, page in enumerate(self.workspace.pages):
            if task in page.tasks:
                self.tabs.setCurrentIndex(position)
                return

    def _key(self, part: str) -> str:
        return f"{self.workspace.key}/{part}"

    @Slot(dict)
    def _command(self, command: dict[str, Any]) -> None:
        self.session.ask(command, self.artifact(self.session.role))

    @Slot()
    def _use_settings(self) -> None:
        self.use_settings_requested.emit(self.run)

    @Slot(str)
    def _rename(self, name: str) -> None:
        self._laboratory.store.rename(self.run, name)
        self._laboratory.run_changed.emit(self.run)

    @Slot()
    def _report(self) -> None:
        self.report_requested.emit(self.run)

    @Slot(str)
    def _banner_action(self, action: str) -> None:
        self.action_requested.emit(action, self.run)
