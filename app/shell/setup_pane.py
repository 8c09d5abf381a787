"""The left pane: which task, its settings, and what was dropped into them. It belongs to the next run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.core import AssayError, form_fields
from app.data.builtin import builtin_choices
from app.data.inspection import Inspection
from app.engines import find_task
from app.shell.laboratory import Errand, Laboratory
from app.shell.without_bad import FIELD, VALUE, can_leave_out, offer_words
from app.widgets.form import ConfigForm
from app.widgets.labels import Label
from app.widgets.theme import Theme
from app.workspaces.declare import Workspace

KEEP_AFTER_MS = 500


class SetupPane(QWidget):
    """One form per task of the workspace; the one shown is what Run would start."""

    edited = Signal()
    """Something that a session should keep has changed (at most twice a second)."""
    validated = Signal(bool)
    problem = Signal(object)
    looked_at = Signal(object)
    """An Inspection of what a data field holds now."""

    def __init__(self, workspace: Workspace, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None):
        super().__init__(parent)
        self.workspace = workspace
        self._laboratory = laboratory
        self._theme = theme
        self._looks: dict[tuple[str, str], tuple[Errand, str]] = {}
        self._items: dict[tuple[str, str], Inspection] = {}
        """What holds several things of one kind, by task and field."""
        self._title = Label("Settings of the next run", theme, "caption", "text-2")
        self._tasks = QComboBox()
        self._tasks.setAccessibleName("Task")
        self._forms = QStackedWidget()
        self.forms: dict[str, ConfigForm] = {}
        for name in workspace.tasks:
            self._tasks.addItem(find_task(name).title, name)
        self._tasks.currentIndexChanged.connect(self._task_chosen)
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(KEEP_AFTER_MS)
        self._keep.timeout.connect(self.edited)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space("pane"), theme.space("pane"), theme.space("field"), 0)
        layout.setSpacing(theme.space("field"))
        layout.addWidget(self._title)
        layout.addWidget(self._tasks)
        self.without = QPushButton()
        self.without.hide()
        self.without.clicked.connect(self._leave_out)
        self._offered: tuple[str, str, str] = ("", "", "")
        layout.addWidget(self.without)
        layout.addWidget(self._forms, 1)
        self.choose_task(workspace.primary)

    @property
    def task(self) -> str:
        return str(self._tasks.currentData())

    @property
    def form(self) -> ConfigForm:
        return self.forms[self.task]

    def choose_task(self, task: str) -> ConfigForm:
        """Show the form of `task`; it is made when it is first needed."""
        if task not in self.forms:
            self._make(task)
        self._tasks.setCurrentIndex(self._tasks.findData(task))
        self._forms.setCurrentWidget(self.forms[task])
        if task != self._offered[0]:
            self.without.hide()
        return self.forms[task]

    def fill(self, task: str, values: Mapping[str, Any], source: str = "") -> list[str]:
        """Put values into a form and show it; returns the names that it does not have."""
        form = self.choose_task(task)
        unknown = form.set_values(values, source)
        for field in form_fields(form.config):
            if field.widget == "data" and field.name in values:
                self.look_at(task, field.name, str(values[field.name]))
        return unknown

    def values_for_each(self) -> list[dict[str, Any]]:
        """The form's values; where a field holds a folder of several things, once for each of them."""
        values = self.form.values()
        for (task, name), found in self._items.items():
            if task == self.task and values.get(name) == found.path:
                return [{**values, name: item["path"]} for item in found.options["items"] if item["usable"]]
        return [values]

    def save(self) -> dict[str, Any]:
        """Task and unsent values, for the session."""
        return {"task": self.task, "values": {task: form.changes() for task, form in self.forms.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """What `save` gave; tasks and settings that no longer exist are passed over."""
        for task, values in dict(state.get("values", {})).items():
            if task in self.workspace.tasks and isinstance(values, dict):
                self.fill(task, values)
        task = state.get("task")
        self.choose_task(task if task in self.workspace.tasks else self.workspace.primary)

    def take_paths(self, task: str, field: str, paths: list[Path]) -> None:
        """Look at dropped paths in the helper, then put them into the field."""
        form = self.choose_task(task)
        form.set_busy(field, "Looking at it…")
        client = self._laboratory.helper
        errand = self._laboratory.background(_Look(client, paths))
        self._looks[task, field] = (errand, "")
        errand.done.connect(self._looked)
        errand.failed.connect(self._look_failed)
        self._laboratory.send(errand)

    def look_at(self, task: str, field: str, ref: str) -> None:
        """Describe what a field already holds (a path or a built-in set)."""
        self.without.hide()
        errand = self._laboratory.background(_LookAgain(self._laboratory.helper, ref))
        self._looks[task, field] = (errand, ref)
        errand.done.connect(self._looked)
        errand.failed.connect(self._look_failed)
        self._laboratory.send(errand)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def _make(self, task: str) -> None:
        found = find_task(task)
        form = ConfigForm(found.config, found.presets, self._theme)
        form.setProperty("task", task)
        form.changed.connect(self._changed)
        form.validated.connect(self.validated)
        form.paths_dropped.connect(self._dropped)
        form.path_edited.connect(self._path_edited)
        form.browse_requested.connect(self._browse)
        self.forms[task] = form
        self._forms.addWidget(form)
        for field in form_fields(found.config):
            if field.widget == "data":
                form.set_choices(field.name, builtin_choices(field.accepts))
                if isinstance(field.default, str) and field.default:
                    self.look_at(task, field.name, field.default)

    @Slot(int)
    def _task_chosen(self, _index: int) -> None:
        self.choose_task(self.task)
        self._keep.start()

    @Slot()
    def _changed(self) -> None:
        self._keep.start()

    @Slot(str, object)
    def _dropped(self, field: str, paths: list[Path]) -> None:
        self.take_paths(self.task, field, paths)

    @Slot(str, str)
    def _path_edited(self, field: str, text: str) -> None:
        self.look_at(self.task, field, text)

    @Slot(str)
    def _browse(self, field: str) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, "Choose files")
        if chosen:
            self.take_paths(self.task, field, [Path(path) for path in chosen])

    @Slot(object)
    def _looked(self, found: Inspection) -> None:
        for (task, field), (errand, ref) in list(self._looks.items()):
            if errand.answer is found:
                del self._looks[task, field]
                form = self.forms[task]
                if not ref and found.usable:
                    form.set_values({field: found.path}, "drop")
                form.set_inspection(field, found)
                if found.options.get("items"):
                    self._items[task, field] = found
                self._offer(task, field, found)
                self.looked_at.emit(found)

    def _offer(self, task: str, field: str, found: Inspection) -> None:
        """Offer to go without what cannot be read, unless that is chosen already."""
        count = can_leave_out(found, task)
        chosen = self.forms[task].rows[FIELD].value() == VALUE if count else False
        self.without.setVisible(count > 0 and not chosen and task == self.task)
        if count:
            self.without.setText(offer_words(found, count))
            self._offered = (task, field, found.path)

    @Slot()
    def _leave_out(self) -> None:
        task, field, path = self._offered
        self.fill(task, {field: path, FIELD: VALUE}, "drop")
        self.without.hide()

    @Slot(object)
    def _look_failed(self, error: AssayError) -> None:
        for (task, field), (errand, _) in list(self._looks.items()):
            if errand.answer is error:
                del self._looks[task, field]
                self.forms[task].set_inspection(field, None)
        self.problem.emit(error)


class _Look:
    """Inspect paths in the helper process."""

    def __init__(self, client: Any, paths: list[Path]) -> None:
        self._client, self._paths = client, paths

    def __call__(self) -> Inspection:
        return self._client.inspect(self._paths)  # type: ignore[no-any-return]


class _LookAgain:
    """Describe a reference: a built-in set at once, paths through the helper."""

    def __init__(self, client: Any, ref: str) -> None:
        self._client, self._ref = client, ref

    def __call__(self) -> Inspection:
        from app.data.builtin import describe_builtin

        if self._ref.startswith("builtin:"):
            return describe_builtin(self._ref)
        return self._client.inspect([Path(part) for part in self._ref.split("|")])  # type: ignore[no-any-return]
