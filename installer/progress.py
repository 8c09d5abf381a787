"""Numbered steps with their time, and one moving line (plain lines in a pipe) for the long output beneath each."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

TAIL = 20
SPINNER = 0.5
HEARTBEAT = 15.0
PIPED = 5.0


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code and its last lines, oldest first."""

    code: int
    tail: tuple[str, ...]


class Progress:
    """Tells a person how far the set-up is; `clock` gives seconds."""

    def __init__(self, steps: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._steps = steps
        self._stream = stream if stream is not None else sys.stdout
        self._clock = clock
        self._live = self._stream.isatty()
        self._step = 0
        self._began = self._begun_step = clock()
        self._told = ""
        self._told_at = 0.0

    def step(self, title: str) -> None:
        """Begin the next numbered step."""
        self._step += 1
        self._begun_step = self._clock()
        self._told, self._told_at = "", self._begun_step
        self._line(f"[{self._step}/{self._steps}] {title}")

    def detail(self, text: str) -> None:
        """What the step is at: the moving line in a terminal; in a pipe a line when it changed, or as a heartbeat."""
        now = self._clock()
        passed = _minutes(now - self._begun_step)
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\033[K{f'      {passed}  {text}'[:width]}")
            self._stream.flush()
        elif (text != self._told and now - self._told_at >= PIPED) or now - self._told_at >= HEARTBEAT:
            self._told, self._told_at = text, now
            self._line(f"      {passed}  {text}")

    def note(self, text: str) -> None:
        """A line that stays."""
        self._line(f"      {text}")

    def done(self, text: str = "done") -> None:
        """End the step with its time."""
        self._line(f"      {text} ({_minutes(self._clock() - self._begun_step)})")

    def finish(self, text: str) -> None:
        """The last line, with the time of everything."""
        self._line(f"{text} ({_minutes(self._clock() - self._began)})")

    def follow(
        self,
        command: Sequence[str],
        log: Path,
        told: Callable[[str], str | None],
        *,
        environment: Mapping[str, str] | None = None,
        keep_open: Sequence[int] = (),
    ) -> Outcome:
        """Run a command with no input; all its output goes to `log`, and `told(line)` says what to show of it."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        tail: deque[str] = deque(maxlen=TAIL)
        shown = ""
        with log.open("a", encoding="utf-8", buffering=1) as record:
            record.write(f"\n$ {' '.join(command)}\n")
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=dict(environment) if environment is not None else None,
                pass_fds=tuple(keep_open) if os.name == "posix" else (),
            )
            reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
            reader.start()
            try:
                while True:
                    try:
                        line = lines.get(timeout=SPINNER)
                    except queue.Empty:
                        self.detail(shown)
                        continue
                    if line is None:
                        break
                    record.write(line + "\n")
                    tail.append(line)
                    if (text := told(line)) is not None:
                        shown = text
                        self.detail(shown)
            except BaseException:
                process.kill()
                process.wait()
                reader.join(timeout=SPINNER)
                raise
            return Outcome(process.wait(), tuple(tail))

    def _line(self, text: str) -> None:
        self._stream.write(("\r\033[K" if self._live else "") + text + "\n")
        self._stream.flush()


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line.rstrip("\r\n"))
    lines.put(None)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
