"""Qiskit circuits of the class states, the data states and their three overlap tests.

Register qubit q of a state is qubit `first + q` of the circuit. Amplitudes elsewhere in this engine count register
qubit 0 as the most significant bit; Qiskit counts it as the least significant one: `state_of` turns them round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Statevector

from app.engines.quantum.ansatz import OUTCOME_BITS, Estimator, Floats, angle_count, ansatz_gates, qubit_count

CLASS_ANGLES = "theta"
DATA_ANGLES = "x"


@dataclass(frozen=True)
class Template:
    """An overlap circuit with free class angles (P) and data angles (2m): bound once per pair of class and sample."""

    circuit: QuantumCircuit
    estimator: Estimator
    m: int
    layers: str

    @property
    def class_angles(self) -> int:
        """P: the first columns of `parameter_rows`; the 2m data angles follow."""
        return angle_count(self.m, self.layers)


def overlap_template(m: int, layers: str, estimator: Estimator) -> Template:
    """The circuit that measures F = |<class|data>|² of two `m`-qubit states (method 2.5).

    ancilla: 2m+1 qubits (0 ancilla, 1..m class, m+1..2m data), one classical bit, P(0) = (1 + F)/2.
    destructive: 2m qubits (0..m-1 class, m..2m-1 data), 2m bits; F is the mean of (-1)^(Σ a_i b_i).
    inversion: m qubits, m bits, F = P(0…0).
    """
    theta = ParameterVector(CLASS_ANGLES, angle_count(m, layers))
    data = ParameterVector(DATA_ANGLES, 2 * m)
    build = {"ancilla": _ancilla, "destructive": _destructive, "inversion": _inversion}[estimator]
    circuit = build(m, layers, theta, data)
    circuit.name = f"{estimator}-{layers}-{m}"
    return Template(circuit, estimator, m, layers)


def class_circuit(m: int, layers: str, theta: Sequence[float] | None = None) -> QuantumCircuit:
    """The state of one class on `m` qubits; with `theta` (P,) bound to its angles, else free."""
    circuit = QuantumCircuit(m, name=f"class-{layers}")
    _prepare_class(circuit, layers, m, ParameterVector(CLASS_ANGLES, angle_count(m, layers)), 0)
    return circuit if theta is None else circuit.assign_parameters([float(angle) for angle in theta])


def data_circuit(m: int, angles: Sequence[float] | None = None) -> QuantumCircuit:
    """The product state of one sample: RY(angles[2q]), then RZ(angles[2q+1]) on qubit q (method 2.3)."""
    circuit = QuantumCircuit(m, name="data")
    _prepare_data(circuit, m, ParameterVector(DATA_ANGLES, 2 * m), 0)
    return circuit if angles is None else circuit.assign_parameters([float(angle) for angle in angles])


def parameter_rows(theta: Floats, angles: Floats) -> Floats:
    """theta (C, P) and angles (N, m, 2) → (N·C, P+2m): row n·C + c holds the angles of class c, then of sample n."""
    classes, samples = len(theta), len(angles)
    flat = np.asarray(angles, dtype=float).reshape(samples, -1)
    return np.concatenate([np.tile(theta, (samples, 1)), np.repeat(flat, classes, axis=0)], axis=1)


def bound_columns(circuit: QuantumCircuit, class_angles: int) -> list[int]:
    """For each of `circuit.parameters` the column of `parameter_rows` that holds its value.

    Qiskit sorts vectors by name ("theta" before "x"), so this is 0, 1, 2, …; it is worked out from the parameters all
    the same, because a transpiler is free to drop an angle that does not act on the outcome.
    """
    first = {CLASS_ANGLES: 0, DATA_ANGLES: class_angles}
    return [first[parameter.vector.name] + parameter.index for parameter in circuit.parameters]


def state_of(circuit: QuantumCircuit) -> NDArray[np.complex128]:
    """Amplitudes (2^n,) of a circuit without free angles; qubit 0 is the most significant bit of the index."""
    return np.asarray(Statevector(circuit).reverse_qargs().data)


def _ancilla(m: int, layers: str, theta: Any, data: Any) -> QuantumCircuit:
    circuit = QuantumCircuit(qubit_count(m, "ancilla"))
    _prepare_class(circuit, layers, m, theta, 1)
    _prepare_data(circuit, m, data, m + 1)
    circuit.h(0)
    for q in range(m):
        circuit.cswap(0, 1 + q, 1 + m + q)
    circuit.h(0)
    _measure(circuit, 1)
    return circuit


def _destructive(m: int, layers: str, theta: Any, data: Any) -> QuantumCircuit:
    circuit = QuantumCircuit(qubit_count(m, "destructive"))
    _prepare_class(circuit, layers, m, theta, 0)
    _prepare_data(circuit, m, data, m)
    for q in range(m):
        circuit.cx(q, m + q)
        circuit.h(q)
    _measure(circuit, 2 * m)
    return circuit


def _inversion(m: int, layers: str, theta: Any, data: Any) -> QuantumCircuit:
    circuit = QuantumCircuit(qubit_count(m, "inversion"))
    _prepare_data(circuit, m, data, 0)
    inverse = QuantumCircuit(m)
    _prepare_class(inverse, layers, m, theta, 0)
    circuit.compose(inverse.inverse(), inplace=True)
    _measure(circuit, m)
    return circuit


def _prepare_class(circuit: QuantumCircuit, layers: str, m: int, theta: Any, first: int) -> None:
    for gate in ansatz_gates(m, layers):
        apply = getattr(circuit, gate.name.lower())
        apply(theta[gate.angle], *(first + q for q in gate.qubits))


def _prepare_data(circuit: QuantumCircuit, m: int, data: Any, first: int) -> None:
    for q in range(m):
        circuit.ry(data[2 * q], first + q)
        circuit.rz(data[2 * q + 1], first + q)


def _measure(circuit: QuantumCircuit, bits: int) -> None:
    """Measure qubits 0 … bits-1 into bits of the same number."""
    circuit.add_register(ClassicalRegister(bits, OUTCOME_BITS))
    circuit.measure(range(bits), range(bits))
