"""What all windows share: the store, the supervisor, the settings, and the threads that read for the screen."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from app.core import AssayError
from app.data.client import HelperClient
from app.runs.secrets import Secrets
from app.runs.settings import Settings, change_settings, load_settings, store_folder
from app.runs.store import Store
from app.runs.supervisor import Supervisor
from app.shell.following import FollowThread
from app.workspaces import load_workspaces


class Errand(QRunnable):
    """One call in a worker thread; its answer comes back as a signal in the window's thread."""

    class Signals(QObject):
        done = Signal(object)
        failed = Signal(object)

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._call = call
        self.answer: Any = None
        self._signals = Errand.Signals()
        self.done = self._signals.done
        self.failed = self._signals.failed

    def run(self) -> None:
        try:
            self.answer = self._call()
        except AssayError as error:
            self.answer = error
        except OSError as error:
            self.answer = AssayError("A file could not be used", where=str(error.filename), why=str(error.strerror))
        (self.failed if isinstance(self.answer, AssayError) else self.done).emit(self.answer)


class Laboratory(QObject):
    """Owns what lives longer than a page. `run_changed` and batches arrive in the window's thread."""

    run_changed = Signal(str)
    settings_changed = Signal(object)
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
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(3)
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

    def start(self) -> None:
        """Begin to drive runs and to follow logs; called once the window has been painted."""
        self._open = True
        self.supervisor.start()
        self.following.start()

    def close(self, stop_runs: bool) -> None:
        """End every thread; runs go on or are stopped first."""
        if not self._open:
            return
        self._open = False
        self.following.finish()
        self.helper.close()
        self._pool.waitForDone()
        self.supervisor.close(stop_runs=stop_runs)

    def background(self, call: Callable[[], Any]) -> Errand:
        """Prepare `call` for a worker thread: connect `done` and `failed`, then hand the errand to `send`."""
        errand = Errand(call)
        self._errands = [*self._errands[-63:], errand]
        return errand

    def send(self, errand: Errand) -> None:
        self._pool.start(errand)

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

    @property
    def now(self) -> float:
        """A steady clock for progress."""
        return time.monotonic()

    @Slot(str, str)
    def say(self, text: str, tone: str = "neutral") -> None:
        self.message.emit(text, tone, "")

    def _tell(self, run: str) -> None:
        """Called in the supervisor's thread."""
        if self._open:
            self.run_changed.emit(run)
