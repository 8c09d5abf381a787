"""The runs that were started together with the shown one, for panels that sum up a batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.runs.store import Store
from app.runs.summary import RunSummary
from app.shell.laboratory import Errand, Laboratory

SETTLE_MS = 300


class Together(QObject):
    """Reads the batch in a worker thread when the shown run or one of its fellows has changed."""

    changed = Signal(object)
    """A list of (RunSummary, details of its result), the first started first."""

    def __init__(self, laboratory: Laboratory, parent: QObject) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._run = ""
        self._errand: Errand | None = None
        self._fellows: set[str] = set()
        self._timer = QTimer(self, interval=SETTLE_MS)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._read)
        laboratory.run_changed.connect(self._run_changed)

    def show(self, run: str) -> None:
        """Watch the batch of `run`; "" for none."""
        self._run, self._errand = run, None
        self._fellows = {run}
        if run:
            self._read()

    @Slot(str)
    def _run_changed(self, run: str) -> None:
        # Runs that are not known yet may belong to the batch: it is queued one by one.
        if self._run and (run in self._fellows or run > self._run) and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _read(self) -> None:
        if not self._run:
            return
        self._errand = self._laboratory.background(_Batch(self._laboratory.store, self._run))
        self._errand.done.connect(self._take)
        self._laboratory.send(self._errand)

    @Slot(object)
    def _take(self, answer: "Answer") -> None:
        if answer.run == self._run:
            self._fellows = {summary.id for summary, _ in answer.runs}
            self.changed.emit(list(answer.runs))


@dataclass(frozen=True)
class Answer:
    run: str
    runs: tuple[tuple[RunSummary, Mapping[str, Any]], ...]


class _Batch:
    """All runs of the shown run's batch with what their results say; only itself where it was started alone."""

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._run = store, run

    def __call__(self) -> Answer:
        shown = self._store.summary(self._run)
        batch = shown.sweep
        fellows = [each for each in self._store.summaries() if each.sweep == batch] if batch else [shown]
        found = []
        for summary in sorted(fellows, key=_started):
            result = self._store.result(summary.id)
            found.append((summary, dict(result.details) if result is not None else {}))
        return Answer(self._run, tuple(found))


def _started(summary: RunSummary) -> tuple[float, str]:
    return summary.created, summary.id
