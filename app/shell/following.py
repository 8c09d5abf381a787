"""The thread that follows logs and hands what is new to the window, no faster than the window takes it."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal, Slot

if TYPE_CHECKING:
    from app.runs.follower import Follower

ROUND_S = 0.033
PATIENCE_S = 0.5
PIECE = 200 * 1024
"""Bytes of log per batch: about 2,000 events, taken in within a frame or two."""


class FollowThread(QThread):
    """Polls the logs that are watched. After each batch it waits until the window says `taken`."""

    arrived = Signal(str, object)
    """Key of the watch, and a Batch."""
    _polled = Signal(str, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._followers: dict[str, Follower] = {}
        self._ending = threading.Event()
        self._taken = threading.Event()
        self._taken.set()
        self._polled.connect(self._hand_over)
        self.busy = False
        """Whether the last round had something to tell."""

    def watch(self, key: str, folder: Path) -> None:
        """Tell the log in `folder` from its beginning, under `key`."""
        # Imported with the first log: it brings numpy, and the window stands before (tests/bench/startup.py).
        from app.runs.follower import Follower

        with self._lock:
            self._followers[key] = Follower(folder)

    def unwatch(self, key: str) -> None:
        with self._lock:
            self._followers.pop(key, None)

    def taken(self) -> None:
        """The window has shown the last batch."""
        self._taken.set()

    def finish(self) -> None:
        self._ending.set()
        self._taken.set()
        self.wait()

    @Slot(str, object, object)
    def _hand_over(self, key: str, batch: object, follower: object) -> None:
        """In the window's thread: what was read for a watch that has ended or begun again meanwhile is dropped."""
        with self._lock:
            current = self._followers.get(key) is follower
        if current:
            self.arrived.emit(key, batch)
        else:
            self.taken()

    def run(self) -> None:
        while not self._ending.is_set():
            with self._lock:
                watched = list(self._followers.items())
            told = False
            for key, follower in watched:
                batch = follower.poll(PIECE)
                with self._lock:
                    current = self._followers.get(key) is follower
                if batch.empty or not current or self._ending.is_set():
                    continue
                told = True
                self._taken.clear()
                self._polled.emit(key, batch, follower)
                self._taken.wait(PATIENCE_S)
            self.busy = told
            if not told:
                self._ending.wait(ROUND_S)
