"""Exact gradients from fidelities alone, as a machine or shots can give them (parameter-shift rules, method 2.7).

An estimator is any function (angles (n, m, 2), layers, thetas) → F (n, classes).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engines.quantum import fidelity

Array = NDArray[Any]
FidelityEstimator = Callable[[Array, str, Sequence[Array]], Array]

TWO_TERM = ((math.pi / 2, 0.5), (-math.pi / 2, -0.5))
"""(shift, weight): F = A + B cos θ + C sin θ for every angle of S and D, and of the data."""

_NEAR, _FAR = (math.sqrt(2) + 1) / (4 * math.sqrt(2)), (math.sqrt(2) - 1) / (4 * math.sqrt(2))
FOUR_TERM = (
    (math.pi / 2, _NEAR),
    (-math.pi / 2, -_NEAR),
    (3 * math.pi / 2, -_FAR),
    (-3 * math.pi / 2, _FAR),
)
"""For controlled rotations (E), whose F also holds half frequencies."""


def by_class_angles(
    angles: Array, layers: str, thetas: Sequence[Array], estimate: FidelityEstimator = fidelity.exact
) -> list[Array]:
    """dF/dθ, one (n, classes, rotations, 2) array per letter. All classes are shifted in one evaluation."""
    slopes = []
    for letter, theta in enumerate(thetas):
        rule = FOUR_TERM if layers[letter] == "E" else TWO_TERM
        slope = np.empty((len(angles), *theta.shape))
        for place in np.ndindex(theta.shape[1:]):
            moved = list(thetas)
            total: Array | float = 0.0
            for step, weight in rule:
                moved[letter] = _moved(theta, place, step)
                total = total + weight * estimate(angles, layers, moved)
            slope[:, :, place[0], place[1]] = total
        slopes.append(slope)
    return slopes


def by_data_angles(
    angles: Array, layers: str, thetas: Sequence[Array], estimate: FidelityEstimator = fidelity.exact
) -> Array:
    """dF/d data angle, (n, classes, m, 2)."""
    slope = np.empty((len(angles), len(thetas[0]), *angles.shape[1:]))
    for place in np.ndindex(angles.shape[1:]):
        slope[:, :, place[0], place[1]] = sum(
            weight * estimate(_moved(angles, place, step), layers, thetas) for step, weight in TWO_TERM
        )
    return slope


def evaluations(layers: str, thetas: Sequence[Array], qubits: int, *, front_is_trained: bool) -> int:
    """Calls of the estimator for one gradient, the one at the unshifted angles included."""
    by_class = sum(
        int((4 if letter == "E" else 2) * theta.shape[1] * theta.shape[2])
        for letter, theta in zip(layers, thetas, strict=True)
    )
    return 1 + by_class + (4 * qubits if front_is_trained else 0)


def fidelities_by_shift(
    angles: Tensor, layers: str, thetas: Sequence[Tensor], estimate: FidelityEstimator = fidelity.exact
) -> Tensor:
    """F (n, classes) by the estimator, whose backward pass asks the estimator again at shifted angles."""
    result: Tensor = _ShiftedFidelity.apply(estimate, layers, angles, *thetas)  # type: ignore[no-untyped-call]
    return result


class _ShiftedFidelity(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, estimate: FidelityEstimator, layers: str, angles: Tensor, *thetas: Tensor) -> Tensor:
        ctx.estimate, ctx.layers = estimate, layers
        ctx.save_for_backward(angles, *thetas)
        return torch.from_numpy(estimate(angles.detach().numpy(), layers, list(_plain(thetas))))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        angles, *thetas = ctx.saved_tensors
        plain, weight = list(_plain(thetas)), slope.numpy()
        by_data = None
        if ctx.needs_input_grad[2]:
            parts = by_data_angles(angles.numpy(), ctx.layers, plain, ctx.estimate)
            by_data = torch.from_numpy(np.einsum("nc,ncij->nij", weight, parts))
        by_class = by_class_angles(angles.detach().numpy(), ctx.layers, plain, ctx.estimate)
        return None, None, by_data, *(torch.from_numpy(np.einsum("nc,ncij->cij", weight, part)) for part in by_class)


def _plain(tensors: Sequence[Tensor]) -> Iterator[Array]:
    return (tensor.detach().numpy() for tensor in tensors)


def _moved(angles: Array, place: tuple[int, ...], step: float) -> Array:
    moved = angles.copy()
    moved[:, place[0], place[1]] += step
    return moved
