"""A tab: what goes in on the left, what happens in the centre, and the bar that starts and stops below."""

import time
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from app.core import AssayError, form_fields
from app.engines import find_task
from app.runs.states import ACTIONS, ACTIVE, WAITING
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.shell.run_view import RunView
from app.shell.send_menu import SendMenu
from app.shell.setup_pane import SetupPane
from app.widgets.icons import icon
from app.widgets.labels import Label, rule
from app.widgets.runbar import RunBar
from app.widgets.theme import Theme
from app.workspaces.declare import Workspace

SAME_CLICK_MS = 700
FORCE_AFTER_S = 5.0
PATIENCE_S = 1.0
LEFT, LEAST_LEFT, MOST_LEFT = 340, 280, 420


class WorkspacePage(QWidget):
    """Buttons follow from the state of the shown run, and from nothing else."""

    run_started = Signal(str)
    problem = Signal(object)
    report_requested = Signal(str)
    measure_requested = Signal(str, object)
    sweep_requested = Signal(str, object)
    many_requested = Signal(str, object)
    """A task and a list of settings: one run each."""
    action_requested = Signal(str, str)
    edited = Signal()
    said = Signal(str, str)

    def __init__(self, workspace: Workspace, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None):
        super().__init__(parent)
        self.workspace = workspace
        self._laboratory = laboratory
        self._theme = theme
        self._stop_asked: float | None = None
        self.setup = SetupPane(workspace, laboratory, theme)
        self.setup.problem.connect(self.problem)
        self.setup.edited.connect(self.edited)
        self.view = RunView(workspace, laboratory, theme)
        self.view.try_requested.connect(self.try_it)
        self.view.use_settings_requested.connect(self.use_settings)
        self.view.report_requested.connect(self.report_requested)
        self.view.action_requested.connect(self.action_requested)
        self.view.failed.connect(self.problem)
        self.view.exported.connect(self._exported)
        self.view.arranged.connect(self.edited)
        self.view.run_requested.connect(self.start_task)
        self.view.run_chosen.connect(self._open_run)
        self.send = SendMenu(self.view, theme)
        self.send.sent.connect(self.take)
        self.send.folder_requested.connect(self._show_folder)
        self.view.strip.layout().addWidget(self.send)
        self.view.stages_changed.connect(self._stages)
        self._build_bar(theme)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        self.setup.setMinimumWidth(LEAST_LEFT)
        self.setup.setMaximumWidth(MOST_LEFT)
        centre = QWidget()
        room = QVBoxLayout(centre)
        room.setContentsMargins(*[theme.space("field")] * 4)
        room.addWidget(self.view)
        splitter.addWidget(self.setup)
        splitter.addWidget(centre)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([LEFT, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(splitter, 1)
        layout.addWidget(rule())
        layout.addWidget(self._foot)
        self._second = QTimer(self)
        self._second.setInterval(500)
        self._second.timeout.connect(self._tick)
        laboratory.run_changed.connect(self._run_changed)
        self._show_state(None)

    def show_run(self, run: str) -> None:
        """Select a run for the centre."""
        self._stop_asked = None
        self.bar.set_idle()
        self.view.show_run(run)
        self._refresh()

    @Slot()
    def start(self) -> None:
        """Queue a run with the settings of the form; faults are listed and nothing starts."""
        if not self._run.isEnabled():
            return
        faults = self.setup.form.faults()
        if faults:
            names = ", ".join(name or "settings" for name, _ in faults)
            self.setup.form.focus_field(faults[0][0]) if faults[0][0] else None
            self.said.emit(f"Not started: {faults[0][1]} ({names})", "unsure")
            return
        each = self.setup.values_for_each()
        if len(each) == 1:
            self._submit(self.setup.task, each[0])
        else:
            self.many_requested.emit(self.setup.task, each)

    @Slot()
    def try_it(self) -> None:
        """Start the workspace's demonstration: real computation on data the app ships."""
        if self.try_button.isEnabled():
            task, values = self.workspace.try_it
            self._submit(task, values, "Try it")

    @Slot(str, object, str)
    def start_task(self, task: str, values: Mapping[str, Any], name: str) -> None:
        """Queue a run that a panel asked for, with the settings and the name it gave."""
        if self._run.isEnabled():
            self._submit(task, values, name)

    @Slot()
    def stop(self) -> None:
        """Ask the shown run to stop; the second press after five seconds forces it."""
        run = self.view.run
        if not run:
            return
        summary = self._laboratory.store.summary(run)
        actions = ACTIONS[summary.state]
        try:
            if "stop" in actions:
                self._stop_asked = self._laboratory.now
                self._laboratory.supervisor.stop(run)
            elif "remove" in actions:
                self._laboratory.supervisor.stop(run)
            elif "force_stop" in actions:
                self._laboratory.supervisor.force_stop(run)
        except AssayError as error:
            self.problem.emit(error)
        self._refresh()

    @Slot()
    def resume(self) -> None:
        """Let the shown run go on from its last checkpoint."""
        try:
            self._laboratory.supervisor.resume(self.view.run)
        except AssayError as error:
            self.problem.emit(error)
        self._refresh()

    @Slot(str)
    def use_settings(self, run: str) -> None:
        """Copy the settings of a run into the form of the next one."""
        summary = self._laboratory.store.summary(run)
        if summary.task not in self.workspace.tasks:
            self.said.emit("This run was started by a panel; it has no form.", "neutral")
            return
        unknown = self.setup.fill(summary.task, self._laboratory.store.config(run), "run")
        words = f" Left out, because this version does not know them: {', '.join(unknown)}." if unknown else ""
        self.said.emit(f"The form now has the settings of “{summary.name or run}”.{words}", "neutral")

    @Slot(str, str, str)
    def take(self, task: str, field: str, path: str) -> None:
        """Put what a run made into the form of a task, and show that form."""
        self.setup.fill(task, {**self._worked_on(task), field: path}, "send")
        self.said.emit(f"{find_task(task).title}: the form has the model of this run. Press Run to start.", "good")

    def _worked_on(self, task: str) -> dict[str, Any]:
        """The data and models of the shown run, as far as `task` has settings of the same names for them."""
        config = self._laboratory.store.config(self.view.run) if self.view.run else {}
        return {
            each.name: config[each.name]
            for each in form_fields(find_task(task).config)
            if each.widget == "data" and config.get(each.name)
        }

    def fill(self, task: str, values: Mapping[str, Any]) -> None:
        self.setup.fill(task, values)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for button, meaning in self._icons.items():
            button.setIcon(icon(meaning, theme, "on-accent" if button is self._run else "text-2"))

    @Slot(str)
    def _open_run(self, run: str) -> None:
        self.show_run(run)
        self.run_started.emit(run)

    @Slot(str)
    def _show_folder(self, run: str) -> None:
        self.action_requested.emit("show_folder", run)

    def _submit(self, task: str, values: Mapping[str, Any], name: str = "") -> None:
        self._run.setEnabled(False)
        self.try_button.setEnabled(False)
        QTimer.singleShot(SAME_CLICK_MS, self, self._may_start_again)
        try:
            run = self._laboratory.submit(task, values, name or self._name_for(task, values))
        except AssayError as error:
            self.problem.emit(error)
            return
        self.run_started.emit(run)
        self.show_run(run)

    def _name_for(self, task: str, values: Mapping[str, Any]) -> str:
        """A short name that tells runs apart: the task and what differs from its defaults."""
        found = find_task(task)
        parts = []
        for name, value in values.items():
            info = found.config.model_fields.get(name)
            if info is None or value in (info.default, "", None) or (value == () or value == []):
                continue
            text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            parts.append(f"{name.replace('_', ' ')} {text.rsplit('/', 1)[-1]}")
        return f"{found.title}{': ' if parts else ''}{'; '.join(parts)[:80]}"

    def _build_bar(self, theme: Theme) -> None:
        self._foot = QWidget()
        self._foot.setFixedHeight(72)
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(theme.space("pane"), theme.space("field"), theme.space("pane"), theme.space("field"))
        row.setSpacing(theme.space("field"))
        self.try_button = QPushButton("Try it")
        self._measure = QPushButton("Measure")
        self._sweep = QPushButton("Sweep…")
        self._run = QPushButton("Run")
        self._run.setProperty("primary", True)
        self._stop = QPushButton("Stop")
        self._resume = QPushButton("Resume")
        self._go = QPushButton("Start now")
        self._remove = QPushButton("Remove")
        self._remove.setToolTip("Take the shown run out of the queue")
        self._go.clicked.connect(self._start_waiting)
        self._remove.clicked.connect(self._remove_waiting)
        for button, tip in (
            (
                self.try_button,
                f"A real result in about {self.workspace.try_it_seconds} s, on data that comes with Assay",
            ),
            (self._measure, "Three real steps in a throw-away process tell memory, time and disk"),
            (self._sweep, "Many runs: values of any setting, and seeds"),
            (self._run, "Queue a run with these settings (Ctrl+Enter)"),
            (self._stop, "Stop the shown run and keep what it has (Ctrl+.)"),
            (self._resume, "Go on from the last checkpoint (Ctrl+R)"),
        ):
            button.setToolTip(tip)
        self._icons = {
            self.try_button: "try",
            self._measure: "measure",
            self._sweep: "sliders",
            self._run: "run",
            self._stop: "stop",
            self._resume: "resume",
        }
        self.try_button.clicked.connect(self.try_it)
        self._measure.clicked.connect(self.ask_measure)
        self._sweep.clicked.connect(self.ask_sweep)
        self._run.clicked.connect(self.start)
        self._stop.clicked.connect(self.stop)
        self._resume.clicked.connect(self.resume)
        self.bar = RunBar(theme)
        for button in (self.try_button, self._measure, self._sweep, self._run):
            row.addWidget(button)
        row.addSpacing(theme.space("pane"))
        row.addWidget(self.bar, 1)
        for button in (self._remove, self._go):
            row.addWidget(button)
        row.addWidget(self._resume)
        row.addWidget(self._stop)
        self._hint = Label("", theme, "caption", "text-2")
        self.set_theme(theme)

    @Slot()
    def _may_start_again(self) -> None:
        self._run.setEnabled(True)
        self.try_button.setEnabled(True)

    @Slot()
    def ask_measure(self) -> None:
        if not self.setup.form.faults():
            self.measure_requested.emit(self.setup.task, self.setup.form.values())

    @Slot()
    def ask_sweep(self) -> None:
        if not self.setup.form.faults():
            self.sweep_requested.emit(self.setup.task, self.setup.form.values())

    @Slot(str)
    def _run_changed(self, run: str) -> None:
        self.view.session.push()
        if run == self.view.run:
            self._refresh()

    @Slot(object)
    def _stages(self, stages: list[str]) -> None:
        self.bar.set_stages(stages)
        self._refresh()

    @Slot(str)
    def _exported(self, path: str) -> None:
        self.said.emit(f"Written to {path}", "good")

    @Slot()
    def _refresh(self) -> None:
        self.view.refresh()
        run = self.view.run
        self._show_state(self._laboratory.summary(run) if run else None)

    def _show_state(self, summary: RunSummary | None) -> None:
        actions = ACTIONS[summary.state] if summary is not None else ()
        forced = "force_stop" in actions
        asked = self._stop_asked is not None and self._laboratory.now - self._stop_asked > FORCE_AFTER_S
        self._stop.setVisible("stop" in actions or forced)
        self._stop.setText("Force stop" if forced and asked else "Stopping…" if forced else "Stop")
        self._stop.setEnabled("stop" in actions or (forced and asked))
        self._resume.setVisible("resume" in actions)
        self._show_waiting(summary)
        if summary is None:
            self.bar.set_idle()
            self._second.stop()
            return
        self.bar.set_progress(self._laboratory.now, summary.state, summary.stage, summary.done, summary.total)
        self.bar.set_device(summary.device)
        if summary.state in ACTIVE:
            self._second.start()
        else:
            self._second.stop()
            self._stop_asked = None

    def _show_waiting(self, summary: RunSummary | None) -> None:
        """A run that starts at once needs no button; one that waits says how it can be helped."""
        waits = summary is not None and summary.state in WAITING and time.time() - summary.created > PATIENCE_S
        if summary is not None and summary.state in WAITING and not waits:
            QTimer.singleShot(int(1000 * PATIENCE_S), self, self._refresh)
        self._go.setVisible(waits)
        self._remove.setVisible(waits)
        if summary is not None:
            self._go.setText("Release" if summary.state == "held" else "Start now")

    @Slot()
    def _start_waiting(self) -> None:
        held = self._laboratory.store.summary(self.view.run).state == "held"
        self.action_requested.emit("release" if held else "start_now", self.view.run)

    @Slot()
    def _remove_waiting(self) -> None:
        self.action_requested.emit("remove", self.view.run)

    @Slot()
    def _tick(self) -> None:
        """Twice a second the words move on; what the run says comes by itself."""
        if self._stop_asked is not None:
            self._refresh()
        else:
            self.bar.tick(self._laboratory.now)
