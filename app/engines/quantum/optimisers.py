"""Update rules on one flat vector of parameters, with state that can be written down and taken up again."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Adam:
    """Adam (Kingma and Ba 2015) with β2 = 0.999; rate and β1 are given at each step, as the one-cycle rule moves both.

    torch.optim is not used: it drags in a compiler (0.9 s) and its state cannot be stored without pickle.
    """

    def __init__(self, size: int) -> None:
        self._mean = np.zeros(size)
        self._square = np.zeros(size)
        self._steps = 0

    def update(self, parameters: Vector, gradient: Vector, rate: float, beta1: float = 0.9) -> None:
        """Change `parameters` in place."""
        beta2 = 0.999
        self._steps += 1
        self._mean += (1 - beta1) * (gradient - self._mean)
        self._square *= beta2
        self._square += (1 - beta2) * gradient * gradient
        correction = math.sqrt(1 - beta2**self._steps)
        size = rate / (1 - beta1**self._steps)
        parameters -= size * self._mean / (np.sqrt(self._square) / correction + 1e-8)

    def state(self) -> dict[str, Any]:
        return {"mean": self._mean.copy(), "square": self._square.copy(), "steps": self._steps}

    def restore(self, state: Any) -> None:
        self._mean = np.array(state["mean"], dtype=np.float64)
        self._square = np.array(state["square"], dtype=np.float64)
        self._steps = int(state["steps"])


class Descent:
    """Plain gradient descent."""

    def update(self, parameters: Vector, gradient: Vector, rate: float, beta1: float = 0.9) -> None:
        """Change `parameters` in place; β1 plays no part."""
        parameters -= rate * gradient

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: Any) -> None:
        """Nothing is remembered between steps."""


def one_cycle(step: int, total: int, rate: float) -> tuple[float, float]:
    """Rate and β1 at `step` of `total`: up from rate/25 in the first 30 %, then down to rate/250 000, by cosine.

    β1 goes 0.95 → 0.85 → 0.95 (Smith and Topin 2018, with the constants of torch's OneCycleLR).
    """
    peak = 0.3 * total - 1
    end = max(total - 1, 1)
    start_rate, last_rate = rate / 25, rate / 25 / 1e4
    if step <= peak:
        part = step / peak
        return _cosine(start_rate, rate, part), _cosine(0.95, 0.85, part)
    part = (step - peak) / (end - peak)
    return _cosine(rate, last_rate, part), _cosine(0.85, 0.95, part)


def spsa_gains(step: int, total: int, rate: float, reach: float = 0.1) -> tuple[float, float]:
    """Step size and perturbation of SPSA at `step`, with the decay exponents of Spall 1998 (0.602 and 0.101)."""
    stability = 0.1 * total + 1
    return rate * (stability / (stability + step)) ** 0.602, reach / (step + 1) ** 0.101


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
