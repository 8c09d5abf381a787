"""Table D of the method again, with times: `python -m tests.bench.quantum_noise` (about a minute on one core).

Slopes of noisy on exact fidelity, sizes after transpiling, and circuits per second, per offline device and overlap
test; then shots without a circuit, the trained ten-class model, and opening a large device with the noise of all its
qubits against the noise of the used ones.
"""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.engines.quantum.ansatz import ESTIMATORS, flatten_angles
from app.engines.quantum.circuits import overlap_template
from app.engines.quantum.devices import Prepared, noisy_fidelity, noisy_rows, open_device, prepare, run_through
from app.engines.quantum.regression import regress
from app.engines.quantum.sampling import sample_fidelity

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cotenqu"
DEVICES = ("fake_manila", "fake_lima", "fake_jakarta", "fake_torino")
TRAINED_DEVICES = ("fake_manila", "fake_quito")


def main() -> None:
    record = json.loads((GOLDEN / "noise_overlap.json").read_text(encoding="utf-8"))
    rows, exact = np.array(record["values"]), np.array(record["F_exact"])
    print(f"{'device':14}{'test':13}{'slope':>7}{'offset':>8}{'rmse':>7}{'2q':>4}{'depth':>6}{'circuits/s':>12}")
    for device in DEVICES:
        for estimator in ESTIMATORS:
            ready = prepare(open_device(device), overlap_template(2, "SD", estimator), seed=1)
            begun = time.perf_counter()
            line = regress(run_through(noisy_rows(ready, rows, shots=8192, seed=0)), exact)
            speed = len(rows) / (time.perf_counter() - begun)
            print(
                f"{device:14}{estimator:13}{line.slope:7.3f}{line.offset:8.3f}{line.rmse:7.3f}"
                f"{ready.two_qubit_gates:4}{ready.depth:6}{speed:12.0f}"
            )
    _shots()
    _trained()
    _whole_noise_model(rows)


def _shots() -> None:
    exact, rng = np.random.default_rng(0).random((1000, 10)), np.random.default_rng(0)
    begun = time.perf_counter()
    sample_fidelity(exact, "ancilla", 1024, rng)
    print(f"\n10 000 fidelities drawn with 1024 shots: {1e3 * (time.perf_counter() - begun):.2f} ms")


def _trained() -> None:
    model = np.load(GOLDEN / "trained_digits_10class.npz")
    theta = flatten_angles([model["theta0"], model["theta1"]])
    some = np.random.default_rng(0).permutation(len(model["y"]))[:200]
    truth = model["y"][some]
    print(f"\n10 classes, 200 images, 1024 shots; exact {(model['F'][some].argmax(axis=1) == truth).mean():.3f}")
    for device in TRAINED_DEVICES:
        for estimator in ESTIMATORS:
            ready = prepare(open_device(device), overlap_template(2, "SD", estimator), seed=1)
            begun = time.perf_counter()
            noisy = run_through(noisy_fidelity(ready, theta, model["angles"][some], shots=1024, seed=0))
            seconds = time.perf_counter() - begun
            print(f"{device:14}{estimator:13}{(noisy.argmax(axis=1) == truth).mean():6.3f}{seconds:7.1f} s")


def _whole_noise_model(rows: np.ndarray) -> None:
    from qiskit_aer import AerSimulator

    device, template = open_device("fake_torino"), overlap_template(2, "SD", "inversion")
    begun = time.perf_counter()
    ready = prepare(device, template, seed=1)
    part = _timed_run(ready, rows, begun)
    begun = time.perf_counter()
    whole = _timed_run(replace(ready, simulator=AerSimulator.from_backend(device.backend)), rows, begun)
    print(f"\nfake_torino, noise of the used qubits: {part:.2f} s; of all 133 qubits: {whole:.2f} s")


def _timed_run(ready: Prepared, rows: np.ndarray, begun: float) -> float:
    run_through(noisy_rows(ready, rows, shots=1024, seed=0))
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
