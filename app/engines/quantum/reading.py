"""Read a trained model: exactly, through shots, or through a device's noise, and say what each costs."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engines.quantum import devices, mitigation
from app.engines.quantum.ansatz import Estimator, flatten_angles, qubit_count
from app.engines.quantum.circuits import overlap_template
from app.engines.quantum.metrics import Scores, fidelity_matrix, score
from app.engines.quantum.model import Model
from app.engines.quantum.regression import Regression, regress
from app.engines.quantum.sampling import abstentions, sample_fidelity
from app.engines.quantum.seeds import stream, stream_seed

IDEAL = "ideal"
CALIBRATION_PAIRS = 16


@dataclass(frozen=True)
class Reading:
    """Fidelities (n, classes) of samples with labels (n,), what they are worth, and their mean per true class."""

    fidelity: NDArray[np.float64]
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    scores: Scores
    matrix: NDArray[np.float64]

    @property
    def own_and_other(self) -> tuple[float, float]:
        """Mean fidelity with the true class, and with the best wrong class."""
        rows = np.arange(len(self.labels))
        wrong = self.fidelity.copy()
        wrong[rows, self.labels] = -np.inf
        return float(self.fidelity[rows, self.labels].mean()), float(wrong.max(axis=1).mean())

    def recalls(self) -> NDArray[np.float64]:
        """Accuracy per true class (classes,), NaN for a class without samples."""
        counts = self.scores.confusion.sum(axis=1)
        shares = np.full(len(counts), np.nan)
        np.divide(np.diag(self.scores.confusion), counts, out=shares, where=counts > 0)
        return shares


def judge(fidelity: NDArray[np.float64], labels: NDArray[np.int64], names: tuple[str, ...]) -> Reading:
    """Argmax of measured or exact fidelities against the truth; the lowest index wins a tie."""
    predictions = fidelity.argmax(axis=1)
    return Reading(fidelity, labels, predictions, score(labels, predictions, names), fidelity_matrix(fidelity, labels))


def read_exactly(model: Model, x: Tensor, labels: NDArray[np.int64]) -> Reading:
    """Scaled samples x (n, *shape) read with exact fidelities."""
    with torch.no_grad():
        fidelity = model.fidelities_of(x).numpy()
    return judge(fidelity, labels, model.class_names)


@dataclass(frozen=True)
class NoisyReading:
    """A reading through shots or noise, and how far its fidelities lie from the exact ones.

    Two-qubit gates and depth are counted after transpiling for the device; None without one. `exact_accuracy` is that
    of exact fidelities on the same samples.
    """

    estimator: Estimator
    device: str
    shots: int
    reading: Reading
    line: Regression
    abstained: int
    qubits: int
    two_qubit_gates: int | None
    depth: int | None
    exact_accuracy: float
    mitigated: bool = False


def read_noisily(
    model: Model,
    x: Tensor,
    labels: NDArray[np.int64],
    *,
    estimator: Estimator,
    device: str,
    shots: int,
    seed: int,
    mitigate: bool = False,
) -> Generator[tuple[int, int], None, NoisyReading]:
    """Measure every sample against every class; yields (circuits done, circuits in all).

    `device` "ideal" has shot noise only. Mitigation rescales by circuits of known fidelity run on the same device.
    """
    with torch.no_grad():
        exact = model.fidelities_of(x).numpy()
        angles = model.angles_of(x).numpy()
    gates = depth = None
    if device == IDEAL:
        measured = sample_fidelity(exact, estimator, shots, stream(seed, "shots"))
        yield exact.size, exact.size
    else:
        theta = flatten_angles([part.detach().numpy() for part in model.thetas])
        ready = devices.prepare(devices.open_device(device), overlap_template(model.qubits, model.layers, estimator))
        gates, depth = ready.two_qubit_gates, ready.depth
        work = devices.noisy_fidelity(ready, theta, angles, shots=shots, seed=stream_seed(seed, "shots"))
        measured = yield from _counted(work, exact.size)
        if mitigate:
            known = mitigation.known_pairs(model.qubits, model.layers, CALIBRATION_PAIRS, stream(seed, "shots", 1))
            work = devices.noisy_rows(ready, known.rows, shots=shots, seed=stream_seed(seed, "shots", 1))
            answers = yield from _counted(work, len(known.rows))
            measured = mitigation.calibrate(answers, known).correct(measured)
    return NoisyReading(
        estimator=estimator,
        device=device,
        shots=shots,
        reading=judge(measured, labels, model.class_names),
        line=regress(measured, exact),
        abstained=int(abstentions(measured, estimator, shots).sum()),
        qubits=qubit_count(model.qubits, estimator),
        two_qubit_gates=gates,
        depth=depth,
        exact_accuracy=float((exact.argmax(axis=1) == labels).mean()),
        mitigated=mitigate and device != IDEAL,
    )


def _counted(work: Generator[int, None, Any], total: int) -> Generator[tuple[int, int], None, Any]:
    while True:
        try:
            done = next(work)
        except StopIteration as end:
            return end.value
        yield done, total
