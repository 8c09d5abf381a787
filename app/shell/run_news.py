"""Sees runs change state: tells each end once, and keeps the computer awake while one goes on."""

from PySide6.QtCore import QObject, Signal, Slot

from app.engines import load_tasks
from app.runs.plain_text import one_line
from app.runs.states import ACTIVE, BADGES, OVER
from app.runs.summary import RunSummary
from app.shell.activity import Activity
from app.shell.awake import Awake
from app.shell.laboratory import Laboratory
from app.shell.run_list import RunList

TONES = {"failed": "bad", "interrupted": "unsure"}


class RunNews(QObject):
    """Connected after the list of runs, so that the list is up to date when a change arrives here."""

    ended = Signal(str, str, str)
    """Run, words, tone."""
    awake_changed = Signal(bool)

    def __init__(self, laboratory: Laboratory, runs: RunList, activity: Activity, parent: QObject) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._runs = runs
        self._activity = activity
        self._awake = Awake()
        self._seen: dict[str, str] = {}
        laboratory.run_changed.connect(self._run_changed)

    def close(self) -> None:
        self._awake.release()

    @Slot(str)
    def _run_changed(self, run: str) -> None:
        summary = self._runs.summary(run)
        if summary is None:
            return
        before, self._seen[run] = self._seen.get(run, ""), summary.state
        if before == summary.state:
            return
        self._keep_awake()
        if before in ACTIVE and summary.state in OVER and not is_session(summary):
            name, words = one_line(summary.name or run), one_line(summary.verdict or BADGES[summary.state][1])
            tone = TONES.get(summary.state, summary.tone)
            self._activity.add(f"{name}: {words}", tone, run)
            self._activity.notify(name, words)
            self.ended.emit(run, f"{name}: {words}", tone)

    def _keep_awake(self) -> None:
        active = any(summary.state in ACTIVE for summary in self._runs.all())
        if active and self._laboratory.settings.keep_awake:
            self._awake.hold()
        else:
            self._awake.release()
        self.awake_changed.emit(self._awake.held)


def is_session(summary: RunSummary) -> bool:
    """Runs that only answer panels: nobody waits for their end."""
    task = load_tasks().get(summary.task)
    return task is not None and task.session
