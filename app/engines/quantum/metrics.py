"""How good the predictions are, and how far apart the classes lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.stats import Interval, mean_interval, proportion_interval

Array = NDArray[Any]


@dataclass(frozen=True)
class Scores:
    """Shares in [0, 1]; `confusion` (classes, classes) counts true class by row; `interval` is Wilson's 95 %."""

    accuracy: float
    balanced: float
    macro_f1: float
    confusion: Array
    correct: int
    n: int
    interval: Interval
    class_names: tuple[str, ...]


def score(labels: Array, predictions: Array, class_names: Sequence[str]) -> Scores:
    """Scores of `predictions` (n,) against `labels` (n,), both class indices.

    Balanced accuracy averages recall over the classes that occur; macro F1 over classes that occur or were predicted.
    """
    classes = len(class_names)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    hits, true, guessed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    seen = true > 0
    either = true + guessed > 0
    correct, n = int(hits.sum()), len(labels)
    return Scores(
        accuracy=correct / n,
        balanced=float((hits[seen] / true[seen]).mean()),
        macro_f1=float((2 * hits[either] / (true + guessed)[either]).mean()),
        confusion=confusion,
        correct=correct,
        n=n,
        interval=proportion_interval(correct, n),
        class_names=tuple(class_names),
    )


def fidelity_matrix(fidelity: Array, labels: Array) -> Array:
    """M[a, b] = mean F_b over samples of true class a; a row without samples is NaN. F (n, classes)."""
    classes = fidelity.shape[1]
    matrix = np.full((classes, classes), np.nan)
    for label in range(classes):
        if (labels == label).any():
            matrix[label] = fidelity[labels == label].mean(axis=0)
    return matrix


def across_seeds(accuracies: Sequence[float]) -> Interval:
    """Mean with Student's t interval at 95 % over seeds or folds."""
    return mean_interval(accuracies)


def spread(accuracies: Sequence[float]) -> float:
    """Population standard deviation over seeds or folds, as tables of the field give it."""
    return float(np.std(accuracies))


def improvement(ours: float, theirs: float) -> tuple[float, float]:
    """How much better `ours` is than `theirs` > 0: (absolute points, relative per cent)."""
    return 100 * (ours - theirs), 100 * (ours - theirs) / theirs
