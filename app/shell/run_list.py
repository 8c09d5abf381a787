"""The list of runs as a model: newest first, filtered by words, one row changed when one run changes."""

from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Slot

from app.core import AssayError
from app.runs.states import BADGES
from app.runs.summary import RunSummary

SUMMARY = Qt.ItemDataRole.UserRole


class Summaries(Protocol):
    """Where one run is read again."""

    def summary(self, run: str) -> RunSummary: ...


class RunList(QAbstractListModel):
    """Rows of RunSummary. `workspace` and `words` narrow what is shown; nothing is read twice."""

    def __init__(self, store: Summaries, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._all: dict[str, RunSummary] = {}
        self._shown: list[str] = []
        self.words = ""
        self.workspace = ""

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        summary = self._all[self._shown[index.row()]]
        if role == SUMMARY:
            return summary
        if role == Qt.ItemDataRole.DisplayRole:
            return summary.name or summary.id
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{summary.name or summary.id}, {BADGES[summary.state][1]}. {summary.verdict}"
        return None

    def summary(self, run: str) -> RunSummary | None:
        return self._all.get(run)

    def row_of(self, run: str) -> int:
        """Row of a run, -1 where it is not shown."""
        return self._shown.index(run) if run in self._shown else -1

    def all(self) -> list[RunSummary]:
        """Every run that is not in the trash, newest first, whatever the filter."""
        return list(self._all.values())

    @Slot(object)
    def fill(self, summaries: list[RunSummary]) -> None:
        """Take the whole list, newest first."""
        self.beginResetModel()
        self._all = {summary.id: summary for summary in summaries}
        self._shown = [run for run in self._all if self._fits(self._all[run])]
        self.endResetModel()

    def narrow(self, words: str, workspace: str) -> None:
        """Show only runs that fit all the words, of one workspace ("" for all)."""
        if (words, workspace) == (self.words, self.workspace):
            return
        self.words, self.workspace = words, workspace
        self.fill(list(self._all.values()))

    @Slot(str)
    def update(self, run: str) -> None:
        """Read one run again: a new one comes first, a trashed one goes."""
        try:
            summary = self._store.summary(run)
        except AssayError:
            self._drop(run)
            return
        if summary.trashed:
            self._drop(run)
            return
        known = run in self._all
        if known:
            self._all[run] = summary
        else:
            self._all = {run: summary, **self._all}
        row = self.row_of(run)
        fits = self._fits(summary)
        if row >= 0 and fits:
            index = self.index(row)
            self.dataChanged.emit(index, index)
        elif row >= 0:
            self._hide(run, row)
        elif fits and not known:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._shown.insert(0, run)
            self.endInsertRows()

    def _drop(self, run: str) -> None:
        row = self.row_of(run)
        if row >= 0:
            self._hide(run, row)
        self._all.pop(run, None)

    def _hide(self, run: str, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row, row)
        self._shown.remove(run)
        self.endRemoveRows()

    def _fits(self, summary: RunSummary) -> bool:
        if self.workspace and summary.workspace != self.workspace:
            return False
        return all(_fits(summary, word) for word in self.words.lower().split())


def _fits(summary: RunSummary, word: str) -> bool:
    """Plain words look at name, note, task, state and verdict; #tag at tags; field=value at the settings."""
    if word.startswith("#"):
        return any(tag.lower().startswith(word[1:]) for tag in summary.tags)
    if "=" in word:
        field, _, value = word.partition("=")
        config = summary.config if isinstance(summary.config, dict) else {}
        return field in config and str(config[field]).lower() == value
    text = f"{summary.name} {summary.note} {summary.task} {summary.id} {summary.state} {summary.verdict}".lower()
    return word in text
