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
    """G of a gate exp(-i t/2 G) on 2^m amplitudes: (-i G ψ)_x = weight_x ψ_{partner_x}.

    `partner` is None where G is diagonal. `active` is False where a control switches the gate off, None when there is
    no control. `symmetric` says whether Gᵀ = G (else Gᵀ = -G).
    """

    weight: Array
    partner: Array | None
    active: Array | None
    symmetric: bool

    def applied(self, states: Array) -> Array:
        """-i Gψ for states (n, 2^m)."""
        return (states if self.partner is None else states.take(self.partner, axis=1)) * self.weight


@lru_cache(maxsize=64)
def generators(layers: str, qubits: int) -> tuple[Generator, ...]:
    """One for each gate of the circuit, without a leading S layer: that one makes a product state by itself."""
    skipped = 2 * qubits if layers.startswith("S") else 0
    return tuple(_generator(gate.name, gate.qubits, qubits) for gate in list(ansatz_gates(qubits, layers))[skipped:])


@dataclass(frozen=True, eq=False)
class Passage:
    """States (n, 2^m) before the first gate and after each, with cos and sin of the half angles (n, gates)."""

    steps: list[Array]
    cos: Array
    sin: Array


def run_forward(states: Array, gates: Sequence[Generator], angles: Array) -> Passage:
    """Send states (n, 2^m) through gates with angles (n, gates)."""
    half = angles * 0.5
    cos, sin = np.cos(half), np.sin(half)
    steps = [states]
    for number, gate in enumerate(gates):
        steps.append(_turned(steps[-1], gate, cos[:, number, None], sin[:, number, None]))
    return Passage(steps, cos, sin)


def run_backward(passage: Passage, gates: Sequence[Generator], cotangent: Array) -> tuple[Array, Array]:
    """The cotangent (n, 2^m) before the first gate and dL/d angles (n, gates), from that after the last gate."""
    cos, sin = passage.cos, passage.sin
    gradient = np.empty_like(cos)
    for number in reversed(range(len(gates))):
        gate = gates[number]
        # dψ/dt = -i/2 Gψ after the gate, as G commutes with its own exponential.
        gradient[:, number] = np.einsum("nx,nx->n", gate.applied(passage.steps[number + 1]), cotangent).real
        # The transposed gate: exp(-i t/2 Gᵀ).
        turned = sin[:, number, None]
        cotangent = _turned(cotangent, gate, cos[:, number, None], turned if gate.symmetric else -turned)
    return cotangent, gradient


def _turned(states: Array, gate: Generator, cos: Array, sin: Array) -> Array:
    """cos ψ - i sin Gψ where the gate is active, ψ elsewhere."""
    kept = cos if gate.active is None else np.where(gate.active, cos, np.ones_like(cos))
    if gate.partner is None:
        turned: Array = states * (sin * gate.weight + kept)
    else:
        turned = gate.applied(states)
        turned *= sin
        turned += kept * states
    return turned.astype(states.dtype, copy=False)


def _generator(name: str, places: tuple[int, ...], qubits: int) -> Generator:
    index = np.arange(2**qubits)
    bits = [(index >> (qubits - 1 - place)) & 1 for place in places]
    z = 1.0 - 2.0 * bits[-1]
    target = index ^ (1 << (qubits - 1 - places[-1]))
    if name == "RY":
        return Generator(-z, target, None, symmetric=False)
    if name == "RZ":
        return Generator(-1j * z, None, None, symmetric=True)
    if name == "RYY":
        both = target ^ (1 << (qubits - 1 - places[0]))
        return Generator(-1j * (2.0 * (bits[0] ^ bits[1]) - 1.0), both, None, symmetric=True)
    if name == "RZZ":
        return Generator(-1j * (1.0 - 2.0 * (bits[0] ^ bits[1])), None, None, symmetric=True)
    on = bits[0].astype(bool)
    if name == "CRY":
        return Generator(-z * on, target, on, symmetric=False)
    return Generator(-1j * z * on, None, on, symmetric=True)
