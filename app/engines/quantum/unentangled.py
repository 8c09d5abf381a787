"""Fidelities of product states by Bloch vectors: the layer string S needs no simulator (method 2.4)."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


def unentangled(angles: Array, theta: Array) -> Array:
    """F (n, classes) = Π_q (1 + n_q·n'_q)/2 of data angles (n, m, 2) and class angles (classes, m, 2)."""
    return np.asarray(_agreement(_arrows(angles), _arrows(theta)).prod(axis=0))


def unentangled_fidelities(angles: Tensor, theta: Tensor) -> Tensor:
    """The same for tensors, with gradients.

    O(m) instead of O(2^m): 2x at m = 8, B = 256, C = 10 (tests/bench/quantum_step.py).
    """
    result: Tensor = _Unentangled.apply(angles, theta)  # type: ignore[no-untyped-call]
    return result


class _Unentangled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, angles: Tensor, theta: Tensor) -> Tensor:
        data, classes = angles.detach().numpy(), theta.detach().numpy()
        each = _agreement(_arrows(data), _arrows(classes))
        ctx.parts = (data, classes, each)
        return torch.from_numpy(np.asarray(each.prod(axis=0)))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor]:
        data, classes, each = ctx.parts
        weight = slope.numpy() * _product_of_others(each) / 2  # (m, n, classes)
        to_data = weight @ _arrows(classes)
        to_classes = weight.transpose(0, 2, 1) @ _arrows(data)
        return torch.from_numpy(_by_angle(data, to_data)), torch.from_numpy(_by_angle(classes, to_classes))


def _arrows(angles: Array) -> Array:
    """Bloch vectors (m, n, 3) of RY(a) then RZ(b) on |0>, for angles (n, m, 2)."""
    a, b = angles[..., 0].T, angles[..., 1].T
    return np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], axis=-1)


def _agreement(data: Array, classes: Array) -> Array:
    """(1 + n·n')/2 of every qubit, (m, n, classes)."""
    return (1 + data @ classes.transpose(0, 2, 1)) / 2


def _product_of_others(each: Array) -> Array:
    """Product over all qubits but one, without dividing by what may be 0."""
    before, after = np.ones_like(each), np.ones_like(each)
    np.cumprod(each[:-1], axis=0, out=before[1:])
    after[:-1] = np.cumprod(each[:0:-1], axis=0)[::-1]
    return before * after


def _by_angle(angles: Array, to_arrow: Array) -> Array:
    """dL/d angles (n, m, 2) from dL/d arrows (m, n, 3)."""
    a, b = angles[..., 0].T, angles[..., 1].T
    sin_a, cos_a, sin_b, cos_b = np.sin(a), np.cos(a), np.sin(b), np.cos(b)
    x, y, z = to_arrow[..., 0], to_arrow[..., 1], to_arrow[..., 2]
    gradient = np.empty(angles.shape, dtype=angles.dtype)
    gradient[..., 0] = (cos_a * (x * cos_b + y * sin_b) - z * sin_a).T
    gradient[..., 1] = (sin_a * (y * cos_b - x * sin_b)).T
    return gradient
