"""What quantum runs show: events made of readings, models and samples."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import Array, Artifact, Event, Image, Log, Metric, Table, Warn
from app.stats import mean_interval, proportion_interval

if TYPE_CHECKING:
    from app.engines.quantum.model import Model
    from app.engines.quantum.preparation import Prepared
    from app.engines.quantum.reading import NoisyReading, Reading
    from app.engines.quantum.samples import Loaded
    from app.engines.quantum.training import StepRecord
    from app.engines.quantum.verdicts import Rival

SHOWN_MISTAKES = 24
SHOWN_SKIPPED = 1000
MAGNIFIED = 112
"""Small images are shown about this many pixels wide, in whole blocks."""

ESTIMATE_COLUMNS = (
    "estimator", "device", "shots", "accuracy", "±", "abstained", "slope", "offset", "RMSE", "qubits",
    "two-qubit gates", "depth",
)  # fmt: skip
BAR_COLUMNS = ("label", "value", "interval", "n", "note")


def introduction(loaded: "Loaded", model: "Model") -> Iterator[Event]:
    """Before training: findings about the data, the circuit, and what the model is made of."""
    for notice in (*loaded.notices, *model.notices):
        yield Warn(notice)
    if loaded.skipped:
        yield Warn(f"{len(loaded.skipped)} files could not be read and are left out", "See the table “Files left out”")
        yield Table("skipped", 0, ("file and reason",), [(line,) for line in loaded.skipped[:SHOWN_SKIPPED]])
    prepared = loaded.prepared
    counts = np.bincount(np.concatenate([prepared.train_y.numpy(), prepared.test_y.numpy()]))
    sizes = ", ".join(f"{name} {count}" for name, count in zip(prepared.class_names, counts, strict=True))
    yield Log(f"{len(prepared.train_y)} training and {len(prepared.test_y)} test samples: {sizes}")
    yield circuit_of(model)
    yield budget_of(model)
    yield published_for(prepared.class_names)


def published_for(class_names: Sequence[str]) -> Table:
    """What others published for these classes, each figure with its source."""
    from app.engines.quantum.published import published_rows

    return Table("published", 0, ("classes", "model", "accuracy", "source"), published_rows(class_names))


def circuit_of(model: "Model") -> Table:
    """The SWAP test of the model, with its ancilla, as rows for the circuit panel."""
    from app.engines.quantum.drawing import circuit_columns

    drawing = circuit_columns(model.qubits, model.layers, "ancilla")
    rows: list[tuple[Any, ...]] = [(0, "wires", ",".join(drawing.wires), "", "", "")]
    for column, gates in enumerate(drawing.columns):
        for gate in gates:
            wires = ",".join(drawing.wires[wire] for wire in gate.wires)
            rows.append((column, gate.name, wires, gate.label, gate.parameter, gate.role))
    return Table("circuit", 0, ("column", "gate", "wires", "label", "parameter", "role"), rows)


def budget_of(model: "Model") -> Table:
    """Trainable numbers of each part, and qubits of each way to estimate the fidelity."""
    from app.engines.quantum.ansatz import ESTIMATORS, qubit_count

    counts = model.counts()
    rows = [
        ("tensor network, parameters", counts["front"]),
        ("class states, angles", counts["quantum"]),
        ("temperature", counts["temperature"]),
        ("all trainable parameters", counts["total"]),
        *((f"qubits, {name} test", qubit_count(model.qubits, name)) for name in ESTIMATORS),
    ]
    return Table("budget", 0, ("part", "number"), rows)


def epoch_events(record: "StepRecord", model: "Model", reading: "Reading", test_loss: float) -> Iterator[Event]:
    """After each epoch: losses, accuracies, fidelities, and the class states."""
    step = record.epoch
    yield Metric("loss/train", step, record.loss)
    yield Metric("loss/test", step, test_loss)
    yield Metric("accuracy/train", step, record.accuracy)
    if record.validation_accuracy is not None:
        yield Metric("accuracy/validation", step, record.validation_accuracy)
    yield Metric("accuracy/test", step, reading.scores.accuracy)
    own, other = reading.own_and_other
    yield Metric("fidelity/own", step, own)
    yield Metric("fidelity/other", step, other)
    for name, recall in zip(model.class_names, reading.recalls(), strict=True):
        if np.isfinite(recall):
            yield Metric(f"accuracy/class/{name}", step, float(recall))
    if record.temperature is not None:
        yield Metric("temperature", step, record.temperature)
    yield Array("states/bloch", step, model.class_arrows(), labels=(model.class_names,))
    yield fidelity_of(reading, model.class_names, step)
    for what, remedy in record.notices:
        yield Warn(what, remedy)


def fidelity_of(reading: "Reading", names: Sequence[str], step: int) -> Array:
    """M[a, b]: mean fidelity with class b of samples that are a."""
    return Array("states/fidelity", step, reading.matrix, labels=(names, names))


def confusion_of(reading: "Reading", step: int, name: str = "confusion") -> Array:
    """Counts by true class (rows) and class read (columns)."""
    names = reading.scores.class_names
    return Array(name, step, reading.scores.confusion, labels=(names, names))


def mistakes_of(reading: "Reading", prepared: "Prepared", loaded: "Loaded") -> Iterator[Event]:
    """Pictures of the samples read wrongly with most certainty; none for tables."""
    if prepared.test_x.dim() != 3:
        return
    rows = np.arange(len(reading.labels))
    lead = reading.fidelity.max(axis=1) - reading.fidelity[rows, reading.labels]
    wrong = np.flatnonzero(reading.predictions != reading.labels)
    for step, row in enumerate(wrong[np.argsort(-lead[wrong], kind="stable")][:SHOWN_MISTAKES]):
        pixels = prepared.test_x[int(row)].numpy()
        times = max(1, MAGNIFIED // max(pixels.shape))
        true, read = reading.labels[row], reading.predictions[row]
        source = loaded.sources[int(prepared.test_rows[row])]
        caption = (
            f"{prepared.class_names[true]} read as {prepared.class_names[read]} · "
            f"F {reading.fidelity[row, true]:.2f} against {reading.fidelity[row, read]:.2f} · {source}"
        )
        yield Image("mistakes", step, np.kron(pixels, np.ones((times, times))), caption)


def kept_files(model: "Model", reading: "Reading", prepared: "Prepared", loaded: "Loaded") -> Iterator[Artifact]:
    """The model folder, the predictions, and the circuits as OpenQASM 3."""
    from app.data.export import csv_text
    from app.engines.quantum.ansatz import flatten_angles
    from app.engines.quantum.qasm import class_qasm, template_qasm
    from app.engines.quantum.samples import trained_files

    yield Artifact(
        "model", trained_files(model, prepared.test_x, prepared.test_y), "quantum-model", "Trained model, test samples"
    )
    names = prepared.class_names
    columns = ("sample", "true class", "read as", *(f"F {name}" for name in names))
    rows = [
        (loaded.sources[int(prepared.test_rows[k])], names[reading.labels[k]], names[reading.predictions[k]],
         *(float(value) for value in reading.fidelity[k]))
        for k in range(len(reading.labels))
    ]  # fmt: skip
    yield Artifact("predictions.csv", csv_text(columns, rows), "table", "Every test sample with its fidelities")
    theta = flatten_angles([part.detach().numpy() for part in model.thetas])
    for name, angles in zip(names, theta, strict=True):
        text = class_qasm(model.qubits, model.layers, angles.tolist())
        yield Artifact(f"class {name}.qasm", text, "circuit", f"State of class {name}, OpenQASM 3")
    template = template_qasm(model.qubits, model.layers, "ancilla")
    yield Artifact("swap test.qasm", template, "circuit", "SWAP test with open angles, OpenQASM 3")


def estimate_row(noisy: "NoisyReading") -> tuple[Any, ...]:
    """One line of the table of estimates."""
    scores = noisy.reading.scores
    return (
        noisy.estimator + (", mitigated" if noisy.mitigated else ""), noisy.device, noisy.shots, scores.accuracy,
        scores.interval.half, noisy.abstained, noisy.line.slope, noisy.line.offset, noisy.line.rmse, noisy.qubits,
        noisy.two_qubit_gates, noisy.depth,
    )  # fmt: skip


def rival_bars(reading: "Reading", model: "Model", rivals: Sequence["Rival"]) -> list[tuple[Any, ...]]:
    """Accuracy of the hybrid and its rivals with Wilson's interval, for a bar chart."""
    scores = reading.scores
    rows = [("hybrid (this model)", scores.accuracy, scores.interval.half, scores.n, _weights(model.counts()["total"]))]
    for rival in rivals:
        half = proportion_interval(round(rival.accuracy * scores.n), scores.n).half
        rows.append((rival.title, rival.accuracy, half, scores.n, _weights(rival.parameters)))
    return rows


def seed_bars(
    accuracies: dict[str, list[float]], titles: dict[str, str], parameters: dict[str, int]
) -> list[tuple[Any, ...]]:
    """Mean accuracy over seeds with Student's t interval; no interval for a single seed."""
    rows = []
    for key, values in accuracies.items():
        interval = mean_interval(values)
        half = interval.half if np.isfinite(interval.half) else None
        rows.append((titles[key], interval.centre, half, len(values), _weights(parameters[key])))
    return rows


def _weights(count: int) -> str:
    return f"{count} parameters"
