"""Offline copies of IBM machines: which there are, and fidelities measured on their noise models."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import AssayError
from app.engines.quantum.ansatz import Estimator, Floats, qubit_count
from app.engines.quantum.device_noise import noisy_simulator
from app.engines.quantum.sampling import fidelity_from_counts

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from app.engines.quantum.circuits import Template


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """An offline device: its name, its qubits, its two-qubit gate, and what to know before choosing it."""

    name: str
    qubits: int
    gate: str
    note: str


_SMALL = "small chip, answers fast"
_MEDIUM = "27 qubits, a little slower"
_LARGE = "large chip; opening it takes a second or two"

DEVICES: tuple[DeviceInfo, ...] = (
    *(
        DeviceInfo(f"fake_{name}", 5, "cx", _SMALL)
        for name in ("manila", "lima", "quito", "belem", "bogota", "santiago")
    ),
    *(DeviceInfo(f"fake_{name}", 7, "cx", _SMALL) for name in ("jakarta", "lagos", "nairobi", "oslo", "perth")),
    DeviceInfo("fake_guadalupe", 16, "cx", "16 qubits"),
    *(DeviceInfo(f"fake_{name}", 27, "cx", _MEDIUM) for name in ("hanoi", "kolkata", "montreal", "mumbai")),
    *(DeviceInfo(f"fake_{name}", 127, "ecr", _LARGE) for name in ("brisbane", "sherbrooke")),
    DeviceInfo("fake_torino", 133, "cz", _LARGE),
    *(DeviceInfo(f"fake_{name}", 156, "cz", _LARGE) for name in ("fez", "marrakesh")),
    DeviceInfo("fake_nighthawk", 120, "cz", "its errors are not those of a real machine"),
)
"""Offered by name, small ones first. Any other device of the library is taken too when asked for by name."""

OPTIMISATION_LEVEL = 3
TWO_QUBIT = 2


@dataclass(frozen=True)
class Device:
    """An opened offline device: the description of a real machine on the day it was recorded."""

    name: str
    qubits: int
    backend: Any


@dataclass(frozen=True)
class Prepared:
    """An overlap circuit fitted to a device once, ready to be run with many angles on a simulator with its noise.

    `columns` say which column of a parameter row each of the circuit's parameters takes; `two_qubit_gates` and `depth`
    are counted after transpiling; `duration_s` is one run of the circuit, 0 where the device does not tell.
    """

    device: Device
    circuit: "QuantumCircuit"
    simulator: Any
    estimator: Estimator
    m: int
    columns: tuple[int, ...]
    two_qubit_gates: int
    depth: int
    duration_s: float

    @property
    def qubits(self) -> int:
        return qubit_count(self.m, self.estimator)


@lru_cache(maxsize=4)
def open_device(name: str) -> Device:
    """Open an offline device; kept for the next call. Raises AssayError for unknown names."""
    from qiskit_ibm_runtime import fake_provider
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    classes = [
        made for made in vars(fake_provider).values() if isinstance(made, type) and issubclass(made, FakeBackendV2)
    ]
    known = {getattr(made, "backend_name", ""): made for made in classes}
    if name not in known:
        raise AssayError(
            f"There is no offline device “{name}”",
            remedy=f"Choose one of {', '.join(device.name for device in DEVICES)}.",
        )
    backend = known[name]()
    return Device(name, backend.num_qubits, backend)


def fit(circuit: "QuantumCircuit", backend: Any, seed: int) -> "QuantumCircuit":
    """Transpile for `backend` at level 3; the same seed gives the same circuit. Raises AssayError if it is too large."""
    from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

    if circuit.num_qubits > backend.num_qubits:
        raise AssayError(
            f"The circuit needs {circuit.num_qubits} qubits, {backend.name} has {backend.num_qubits}",
            remedy="Choose a larger device, fewer features, or the inversion test.",
        )
    manager = generate_preset_pass_manager(optimization_level=OPTIMISATION_LEVEL, backend=backend, seed_transpiler=seed)
    return manager.run(circuit)


def prepare(device: Device, template: "Template", seed: int = 0) -> Prepared:
    """Transpile the overlap circuit for the device and build its noise, once for all angles."""
    from app.engines.quantum.circuits import bound_columns

    circuit = fit(template.circuit, device.backend, seed)
    return Prepared(
        device=device,
        circuit=circuit,
        simulator=noisy_simulator(circuit, device.backend),
        estimator=template.estimator,
        m=template.m,
        columns=tuple(bound_columns(circuit, template.class_angles)),
        two_qubit_gates=two_qubit_gates(circuit),
        depth=circuit.depth(),
        duration_s=duration(circuit, device.backend),
    )


def two_qubit_gates(circuit: "QuantumCircuit") -> int:
    """Gates on exactly two qubits; barriers are no gates."""
    return sum(
        1 for step in circuit.data if len(step.qubits) == TWO_QUBIT and step.operation.name not in {"barrier", "delay"}
    )


def duration(circuit: "QuantumCircuit", backend: Any) -> float:
    """Seconds of one run of a transpiled circuit, or 0 where the device does not know how long a gate takes."""
    from qiskit.exceptions import QiskitError

    try:
        return float(circuit.estimate_duration(backend.target, unit="s"))
    except QiskitError:
        return 0.0


def noisy_fidelity(
    ready: Prepared, theta: Floats, angles: Floats, *, shots: int, seed: int, batch: int = 256
) -> Generator[int, None, Floats]:
    """Measure every sample against every class: theta (C, P), angles (N, m, 2) → F̂ (N, C), with progress.

    Yields the number of circuits done after each batch and may be closed at any yield; returns the estimates.
    """
    from app.engines.quantum.circuits import parameter_rows

    rows = parameter_rows(theta, angles)
    flat = yield from noisy_rows(ready, rows, shots=shots, seed=seed, batch=batch)
    return flat.reshape(len(angles), len(theta))


def noisy_rows(
    ready: Prepared, rows: Floats, *, shots: int, seed: int, batch: int = 256
) -> Generator[int, None, Floats]:
    """Measure one circuit per row of angles (R, P+2m) → F̂ (R,), with progress as `noisy_fidelity`.

    Each batch has a seed of its own drawn from `seed`, so that the same call gives the same estimates.
    """
    starts = range(0, len(rows), batch)
    seeds = np.random.SeedSequence(seed).generate_state(max(1, len(starts)))
    measured: list[float] = []
    for start, batch_seed in zip(starts, seeds, strict=False):
        measured.extend(_run(ready, rows[start : start + batch], shots, int(batch_seed) >> 1))
        yield len(measured)
    return np.array(measured)


def run_through(work: Generator[Any, None, Floats]) -> Floats:
    """The result of a measurement whose progress nobody watches."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return np.asarray(end.value)


def _run(ready: Prepared, rows: Floats, shots: int, seed: int) -> Iterator[float]:
    """F̂ of each row. The circuit must consist of the device's own gates: with CRY or CRZ in it, Aer 0.18 mixes up the
    columns of `parameter_binds` and returns wrong counts (https://github.com/Qiskit/qiskit-aer/issues/2323)."""
    binds = {
        parameter: rows[:, column].tolist()
        for parameter, column in zip(ready.circuit.parameters, ready.columns, strict=True)
    }
    job = ready.simulator.run([ready.circuit], parameter_binds=[binds], shots=shots, seed_simulator=seed)
    for experiment in job.result().results:
        # The raw counts are hexadecimal outcomes; get_counts() would format and parse them once more.
        counts = {int(outcome, 16): count for outcome, count in experiment.data.counts.items()}
        yield fidelity_from_counts(counts, ready.estimator, ready.m)
