"""Takes in what a running task is asked for, from the run's command folder, without costing the task time."""

import contextlib
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from app.core import Stopped
from app.runs.commands import STOP, waiting
from app.runs.storage import Disk

INTERVAL = 0.02
POKE_AFTER = 1.0
"""Seconds after which a task that has not yielded since it was asked to stop is interrupted where it is."""

POKE = getattr(signal, "SIGUSR1", None)


class Inbox:
    """Commands in the order they were given. A thread looks for them; the task's thread takes them."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._commands: deque[dict[str, Any]] = deque()
        self._arrived = threading.Condition()
        self._known: set[str] = set()
        self._inside = False
        self._delivered = False
        self._asked_at: float | None = None
        self._poked = False
        self._closed = threading.Event()
        self._main = threading.main_thread().ident

    def open(self) -> None:
        if POKE is not None and threading.current_thread() is threading.main_thread():
            signal.signal(POKE, self._interrupt)
        threading.Thread(target=self._watch, name="inbox", daemon=True).start()

    def close(self) -> None:
        self._closed.set()

    @property
    def stop_asked(self) -> bool:
        return self._asked_at is not None

    def ask_to_stop(self) -> None:
        """Stop as if the user had asked (the one for whom the run works has gone)."""
        with self._arrived:
            self._asked_at = self._asked_at or time.monotonic()
            self._arrived.notify_all()

    def stop_delivered(self) -> None:
        """The task has been told; from here on it is not interrupted any more."""
        self._delivered = True

    @property
    def delivered(self) -> bool:
        """Whether the task has been told to stop, in the usual way or by an interruption."""
        return self._delivered

    def take(self) -> dict[str, Any] | None:
        """Wait for a command; None when there is a stop request instead."""
        with self._arrived:
            while not self._commands and not self.stop_asked:
                self._arrived.wait(1.0)
            return None if self.stop_asked else self._commands.popleft()

    def rest(self, seconds: float) -> None:
        """Sleep, but no longer than until a stop request."""
        with self._arrived:
            self._arrived.wait_for(lambda: self.stop_asked, seconds)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within this, a stop request that waits too long is raised as `Stopped` wherever the code is."""
        self._inside = True
        try:
            yield
        finally:
            self._inside = False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._inside and self.stop_asked and not self._delivered:
            self._delivered = True
            raise Stopped

    def _watch(self) -> None:
        while not self._closed.wait(INTERVAL):
            for path, command in waiting(self._folder, self._known):
                self._known.add(path.name)
                with contextlib.suppress(OSError):  # known by name, so that it is not obeyed twice
                    self._disk.remove(path)
                if command["name"] == STOP:
                    self.ask_to_stop()
                else:
                    with self._arrived:
                        self._commands.append(command)
                        self._arrived.notify_all()
            self._poke_if_deaf()

    def _poke_if_deaf(self) -> None:
        if self._asked_at is None or self._delivered or self._poked or POKE is None or self._main is None:
            return
        if time.monotonic() - self._asked_at > POKE_AFTER:
            self._poked = True
            signal.pthread_kill(self._main, POKE)
