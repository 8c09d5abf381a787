"""A shift that roams around the one that was found, to where the network still errs most."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

RATE = 0.01
"""Way of one update, as part of the shift's length."""
MEMORY = 0.8
"""Part of the direction that is kept from one update to the next."""


class Roaming:
    """Companions of found shifts (k, c, h, w): of their length, and never farther from them than `reach` of it.

    A search finds the direction of a trigger roughly, and a network that unlearns the found one alone may go on to obey
    the true one. Each update moves a companion uphill along the gradient that the network's own update needs anyway
    (adversarial training for free, Shafahi et al. 2019).
    """

    def __init__(self, found: Tensor, reach: float) -> None:
        """`reach` lies in [0, 1]."""
        self._found, self._farthest = found, reach * _length(found)
        self.shifts = found.detach().clone().requires_grad_()
        self._uphill = torch.zeros_like(found)

    @torch.no_grad()
    def move(self) -> None:
        """One step along the gradient of the loss that was last propagated back."""
        if self.shifts.grad is None:
            return
        self._uphill.lerp_(self.shifts.grad, 1 - MEMORY)
        self.shifts.grad = None
        length = _length(self._found)
        step = RATE * length * self._uphill / _length(self._uphill).clamp_min(1e-12)
        away = self.shifts + step - self._found
        away *= (self._farthest / _length(away).clamp_min(1e-12)).clamp_max(1)
        moved = self._found + away
        self.shifts.copy_(moved * length / _length(moved).clamp_min(1e-12))

    def state(self) -> dict[str, Any]:
        """Everything `resume` needs to go on bit for bit."""
        return {"shifts": self.shifts.detach().clone(), "uphill": self._uphill.clone()}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        with torch.no_grad():
            self.shifts.copy_(torch.as_tensor(state["shifts"]))
            self._uphill.copy_(torch.as_tensor(state["uphill"]))


def _length(shifts: Tensor) -> Tensor:
    """Euclidean norm of each shift, (k, 1, 1, 1)."""
    return shifts.square().sum((1, 2, 3), keepdim=True).sqrt()
