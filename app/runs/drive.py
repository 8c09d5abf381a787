"""Drives a task's generator: logs what it says, hands it commands, stops it, judges its losses."""

import math
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core import AssayError, Checkpoint, Metric, Progress, Ready, Result, Stage, Stopped
from app.core.task import Run, Task
from app.runs.encoding import number
from app.runs.failures import explain, is_loss, not_finite
from app.runs.inbox import Inbox
from app.runs.log import EventLog
from app.runs.patience import DiskGone
from app.runs.states import RunState


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    state: RunState
    result: Result | None = None
    error: dict[str, str] | None = None
    traceback: str = ""


class Driver:
    """One attempt of one run. `most_steps` ends it after so many Progress events (for measuring)."""

    def __init__(self, task: Task, log: EventLog, inbox: Inbox, most_steps: int | None = None) -> None:
        self._task = task
        self._log = log
        self._inbox = inbox
        self._steps_left = most_steps
        self._stage = ""
        self._stopped = False
        self._checkpoint: int | None = None

    def run(self, begin: Callable[[], Run]) -> Outcome:
        """Drive what `begin` makes to its end. This is the edge: whatever leaves the task is recorded here."""
        try:
            result = self._drive(begin)
        except DiskGone:
            raise
        except Stopped:
            return Outcome("stopped")
        except BaseException as error:
            words = explain(error, self._task.title, self._stage)
            return Outcome("failed", error=words, traceback="".join(traceback.format_exception(error)))
        if not isinstance(result, Result):
            kind = type(result).__name__
            fault = AssayError(f"“{self._task.title}” returned no result but a {kind}", remedy="Return a Result.")
            return Outcome("failed", error=fault.as_dict())
        if self._stopped or self._inbox.delivered:
            return Outcome("stopped", result.model_copy(update={"partial": True}))
        return Outcome("done", result)

    def _drive(self, begin: Callable[[], Run]) -> Any:
        with self._inbox.interruptible():
            run = begin()
        answer: dict[str, Any] | None = None
        while True:
            try:
                if self._inbox.stop_asked and not self._stopped:
                    event = self._throw(run)
                else:
                    with self._inbox.interruptible():
                        event = run.send(answer)
            except StopIteration as end:
                return end.value
            except Stopped:
                if self._stopped or getattr(run, "gi_frame", None) is None:
                    raise
                continue  # the interruption came between two events: the task is told in the usual way
            answer = None
            self._log.event(event)
            match event:
                case Metric(name, step, value):
                    self._judge(run, name, step, number(value))
                case Stage(name):
                    self._stage = name
                case Checkpoint():
                    self._checkpoint = self._log.seq
                case Progress():
                    self._count()
                case Ready():
                    answer = self._next_command()

    def _throw(self, run: Run) -> Any:
        self._stopped = True
        self._inbox.stop_delivered()
        return run.throw(Stopped())

    def _next_command(self) -> dict[str, Any] | None:
        if self._stopped:
            return None
        self._log.flush()
        command = self._inbox.take()
        if command is not None:
            self._log.add("command", command=command)
        return command

    def _judge(self, run: Run, name: str, step: int, value: float) -> None:
        if math.isfinite(value) or not self._task.stop_on_nan or not is_loss(self._task, name):
            return
        run.close()
        raise not_finite(self._task, name, step, value, self._checkpoint)

    def _count(self) -> None:
        if self._steps_left is None:
            return
        self._steps_left -= 1
        if self._steps_left <= 0:
            self._inbox.ask_to_stop()
