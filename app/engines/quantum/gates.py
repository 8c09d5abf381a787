"""Rotations of a class circuit as exponentials of simple generators, applied to many states at once.

A cotangent is the array A of a real function L of states with dL = 2 Re Σ dψ·A (no conjugate in the product).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.quantum.ansatz import ansatz_gates

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Generator:
    """G of a gate exp(-i t/2 G) on 2^m amplitudes: (Gψ)_x = weight_x ψ_{partner_x}.

    `partner` is None where G is diagonal. `active` is False where a control switches the gate off, None when there is
    no control. `symmetric` says whether Gᵀ = G (else Gᵀ = -G).
    """

    weight: Array
    partner: Array | None
    active: Array | None
    symmetric: bool

    def applied(self, states: Array) -> Array:
        """Gψ for states (n, 2^m)."""
        return states * self.weight if self.partner is None else states[:, self.partner] * self.weight


@lru_cache(maxsize=64)
def generators(layers: str, qubits: int) -> tuple[Generator, ...]:
    """One for each gate of the circuit, without a leading S layer: that one makes a product state by itself."""
    skipped = 2 * qubits if layers.startswith("S") else 0
    return tuple(_generator(gate.name, gate.qubits, qubits) for gate in list(ansatz_gates(qubits, layers))[skipped:])


def run_forward(states: Array, gates: Sequence[Generator], angles: Array) -> list[Array]:
    """The states (n, 2^m) before the first gate and after each; angles (n, gates)."""
    cos, sin = _half_angles(angles)
    steps = [states]
    for number, gate in enumerate(gates):
        steps.append(_turned(steps[-1], gate, cos[:, number, None], sin[:, number, None]))
    return steps


def run_backward(
    steps: Sequence[Array], gates: Sequence[Generator], angles: Array, cotangent: Array
) -> tuple[Array, Array]:
    """The cotangent (n, 2^m) before the first gate and dL/d angles (n, gates), from that after the last gate."""
    cos, sin = _half_angles(angles)
    gradient = np.empty_like(angles)
    for number in reversed(range(len(gates))):
        gate = gates[number]
        # dψ/dt = -i/2 Gψ after the gate, as G commutes with its own exponential.
        gradient[:, number] = (gate.applied(steps[number + 1]) * cotangent).imag.sum(axis=1)
        # The transposed gate: exp(-i t/2 Gᵀ).
        turned = sin if gate.symmetric else -sin
        cotangent = _turned(cotangent, gate, cos[:, number, None], turned[:, number, None])
    return cotangent, gradient


def _half_angles(angles: Array) -> tuple[Array, Array]:
    half = angles * 0.5
    return np.cos(half), np.sin(half)


def _turned(states: Array, gate: Generator, cos: Array, sin: Array) -> Array:
    """cos ψ - i sin Gψ where the gate is active, ψ elsewhere."""
    kept = cos if gate.active is None else np.where(gate.active, cos, np.ones_like(cos))
    turned: Array = kept * states - (1j * sin) * gate.applied(states)
    return turned.astype(states.dtype, copy=False)


def _generator(name: str, places: tuple[int, ...], qubits: int) -> Generator:
    index = np.arange(2**qubits)
    bits = [(index >> (qubits - 1 - place)) & 1 for place in places]
    z = 1.0 - 2.0 * bits[-1]
    target = index ^ (1 << (qubits - 1 - places[-1]))
    if name == "RY":
        return Generator(-1j * z, target, None, symmetric=False)
    if name == "RZ":
        return Generator(z, None, None, symmetric=True)
    if name == "RYY":
        both = target ^ (1 << (qubits - 1 - places[0]))
        return Generator(2.0 * (bits[0] ^ bits[1]) - 1.0, both, None, symmetric=True)
    if name == "RZZ":
        return Generator(1.0 - 2.0 * (bits[0] ^ bits[1]), None, None, symmetric=True)
    on = bits[0].astype(bool)
    if name == "CRY":
        return Generator(-1j * z * on, target, on, symmetric=False)
    return Generator(z * on, None, on, symmetric=True)
