"""What a training is told, and what it tells."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Samples = tuple[Tensor, Tensor]
"""Scaled samples and their labels."""


@dataclass(frozen=True)
class Recipe:
    """How to train. `turns` (n_q, n_c) alternates that many steps on the class states and on the front end.

    `gradients` "shift" takes them from fidelities alone; `patience` counts epochs without better validation accuracy;
    `balanced` weighs classes by the inverse of their size.
    """

    epochs: int = 40
    batch: int = 32
    rate: float = 0.02
    optimiser: Literal["adam", "sgd", "spsa"] = "adam"
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    gradients: Literal["autograd", "shift"] = "autograd"
    turns: tuple[int, int] | None = None
    patience: int | None = None
    balanced: bool = False


@dataclass(frozen=True)
class StepRecord:
    """What happened in one `advance`. Means over the samples seen; validation only at the end of an epoch.

    `own` is the mean fidelity with the true class, `other` with the best wrong one. `notices` are (what, remedy).
    """

    step: int
    steps: int
    epoch: int
    epoch_done: bool
    loss: float
    accuracy: float
    own: float
    other: float
    rate: float
    temperature: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    notices: tuple[tuple[str, str], ...] = ()


class Tally:
    """Sums over the samples seen since the last record."""

    def __init__(self) -> None:
        self._count = 0
        self._sums = {"loss": 0.0, "correct": 0.0, "own": 0.0, "other": 0.0}

    def add(self, loss: float, found: NDArray[Any], labels: NDArray[Any]) -> None:
        count = len(labels)
        rows = np.arange(count)
        own = found[rows, labels]
        others = found.copy()
        others[rows, labels] = -math.inf
        self._count += count
        self._sums["loss"] += loss * count
        self._sums["correct"] += float((found.argmax(axis=1) == labels).sum())
        self._sums["own"] += float(own.sum())
        self._sums["other"] += float(others.max(axis=1).sum())

    def mean(self, name: str) -> float:
        return self._sums[name] / self._count if self._count else math.nan
