"""Sends what a run's process prints, from Python or from native code, into the run's own files."""

import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from app.runs.redaction import redactor


class Console:
    """The console and crash log of a run. With secrets about, lines pass a pipe that takes them out."""

    def __init__(self, folder: Path, hidden: Sequence[str]) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        console = os.open(folder / "console.log", flags, 0o644)
        self._thread: threading.Thread | None = None
        target = self._pump(console, hidden) if hidden else console
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.close(target)
        self._crash = os.open(folder / "crash.log", flags, 0o644)
        faulthandler.enable(file=self._crash, all_threads=True)

    def close(self) -> None:
        """Let everything printed reach the file; nothing can be printed afterwards."""
        with contextlib.suppress(OSError):  # a full disk may refuse the last line
            sys.stdout.flush()
            sys.stderr.flush()
        if self._thread is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)  # the pipe's last ends: its reader comes to the end
            os.dup2(nowhere, 2)
            self._thread.join(2.0)

    def _pump(self, console: int, hidden: Sequence[str]) -> int:
        redact = redactor(hidden)
        reading, writing = os.pipe()

        def copy() -> None:
            with open(reading, "rb") as lines:
                for line in lines:
                    os.write(console, redact(line.decode("utf-8", "replace")).encode("utf-8", "backslashreplace"))

        self._thread = threading.Thread(target=copy, name="console", daemon=True)
        self._thread.start()
        return writing
