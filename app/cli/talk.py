"""Commands for a session, one JSON object a line on standard input; the end of the input ends the session."""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from app.core import AssayError
from app.runs.plain_text import one_line
from app.runs.records import Batch
from app.runs.supervisor import Supervisor


class Commands(threading.Thread):
    """Hands on one line for each time that the session is ready. A line that is no command is named and passed over."""

    def __init__(self, supervisor: Supervisor, run: str) -> None:
        super().__init__(name="commands", daemon=True)  # reading a terminal cannot be interrupted
        self.at_end = False
        self._supervisor = supervisor
        self._session = run
        self._ready = threading.Semaphore(0)

    def saw(self, batch: Batch) -> None:
        """Tell of new events; each `ready` among them lets one command through."""
        for record in batch.records:
            if record.kind == "ready":
                self._ready.release()

    def run(self) -> None:
        for line in sys.stdin:
            if line.strip() and not self._hand_on(line):
                return
        self._ready.acquire()
        self.at_end = True
        self._ask(lambda: self._supervisor.stop(self._session))

    def _hand_on(self, line: str) -> bool:
        command = _parsed(line)
        if command is None:
            print(f'No command: {one_line(line)}. Write {{"name": …}}.', file=sys.stderr)
            return True
        self._ready.acquire()
        return self._ask(lambda: self._supervisor.command(self._session, command))

    def _ask(self, act: Callable[[], None]) -> bool:
        """Whether the session still takes it."""
        try:
            act()
        except AssayError as error:
            print(error, file=sys.stderr)
            return False
        return True


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        command = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return command if isinstance(command, dict) and isinstance(command.get("name"), str) else None
