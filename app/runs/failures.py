"""Says in words what ended a run: an exception in the task, or the sudden death of its process."""

import signal
from collections.abc import Mapping
from typing import Any

from app.core import AssayError
from app.core.task import Task
from app.runs.patience import DISK_LOST, STOPPED_UNSAVED, size_in_words
from app.runs.states import RunState
from app.runs.system import peak_rss, total_memory

MEMORY_REMEDY = "Try a smaller batch or a smaller model, close other programs, or use Measure before the next start."
NATIVE = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS", "SIGTRAP"}


def explain(error: BaseException, task_title: str, stage: str) -> dict[str, str]:
    """What an exception that left a task means for the person who started it."""
    where = f"while in the stage “{stage}”" if stage else "before its first stage"
    if isinstance(error, AssayError):
        return error.as_dict()
    if isinstance(error, MemoryError) or _says_memory(error):
        return AssayError(
            "The run needed more memory than there is",
            where=where,
            why=f"its peak was {size_in_words(peak_rss())} of {size_in_words(total_memory())}"
            + (f"; {error}" if str(error) else ""),
            remedy=MEMORY_REMEDY,
        ).as_dict()
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return AssayError(
        f"“{task_title}” met an error it does not know",
        where=where,
        why=words,
        remedy="The details name the line. Resume goes on from the last checkpoint.",
    ).as_dict()


def not_finite(task: Task, name: str, step: int, value: float, checkpoint: int | None) -> AssayError:
    """A loss that is no number any more, with what usually makes it so."""
    declared = task.declaration("metric", name)
    return AssayError(
        f"{(declared and declared.title) or name} became {value} at step {step}",
        where=f"{name}, step {step}",
        why="usual causes: too high a learning rate, a division by zero or logarithm of zero, values in the data that "
        "are not finite or very large, or a number format that is too coarse",
        remedy="Lower the learning rate or scale the data. "
        + ("Resume goes on from the last good checkpoint." if checkpoint else "There is no checkpoint yet."),
    )


def is_loss(task: Task, name: str) -> bool:
    """Whether a metric that is not finite means that the run has failed: declared so, or named so."""
    declared = task.declaration("metric", name)
    return declared.loss if declared else "loss" in name.casefold()


def explain_death(
    code: int | None, *, system: Mapping[str, Any] | None, oom: bool, forced: bool, console: str
) -> tuple[RunState, dict[str, str], dict[str, Any]]:
    """State, error and exit of a run whose process went without a last word. `code` is negative for a signal."""
    number = -code if code is not None and code < 0 else None
    name = _signal_name(number)
    ending = {"code": code if number is None else None, "signal": name}
    peak = size_in_words(int((system or {}).get("peak_rss") or (system or {}).get("rss") or 0))
    last = f"; last memory seen: {peak} of {size_in_words(total_memory())}" if system else ""
    if forced:
        return (
            "stopped",
            AssayError(
                "The run did not stop by itself and was ended",
                why="it did not react within the time given",
                remedy="What was logged before is kept. Resume goes on from the last checkpoint.",
            ).as_dict(),
            ending,
        )
    if oom and name in ("SIGKILL", ""):
        return (
            "failed",
            AssayError(
                f"The system ended this run for lack of memory (peak {peak} of {size_in_words(total_memory())})",
                remedy=MEMORY_REMEDY,
            ).as_dict(),
            ending,
        )
    if name in NATIVE:
        return (
            "failed",
            AssayError(
                f"A native library crashed ({name})",
                why="the crash log of this run names the place" + last,
                remedy="Resume goes on from the last checkpoint. If it happens again, save the bundle and report it.",
            ).as_dict(),
            ending,
        )
    if name or code is None:
        return (
            "interrupted",
            AssayError(
                f"The run's process was ended from outside{f' ({name})' if name else ''}",
                why="the machine was shut down, or another program or person ended it" + last,
                remedy="Resume goes on from the last checkpoint.",
            ).as_dict(),
            ending,
        )
    lines = [line for line in console.splitlines() if line.strip()]
    if code in (DISK_LOST, STOPPED_UNSAVED):
        return (
            "failed" if code == DISK_LOST else "stopped",
            AssayError(
                "The disk failed while the run was writing"
                if code == DISK_LOST
                else "The run was stopped while it could not write",
                why=lines[-1][:300] if lines else "",
                remedy="Check the disk and its free space. Resume goes on from the last checkpoint.",
            ).as_dict(),
            ending,
        )
    return (
        "failed",
        AssayError(
            f"The run's process ended with code {code} and no result",
            why=lines[-1][:300] if lines else "it printed nothing",
            remedy="Its console output is in the run. Resume goes on from the last checkpoint.",
        ).as_dict(),
        ending,
    )


def _signal_name(number: int | None) -> str:
    if number is None:
        return ""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _says_memory(error: BaseException) -> bool:
    words = str(error).casefold()
    return isinstance(error, (RuntimeError, OSError)) and any(
        sign in words for sign in ("out of memory", "can't allocate memory", "cannot allocate memory")
    )
