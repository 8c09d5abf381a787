"""What a list shows of a run: its state, derived from log, process and queue, with verdict and headline figures."""

import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.core import AssayError, Figure
from app.runs import commands, processes
from app.runs import folder as folders
from app.runs.encoding import plain
from app.runs.patience import pause_words
from app.runs.states import ACTIVE, OVER, RunState
from app.runs.tail import LOG, rows_backwards

TAIL = 256 * 1024
FOREIGN_SILENCE = 120.0
"""Seconds after which a run on another computer, whose process cannot be seen, counts as interrupted."""

Tone = Literal["good", "bad", "neutral", "unsure"]


@dataclass(frozen=True)
class RunSummary:
    """A run in one line. `seconds` is time of work; `silent` seconds since the task last said something."""

    id: str
    task: str
    workspace: str
    name: str
    state: RunState
    created: float
    ended: float | None = None
    seconds: float = 0.0
    verdict: str = ""
    tone: str = "neutral"
    figures: tuple[Figure, ...] = ()
    config: Mapping[str, Any] | Any = None
    note: str = ""
    tags: tuple[str, ...] = ()
    starred: bool = False
    trashed: bool = False
    sweep: str | None = None
    error: Mapping[str, Any] | Any = None
    stage: str = ""
    done: int = 0
    total: int = 0
    device: str = ""
    silent: float = 0.0
    paused: str = ""
    baseline: str | None = None

    def as_dict(self) -> dict[str, Any]:
        figures = [plain(figure.model_dump()) for figure in self.figures]
        return vars(self) | {"figures": figures}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "RunSummary":
        """Raises ValueError, TypeError or KeyError for what `as_dict` did not make."""
        if fields.keys() != NAMES:
            raise KeyError("other fields than those of a summary")
        figures = tuple(map(Figure.model_validate, fields["figures"]))
        # A frozen dataclass sets each of its fields by a call of its own: ten thousand runs take three times as long.
        summary = object.__new__(cls)
        vars(summary).update(fields, figures=figures, tags=tuple(fields["tags"]))
        return summary


NAMES = RunSummary.__dataclass_fields__.keys()


@dataclass
class LastWords:
    """The end of a log: what its newest lines say about the attempt they belong to."""

    seq: int = 0
    seconds: float = 0.0
    spoke: float = 0.0
    started: dict[str, Any] | None = None
    finished: dict[str, Any] | None = None
    system: dict[str, Any] | None = None
    stage: str = ""
    done: int = 0
    total: int = 0


def last_words(folder: Path, after: int = 0) -> LastWords:
    """What the end of the log says, of lines numbered above `after` (those of the present attempt)."""
    words, seen = LastWords(), set()
    for row in rows_backwards(folder, TAIL):
        kind, when = row["k"], row.get("t")
        when = float(when) if isinstance(when, (int, float)) else 0.0
        if not words.seq:
            words.seq, words.seconds = row["n"], when
        if row["n"] <= after:
            break
        if kind not in ("system", "command") and "spoke" not in seen:
            seen.add("spoke")
            words.spoke = when
        if kind in seen:
            continue
        seen.add(kind)
        if kind == "finished":
            words.finished = row
            break
        if kind == "started":
            words.started = row
            break
        if kind == "system":
            words.system = row
        elif kind == "progress" and "stage" not in seen:
            words.done, words.total = _whole(row.get("done")), _whole(row.get("total"))
        elif kind == "stage":
            words.stage = str(row.get("name", ""))
    return words


def derive(
    run: Mapping[str, Any], words: LastWords, *, order: Collection[str], held: Collection[str], folder: Path
) -> RunState:
    """The state of a run: what its log ended with, else its living process, else the queue, else interrupted."""
    finished = words.finished
    if finished and finished["n"] > run["after"] and finished.get("state") in OVER:
        return finished["state"]  # type: ignore[no-any-return]
    if run["id"] in order:
        return "held" if run["id"] in held else "queued"
    claimed = run["state"]
    if claimed in ACTIVE and _process_lives(run, folder):
        if claimed == "stopping" or commands.stop_asked(folder):
            return "stopping"
        return "running" if words.seq > run["after"] else "starting"
    if claimed in OVER:
        return claimed  # type: ignore[no-any-return]
    return "interrupted"


def summarise(
    folder: Path, *, order: Collection[str], held: Collection[str], clock: Callable[[], float] = time.time
) -> RunSummary:
    """The summary of the run in `folder`, however damaged it is."""
    error: Mapping[str, Any] | None = None
    try:
        run = folders.read_run(folder)
        error = run["error"] if isinstance(run["error"], dict) else None
    except AssayError as fault:
        run, error = {**folders.EMPTY, "id": folder.name}, fault.as_dict()
    notes = folders.read_notes(folder)
    words = last_words(folder, run["after"])
    state = derive(run, words, order=order, held=held, folder=folder)
    finished = words.finished or {}
    if state == "failed" and isinstance(finished.get("error"), dict):
        error = {**finished["error"], "traceback": finished.get("traceback") or ""}
    result = folders.read_result(folder) if state in OVER and run["id"] not in order else None
    task = run["task"] or folder.name
    return RunSummary(
        id=folder.name,
        task=task,
        workspace=task.split(".")[0],
        name=str(notes.get("name") or run["name"]),
        state=state,
        created=float(run["created"]) or _created_from(folder),
        ended=_ended(finished, folder, state),
        seconds=words.seconds,
        verdict=result.verdict if result else "",
        tone=result.tone if result else "neutral",
        figures=result.figures if result else (),
        config=run["config"],
        note=str(notes.get("note", "")),
        tags=tuple(str(tag) for tag in tags) if isinstance(tags := notes.get("tags"), list) else (),
        starred=bool(notes.get("starred")),
        trashed=bool(notes.get("trashed")),
        sweep=run["sweep"] if isinstance(run["sweep"], str) else None,
        error=error if state not in ACTIVE else None,
        stage=words.stage,
        done=words.done,
        total=words.total,
        device=run["device"],
        silent=_silence(words, folder, clock()) if state in ACTIVE else 0.0,
        paused=pause_words(folder) if state in ACTIVE else "",
        baseline=run["baseline"] if isinstance(run["baseline"], str) else None,
    )


def _process_lives(run: Mapping[str, Any], folder: Path) -> bool:
    if run["host"] and run["host"] != processes.host_name():
        return time.time() - _modified(folder / LOG) < FOREIGN_SILENCE
    if run["pid"] is not None:
        return processes.alive(run["pid"], run["pid_started"])
    owner = run["owner"] if isinstance(run["owner"], dict) else {}
    return processes.alive(owner.get("pid"), owner.get("born"))  # taken, and about to be given a process


def _silence(words: LastWords, folder: Path, now: float) -> float:
    written = _modified(folder / LOG)
    since_written = now - written if written else 0.0  # no log yet: the run has only just been started
    return max(0.0, words.seconds - words.spoke + max(0.0, since_written))


def _ended(finished: Mapping[str, Any], folder: Path, state: RunState) -> float | None:
    if state not in OVER:
        return None
    at = finished.get("at")
    return float(at) if isinstance(at, (int, float)) else _modified(folder / LOG) or None


def _created_from(folder: Path) -> float:
    try:
        return time.mktime(time.strptime(folder.name[:15], "%Y%m%d-%H%M%S"))
    except (ValueError, OverflowError):
        return _modified(folder)


def _modified(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
