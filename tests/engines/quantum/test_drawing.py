"""The drawing of a circuit shows the gates that Qiskit would run, without Qiskit."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.engines.quantum.ansatz import ESTIMATORS, angle_count
from app.engines.quantum.circuits import overlap_template
from app.engines.quantum.drawing import circuit_columns, class_columns


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("m", "layers"), [(1, "S"), (2, "SD"), (3, "SDE"), (4, "ESD")])
def test_it_shows_the_gates_and_wires_of_the_real_circuit(m, layers, estimator):
    circuit = overlap_template(m, layers, estimator).circuit
    real = sorted(
        (step.operation.name.upper(), tuple(circuit.find_bit(qubit).index for qubit in step.qubits))
        for step in circuit.data
    )
    drawing = circuit_columns(m, layers, estimator)
    drawn = sorted((gate.name.upper(), gate.wires) for column in drawing.columns for gate in column)
    assert drawn == real
    assert len(drawing.wires) == circuit.num_qubits


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gates_of_a_column_do_not_cross(estimator):
    for column in circuit_columns(3, "SDESDE", estimator).columns:
        taken = [wire for gate in column for wire in range(min(gate.wires), max(gate.wires) + 1)]
        assert len(taken) == len(set(taken))


def test_every_class_angle_is_shown_once():
    names = [gate.parameter for column in class_columns(3, "SDE").columns for gate in column]
    assert sorted(names) == sorted(f"θ{k}" for k in range(angle_count(3, "SDE")))


def test_the_inversion_test_ends_with_the_class_circuit_backwards():
    gates = [gate for column in circuit_columns(1, "S", "inversion").columns for gate in column]
    assert [(gate.name, gate.parameter) for gate in gates] == [
        ("RY", "x0"),
        ("RZ", "x1"),
        ("RZ", "−θ1"),
        ("RY", "−θ0"),
        ("measure", ""),
    ]


def test_it_needs_neither_qiskit_nor_qt():
    probe = (
        "import sys; from app.engines.quantum.drawing import circuit_columns; circuit_columns(2, 'SD', 'ancilla');"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'qiskit', 'torch', 'PySide6', 'matplotlib'}))"
    )
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run([sys.executable, "-c", probe], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
