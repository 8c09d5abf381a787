"""Which gates a layer string stands for, and in which order its angles come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from app.core import AssayError

Floats = NDArray[np.float64]

Estimator = Literal["ancilla", "destructive", "inversion"]
"""How a machine measures the overlap of two states: SWAP test, destructive SWAP test, inversion test."""

ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)

LAYERS = {"S": ("RY", "RZ"), "D": ("RYY", "RZZ"), "E": ("CRY", "CRZ")}
"""Letter → the two gates it puts on every qubit (S) or on every pair of neighbours (D, E); method 2.4."""

MOST_LAYERS = 6

OUTCOME_BITS = "c"
"""Name of the classical register of every overlap circuit; results are read from it."""


@dataclass(frozen=True, slots=True)
class AnsatzGate:
    """One rotation of a class circuit. `qubits` count from 0 in the class register, control first; `angle` is the
    position of its angle in the flat list of a class; `layer` is the position of its letter."""

    name: str
    qubits: tuple[int, ...]
    angle: int
    layer: int


def check_layers(m: int, layers: str) -> None:
    """Raise AssayError unless `layers` is 1 to 6 letters of S, D, E and `m` is at least 1."""
    if m < 1:
        raise AssayError(f"A state of {m} qubits cannot be made", remedy="Use at least one qubit (two features).")
    strange = sorted(set(layers) - set(LAYERS))
    if strange or not 1 <= len(layers) <= MOST_LAYERS:
        raise AssayError(
            f"“{layers}” is no layer string",
            why=f"unknown letter {', '.join(strange)}" if strange else f"it has {len(layers)} letters",
            remedy=f"Use 1 to {MOST_LAYERS} letters of S (one qubit), D (pairs), E (controlled pairs), such as SD.",
        )


def ansatz_gates(m: int, layers: str) -> Iterator[AnsatzGate]:
    """The gates of a class circuit on `m` qubits in the order of application, which is also that of the angles.

    S: RY, RZ on each qubit. D: RYY, RZZ and E: CRY, CRZ on each pair (q, q+1); the control is a class qubit.
    """
    check_layers(m, layers)
    angle = 0
    for layer, letter in enumerate(layers):
        places = [(q,) for q in range(m)] if letter == "S" else [(q, q + 1) for q in range(m - 1)]
        for qubits in places:
            for name in LAYERS[letter]:
                yield AnsatzGate(name, qubits, angle, layer)
                angle += 1


def angle_count(m: int, layers: str) -> int:
    """P, the number of angles of one class."""
    return sum(1 for _ in ansatz_gates(m, layers))


def flatten_angles(layers: Sequence[Floats]) -> Floats:
    """One array (C, places, 2) per letter → (C, P), the order of `ansatz_gates`."""
    return np.concatenate([np.asarray(layer, dtype=float).reshape(len(layer), -1) for layer in layers], axis=1)


def qubit_count(m: int, estimator: Estimator) -> int:
    """Qubits of the overlap circuit of two `m`-qubit states."""
    return {"ancilla": 2 * m + 1, "destructive": 2 * m, "inversion": m}[estimator]
