"""Whatever is dropped anywhere: looked at in the helper, said what it is, and put where it belongs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.core import AssayError
from app.data.inspection import Inspection
from app.shell.drop_card import DropCard
from app.shell.laboratory import Errand, Laboratory
from app.shell.without_bad import FIELD, SUFFIX, VALUE, can_leave_out, offer_words
from app.widgets.theme import Theme
from app.workspaces.declare import Workspace


class DropHandler(QObject):
    """From paths to a filled form: inspects, asks where there is a choice, remembers what it was told."""

    filled = Signal(str, str, object, object)
    """Workspace, task, values, and the Inspection."""
    failed = Signal(object)
    busy = Signal(str)

    def __init__(self, workspaces: Mapping[str, Workspace], laboratory: Laboratory, window: QWidget, theme: Theme):
        super().__init__(window)
        self._workspaces = workspaces
        self._laboratory = laboratory
        self._window = window
        self.theme = theme
        self._errands: list[Errand] = []
        self.card: DropCard | None = None

    @Slot(object)
    def take(self, paths: list[Path]) -> None:
        """Look at dropped paths in the helper process."""
        from app.shell.setup_pane import _Look  # brings the form, which the first paint does without

        self.busy.emit(f"Looking at {paths[0].name}…" if len(paths) == 1 else f"Looking at {len(paths)} things…")
        errand = self._laboratory.background(_Look(self._laboratory.helper, paths))
        errand.done.connect(self._looked)
        errand.failed.connect(self._look_failed)
        self._laboratory.send(errand)

    def targets(self, found: Inspection) -> list[tuple[str, str]]:
        """(key, words) of the places where the thing can go; a key is "workspace/task/field"."""
        if not found.usable:
            return self._without_bad(found)
        if found.kind in ("run-folder", "preset", "report"):
            task = str(found.options.get("task", ""))
            workspace = self._workspaces.get(task.split(".")[0])
            known = workspace is not None and task in workspace.tasks
            return [(f"{workspace.key}/{task}/", f"Fill the form in {workspace.title}")] if known and workspace else []
        return [
            (f"{workspace.key}/{task}/{field}", f"Open in {workspace.title}")
            for workspace in self._workspaces.values()
            for kind, (task, field) in workspace.accepts.items()
            if kind == found.kind
        ]

    def _without_bad(self, found: Inspection) -> list[tuple[str, str]]:
        """Where it can go when what cannot be read is left out."""
        return [
            (f"{workspace.key}/{task}/{field}{SUFFIX}", f"{offer_words(found, count)} in {workspace.title}")
            for workspace in self._workspaces.values()
            for kind, (task, field) in workspace.accepts.items()
            if kind == found.kind and (count := can_leave_out(found, task))
        ]

    @Slot(object)
    def _looked(self, found: Inspection) -> None:
        self.busy.emit("")
        targets = self.targets(found)
        remembered = self._laboratory.settings.drop_choices.get(found.kind)
        clean = not any(problem.severity in ("error", "warning") for problem in found.problems)
        if clean and remembered in [key for key, _ in targets]:
            self._fill(found, str(remembered))
            return
        self.card = DropCard(found, targets, self.theme, self._window)
        self.card.chosen.connect(self._chosen)
        self.card.open()

    @Slot(object)
    def _look_failed(self, error: AssayError) -> None:
        self.busy.emit("")
        self.failed.emit(error)

    @Slot(str, bool)
    def _chosen(self, key: str, remember: bool) -> None:
        assert self.card is not None
        found = self.card.found
        if remember:
            choices = {**self._laboratory.settings.drop_choices, found.kind: key}
            self._laboratory.change_settings(drop_choices=choices)
        self._fill(found, key)

    def _fill(self, found: Inspection, key: str) -> None:
        workspace, task, field, *without = key.split("/")
        values: dict[str, Any] = {field: found.path} if field else dict(found.options.get("values", {}))
        if without:
            values[FIELD] = VALUE
        self.filled.emit(workspace, task, values, found)
