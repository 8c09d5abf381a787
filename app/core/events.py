"""What a running task says, one small frozen value at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

State = Mapping[str, Any]
"""What a checkpoint holds: names to arrays, tensors, numbers, strings, or lists and mappings of those."""


@dataclass(frozen=True)
class Event:
    """Something a task reports. `kind` is the word it has in the run's log."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Stage(Event):
    """A named part of the work begins (load, prepare, train, evaluate, save); announced before long calls."""

    kind = "stage"
    name: str


@dataclass(frozen=True)
class Progress(Event):
    """`done` of `total` units of the current stage are behind us."""

    kind = "progress"
    done: int
    total: int
    unit: str = "step"


@dataclass(frozen=True)
class Metric(Event):
    """One point of the curve `name`. A value that is not finite is logged as such and never breaks the log."""

    kind = "metric"
    name: str
    step: int
    value: float


@dataclass(frozen=True)
class Image(Event):
    """A picture: `pixels` is (h, w) or (h, w, 3), uint8 in [0, 255] or float in [0, 1]; kept as PNG."""

    kind = "image"
    name: str
    step: int
    pixels: Any
    caption: str = ""


@dataclass(frozen=True)
class Audio(Event):
    """A sound: `samples` is (n,) or (n, channels) float in [-1, 1] at `rate` Hz; kept as WAV."""

    kind = "audio"
    name: str
    step: int
    samples: Any
    rate: int
    caption: str = ""


@dataclass(frozen=True)
class Array(Event):
    """Numbers for a viewer (confusion matrix, Bloch vectors, spectrum); kept as .npy.

    `labels` names the entries along each axis that has names; `meta` carries what the viewer needs besides.
    """

    kind = "array"
    name: str
    step: int
    values: Any
    labels: Sequence[Sequence[str]] = ()
    meta: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Table(Event):
    """Rows under named columns; a cell is a string, a number, a truth value or None. Replaces an earlier `name`."""

    kind = "table"
    name: str
    step: int
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Text(Event):
    """A text worth reading for its own sake (a transcript, a circuit); always shown as plain text."""

    kind = "text"
    name: str
    step: int
    text: str


@dataclass(frozen=True)
class Log(Event):
    """A line for the log view."""

    kind = "log"
    text: str
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True)
class Warn(Event):
    """A finding the user should see in the run itself, with what can be done about it. Same `what` is counted."""

    kind = "warn"
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Artifact(Event):
    """A file worth keeping and handing on. `source` is bytes, text, a path whose file or folder is copied in, or a
    mapping from file names to bytes, which becomes a folder.

    `role` says what it is to others (model, dataset, transcript, circuit, table), for *Send to*.
    """

    kind = "artifact"
    name: str
    source: bytes | str | Path | Mapping[str, bytes]
    role: str
    description: str = ""


@dataclass(frozen=True)
class Checkpoint(Event):
    """Everything needed to go on from here as if nothing had happened."""

    kind = "checkpoint"
    state: State


@dataclass(frozen=True)
class Ready(Event):
    """A session waits for a command: the host sends it in as the value of this `yield` (a dict with "name")."""

    kind = "ready"
