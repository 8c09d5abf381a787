"""What all windows share: the store, the supervisor, the settings, and the threads that read for the screen."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.core import AssayError
from app.data.client import HelperClient
from app.engines import load_tasks
from app.runs.secrets import Secrets
from app.runs.settings import Settings, change_settings, load_settings, store_folder
from app.runs.store import Store
from app.runs.summary import RunSummary
from app.runs.supervisor import Supervisor
from app.shell.collecting import Collector
from app.shell.following import FollowThread
from app.workspaces import load_workspaces

if TYPE_CHECKING:
    from app.runs.compare import Published

ERRANDS_AT_ONCE = 3
KEPT = 64


class Errand(QObject):
    """One call in a worker thread; its answer comes back as a signal in the window's thread.

    The thread is one of Python's own: signals from Qt's pool threads have crashed PySide6
    (https://github.com/pymmcore-plus/pymmcore-widgets/issues/454).
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self._call = call
        self.answer: Any = None
        self.over = False

    def run(self) -> None:
        try:
            self.answer = self._call()
        except AssayError as error:
            self.answer = error
        except OSError as error:
            self.answer = AssayError("A file could not be used", where=str(error.filename), why=str(error.strerror))
        (self.failed if isinstance(self.answer, AssayError) else self.done).emit(self.answer)
        self.over = True


class Laboratory(QObject):
    """Owns what lives longer than a page. `run_changed` and batches arrive in the window's thread."""

    run_changed = Signal(str)
    settings_changed = Signal(object)
    _told = Signal(str, object)
    message = Signal(str, str, str)
    """Text, tone, and an action's words (may be empty)."""

    def __init__(self, store: Path | None = None, *, warm: bool = True, parent: QObject | None = None) -> None:
        super().__init__(parent)
        loaded = load_settings()
        self.settings: Settings = loaded.settings
        self.problems: tuple[str, ...] = loaded.problems
        self.root = store_folder(self.settings, store)
        self.store = Store(self.root)
        self.secrets = Secrets()
        self.helper = HelperClient()
        self.following = FollowThread(self)
        self._collector = Collector(self)
        self._pool = ThreadPoolExecutor(ERRANDS_AT_ONCE, "errand")
        self._errands: list[Errand] = []
        self.supervisor = Supervisor(
            self.store,
            parallel=self.settings.parallel,
            offline=self.settings.offline,
            keep_running=self.settings.keep_running,
            warm=warm and self.settings.warm != "off",
            secrets=self.secrets.get,
            on_change=self._tell,
        )
        self._open = False
        self._closed = False
        self._fresh: dict[str, RunSummary] = {}
        self._told.connect(self._pass_on)

    def start(self) -> None:
        """Begin to drive runs and to follow logs; called once the window has been painted."""
        self._open = True
        self._collector.start()
        self.supervisor.start()
        self.following.start()

    def close(self, stop_runs: bool) -> None:
        """End every thread; runs go on or are stopped first."""
        self._closed = True
        if not self._open:
            self._pool.shutdown(wait=True, cancel_futures=True)
            return
        self._open = False
        self.following.finish()
        self.helper.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.supervisor.close(stop_runs=stop_runs)
        self._collector.stop()

    def background(self, call: Callable[[], Any]) -> Errand:
        """Prepare `call` for a worker thread: connect `done` and `failed`, then hand the errand to `send`."""
        errand = Errand(call)
        old = self._errands[:-KEPT]
        # The newest stay although they are over: their signals may still be on the way.
        self._errands = [known for known in old if not known.over] + self._errands[-KEPT:] + [errand]
        return errand

    def send(self, errand: Errand) -> None:
        """Let a worker thread do it; nothing happens any more once the laboratory has closed."""
        if self._closed:
            return
        self._pool.submit(errand.run)

    def submit(self, task: str, values: Mapping[str, Any], name: str = "", sweep: str | None = None) -> str:
        """Queue a run; raises AssayError for values that cannot be used."""
        return self.supervisor.submit(task, values, name=name, sweep=sweep)

    def change_settings(self, **values: Any) -> None:
        """Change and keep settings; whoever shows them is told."""
        self.settings = change_settings(**values)
        self.supervisor.parallel = self.settings.parallel
        self.supervisor.offline = self.settings.offline
        self.settings_changed.emit(self.settings)

    def references(self, run: str) -> Mapping[str, Any]:
        """Levels that the run's workspace draws into its curves: baselines, published figures."""
        summary = self.store.summary(run)
        workspace = load_workspaces().get(summary.workspace)
        if workspace is None or workspace.references is None or not isinstance(summary.config, Mapping):
            return {}
        return workspace.references(summary.task, summary.config)

    def published(self, runs: Sequence[str]) -> tuple["Published", ...]:
        """What others published for the settings of the first of `runs`, as columns beside theirs."""
        from app.shell.published import published_columns

        figures = [figure for run in runs for figure in self.store.summary(run).figures]
        return published_columns(self.references(runs[0]), figures, load_tasks().get(self.store.summary(runs[0]).task))

    @property
    def now(self) -> float:
        """A steady clock for progress."""
        return time.monotonic()

    @Slot(str, str)
    def say(self, text: str, tone: str = "neutral") -> None:
        self.message.emit(text, tone, "")

    def summary(self, run: str) -> RunSummary:
        """A run's summary: while a change is being told the one that came with it, else read from disk.

        Raises AssayError when there is no such run.
        """
        return self._fresh.get(run) or self.store.summary(run)

    def _tell(self, run: str) -> None:
        """Called in the supervisor's thread, which does the reading: the window must not wait for a disk."""
        if not self._open:
            return
        try:
            summary = self.store.summary(run)
        except AssayError:
            summary = None
        if self._open:
            self._told.emit(run, summary)

    @Slot(str, object)
    def _pass_on(self, run: str, summary: RunSummary | None) -> None:
        self._fresh = {run: summary} if summary is not None else {}
        self.run_changed.emit(run)
        self._fresh = {}
