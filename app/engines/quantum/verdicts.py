"""The ends of quantum runs: verdicts in plain words that claim no more than the figures show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.core.result import Citation, Figure, Result
from app.engines.quantum.metrics import Scores, improvement
from app.engines.quantum.model import Model
from app.engines.quantum.reading import NoisyReading
from app.stats import Interval, mean_interval, paired_difference, proportion_interval

TIE = 0.02
"""Two accuracies that differ by no more than this are called a tie (method, acceptance check 3)."""

SEEN = 0.005
"""Losses of accuracy below this are not spoken of."""

CITATIONS = (
    Citation(
        text="R. L'Abbate et al., A Quantum-Classical Collaborative Training Architecture Based on Quantum State "
        "Fidelity, IEEE Transactions on Quantum Engineering 5 (2024)",
        link="https://doi.org/10.1109/TQE.2024.3367234",
    ),
    Citation(
        text="S. Stein et al., QuClassi: A Hybrid Deep Neural Network Architecture based on Quantum State Fidelity, "
        "MLSys 2022",
        link="https://arxiv.org/abs/2103.11307",
    ),
)
NO_ADVANTAGE = "Nothing here is evidence of a quantum advantage: every fidelity can be computed on a laptop."


@dataclass(frozen=True)
class Rival:
    """A baseline on the same split: test accuracy, its trainable numbers, and its predictions (n,)."""

    key: str
    title: str
    parameters: int
    accuracy: float
    predictions: np.ndarray


def training_result(
    model: Model,
    scores: Scores,
    labels: np.ndarray,
    predictions: np.ndarray,
    rivals: Sequence[Rival],
    noisy: Sequence[NoisyReading],
    *,
    ended_by: str,
    skipped: int,
    partial: bool,
    caveat: str = "",
) -> Result:
    """The result of one training; the plain linear head is named whenever it was trained.

    `caveat` says how the model's training differed from the head's, if it did.
    """
    head = next((rival for rival in rivals if rival.key == "linear_head"), None)
    figures = [_accuracy("accuracy", scores)]
    notes = []
    difference = None
    if head is not None:
        difference = paired_difference(
            (head.predictions == labels).astype(float).tolist(), (predictions == labels).astype(float).tolist()
        )
        figures.append(_share("with a plain linear head", head.accuracy, len(labels)))
        figures.append(_difference("difference", difference))
        notes.append(against_linear_head(scores.accuracy, head.accuracy, difference, caveat))
    figures += [
        Figure(name="balanced accuracy", value=scores.balanced, n=scores.n, better="higher"),
        Figure(name="macro F1", value=scores.macro_f1, n=scores.n, better="higher"),
        Figure(name="qubits, ancilla SWAP test", value=2 * model.qubits + 1),
        Figure(name="trainable parameters", value=model.counts()["total"], better="lower"),
    ]
    for reading in noisy:
        name = f"accuracy, {reading.device}, {reading.estimator}"
        note = f"{reading.shots} shots; exact fidelities on the same samples: {reading.exact_accuracy:.3f}"
        figures.append(_accuracy(name, reading.reading.scores, note))
    notes += [f"{rival.title}: {rival.accuracy:.3f} with {rival.parameters} parameters" for rival in rivals]
    notes.append(NO_ADVANTAGE)
    if skipped:
        notes.append(f"{skipped} files could not be read and were left out.")
    if ended_by == "not finite":
        notes.append("Training ended at a loss that was not finite; the last good parameters were kept.")
    share = f"{100 * scores.accuracy:.1f} %"
    if model.classes > 2:
        guess = f"; guessing would give {100 / model.classes:.0f} %"
    else:
        guess = "; guessing would give 50 %"
    return Result(
        verdict=f"{share} of {scores.n} unseen samples in {model.classes} classes read correctly, by exact fidelities "
        f"of a {2 * model.qubits + 1}-qubit test{guess}",
        tone=_tone(scores, model.classes, difference),
        advice=notes[0] if head is not None else "The plain linear head was not trained; run to the end to compare.",
        figures=tuple(figures),
        notes=tuple(notes),
        methods=_methods(model),
        citations=CITATIONS,
        details={
            "confusion": scores.confusion.tolist(),
            "classes": list(model.class_names),
            "parameters": model.counts(),
            "rivals": {
                rival.key: {"title": rival.title, "accuracy": rival.accuracy, "parameters": rival.parameters}
                for rival in rivals
            },
            "ended by": ended_by,
        },
        partial=partial,
    )


def against_linear_head(hybrid: float, head: float, difference: Interval | None, caveat: str = "") -> str:
    """The honest reading that every report prints: a tie, too few samples to say, or a difference and its sign."""
    figures = f"{hybrid:.3f} against {head:.3f}"
    half = 0.0
    if difference is not None and np.isfinite(difference.half):
        half = difference.half
        figures += f", difference {difference.centre:+.3f} ± {half:.3f}"
    if abs(hybrid - head) <= TIE:
        words = (
            f"The same front end with a plain linear head ties ({figures}): whatever is gained here does not come from "
            "the quantum states."
        )
        if half > 2 * TIE:
            words += f" These samples could not show a difference below {half:.2f}."
    elif abs(hybrid - head) <= half:
        words = (
            f"The model and the same front end with a plain linear head cannot be told apart ({figures}): too "
            "little was tested."
        )
    elif hybrid > head:
        words = (
            f"The quantum states are ahead of the same front end with a plain linear head here ({figures}). One split "
            "shows little: compare over several seeds before you believe it."
        )
    else:
        words = (
            f"The same front end with a plain linear head does better ({figures}): the quantum states cost accuracy "
            "here."
        )
    return f"{words} {caveat}" if caveat else words


def comparison_result(
    splits: Literal["seeds", "folds"],
    accuracies: dict[str, list[float]],
    titles: dict[str, str],
    parameters: dict[str, int],
    partial: bool,
    caveat: str = "",
) -> Result:
    """The ablation over seeds: every model's mean with a t interval, and what the linear head says."""
    figures = []
    for key, values in accuracies.items():
        interval = mean_interval(values)
        half = interval.half if np.isfinite(interval.half) and interval.half > 0 else None
        figures.append(
            Figure(
                name=titles[key],
                value=interval.centre,
                interval=half,
                n=len(values),
                better="higher",
                note=f"{parameters[key]} parameters",
            )
        )
    hybrid, head = accuracies["hybrid"], accuracies.get("linear_head", [])
    pairs = min(len(hybrid), len(head))
    if pairs:
        difference = paired_difference(head[:pairs], hybrid[:pairs])
        means = float(np.mean(hybrid[:pairs])), float(np.mean(head[:pairs]))
        reading = against_linear_head(*means, difference, caveat)
    else:
        reading = "The plain linear head has not been trained yet."
    return Result(
        verdict=_best_of(accuracies, titles, splits),
        tone="neutral",
        advice=reading,
        figures=tuple(figures),
        notes=(reading, *_over_dense_network(accuracies), NO_ADVANTAGE, f"All models saw the same {splits}."),
        citations=CITATIONS,
        methods="Every model is trained on the same stratified splits, a new one each time; intervals are Student's t at "
        "95 % over them, differences are paired.",
        details={"accuracies": accuracies, "parameters": parameters},
        partial=partial,
    )


def _best_of(accuracies: dict[str, list[float]], titles: dict[str, str], splits: str) -> str:
    """Who reads best, or how many are within a tie of the best: the model asked about is never put first by chance."""
    means = {key: float(np.mean(values)) for key, values in accuracies.items()}
    best = max(means, key=means.__getitem__)
    count = len(accuracies[best])
    tied = [key for key in means if means[best] - means[key] <= TIE]
    over = f"over {count} {splits if count > 1 else splits.removesuffix('s')}"
    if len(tied) == 1:
        return f"{titles[best]} reads best: {means[best]:.3f} {over}"
    if "hybrid" in tied:
        place = "this model among them"
    else:
        place = f"this model, {means['hybrid']:.3f}, is not among them"
    return f"{len(tied)} of {len(means)} models tie at {means[best]:.3f} {over}, {place}"


def _over_dense_network(accuracies: dict[str, list[float]]) -> tuple[str, ...]:
    """The paper's "improvement over a DNN in a fair setting" both ways, because its abstract does not say which."""
    if not accuracies.get("dnn") or not accuracies.get("hybrid"):
        return ()
    ours, theirs = float(np.mean(accuracies["hybrid"])), float(np.mean(accuracies["dnn"]))
    if theirs == 0:
        return ()
    points, percent = improvement(ours, theirs)
    return (f"Against the tuned pixel network: {points:+.1f} points, {percent:+.1f} % relative.",)


def noise_result(exact: Scores, readings: Sequence[NoisyReading], partial: bool) -> Result:
    """What shots and device noise cost a trained model."""
    if not readings:
        return Result(verdict="No estimator was read before the run was stopped", tone="unsure", partial=True)
    best = max(readings, key=lambda reading: reading.reading.scores.accuracy)
    cost = exact.accuracy - best.reading.scores.accuracy
    figures = [_accuracy("accuracy, exact fidelities", exact)]
    for reading in readings:
        figures.append(
            _accuracy(
                f"accuracy, {reading.estimator}", reading.reading.scores, f"{reading.shots} shots on {reading.device}"
            )
        )
        figures.append(
            Figure(name=f"slope of F̂ on F, {reading.estimator}", value=reading.line.slope, n=reading.line.points)
        )
    words = f"loses {100 * cost:.1f} points" if cost > SEEN else "loses nothing that can be seen"
    worst = min(readings, key=lambda reading: reading.reading.scores.accuracy)
    more = exact.accuracy - worst.reading.scores.accuracy
    by_worst = f", by the {worst.estimator} test {100 * more:.1f} points" if more - cost > SEEN else ""
    return Result(
        verdict=f"Read by the {best.estimator} test on {best.device}, the model {words}{by_worst} "
        f"({best.reading.scores.n} samples)",
        tone="good" if cost <= 0.03 else "bad",
        advice="Noise pulls every fidelity towards the same value; the largest one often stays the largest.",
        figures=tuple(figures),
        notes=(NO_ADVANTAGE,),
        citations=CITATIONS,
        methods="Fidelities are estimated by simulated circuits; with a device name the noise model is the one recorded "
        "for that machine, run by Qiskit Aer.",
        details={
            reading.estimator: {
                "slope": reading.line.slope,
                "offset": reading.line.offset,
                "rmse": reading.line.rmse,
                "abstained": reading.abstained,
                "two-qubit gates": reading.two_qubit_gates,
                "depth": reading.depth,
            }
            for reading in readings
        },
        partial=partial,
    )


def _accuracy(name: str, scores: Scores, note: str = "") -> Figure:
    return Figure(
        name=name, value=scores.accuracy, interval=scores.interval.half, n=scores.n, better="higher", note=note
    )


def _share(name: str, value: float, n: int) -> Figure:
    return Figure(name=name, value=value, interval=proportion_interval(round(value * n), n).half, n=n, better="higher")


def _difference(name: str, interval: Interval) -> Figure:
    half = interval.half if np.isfinite(interval.half) else None
    return Figure(name=name, value=interval.centre, interval=half, n=interval.n, better="higher")


def _tone(scores: Scores, classes: int, ahead: Interval | None) -> Literal["good", "bad", "neutral"]:
    if scores.interval.low <= 1 / classes:
        return "bad"
    return "good" if ahead is not None and ahead.centre > max(TIE, ahead.half) else "neutral"


def _methods(model: Model) -> str:
    front = {
        "tt": f"a two-core tensor train of bond dimension {model.bond}",
        "mps": f"a matrix product state of bond dimension {model.bond}",
        "pca": "principal components fitted on the training samples and frozen",
        "none": "the columns as they are",
    }[model.front]
    return (
        f"Each sample is reduced to {model.features} features by {front}, which become rotation angles of a data state "
        f"on {model.qubits} qubits. Each class owns a state made by the layers {model.layers}. The class whose state has "
        f"the highest squared overlap with the data state wins. Loss: {model.loss}. Accuracy is on a stratified "
        "hold-out; its interval is Wilson's at 95 %. The paper's own settings are not public: shapes and schedules "
        "here are ours."
    )
