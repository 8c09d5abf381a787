"""Shots: estimates scatter as the formulas say, and counts are read in the right bit order."""

import time
from dataclasses import replace

import numpy as np
import pytest

from app.core import AssayError
from app.engines.quantum.ansatz import ESTIMATORS
from app.engines.quantum.regression import regress
from app.engines.quantum.sampling import abstentions, fidelity_from_counts, sample_fidelity, standard_error

SHOTS = 20_000


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_estimates_lie_within_four_standard_errors_of_the_exact_value(estimator):
    exact = np.linspace(0.01, 0.99, 40)
    measured = sample_fidelity(exact, estimator, SHOTS, np.random.default_rng(0))
    assert np.all(np.abs(measured - exact) < 4 * standard_error(exact, estimator, SHOTS))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_simulated_circuits_lie_within_four_standard_errors_of_the_exact_value(estimator):
    """The same with real circuits, as they are run on a device but without its noise, against the overlap of states.

    The E layer matters: Aer's parameter_binds are wrong for controlled rotations that are not transpiled.
    """
    from qiskit_aer import AerSimulator

    from app.engines.quantum.circuits import class_circuit, data_circuit, overlap_template, state_of
    from app.engines.quantum.devices import noisy_fidelity, open_device, prepare, run_through

    rng = np.random.default_rng(3)
    template = overlap_template(2, "SDE", estimator)
    ready = prepare(open_device("fake_manila"), template)
    ideal = replace(ready, simulator=AerSimulator())
    theta = rng.uniform(0, np.pi, (3, template.class_angles))
    angles = rng.uniform(0, np.pi, (4, 2, 2))
    measured = run_through(noisy_fidelity(ideal, theta, angles, shots=SHOTS, seed=1))
    classes = np.array([state_of(class_circuit(2, "SDE", row)) for row in theta])
    data = np.array([state_of(data_circuit(2, x.ravel())) for x in angles])
    exact = np.abs(data @ classes.conj().T) ** 2
    assert np.all(np.abs(measured - exact) < 4 * standard_error(exact, estimator, SHOTS))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("exact", [0.0, 0.3, 0.97])
def test_the_scatter_is_the_standard_error(estimator, exact):
    many = sample_fidelity(np.full(20_000, exact), estimator, 100, np.random.default_rng(1))
    assert many.std() == pytest.approx(float(standard_error(np.array(exact), estimator, 100)), rel=0.03, abs=1e-12)
    assert many.mean() == pytest.approx(exact, abs=4 * many.std() / np.sqrt(20_000) + 1e-12)


def test_swap_tests_of_orthogonal_states_may_be_negative():
    measured = sample_fidelity(np.zeros(100), "ancilla", 100, np.random.default_rng(0))
    assert measured.min() < 0


def test_the_same_seed_gives_the_same_shots():
    exact = np.full((3, 2), 0.5)
    first, second = (sample_fidelity(exact, "ancilla", 1000, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_thousand_samples_of_ten_classes_follow_a_slider():
    exact = np.random.default_rng(0).random((1000, 10))
    begun = time.process_time()
    sample_fidelity(exact, "inversion", 1024, np.random.default_rng(0))
    assert time.process_time() - begun < 0.05


def test_counts_of_the_destructive_test_pair_bit_i_with_bit_m_plus_i():
    m = 2
    assert fidelity_from_counts({0b0101: 10}, "destructive", m) == -1  # class 0 and data 0
    assert fidelity_from_counts({0b1001: 10}, "destructive", m) == 1  # class 0 and data 1 do not meet
    assert fidelity_from_counts({0b1111: 10}, "destructive", m) == 1  # two meetings cancel
    assert fidelity_from_counts({0b0000: 30, 0b1010: 10}, "destructive", m) == 0.5


def test_counts_of_the_other_tests_are_shares_of_zeros():
    assert fidelity_from_counts({0: 75, 1: 25}, "ancilla", 2) == 0.5
    assert fidelity_from_counts({0: 25, 3: 75}, "inversion", 2) == 0.25
    assert fidelity_from_counts({1: 100}, "ancilla", 2) == -1


def test_a_circuit_without_counts_is_refused():
    with pytest.raises(AssayError, match="without counts"):
        fidelity_from_counts({}, "ancilla", 2)


def test_close_races_abstain_and_clear_ones_do_not():
    estimates = np.array([[0.50, 0.49, 0.1], [0.9, 0.2, 0.1], [1.0, 0.999, 0.0]])
    assert abstentions(estimates, "inversion", 1000).tolist() == [True, False, True]


def test_a_line_through_attenuated_fidelities_is_found():
    exact = np.linspace(0, 1, 11)
    line = regress(0.6 * exact + 0.1, exact)
    assert (line.slope, line.offset, line.points) == (pytest.approx(0.6), pytest.approx(0.1), 11)
    assert line.rmse == pytest.approx(np.sqrt(np.mean((0.1 - 0.4 * exact) ** 2)))


def test_no_line_is_drawn_through_equal_fidelities():
    with pytest.raises(AssayError, match="all the same"):
        regress(np.array([0.1, 0.2]), np.array([0.5, 0.5]))
