"""The trash: runs that were thrown away, to be put back or deleted from disk."""

from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core import AssayError
from app.runs.plain_text import one_line
from app.runs.states import BADGES
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.shell.sure_dialog import SureDialog
from app.widgets.labels import Label
from app.widgets.table import DataTable
from app.widgets.theme import Theme

COLUMNS = ("name", "state", "task", "verdict", "id")


class TrashDialog(QDialog):
    """Putting back needs no question; deleting from disk lists the folders first."""

    restored = Signal(str)
    problem = Signal(object)

    def __init__(self, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._theme = theme
        self._runs: list[RunSummary] = []
        self.setWindowTitle("Trash")
        self.resize(720, 440)
        self._words = Label("", theme, "body", "text-2", wrap=True)
        self.table = DataTable(theme)
        self.table.setAccessibleName("Runs in the trash")
        self._restore = QPushButton("Put back")
        self._restore.clicked.connect(self._put_back)
        self._delete = QPushButton("Delete from disk…")
        self._delete.clicked.connect(self._ask)
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(self._restore)
        row.addWidget(self._delete)
        row.addStretch(1)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label("Trash", theme, "heading"))
        layout.addWidget(self._words)
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        self._load()

    def selected(self) -> list[str]:
        """The chosen runs; all of them where none is chosen."""
        rows = {index.row() for index in self.table.selectionModel().selectedRows()}
        ids = {str(self.table.model().index(row, len(COLUMNS) - 1).data()) for row in rows}
        return [run.id for run in self._runs if not ids or run.id in ids]

    @Slot()
    def _load(self) -> None:
        errand = self._laboratory.background(_Trashed(self._laboratory))
        errand.done.connect(self._show)
        errand.failed.connect(self.problem)
        self._laboratory.send(errand)

    @Slot(object)
    def _show(self, runs: list[RunSummary]) -> None:
        self._runs = runs
        days = self._laboratory.settings.trash_days
        self._words.setText(
            f"Runs stay here for {days} days; then they are deleted from disk." if runs else "The trash is empty."
        )
        rows = [
            [one_line(run.name or run.id), BADGES[run.state][1], run.task, one_line(run.verdict), run.id]
            for run in runs
        ]
        self.table.set_table(COLUMNS, rows)
        for button in (self._restore, self._delete):
            button.setEnabled(bool(runs))

    @Slot()
    def _put_back(self) -> None:
        for run in self.selected():
            try:
                self._laboratory.store.restore(run)
            except AssayError as error:
                self.problem.emit(error)
            self.restored.emit(run)
        self._load()

    @Slot()
    def _ask(self) -> None:
        runs = self.selected()
        count = f"{len(runs)} run{'s' * (len(runs) != 1)}"
        dialog = SureDialog(
            f"Delete {count} from disk?",
            "This cannot be undone. These folders and all that is in them go:",
            [str(self._laboratory.store.folder(run)) for run in runs],
            f"Delete {count}",
            runs,
            self._theme,
            self,
            danger=True,
        )
        dialog.agreed.connect(self._delete_all)
        dialog.open()

    @Slot(object)
    def _delete_all(self, runs: list[str]) -> None:
        errand = self._laboratory.background(_Delete(self._laboratory, runs))
        errand.done.connect(self._load)
        errand.failed.connect(self.problem)
        self._laboratory.send(errand)


class _Trashed:
    """List the trash."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory

    def __call__(self) -> list[RunSummary]:
        return self._laboratory.store.summaries(trashed=True)


class _Delete:
    """Delete runs from disk."""

    def __init__(self, laboratory: Laboratory, runs: list[str]) -> None:
        self._laboratory, self._runs = laboratory, runs

    def __call__(self) -> Any:
        for run in self._runs:
            self._laboratory.store.delete_forever(run)
