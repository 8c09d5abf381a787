"""The tasks of the quantum workspace on this computer: train, compare, evaluate, probe."""

import math
from collections.abc import Generator
from dataclasses import asdict
from typing import TYPE_CHECKING

from app.core import (
    Array,
    AssayError,
    Checkpoint,
    Emits,
    Event,
    Log,
    Metric,
    Progress,
    Ready,
    Result,
    Stage,
    State,
    Stopped,
    Table,
    Text,
    Warn,
    task,
)
from app.core.task import Command, Run
from app.engines.quantum import ibm_tasks, showing
from app.engines.quantum.configs import CompareConfig, EvaluateConfig, ModelConfig, ProbeConfig, TrainConfig
from app.engines.quantum.presets import COMPARE_PRESETS, TRAIN_PRESETS
from app.engines.quantum.showing import BAR_COLUMNS, ESTIMATE_COLUMNS, estimate_row

if TYPE_CHECKING:
    from app.engines.quantum.ansatz import Estimator
    from app.engines.quantum.preparation import Prepared
    from app.engines.quantum.probing import Probe
    from app.engines.quantum.reading import NoisyReading
    from app.engines.quantum.samples import Trained
    from app.engines.quantum.verdicts import Rival

ON_MACHINES = (ibm_tasks.hardware, ibm_tasks.machines)
"""Registered by their own module."""

BATCHES_PER_ADVANCE = 50
QUICK = ("linear_head", "quclassi_temperature", "dnn")
SHOT_SERIES = (100, 200, 500, 1000, 2000, 5000, 10_000)
PROBED_ON_DEVICE = 60
"""Test samples that the probe reads through a device's noise: an answer in seconds, not minutes."""


@task(
    "quantum.train",
    title="Train a hybrid classifier",
    presets=TRAIN_PRESETS,
    emits=(
        Emits("metric", "loss/train", "Loss, training", better="lower", loss=True),
        Emits("metric", "loss/test", "Loss, test", better="lower", loss=True),
        Emits("metric", "accuracy/train", "Accuracy, training", better="higher"),
        Emits("metric", "accuracy/validation", "Accuracy, validation", better="higher"),
        Emits("metric", "accuracy/test", "Accuracy, test", better="higher"),
        Emits("metric", "accuracy/class/*", "Accuracy per class", better="higher"),
        Emits("metric", "fidelity/own", "Fidelity with the true class", better="higher"),
        Emits("metric", "fidelity/other", "Fidelity with the best wrong class", better="lower"),
        Emits("metric", "temperature", "Temperature of the loss"),
        Emits("array", "states/bloch", "Class states"),
        Emits("array", "states/fidelity", "Mean fidelity by class"),
        Emits("array", "confusion", "Confusion matrix"),
        Emits("image", "mistakes", "Samples read wrongly"),
        Emits("table", "circuit", "Circuit"),
        Emits("table", "budget", "Parameters and qubits"),
        Emits("table", "rivals", "Against other models"),
        Emits("table", "published", "Published figures"),
        Emits("table", "estimates", "Through noise"),
        Emits("table", "skipped", "Files left out"),
        Emits("artifact", "*", "Files"),
    ),
)
def train(config: TrainConfig, resume: State | None = None) -> Run:
    """Train, read the test samples, compare with the plain linear head, and read again through noise."""
    import torch

    from app.engines.quantum.ansatz import ESTIMATORS
    from app.engines.quantum.assembling import built, load, loss_on, trainer_for, unlike_the_head
    from app.engines.quantum.baselines import BASELINES, unavailable
    from app.engines.quantum.reading import read_exactly
    from app.engines.quantum.samples import Trained
    from app.engines.quantum.training import Trainer
    from app.engines.quantum.verdicts import Rival, training_result

    torch.set_num_threads(1)
    resume = resume or {}
    yield Stage("load")
    loaded = load(config, validate=config.patience is not None)
    prepared = loaded.prepared
    yield Stage("prepare")
    start = built(config, prepared)
    if not resume:
        yield from showing.introduction(loaded, start)
    trainer = trainer_for(config, start, prepared, resume.get("trainer"))
    stopped = False
    yield Stage("train")
    try:
        while not trainer.finished:
            record = trainer.advance(BATCHES_PER_ADVANCE) if isinstance(trainer, Trainer) else trainer.advance()
            yield Progress(record.step, record.steps, "batch")
            if record.epoch_done:
                model = trainer.model
                reading = read_exactly(model, prepared.test_x, prepared.test_y.numpy())
                yield from showing.epoch_events(record, model, reading, loss_on(model, reading))
                yield Checkpoint({"trainer": trainer.state()})
            elif not math.isfinite(record.loss):
                yield Metric("loss/train", record.epoch, record.loss)
    except Stopped:
        stopped = True
    model = trainer.best
    labels = prepared.test_y.numpy()
    reading = read_exactly(model, prepared.test_x, labels)
    if "rivals" not in resume:
        yield Stage("evaluate")
        yield showing.confusion_of(reading, trainer.step)
        yield showing.fidelity_of(reading, model.class_names, trainer.step)
        yield from showing.mistakes_of(reading, prepared, loaded)
        yield from showing.kept_files(model, reading, prepared, loaded)
    rivals = [Rival(**part) for part in resume.get("rivals", ())]
    noisy: list[NoisyReading] = []
    if not stopped:
        try:
            if "rivals" not in resume:
                yield Checkpoint({"trainer": trainer.state(), "rivals": []})
            yield Stage("compare")
            keys = {"linear head": QUICK[:1], "quick": QUICK, "all": tuple(BASELINES)}[config.compare]
            met = {rival.key for rival in rivals}
            for key in keys:
                reason = unavailable(key, prepared, config.features)
                if key in met or reason:
                    if reason:
                        yield Log(f"{BASELINES[key].title} is left out: {reason}")
                    continue
                rivals.append((yield from _competed(key, config, prepared, model.counts()["total"])))
                yield Table("rivals", len(rivals), BAR_COLUMNS, showing.rival_bars(reading, model, rivals))
                yield Checkpoint({"trainer": trainer.state(), "rivals": [asdict(rival) for rival in rivals]})
            if config.noise != "none":
                yield Stage("noise")
                trained = Trained(model, prepared.test_x, labels)
                for estimator in ESTIMATORS:
                    try:
                        read = yield from _read(
                            trained, config.noisy_samples, config.seed, estimator, config.noise, config.shots
                        )
                    except AssayError as error:  # what was trained is worth more than one reading of it
                        yield Warn(f"The {estimator} test is left out", str(error))
                        continue
                    noisy.append(read)
                    yield Table("estimates", len(noisy), ESTIMATE_COLUMNS, [estimate_row(each) for each in noisy])
        except Stopped:
            stopped = True
    return training_result(
        model,
        reading.scores,
        labels,
        reading.predictions,
        rivals,
        noisy,
        ended_by="stop" if stopped else trainer.ended_by,
        skipped=len(loaded.skipped),
        partial=stopped,
        caveat=unlike_the_head(config),
    )


@task(
    "quantum.compare",
    title="Compare with classical models over seeds",
    presets=COMPARE_PRESETS,
    emits=(
        Emits("metric", "seed accuracy/*", "Accuracy by seed", better="higher"),
        Emits("table", "rivals", "Against other models"),
        Emits("table", "published", "Published figures"),
    ),
)
def compare(config: CompareConfig, resume: State | None = None) -> Run:
    """The ablation: every model on the same splits, one per seed; the hybrid first, the linear head always."""
    import torch

    from app.engines.quantum.assembling import built, load, load_fold, trainer_for, unlike_the_head
    from app.engines.quantum.baselines import BASELINES, unavailable
    from app.engines.quantum.reading import read_exactly
    from app.engines.quantum.verdicts import comparison_result

    torch.set_num_threads(1)
    keys = [key for key in BASELINES if config.models == "all" or key in QUICK]
    titles = {"hybrid": "Hybrid (this model)", **{key: BASELINES[key].title for key in keys}}
    accuracies: dict[str, list[float]] = {
        key: list(values) for key, values in (resume or {}).get("accuracies", {}).items()
    }
    parameters: dict[str, int] = dict((resume or {}).get("parameters", {}))
    stopped = False
    try:
        for number in range(config.repeats):
            if config.splits == "folds":
                seeded = config
                yield Stage(f"fold {number + 1}")
                prepared = load_fold(config, config.repeats, number)
            else:
                seeded = config.model_copy(update={"seed": config.seed + number})
                yield Stage(f"seed {seeded.seed}")
                prepared = load(seeded, validate=seeded.patience is not None).prepared
            if number == 0 and not resume:
                yield showing.published_for(prepared.class_names)
            if len(accuracies.get("hybrid", [])) <= number:
                trainer = trainer_for(seeded, built(seeded, prepared), prepared, None)
                while not trainer.finished:
                    record = trainer.advance()
                    yield Progress(record.step, record.steps, "batch")
                model = trainer.best
                scores = read_exactly(model, prepared.test_x, prepared.test_y.numpy()).scores
                accuracies.setdefault("hybrid", []).append(scores.accuracy)
                parameters["hybrid"] = model.counts()["total"]
                yield Metric("seed accuracy/hybrid", number, scores.accuracy)
                yield Checkpoint({"accuracies": accuracies, "parameters": parameters})
            budget = parameters["hybrid"]
            for key in keys:
                if len(accuracies.get(key, [])) > number or unavailable(key, prepared, config.features):
                    continue
                rival = yield from _competed(key, seeded, prepared, budget)
                accuracies.setdefault(key, []).append(rival.accuracy)
                parameters[key] = rival.parameters
                yield Metric(f"seed accuracy/{key}", number, rival.accuracy)
                yield Table("rivals", number, BAR_COLUMNS, showing.seed_bars(accuracies, titles, parameters))
                yield Checkpoint({"accuracies": accuracies, "parameters": parameters})
    except Stopped:
        stopped = True
        if not accuracies:
            return Result(verdict="No model was trained before the run was stopped", tone="unsure", partial=True)
    return comparison_result(config.splits, accuracies, titles, parameters, stopped, unlike_the_head(config))


@task(
    "quantum.evaluate",
    title="Read a trained model through noise",
    emits=(
        Emits("table", "estimates", "Through noise"),
        Emits("array", "confusion", "Confusion matrix"),
        Emits("metric", "shots/accuracy", "Accuracy by shots", better="higher"),
    ),
)
def evaluate(config: EvaluateConfig, resume: State | None = None) -> Run:
    """All chosen estimators on the same test samples, and accuracy against the number of shots."""
    import torch

    from app.engines.quantum.reading import IDEAL, read_exactly
    from app.engines.quantum.samples import open_trained
    from app.engines.quantum.verdicts import noise_result

    torch.set_num_threads(1)
    yield Stage("load")
    trained = open_trained(config.model)
    x, labels, _ = trained.some(config.samples, config.seed)
    exact = read_exactly(trained.model, x, labels)
    readings: list[NoisyReading] = []
    stopped = False
    try:
        for estimator in config.estimators:
            yield Stage(estimator)
            try:
                reading = yield from _read(
                    trained, config.samples, config.seed, estimator, config.device, config.shots, config.mitigate
                )
            except AssayError as error:
                if estimator == config.estimators[-1] and not readings:
                    raise
                yield Warn(f"The {estimator} test is left out", str(error))
                continue
            readings.append(reading)
            yield Table("estimates", len(readings), ESTIMATE_COLUMNS, [estimate_row(each) for each in readings])
            yield showing.confusion_of(reading.reading, len(readings))
        yield Stage("shots")
        for shots in SHOT_SERIES:
            ideal = yield from _read(trained, config.samples, config.seed, config.estimators[0], IDEAL, shots)
            yield Metric("shots/accuracy", shots, ideal.reading.scores.accuracy)
    except Stopped:
        stopped = True
    return noise_result(exact.scores, readings, stopped)


@task(
    "quantum.probe",
    title="Draw and probe a trained model",
    session=True,
    emits=(
        Emits("array", "probe/features", "Features"),
        Emits("array", "probe/fidelities", "Class fidelities"),
        Emits("array", "probe/bloch", "State of the drawing"),
        Emits("array", "probe/sample", "Test sample"),
        Emits("array", "probe/confusion", "Confusion under noise"),
        Emits("text", "probe/estimate", "Under noise"),
        Emits("table", "probe/estimates", "Readings"),
        Emits("metric", "probe/accuracy", "Accuracy by reading", better="higher"),
    ),
)
def probe(config: ProbeConfig, resume: State | None = None) -> Run:
    """Answer drawings and noise settings until stopped. Commands: draw, sample, evaluate."""
    import torch

    from app.engines.quantum.probing import Probe
    from app.engines.quantum.samples import open_trained

    torch.set_num_threads(1)
    yield Stage("load")
    probing = Probe(open_trained(config.model), config.seed)
    count = 0
    rows: list[tuple[object, ...]] = []
    try:
        while True:
            command = yield Ready()
            count += 1
            try:
                if command is None or command.get("name") not in {"draw", "sample", "evaluate"}:
                    raise AssayError("The probe does not know this command", remedy="It knows draw, sample, evaluate")
                if command["name"] == "evaluate":
                    yield from _probed_noise(probing, command, count, rows)
                    continue
                seen = probing.sample(command) if command["name"] == "sample" else probing.drawing(command)
            except AssayError as error:
                yield Warn(str(error))
                continue
            if seen.sample is not None:
                yield Array("probe/sample", count, seen.sample)
            yield Array("probe/features", count, seen.features, labels=(seen.feature_names,))
            yield Array("probe/bloch", count, seen.arrows, labels=(seen.arrow_names,))
            yield Array(
                "probe/fidelities",
                count,
                seen.fidelities,
                labels=(probing.names,),
                meta={"probabilities": seen.probabilities.tolist(), "meaning": probing.meaning},
            )
    except Stopped:
        return Result(verdict=f"{count} questions were answered", tone="neutral")


def _competed(key: str, config: ModelConfig, prepared: "Prepared", budget: int) -> Generator[Event, None, "Rival"]:
    """Train one baseline on the same split with about as many parameters; reports its progress."""
    from app.engines.quantum.baselines import compete
    from app.engines.quantum.verdicts import Rival

    work = compete(
        key,
        prepared,
        config.seed,
        budget=budget,
        front=config.front_end,
        features=config.features,
        bond=config.bond_dimension,
        epochs=config.epochs,
        batch=config.batch_size,
        rate=config.learning_rate,
    )
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            outcome = end.value
            return Rival(outcome.key, outcome.title, outcome.parameters, outcome.accuracy, outcome.predictions)
        yield Progress(step.done, step.total, "epoch")


def _read(
    trained: "Trained", samples: int, seed: int, estimator: "Estimator", device: str, shots: int, mitigate: bool = False
) -> Generator[Event, None, "NoisyReading"]:
    """Read some test samples through shots or noise; reports the circuits done."""
    from app.engines.quantum.reading import read_noisily

    x, labels, _ = trained.some(samples, seed)
    work = read_noisily(
        trained.model, x, labels, estimator=estimator, device=device, shots=shots, seed=seed, mitigate=mitigate
    )
    while True:
        try:
            done, total = next(work)
        except StopIteration as end:
            noisy: NoisyReading = end.value
            return noisy
        yield Progress(done, total, "circuit")


def _probed_noise(
    probing: "Probe", command: Command, count: int, rows: list[tuple[object, ...]]
) -> Generator[Event, None, None]:
    """Read the test samples again through the noise that the command names; `rows` keeps the readings of the session."""
    from app.engines.quantum.ansatz import ESTIMATORS
    from app.engines.quantum.reading import IDEAL

    estimator, device, shots = command.get("estimator"), command.get("device") or IDEAL, command.get("shots")
    if estimator not in ESTIMATORS or not isinstance(shots, int) or not 1 <= shots <= 100_000:
        raise AssayError("This noise setting cannot be used", why=f"estimator {estimator}, shots {shots}")
    samples = len(probing.trained.y) if device == IDEAL else PROBED_ON_DEVICE
    noisy = yield from _read(probing.trained, samples, count, estimator, str(device), shots)
    rows.append(estimate_row(noisy))
    scores = noisy.reading.scores
    yield Metric("probe/accuracy", count, scores.accuracy)
    yield showing.confusion_of(noisy.reading, count, "probe/confusion")
    yield Table("probe/estimates", count, ESTIMATE_COLUMNS, rows)
    yield Text(
        "probe/estimate",
        count,
        f"{100 * scores.accuracy:.1f} % ± {100 * scores.interval.half:.1f} of {scores.n} test samples read correctly; "
        f"{noisy.abstained} too close to call. F̂ = {noisy.line.slope:.2f} F {noisy.line.offset:+.2f}, "
        f"RMSE {noisy.line.rmse:.3f}.",
    )
