"""Two ways training goes wrong without an error, and how they are noticed (method 10)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COLLAPSE_ABOVE = 0.98
PLATEAU_BELOW = 1e-2
PLATEAU_STEPS = 20
FLAT = 0.01

COLLAPSED = (
    "The front end maps the classes to almost the same state",
    "Lower the learning rate or choose the loss temperature",
)
PLATEAU = (
    "Training stands on a plateau: all fidelities are near 0 and the loss does not move",
    "Choose the loss sum or power, fewer features, or another seed",
)


def overlap_across_classes(data: NDArray[np.complex128], labels: NDArray[np.int64]) -> float:
    """Mean |<φ_i|φ_j>|² over pairs of data states (n, 2^m) of different classes; 0 without such a pair."""
    overlap = np.abs(data @ data.conj().T) ** 2
    apart = labels[:, None] != labels[None, :]
    return float(overlap[apart].mean()) if apart.any() else 0.0


def has_collapsed(data: NDArray[np.complex128], labels: NDArray[np.int64]) -> bool:
    """Whether states of different classes can hardly be told apart."""
    return overlap_across_classes(data, labels) > COLLAPSE_ABOVE


def is_on_plateau(losses: Sequence[float], mean_fidelities: Sequence[float]) -> bool:
    """Whether the last 20 steps had near-zero fidelities and a loss that moved by less than one per cent."""
    if len(losses) < PLATEAU_STEPS:
        return False
    recent = losses[-PLATEAU_STEPS:]
    moved = max(recent) - min(recent)
    return max(mean_fidelities[-PLATEAU_STEPS:]) < PLATEAU_BELOW and moved < FLAT * abs(sum(recent) / PLATEAU_STEPS)
