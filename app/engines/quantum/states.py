"""Quantum states of the data and of the classes, in plain numpy.

Register qubit 0 is the most significant bit of a state's index. RZ(t) = diag(e^{-it/2}, e^{+it/2}), RYY(t) =
exp(-i t/2 Y⊗Y), RZZ likewise; CRY and CRZ are controlled by qubit q and act on q + 1 (method 2.4).
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.engines.quantum.ansatz import check_layers
from app.engines.quantum.gates import generators, run_forward

Array = NDArray[Any]
StateRange = Literal["pi", "2pi"]

MOST_QUBITS = 12


def angle_shapes(layers: str, qubits: int) -> tuple[tuple[int, int], ...]:
    """(rotations, 2) for each letter of `layers`; raises AssayError for a string that names no circuit."""
    check_layers(qubits, layers)
    return tuple((qubits if letter == "S" else qubits - 1, 2) for letter in layers)


def register_width(layers: str, thetas: Sequence[Array]) -> int:
    """m, read off the angles of the first letter."""
    return int(thetas[0].shape[1]) + (layers[0] != "S")


def check_size(qubits: int, rows: int) -> None:
    """Refuse more than 12 qubits per state, saying what `rows` states would need in memory."""
    if qubits > MOST_QUBITS:
        raise AssayError(
            f"{qubits} qubits per state is more than exact simulation takes here",
            why=f"{rows} states of 2^{qubits} amplitudes need {rows * 2**qubits * 16 / 1e9:.3g} GB",
            remedy=f"Use at most {2 * MOST_QUBITS} features ({MOST_QUBITS} qubits)",
        )


def draw_angles(
    layers: str, qubits: int, classes: int, rng: np.random.Generator, reach: StateRange = "pi"
) -> tuple[Array, ...]:
    """Initial angles, one (classes, rotations, 2) array per letter, uniform over (0, π) or (0, 2π)."""
    top = np.pi if reach == "pi" else 2 * np.pi
    return tuple(rng.uniform(0, top, (classes, *shape)) for shape in angle_shapes(layers, qubits))


def product_states(angles: Array) -> Array:
    """States (n, 2^m) of qubits turned by RY(angles[:, q, 0]) then RZ(angles[:, q, 1]) from |0>; angles (n, m, 2)."""
    return kronecker(qubit_factors(angles))


def class_states(layers: str, thetas: Sequence[Array]) -> Array:
    """States (classes, 2^m) of the layer string from one (classes, rotations, 2) array per letter."""
    qubits = register_width(layers, thetas)
    start = product_states(thetas[0]) if layers[0] == "S" else ground_states(len(thetas[0]), qubits, thetas[0].dtype)
    return run_forward(start, generators(layers, qubits), later_angles(layers, thetas)).steps[-1]


def bloch_vectors(states: Array) -> Array:
    """Arrows (n, m, 3) of each qubit's reduced state from `states` (n, 2^m); shorter than 1 where it is entangled."""
    count, size = states.shape
    qubits = size.bit_length() - 1
    arrows = np.empty((count, qubits, 3), dtype=states.real.dtype)
    for qubit in range(qubits):
        split = states.reshape(count, 2**qubit, 2, -1)
        zero, one = split[:, :, 0], split[:, :, 1]
        across = (zero.conj() * one).sum(axis=(1, 2))
        arrows[:, qubit, 0] = 2 * across.real
        arrows[:, qubit, 1] = 2 * across.imag
        arrows[:, qubit, 2] = (np.abs(zero) ** 2 - np.abs(one) ** 2).sum(axis=(1, 2))
    return arrows


def ground_states(count: int, qubits: int, angle_type: Any = np.float64) -> Array:
    """|0…0> `count` times, (count, 2^qubits)."""
    states = np.zeros((count, 2**qubits), dtype=np.result_type(angle_type, np.complex64))
    states[:, 0] = 1
    return states


def later_angles(layers: str, thetas: Sequence[Array]) -> Array:
    """All angles after a leading S layer side by side, (classes, gates)."""
    rest = thetas[1:] if layers[0] == "S" else thetas
    classes = len(thetas[0])
    if not rest:
        return np.empty((classes, 0), dtype=thetas[0].dtype)
    return np.concatenate([theta.reshape(classes, -1) for theta in rest], axis=1)


def qubit_factors(angles: Array) -> Array:
    """The two amplitudes (n, m, 2) of every qubit: cos(a/2) e^{-ib/2} and sin(a/2) e^{+ib/2}."""
    half = angles * 0.5
    cos, sin = np.cos(half), np.sin(half)
    factors = np.empty(angles.shape, dtype=np.result_type(angles.dtype, np.complex64))
    real, imaginary = factors.real, factors.imag
    np.multiply(cos[..., 0], cos[..., 1], out=real[..., 0])
    np.multiply(sin[..., 0], cos[..., 1], out=real[..., 1])
    np.multiply(cos[..., 0], -sin[..., 1], out=imaginary[..., 0])
    np.multiply(sin[..., 0], sin[..., 1], out=imaginary[..., 1])
    return factors


def kronecker(factors: Array) -> Array:
    """Product states (n, 2^m) of qubit amplitudes (n, m, 2)."""
    states: Array = factors[:, 0]
    for qubit in range(1, factors.shape[1]):
        states = (states[:, :, None] * factors[:, qubit, None, :]).reshape(len(states), -1)
    return states


def product_gradient(factors: Array, cotangent: Array) -> Array:
    """dL/d angles (n, m, 2) of the product states of `factors`, from their cotangent (n, 2^m); see gates.py."""
    around = np.empty_like(factors)
    _surroundings(cotangent, factors, 0, factors.shape[1], around)
    gradient = np.empty(factors.shape, dtype=factors.real.dtype)
    # dv/da = (-v1*, v0*)/2 and dv/db = (-i v0, i v1)/2
    crossed = around * factors[..., ::-1].conj()
    phased = around * factors
    np.subtract(crossed.real[..., 1], crossed.real[..., 0], out=gradient[..., 0])
    np.subtract(phased.imag[..., 0], phased.imag[..., 1], out=gradient[..., 1])
    return gradient


def _surroundings(cotangent: Array, factors: Array, first: int, last: int, out: Array) -> None:
    """Write into out[:, q] the cotangent (n, 2^(last - first)) contracted with the factors of all qubits but q.

    Halving the register keeps this O(2^m) for all qubits together.
    """
    if last - first == 1:
        out[:, first] = cotangent
        return
    middle = (first + last) // 2
    grid = cotangent.reshape(len(cotangent), 2 ** (middle - first), -1)
    left, right = kronecker(factors[:, first:middle]), kronecker(factors[:, middle:last])
    _surroundings(np.matmul(grid, right[:, :, None])[:, :, 0], factors, first, middle, out)
    _surroundings(np.matmul(left[:, None, :], grid)[:, 0], factors, middle, last, out)
