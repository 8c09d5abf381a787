"""Waits out a full or absent disk instead of losing the run: the same operation is tried again until it succeeds."""

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.runs.storage import Disk

T = TypeVar("T")

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
GONE = frozenset({errno.ENOENT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ESTALE, errno.ENOTDIR})
GONE_LIMIT = 60.0
"""Seconds that a store which is away (drive unplugged, folder renamed) is waited for."""

STATUS = "pause.json"
STATUS_SIZE = 512


DISK_LOST = 74
STOPPED_UNSAVED = 75


class DiskGone(Exception):
    """The run cannot write any more and waiting is over. `code` is the host's exit code, its only last word."""

    def __init__(self, words: str, code: int = DISK_LOST) -> None:
        super().__init__(words)
        self.code = code


@dataclass
class Patience:
    """Runs disk operations of one run, pausing on a full disk. `stopping` ends the wait when the user asks to stop."""

    folder: Path
    disk: Disk
    stopping: Callable[[], bool]
    interval: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    paused: float = 0.0
    """Seconds waited so far; time left and rates do not count them."""

    def prepare(self) -> None:
        """Reserve the few bytes in which a pause is announced while nothing else fits on the disk."""
        self(lambda: self.disk.create(self.folder / STATUS, b" " * STATUS_SIZE), STATUS_SIZE)

    def __call__(self, action: Callable[[], T], needed: int) -> T:
        """The result of `action`, which is repeated while the disk is full. `needed` bytes are named meanwhile.

        Raises DiskGone when the user stops the run meanwhile, when the folder stays away, or on an input/output error.
        """
        began: float | None = None
        while True:
            try:
                result = action()
            except OSError as error:
                began = self._wait(error, needed, self.clock() if began is None else began)
                continue
            if began is not None:
                self.paused += self.clock() - began
                self._announce(b"")
            return result

    def _wait(self, error: OSError, needed: int, began: float) -> float:
        waited = self.clock() - began
        if error.errno in FULL:
            words = f"Paused: the disk is full. {size_in_words(needed)} are needed; the run goes on when there is room."
        elif error.errno in GONE and waited < GONE_LIMIT:
            words = "Paused: the folder of this run cannot be written. The run goes on when it is back."
        else:
            raise DiskGone(f"The disk failed: {error.strerror or error}") from error
        if self.stopping():
            raise DiskGone("The run was stopped while it could not write", STOPPED_UNSAVED) from error
        self._announce(words.encode())
        self.sleep(self.interval)
        return began

    def _announce(self, words: bytes) -> None:
        try:
            self.disk.overwrite(self.folder / STATUS, words[:STATUS_SIZE].ljust(STATUS_SIZE))
        except OSError:
            return  # announcing is a courtesy: the wait itself is seen by the log that stands still


def pause_words(folder: Path) -> str:
    """What a paused run waits for; empty while it works."""
    try:
        return (folder / STATUS).read_bytes()[:STATUS_SIZE].decode("utf-8", "replace").strip()
    except OSError:
        return ""


def size_in_words(count: int) -> str:
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"
