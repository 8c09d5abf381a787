"""Circuits: their states, their bit order, and the fidelity that each overlap test measures."""

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from app.core import AssayError
from app.engines.quantum.ansatz import ESTIMATORS, angle_count, ansatz_gates, flatten_angles, qubit_count
from app.engines.quantum.circuits import (
    bound_columns,
    class_circuit,
    data_circuit,
    overlap_template,
    parameter_rows,
    state_of,
)
from app.engines.quantum.sampling import fidelity_from_counts


def bound(template, row):
    values = dict(zip(template.circuit.parameters, row[bound_columns(template.circuit, template.class_angles)]))
    return template.circuit.assign_parameters(values)


def exact_estimate(template, row):
    """What infinitely many shots give: the exact distribution of the measured bits put in as counts."""
    circuit = bound(template, row)
    measured = range(circuit.num_clbits)
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    probabilities = state.probabilities(list(measured))
    return fidelity_from_counts(dict(enumerate(probabilities)), template.estimator, template.m)


def overlap(m, layers, theta, angles):
    return abs(np.vdot(state_of(class_circuit(m, layers, theta)), state_of(data_circuit(m, angles.ravel())))) ** 2


CASES = [(1, "S"), (1, "DS"), (2, "SD"), (2, "E"), (3, "SDE"), (3, "ESDS"), (4, "DSE"), (5, "SDESDE"), (5, "SD")]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("m", "layers"), CASES)
def test_every_overlap_test_measures_the_squared_overlap(m, layers, estimator):
    rng = np.random.default_rng(m)
    theta = rng.uniform(0, np.pi, angle_count(m, layers))
    angles = rng.uniform(0, np.pi, (m, 2))
    row = parameter_rows(theta[None], angles[None])[0]
    measured = exact_estimate(overlap_template(m, layers, estimator), row)
    assert measured == pytest.approx(overlap(m, layers, theta, angles), abs=1e-10)


def test_states_equal_the_golden_ones(golden):
    """Golden states are written with qubit 0 as the most significant bit."""
    file = np.load(golden / "cotenqu" / "fidelity_and_gradients.npz")
    blocks = sorted({key.rsplit("_x", 1)[0] for key in file.files if key.endswith("_x") and "dF" not in key})
    assert len(blocks) >= 3
    for block in blocks:
        m, layers = int(block[1]), block.split("_")[1]
        theta = flatten_angles([file[f"{block}_theta{i}"] for i in range(len(layers))])
        for k, (class_angles, x) in enumerate(zip(theta, file[f"{block}_x"], strict=True)):
            np.testing.assert_allclose(
                state_of(class_circuit(m, layers, class_angles)), file[f"{block}_class_state"][k], atol=1e-10
            )
            np.testing.assert_allclose(state_of(data_circuit(m, x.ravel())), file[f"{block}_data_state"][k], atol=1e-10)
            row = parameter_rows(class_angles[None], x[None])[0]
            ancilla = exact_estimate(overlap_template(m, layers, "ancilla"), row)
            assert ancilla == pytest.approx(file[f"{block}_F_qiskit"][k], abs=1e-10)
            assert (1 + ancilla) / 2 == pytest.approx(file[f"{block}_p0_swaptest"][k], abs=1e-10)


def test_qubit_0_is_the_most_significant_bit_of_an_amplitude_index():
    flipped_first = state_of(data_circuit(3, [np.pi, 0, 0, 0, 0, 0]))
    assert np.argmax(np.abs(flipped_first)) == 0b100
    flipped_last = state_of(data_circuit(3, [0, 0, 0, 0, np.pi, 0]))
    assert np.argmax(np.abs(flipped_last)) == 0b001


def test_qubit_0_is_measured_into_the_least_significant_bit_of_a_count():
    """An asymmetric class state, |100>, against |000>: only bit 0 of the inversion test is set."""
    template = overlap_template(3, "S", "inversion")
    row = parameter_rows(np.array([[np.pi, 0, 0, 0, 0, 0]]), np.zeros((1, 3, 2)))[0]
    circuit = bound(template, row).remove_final_measurements(inplace=False)
    assert np.argmax(Statevector(circuit).probabilities()) == 0b001


def test_class_qubit_0_meets_data_qubit_0():
    """|10> overlaps fully with |10> and not at all with |01>, in every test."""
    first, second = np.array([[np.pi, 0, 0, 0]]), np.array([[[0, 0], [np.pi, 0]]])
    for estimator in ESTIMATORS:
        template = overlap_template(2, "S", estimator)
        same = exact_estimate(template, parameter_rows(first, first.reshape(1, 2, 2))[0])
        crossed = exact_estimate(template, parameter_rows(first, second)[0])
        assert (same, crossed) == (pytest.approx(1), pytest.approx(0))


def test_controlled_gates_stay_between_class_qubits():
    template = overlap_template(3, "SE", "ancilla")
    for step in template.circuit.data:
        wires = [template.circuit.find_bit(qubit).index for qubit in step.qubits]
        if step.operation.name in {"cry", "crz"}:
            assert wires[1] == wires[0] + 1
            assert set(wires) <= {1, 2, 3}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_circuit_has_the_qubits_and_bits_it_promises(estimator):
    circuit = overlap_template(2, "SD", estimator).circuit
    assert (
        circuit.num_qubits == qubit_count(2, estimator) == {"ancilla": 5, "destructive": 4, "inversion": 2}[estimator]
    )
    assert circuit.num_clbits == {"ancilla": 1, "destructive": 4, "inversion": 2}[estimator]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_columns_are_class_angles_then_data_angles(estimator):
    template = overlap_template(4, "SDESDE", estimator)
    assert bound_columns(template.circuit, template.class_angles) == list(range(template.class_angles + 8))


def test_rows_run_over_classes_fastest():
    theta = np.arange(6.0).reshape(3, 2)
    angles = 100 + np.arange(4.0).reshape(2, 1, 2)
    rows = parameter_rows(theta, angles)
    assert rows.shape == (6, 4)
    assert rows[1 * 3 + 2].tolist() == [4, 5, 102, 103]


def test_angles_are_counted_as_in_the_method():
    m = 4
    assert angle_count(m, "S") == 2 * m
    assert angle_count(m, "SD") == 2 * m + 2 * (m - 1)
    assert angle_count(m, "SDE") == 2 * m + 4 * (m - 1)
    assert [gate.angle for gate in ansatz_gates(m, "SDE")] == list(range(angle_count(m, "SDE")))


@pytest.mark.parametrize("layers", ["", "X", "sd", "SDSDSDS"])
def test_a_wrong_layer_string_is_refused_in_words(layers):
    with pytest.raises(AssayError, match="is no layer string"):
        overlap_template(2, layers, "ancilla")
