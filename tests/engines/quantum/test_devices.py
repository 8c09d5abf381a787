"""Offline devices: golden noise figures, progress, stopping, and what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core import AssayError
from app.engines.quantum.ansatz import ESTIMATORS, flatten_angles
from app.engines.quantum.circuits import overlap_template, parameter_rows
from app.engines.quantum.devices import DEVICES, noisy_fidelity, noisy_rows, open_device, prepare, run_through
from app.engines.quantum.mitigation import calibrate, known_pairs
from app.engines.quantum.regression import regress

GOLDEN_NAMES = {"ancilla": "ancilla_swap", "destructive": "destructive_swap", "inversion": "inversion"}
SLOPE, OFFSET = 0.08, 0.03  # tolerances of the golden file: statistics and versions


@pytest.fixture(scope="module")
def overlap(golden):
    record = json.loads((golden / "cotenqu" / "noise_overlap.json").read_text(encoding="utf-8"))
    return np.array(record["values"]), np.array(record["F_exact"]), record["results"]


def ready(device, estimator, layers="SD", m=2):
    return prepare(open_device(device), overlap_template(m, layers, estimator), seed=1)


@pytest.fixture(scope="module")
def manila_lines(overlap):
    rows, exact, _ = overlap
    measured = {
        estimator: run_through(noisy_rows(ready("fake_manila", estimator), rows, shots=8192, seed=0))
        for estimator in ESTIMATORS
    }
    return {estimator: regress(values, exact) for estimator, values in measured.items()}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_fake_manila_attenuates_as_in_the_golden_file(estimator, manila_lines, overlap):
    stored = overlap[2][f"fake_manila/{GOLDEN_NAMES[estimator]}"]
    assert manila_lines[estimator].slope == pytest.approx(stored["slope_mean"], abs=SLOPE)
    assert manila_lines[estimator].offset == pytest.approx(stored["offset_mean"], abs=OFFSET)


def test_shallower_tests_keep_more_of_the_fidelity(manila_lines):
    slopes = [manila_lines[estimator].slope for estimator in ("ancilla", "destructive", "inversion")]
    assert slopes == sorted(slopes)
    assert slopes[0] <= 0.75
    assert slopes[2] >= 0.85


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("device", ["fake_lima", "fake_jakarta"])
def test_other_devices_attenuate_as_in_the_golden_file(device, estimator, overlap):
    rows, exact, stored = overlap
    line = regress(run_through(noisy_rows(ready(device, estimator), rows, shots=8192, seed=0)), exact)
    assert line.slope == pytest.approx(stored[f"{device}/{GOLDEN_NAMES[estimator]}"]["slope_mean"], abs=SLOPE)
    assert line.offset == pytest.approx(stored[f"{device}/{GOLDEN_NAMES[estimator]}"]["offset_mean"], abs=OFFSET)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_transpiled_circuits_are_as_large_as_the_golden_ones(estimator, overlap):
    stored = overlap[2][f"fake_manila/{GOLDEN_NAMES[estimator]}"]
    fitted = ready("fake_manila", estimator)
    assert min(stored["two_qubit_gates"]) - 2 <= fitted.two_qubit_gates <= max(stored["two_qubit_gates"]) + 2
    assert abs(fitted.depth - stored["depth"][0]) <= 8
    assert fitted.qubits == stored["qubits"]
    assert 1e-6 < fitted.duration_s < 1e-4


@pytest.mark.slow
def test_a_trained_ten_class_model_loses_at_most_three_points_by_inversion(golden):
    model = np.load(golden / "cotenqu" / "trained_digits_10class.npz")
    theta = flatten_angles([model["theta0"], model["theta1"]])
    some = np.random.default_rng(0).permutation(len(model["y"]))[:200]
    noisy = run_through(
        noisy_fidelity(ready("fake_manila", "inversion"), theta, model["angles"][some], shots=1024, seed=0)
    )
    assert regress(noisy, model["F"][some]).slope > 0.85
    before, after = ((values.argmax(axis=1) == model["y"][some]).mean() for values in (model["F"][some], noisy))
    assert after >= before - 0.03


def pairs(classes=2, samples=3):
    rng = np.random.default_rng(5)
    return rng.uniform(0, np.pi, (classes, 6)), rng.uniform(0, np.pi, (samples, 2, 2))


def test_the_same_seed_gives_the_same_estimates():
    theta, angles = pairs()
    fitted = ready("fake_manila", "inversion")
    first, second, other = (
        run_through(noisy_fidelity(fitted, theta, angles, shots=500, seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_estimates_sit_where_their_sample_and_class_are():
    """One class equals one sample; the large fidelity must be found at that place only."""
    theta = np.array([[0, 0, 0, 0], [np.pi, 0, 0, 0], [0, 0, np.pi, 0]], dtype=float)
    angles = np.array([[[0, 0], [np.pi, 0]], [[np.pi, 0], [0, 0]]], dtype=float)
    for estimator in ESTIMATORS:
        noisy = run_through(
            noisy_fidelity(ready("fake_manila", estimator, layers="S"), theta, angles, shots=500, seed=0)
        )
        assert noisy.shape == (2, 3)
        assert noisy.argmax(axis=1).tolist() == [2, 1]


def test_progress_counts_circuits_and_may_be_closed():
    theta, angles = pairs()
    work = noisy_fidelity(ready("fake_manila", "inversion"), theta, angles, shots=100, seed=0, batch=2)
    assert [next(work), next(work)] == [2, 4]
    work.close()
    with pytest.raises(StopIteration):
        next(work)


@pytest.mark.parametrize("device", ["fake_jakarta", pytest.param("fake_torino", marks=pytest.mark.slow)])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_noise_of_the_used_qubits_gives_the_counts_of_the_whole_noise_model(device, estimator, overlap):
    from qiskit_aer import AerSimulator

    fitted = ready(device, estimator)
    whole = replace(fitted, simulator=AerSimulator.from_backend(fitted.device.backend))
    some = overlap[0][:5]
    first, second = (run_through(noisy_rows(each, some, shots=1000, seed=3)) for each in (fitted, whole))
    assert np.array_equal(first, second)


def test_a_device_is_opened_once():
    assert open_device("fake_manila") is open_device("fake_manila")


def test_an_unknown_device_is_refused_with_the_known_ones():
    with pytest.raises(AssayError, match="no offline device") as refusal:
        open_device("fake_atlantis")
    assert "fake_manila" in refusal.value.remedy


def test_a_circuit_larger_than_the_device_is_refused():
    with pytest.raises(AssayError, match="needs 7 qubits, fake_manila has 5"):
        prepare(open_device("fake_manila"), overlap_template(3, "SD", "ancilla"))


def test_the_list_of_devices_is_true_and_starts_small():
    from qiskit_ibm_runtime import fake_provider

    known = {getattr(made, "backend_name", ""): made for made in vars(fake_provider).values() if isinstance(made, type)}
    for device in DEVICES:
        made = known[device.name]
        record = json.loads((Path(made.dirname) / made.conf_filename).read_text(encoding="utf-8"))
        assert (record["n_qubits"], device.gate in record["basis_gates"]) == (device.qubits, True), device
    assert DEVICES[0].name == "fake_manila"
    assert DEVICES[0].qubits == min(device.qubits for device in DEVICES)


def test_the_module_of_devices_imports_light():
    probe = (
        "import sys; import app.engines.quantum.devices, app.engines.quantum.ibm_measurement as last;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'qiskit', 'qiskit_aer', 'qiskit_ibm_runtime', 'torch'}))"
    )
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run([sys.executable, "-c", probe], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("layers", ["S", "SD", "DSE", "SDS", "DE"])
def test_known_pairs_have_the_fidelity_they_claim(layers):
    from app.engines.quantum.circuits import class_circuit, data_circuit, state_of

    known = known_pairs(3, layers, 5, np.random.default_rng(0))
    for theta, angles, fidelity in zip(known.theta, known.angles, known.fidelity, strict=True):
        overlap = np.vdot(state_of(class_circuit(3, layers, theta)), state_of(data_circuit(3, angles.ravel())))
        assert abs(overlap) ** 2 == pytest.approx(fidelity, abs=1e-12)
    assert known.rows.shape == (10, known.theta.shape[1] + 6)


def test_calibration_brings_the_ancilla_test_back_to_the_diagonal(overlap):
    rows, exact, _ = overlap
    fitted = ready("fake_manila", "ancilla")
    known = known_pairs(2, "SD", 10, np.random.default_rng(0))
    calibration = calibrate(run_through(noisy_rows(fitted, known.rows, shots=8192, seed=2)), known)
    noisy = run_through(noisy_rows(fitted, rows, shots=8192, seed=0))
    before, after = regress(noisy, exact), regress(calibration.correct(noisy), exact)
    assert after.rmse < 0.5 * before.rmse
    assert after.slope == pytest.approx(1, abs=0.12)


def test_a_device_that_tells_nothing_apart_cannot_be_calibrated():
    known = known_pairs(2, "SD", 4, np.random.default_rng(0))
    with pytest.raises(AssayError, match="hardly tells"):
        calibrate(np.full(8, 0.5) + 0.01 * known.fidelity, known)


def test_rows_may_be_any_pairs_of_class_and_sample():
    theta, angles = pairs(classes=1, samples=2)
    fitted = ready("fake_manila", "inversion")
    grid = run_through(noisy_fidelity(fitted, theta, angles, shots=300, seed=4))
    rows = run_through(noisy_rows(fitted, parameter_rows(theta, angles), shots=300, seed=4))
    assert np.array_equal(grid.ravel(), rows)
