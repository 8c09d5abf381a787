"""What a run's log says, as its readers get it: records one by one, curves as columns."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORGETTABLE = frozenset({"metric", "image", "audio", "array", "table", "text", "artifact", "checkpoint"})
"""Kinds that a resume from an earlier checkpoint makes void: they will be told again."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log: `seq` counts from 1, `time` is seconds of work since the first start."""

    seq: int
    time: float
    kind: str
    name: str
    step: int | None
    data: dict[str, Any]


@dataclass
class Points:
    """Points of one curve, column by column, all (n,): `seq` and `step` int64, `time` and `value` float64."""

    seq: NDArray[np.int64]
    time: NDArray[np.float64]
    step: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seq)

    def after(self, seq: int) -> "Points":
        """Those told later than `seq`."""
        return self._where(self.seq > seq)

    def until(self, seq: int) -> "Points":
        """Those told up to and with `seq`: what is left after a rewind."""
        return self._where(self.seq <= seq)

    def joined(self, other: "Points") -> "Points":
        return Points(
            np.concatenate([self.seq, other.seq]),
            np.concatenate([self.time, other.time]),
            np.concatenate([self.step, other.step]),
            np.concatenate([self.value, other.value]),
        )

    def _where(self, keep: NDArray[np.bool_]) -> "Points":
        return Points(self.seq[keep], self.time[keep], self.step[keep], self.value[keep])


@dataclass
class Batch:
    """What is new in a log. `rewind`: first forget all FORGETTABLE things whose seq is greater."""

    points: dict[str, Points] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    rewind: int | None = None
    consumed: int = 0

    @property
    def empty(self) -> bool:
        """True when the log had nothing new to read."""
        return self.consumed == 0
