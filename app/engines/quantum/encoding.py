"""Features in (0, 1) become rotation angles, two to a qubit (method 2.3)."""

from typing import Any, Literal

import torch
from torch import Tensor

Encoding = Literal["arcsin", "pi"]


def qubits_for(features: int) -> int:
    """m = ceil(k / 2): one RY and one RZ angle per qubit."""
    return (features + 1) // 2


def angles_of_units(units: Tensor, encoding: Encoding = "arcsin") -> Tensor:
    """2 arcsin √u or π u, in [0, π], for u in [0, 1].

    The slope of the first is infinite at 0 and 1, so this is for frozen features; trained ones come as logits.
    """
    return 2 * torch.arcsin(torch.sqrt(units)) if encoding == "arcsin" else torch.pi * units


def angles_of_logits(logits: Tensor, encoding: Encoding = "arcsin") -> Tensor:
    """The same of u = sigmoid(z), with the closed-form slope √(u (1 - u)) of the first, finite for every z."""
    if encoding == "pi":
        return torch.pi * torch.sigmoid(logits)
    result: Tensor = _ArcsineOfLogit.apply(logits)  # type: ignore[no-untyped-call]
    return result


def by_qubit(angles: Tensor) -> Tensor:
    """Angles (n, k) as (n, m, 2), RY then RZ; the last RZ angle is 0 when k is odd."""
    if angles.shape[1] % 2:
        angles = torch.nn.functional.pad(angles, (0, 1))
    return angles.reshape(len(angles), -1, 2)


class _ArcsineOfLogit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        units = torch.sigmoid(logits)
        ctx.save_for_backward(units)
        return 2 * torch.arcsin(torch.sqrt(units))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (units,) = ctx.saved_tensors
        return slope * torch.sqrt(units * (1 - units))
