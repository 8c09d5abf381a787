"""Starts what waits in the queue, watches what runs, ends what should stop; in a thread of its own, knows no screen."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from app.core import AssayError
from app.engines import find_task
from app.runs import commands, processes
from app.runs import folder as folders
from app.runs.inputs import refuse_changed_inputs, secret_names
from app.runs.spare import Host, Spare
from app.runs.states import ACTIVE, OVER, RESUMABLE, WAITING
from app.runs.store import Store
from app.runs.summary import RunSummary, last_words
from app.runs.system import oom_kills, small_machine
from app.runs.watched import Watched

ROUND = 0.05
IDLE_ROUND = 0.25
LOOK_ROUND = 0.5
GRACE = 5.0

Secrets = Callable[[str], str | None]


def _no_secrets(name: str) -> str | None:
    return None


def _nobody(run: str) -> None:
    """For those who do not want to hear of changes."""


class Supervisor:
    """The runs of one store, driven. All methods may be called from any thread and return at once (but `wait`)."""

    def __init__(
        self,
        store: Store,
        *,
        parallel: int = 1,
        offline: bool = True,
        keep_running: bool = True,
        warm: bool = True,
        secrets: Secrets | None = None,
        on_change: Callable[[str], None] | None = None,
        grace: float = GRACE,
        oom_counter: Callable[[], int] = oom_kills,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.parallel = parallel
        self.offline = offline
        self.trouble = ""
        self._keep_running = keep_running
        self._secrets = secrets or _no_secrets
        self._on_change = on_change or _nobody
        self._grace = grace
        self._oom_counter = oom_counter
        self._clock = clock
        self._spare = Spare(warm and not small_machine())
        self._watched: dict[str, Watched] = {}
        self._to_start: list[str] = []
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked = 0.0

    def start(self) -> None:
        """Begin to work in a thread; runs of an earlier process are found again."""
        self.store.tidy()
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)
        self._thread.start()

    def close(self, stop_runs: bool = False) -> None:
        """Stop working. Runs go on without us, or are stopped first and given their time to save."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if stop_runs:
            for run in list(self._watched):
                self.stop(run)
            while self._watched:  # ends: after two graces every tree is killed
                self.pump(start=False)
                time.sleep(ROUND)
        self._spare.close()
        for watched in self._watched.values():
            if watched.host is not None:
                watched.host.let_go(self._keep_running)
        self._watched.clear()

    def submit(
        self, task: str, values: Mapping[str, Any], *, name: str = "", hold: bool = False, sweep: str | None = None
    ) -> str:
        """Queue a new run; its id. It starts as soon as fewer than `parallel` runs are under way."""
        run = self.store.create(task, values, name=name, hold=hold, sweep=sweep)
        self._changed(run)
        return run

    def start_now(self, run: str) -> None:
        """Start a waiting run at once, whatever else is under way."""
        if not self.store.queue.claim(run):
            raise AssayError("This run does not wait any more", where=run)
        with self._lock:
            self._to_start.append(run)
        self._changed(run)

    def stop(self, run: str) -> None:
        """Ask a run to stop and keep its partial result; it is ended if it does not. A waiting run leaves the queue."""
        state = self.store.summary(run).state
        if state in WAITING and self.store.queue.remove(run):
            self._update(run, state="stopped")
        elif state in ACTIVE or state in WAITING:  # what waited may have been taken this moment
            self._ask_to_stop(run)
        else:
            raise AssayError(f"This run is {state} already", where=run)
        self._changed(run)

    def force_stop(self, run: str) -> None:
        """End a run's whole process tree now; what was logged is kept."""
        with self._lock:
            self._look()
            if run not in self._watched and self.store.under_way(run):
                self._attach(run, whoever_owns_it=True)
            watched = self._watched.get(run)
            if watched is None:
                raise AssayError("This run has no process", where=run)
            watched.asked = watched.asked or self._clock()
            watched.end(kill=True)
        self._wake.set()

    def resume(self, run: str, *, inputs_changed_is_fine: bool = False) -> None:
        """Queue a run again, to go on from its last checkpoint (or anew, where it has none)."""
        state = self.store.summary(run).state
        if state not in RESUMABLE:
            raise AssayError(f"A run that is {state} cannot be resumed", where=run)
        if not inputs_changed_is_fine:
            refuse_changed_inputs(self.store.run(run))
        with self._lock:
            if (watched := self._watched.get(run)) is not None:
                watched.bury()
                self._tend(watched)
        folder = self.store.folder(run)
        commands.clear(folder, self.store.disk)
        self._update(run, state="queued", after=last_words(folder).seq, error=None, exit=None)
        self.store.queue.add(run)
        self._changed(run)

    def command(self, run: str, command: Mapping[str, Any]) -> None:
        """Hand a command to a session."""
        if self.store.summary(run).state not in ACTIVE:
            raise AssayError("This session is over", where=run, remedy="Start it again.")
        commands.ask(self.store.folder(run), command, self.store.disk)

    def wait(self, run: str, timeout: float | None = None) -> RunSummary:
        """Block until the run is over; raises TimeoutError after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            summary = self.store.summary(run)
            with self._lock:
                settled = run not in self._watched
            if summary.state in OVER and settled:
                return self.store.summary(run)
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"{run} is still {summary.state}")
            if self._thread is None:
                self.pump()
            time.sleep(0.02)

    def pump(self, start: bool = True) -> None:
        """One round: settle what has died, push what should stop, start what may start."""
        with self._lock:
            if self._clock() - self._looked >= LOOK_ROUND:
                self._look()
                self._spare.keep()
            for watched in list(self._watched.values()):
                self._tend(watched)
            while start and (run := self._next()) is not None:
                self._start(run)

    def _loop(self) -> None:
        while not self._closing.is_set():
            try:
                self.pump()
                self.trouble = ""
            except (OSError, AssayError, psutil.Error) as error:  # a full disk, a busy lock: said, and tried again
                self.trouble = str(error)
            self._wake.wait(ROUND if self._watched else IDLE_ROUND)
            self._wake.clear()

    def _next(self) -> str | None:
        return self._to_start[0] if self._to_start else self.store.queue.claim_next(self.parallel)

    def _start(self, run: str) -> None:
        """Give a taken run its process; one that cannot have it yet (a full disk) is tried again."""
        if run not in self._to_start:
            self._to_start.append(run)
        folder = self.store.folder(run)
        commands.clear(folder, self.store.disk)
        host = self._spare.take()
        try:
            fields = self._announce(run, host)
        except AssayError:  # its run.json was damaged meanwhile; the list of problems names it
            host.end()
            self._to_start.remove(run)
            self.store.queue.ended(run)
            return
        except OSError:
            host.end()
            raise
        self._to_start.remove(run)
        self._watched[run] = Watched(run, folder, host.pid, host.born, host.token, host, self._oom_counter())
        job = {
            "folder": str(folder.resolve()),
            "secrets": self._secrets_for(fields),
            "offline": self.offline,
            "keep_running": self._keep_running,
        }
        host.give(job)  # if it has died, the next round finds that and says so
        self._changed(run)

    def _announce(self, run: str, host: Host) -> dict[str, Any]:
        """Write down which process a run gets before it gets the job, so that it can always be found."""
        return self._update(
            run,
            state="running",
            pid=host.pid,
            pid_started=host.born,
            token=host.token,
            host=processes.host_name(),
            owner=processes.me(),
            device=str(self.store.config(run).get("device", "cpu")),
        )

    def _tend(self, watched: Watched) -> None:
        if not watched.dead():
            watched.push(self._clock(), self._grace)
            return
        try:
            after = folders.read_run(watched.folder)["after"]
        except AssayError:
            watched.ending(0, 0)  # the folder was taken away or damaged: there is nothing to write to
        else:
            self._update(watched.run, **watched.ending(after, self._oom_counter()))
        self.store.queue.ended(watched.run)
        watched.release()
        del self._watched[watched.run]
        self._changed(watched.run)

    def _look(self) -> None:
        """Find runs that others started (a window that closed, the command line), and notice what moves."""
        self._looked = self._clock()
        for run in self.store.queue.active():
            if run not in self._watched:
                self._attach(run)
        for watched in self._watched.values():
            if watched.asked is None and watched.asked_by_others():
                watched.asked = self._clock()
            if watched.moved():
                self._on_change(watched.run)

    def _attach(self, run: str, *, whoever_owns_it: bool = False) -> None:
        try:
            fields = self.store.run(run)
        except AssayError:
            self.store.queue.ended(run)
            return
        owner = fields["owner"] if isinstance(fields["owner"], dict) else {}
        foreign = fields["host"] and fields["host"] != processes.host_name()
        cared_for = owner != processes.me() and processes.alive(owner.get("pid"), owner.get("born"))
        if foreign or (cared_for and not whoever_owns_it) or run in self._to_start:
            return
        pid = fields["pid"] if isinstance(fields["pid"], int) else -1
        born = fields["pid_started"] if isinstance(fields["pid_started"], str) else None
        self._watched[run] = Watched(run, self.store.folder(run), pid, born, str(fields["token"]))

    def _ask_to_stop(self, run: str) -> None:
        with self._lock:
            self._look()
            watched = self._watched.get(run)
            if watched is not None and watched.asked is not None:
                return
            try:
                commands.ask(self.store.folder(run), {"name": commands.STOP}, self.store.disk)
                self._update(run, state="stopping")
            except OSError as error:  # the disk is full: the request cannot be left, but the process can be ended
                self.trouble = str(error)
            if watched is not None:
                watched.asked = self._clock()
        self._wake.set()

    def _update(self, run: str, **changes: Any) -> dict[str, Any]:
        """Change run.json; only supervisors do, one at a time."""
        folder = self.store.folder(run)
        with self.store.queue.editing():
            fields = {**folders.read_run(folder), **changes}
            folders.write_run(folder, fields, self.store.disk)
        return fields

    def _secrets_for(self, fields: Mapping[str, Any]) -> dict[str, str]:
        try:
            names = secret_names(find_task(fields["task"]), fields["config"])
        except AssayError:
            return {}  # the host will say that there is no such task
        found = {name: self._secrets(name) for name in names}
        return {name: value for name, value in found.items() if value}

    def _changed(self, run: str) -> None:
        self._on_change(run)
        self._wake.set()
