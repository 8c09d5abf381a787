"""The list of runs as a model: newest first, folded, filtered by words, one row changed when one run changes."""

from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Slot

from app.core import AssayError
from app.runs.states import BADGES, WAITING
from app.runs.summary import RunSummary
from app.shell.run_folds import Fold, Folds, fold_of

SUMMARY = Qt.ItemDataRole.UserRole
FOLD = Qt.ItemDataRole.UserRole + 1


class Summaries(Protocol):
    """Where one run is read again."""

    def summary(self, run: str) -> RunSummary: ...


class RunList(QAbstractListModel):
    """Rows are runs (SUMMARY) or folds of runs (FOLD). `workspace` and `words` narrow what is shown; while words are
    searched for nothing is folded.
    """

    def __init__(self, store: Summaries, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._all: dict[str, RunSummary] = {}
        self._shown: list[str] = []
        self._folds: dict[str, list[str]] = {}
        self._lines: dict[str, Fold] = {}
        self.folds = Folds()
        self.unfolded: set[str] = set()
        self.places: dict[str, int] = {}
        """Place of each waiting run in the queue, from 0."""
        self.words = ""
        self.workspace = ""

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name = self._shown[index.row()]
        if name in self._folds:
            return self._fold_data(name, role)
        summary = self._all[name]
        if role == SUMMARY:
            return summary
        if role == Qt.ItemDataRole.DisplayRole:
            return summary.name or summary.id
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{summary.name or summary.id}, {BADGES[summary.state][1]}. {summary.verdict}"
        return None

    def summary(self, run: str) -> RunSummary | None:
        return self._all.get(run)

    def fold_of(self, run: str) -> str:
        """Key of the fold that holds a shown run, "" for none."""
        key = self.folds.key(self._all[run]) if run in self._all else ""
        return key if key in self._folds else ""

    def set_unfolded(self, key: str, unfolded: bool) -> None:
        (self.unfolded.add if unfolded else self.unfolded.discard)(key)
        self._rearrange()

    def set_places(self, order: list[str]) -> None:
        """The queue's order, the next run first."""
        places = {run: place for place, run in enumerate(order)}
        if places != self.places:
            self.places = places
            self._rearrange()

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
        self._lines.clear()
        self._arrange()
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
        before = self._all.get(run)
        if before is not None:
            self._all[run] = summary
        else:
            newest = next(iter(self._all.values()), None)
            self._all = {run: summary, **self._all}
            if newest is not None and newest.created > summary.created:  # told of late
                self._all = dict(sorted(self._all.items(), key=lambda item: item[1].created, reverse=True))
        moved = before is None or (before.state in WAITING) != (summary.state in WAITING)
        if moved or self._fits(before) != self._fits(summary):  # type: ignore[arg-type]
            self._rearrange()
        key = self.fold_of(run)
        self._lines.pop(key, None)
        for name in filter(None, (key, run)):
            row = self.row_of(name)
            if row >= 0:
                self.dataChanged.emit(self.index(row), self.index(row))

    def _drop(self, run: str) -> None:
        if run in self._all:
            self._lines.pop(self.fold_of(run), None)
            self._rearrange(without=run)

    def _arrange(self) -> None:
        fitting = [summary for summary in self._all.values() if self._fits(summary)]
        if self.words:
            self._shown, self._folds = [summary.id for summary in fitting], {}
        else:
            self._shown, self._folds = self.folds.arrange(fitting, self.places, self.unfolded)

    def _rearrange(self, without: str = "") -> None:
        """New rows, old selection: what is selected or current stays so wherever it goes."""
        before = {index: self._shown[index.row()] for index in self.persistentIndexList()}
        self.layoutAboutToBeChanged.emit()
        self._all.pop(without, None)
        self._arrange()
        rows = {name: row for row, name in enumerate(self._shown)}
        now = [self.index(rows[name]) if name in rows else QModelIndex() for name in before.values()]
        self.changePersistentIndexList(list(before), now)
        self.layoutChanged.emit()

    def _fold_data(self, key: str, role: int) -> Any:
        if key not in self._lines:
            self._lines[key] = fold_of(key, [self._all[run] for run in self._folds[key]])
        fold = self._lines[key]
        if role == FOLD:
            return fold
        if role == Qt.ItemDataRole.DisplayRole:
            return fold.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{fold.title}, {'unfolded' if key in self.unfolded else 'folded'}. {fold.words}"
        return None

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
