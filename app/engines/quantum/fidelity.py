"""Exact overlap of every data state with every class state, and its exact gradient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engines.quantum.gates import Passage, generators, run_backward, run_forward
from app.engines.quantum.states import (
    class_states,
    ground_states,
    kronecker,
    later_angles,
    product_gradient,
    product_states,
    qubit_factors,
    register_width,
)
from app.engines.quantum.unentangled import unentangled_fidelities

Array = NDArray[Any]


def overlaps(data: Array, classes: Array) -> Array:
    """F (n, classes) in [0, 1] = |<class|data>|² of states (n, 2^m) and (classes, 2^m): one matrix product."""
    amplitudes = data @ classes.conj().T
    return np.asarray(amplitudes.real**2 + amplitudes.imag**2)


def exact(angles: Array, layers: str, thetas: Sequence[Array]) -> Array:
    """F (n, classes) of data angles (n, m, 2) and class angles, one (classes, rotations, 2) array per letter."""
    return overlaps(product_states(angles), class_states(layers, thetas))


def fidelities(angles: Tensor, layers: str, thetas: Sequence[Tensor]) -> Tensor:
    """The same as `exact` for tensors, with gradients for the data angles and all class angles."""
    if layers == "S":
        return unentangled_fidelities(angles, thetas[0])
    return simulated_fidelities(angles, layers, thetas)


def simulated_fidelities(angles: Tensor, layers: str, thetas: Sequence[Tensor]) -> Tensor:
    """F by state vectors for any layer string.

    The gradient is worked out by hand in numpy rather than recorded gate by gate: at these sizes time goes to the
    number of calls. 2.9x over recorded torch operations (tests/bench/quantum_step.py, B = 32, m = 2, one thread).
    """
    result: Tensor = _Fidelity.apply(layers, angles, *thetas)  # type: ignore[no-untyped-call]
    return result


@dataclass(frozen=True, eq=False)
class _Trace:
    """What the gradient needs again."""

    factors: Array
    data: Array
    passage: Passage
    amplitudes: Array


class _Fidelity(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, layers: str, angles: Tensor, *thetas: Tensor) -> Tensor:
        ctx.layers = layers
        ctx.qubits = angles.shape[1]
        ctx.shapes = [theta.shape for theta in thetas]
        ctx.trace = _forward(layers, angles.detach().numpy(), [theta.detach().numpy() for theta in thetas])
        amplitudes = ctx.trace.amplitudes
        return torch.from_numpy(amplitudes.real**2 + amplitudes.imag**2)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        by_angle, by_first, by_later = _backward(ctx.layers, ctx.trace, slope.numpy())
        flat = by_later if by_first is None else np.concatenate([by_first.reshape(len(by_first), -1), by_later], axis=1)
        gradients, start = [], 0
        for shape in ctx.shapes:
            width = shape[1] * shape[2]
            gradients.append(torch.from_numpy(flat[:, start : start + width].reshape(shape)))
            start += width
        return None, torch.from_numpy(by_angle), *gradients


def _forward(layers: str, angles: Array, thetas: Sequence[Array]) -> _Trace:
    samples, qubits = angles.shape[:2]
    if layers[0] == "S":
        factors = qubit_factors(np.concatenate([angles, thetas[0]]))  # data and classes in one call
        products = kronecker(factors)
        data, start = products[:samples], products[samples:]
    else:
        factors = qubit_factors(angles)
        data = kronecker(factors)
        start = ground_states(len(thetas[0]), register_width(layers, thetas), thetas[0].dtype)
    passage = run_forward(start, generators(layers, qubits), later_angles(layers, thetas))
    return _Trace(factors, data, passage, data @ passage.steps[-1].conj().T)


def _backward(layers: str, trace: _Trace, slope: Array) -> tuple[Array, Array | None, Array]:
    """dL/d data angles, dL/d angles of a leading S layer if there is one, dL/d later angles; slope = dL/dF."""
    samples, qubits = len(trace.data), trace.factors.shape[1]
    weighted = slope * trace.amplitudes  # F = |G|² with G = Φ Ψ†
    to_data = weighted.conj() @ trace.passage.steps[-1].conj()
    to_classes = weighted.T @ trace.data.conj()
    to_start, by_later = run_backward(trace.passage, generators(layers, qubits), to_classes)
    if layers[0] != "S":
        return product_gradient(trace.factors, to_data), None, by_later
    by_product = product_gradient(trace.factors, np.concatenate([to_data, to_start]))
    return by_product[:samples], by_product[samples:], by_later
