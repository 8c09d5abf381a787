"""Rivals of the classifier on the same split and seed, each given its best chance at the same number of parameters."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.core.errors import AssayError
from app.engines.quantum import classical
from app.engines.quantum.epsilon import EpsilonTrainer
from app.engines.quantum.losses import LossName
from app.engines.quantum.model import Front, Model, build
from app.engines.quantum.preparation import Prepared
from app.engines.quantum.seeds import stream
from app.engines.quantum.training import Recipe, Trainer

QUCLASSI_RATE = 0.1
"""At 0.02 class angles do not reach their minimum in 40 epochs (digits 3/9, attract: .60-.95 against .96-.99)."""

WIDE_FEATURES = 16

CONVEX_STEPS = 2000
CONVEX_RATE = 0.1
"""A linear layer on inputs that stay as they are has one optimum: at the model's own rate and epochs it would stop far
from it on small tables (iris: .80 against 1.00), and the model would look better than it is."""


@dataclass(frozen=True)
class Baseline:
    """A rival and what it is for. `quantum` says whether it uses quantum states at all."""

    key: str
    title: str
    note: str
    quantum: bool = False


@dataclass(frozen=True)
class Step:
    """`done` of `total` units of one rival's work are behind us."""

    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a rival reached. `predictions` (n,) are class indices on the test part; `settings` say what was chosen."""

    key: str
    title: str
    parameters: int
    qubits: int
    accuracy: float
    predictions: NDArray[np.int64]
    settings: str


BASELINES: dict[str, Baseline] = {
    rival.key: rival
    for rival in (
        Baseline("linear_head", "Same front end, plain linear head", "The honest rival: all but the quantum states"),
        Baseline("sigmoid_head", "Same front end, sigmoid and linear head", "A weaker head; not to be used alone"),
        Baseline("dnn", "Pixel network, one hidden layer", "One hidden layer, tuned on training samples"),
        Baseline("dnn_wide", "Pixel network, one unit more", "As above, just over the budget"),
        Baseline("pca_dnn", "PCA and dense network", "Principal components, then a network of QuClassi's size"),
        Baseline("quclassi_attract", "QuClassi with PCA, attract", "Frozen components, each class by itself", True),
        Baseline("quclassi_temperature", "QuClassi with PCA, temperature", "Frozen components, our loss", True),
        Baseline("quclassi_17", "QuClassi on 17 qubits", "PCA-16, layer S, temperature", True),
        Baseline("quclassi_epsilon", "QuClassi, epsilon-shift training", "As published, 25 epochs", True),
        Baseline("softmax", "Softmax regression on pixels", "No budget kept: every pixel has a weight per class"),
    )
}

Contest = Generator[Step, None, Outcome]


def unavailable(key: str, prepared: Prepared, features: int = 4) -> str:
    """Why a rival cannot take part with these data; empty when it can."""
    needed = WIDE_FEATURES if key == "quclassi_17" else features if "quclassi" in key or key == "pca_dnn" else 0
    most = min(len(prepared.train_x), prepared.train_x[0].numel())
    return f"it needs {needed} principal components and there are {most}" if needed > most else ""


def compete(
    key: str,
    prepared: Prepared,
    seed: int,
    *,
    budget: int,
    front: Front = "tt",
    features: int = 4,
    bond: int = 4,
    epochs: int = 40,
    batch: int = 32,
    rate: float = 0.02,
) -> Contest:
    """Train one rival on the training part (and the validation part, if any) and test it.

    `budget` is the number of trainable parameters of the model compared with; `front`, `features`, `bond`, `epochs`,
    `batch` and `rate` are its own, so that a head on the same trainable front end is trained exactly as the model was.
    Raises AssayError for an unknown key or one that is `unavailable`.
    """
    if key not in BASELINES:
        raise AssayError(f"There is no baseline “{key}”", remedy=f"Known: {', '.join(BASELINES)}")
    reason = unavailable(key, prepared, features)
    if reason:
        raise AssayError(f"{BASELINES[key].title} cannot take part", why=reason, remedy="Leave it out")
    if key in ("dnn", "dnn_wide"):
        return _pixel_network(key, prepared, seed, budget)
    if key in ("linear_head", "sigmoid_head"):
        return _headed(key, prepared, seed, front, features, bond, Recipe(epochs=epochs, batch=batch, rate=rate))
    if key == "softmax":
        return _softmax(prepared, seed, epochs)
    if key == "pca_dnn":
        return _pca_network(prepared, seed, features, epochs)
    if key == "quclassi_epsilon":
        return _epsilon(prepared, seed, features)
    return _quclassi(key, prepared, seed, features, epochs)


def _pixel_network(key: str, prepared: Prepared, seed: int, budget: int) -> Contest:
    x, _ = _training(prepared)
    classes = len(prepared.class_names)
    hidden = classical.hidden_units(x[0].numel(), classes, budget) + (key == "dnn_wide")
    return (yield from _tuned(key, prepared, seed, x, prepared.test_x, hidden, epochs=100))


def _pca_network(prepared: Prepared, seed: int, features: int, epochs: int) -> Contest:
    model = _frozen(prepared, seed, features, "attract", "SD")
    with torch.no_grad():
        x, test_x = model.features_of(_training(prepared)[0]), model.features_of(prepared.test_x)
    hidden = classical.hidden_units(x.shape[1], model.classes, model.counts()["total"])
    return (yield from _tuned("pca_dnn", prepared, seed, x, test_x, hidden, epochs=epochs))


def _tuned(key: str, prepared: Prepared, seed: int, x: Tensor, test_x: Tensor, hidden: int, *, epochs: int) -> Contest:
    """Choose activation and rate on a fifth of the training samples, then train on all of them."""
    _, y = _training(prepared)
    classes = len(prepared.class_names)
    order = torch.from_numpy(stream(seed, "split", 1).permutation(len(x)))
    inner, outer = order[len(x) // 5 :], order[: len(x) // 5]
    choices = [(activation, rate) for activation in ("tanh", "relu", "leaky relu") for rate in (0.03, 0.1)]
    total = (len(choices) + 1) * epochs
    scores = []

    def train(choice: tuple[str, float], rows: Tensor, before: int) -> Generator[Step, None, classical.Classifier]:
        activation, rate = choice
        network = classical.dense_network(x[0].numel(), hidden, classes, activation, stream(seed, "init", 1))
        fitting = classical.fit(network, x[rows], y[rows], seed, epochs=epochs, batch=32, rate=rate)
        return (yield from _reported(fitting, before, total, f"{activation}, rate {rate:g}"))

    for number, choice in enumerate(choices):
        candidate = yield from train(choice, inner, number * epochs)
        scores.append(_share_right(candidate.predict(x[outer]), y[outer]))
    best = choices[int(np.argmax(scores))]
    network = yield from train(best, order, len(choices) * epochs)
    settings = f"{hidden} hidden units, {best[0]}, rate {best[1]:g}, {epochs} epochs"
    return _outcome(key, prepared, network.size, 0, network.predict(test_x), settings)


def _headed(key: str, prepared: Prepared, seed: int, front: Front, features: int, bond: int, recipe: Recipe) -> Contest:
    """The model's own front end with a linear layer in place of the quantum states: trained as the model was, on a
    frozen front end to the optimum."""
    model = build(prepared, seed, front=front, features=features, bond=bond)
    trained_with_it = {
        name: tensor
        for name, tensor in model.parameters.items()
        if not name.startswith("theta") and name != "log_temperature"
    }
    x, y = _training(prepared)
    epochs, rate = recipe.epochs, recipe.rate
    if not trained_with_it:
        epochs, rate = max(epochs, _epochs_for(CONVEX_STEPS, len(x), recipe.batch)), max(rate, CONVEX_RATE)
    squash: Callable[[Tensor], Tensor] = torch.nn.Identity() if key == "linear_head" else torch.sigmoid
    network = classical.headed_network(
        trained_with_it,
        lambda parameters, x: model.with_parameters(parameters).signals(x),
        model.features,
        model.classes,
        stream(seed, "init", 1),
        squash=squash,
    )
    fitting = classical.fit(network, x, y, seed, epochs=epochs, batch=recipe.batch, rate=rate)
    trained = yield from _reported(fitting, 0, epochs, "")
    settings = f"rate {rate:g}, {epochs} epochs"
    return _outcome(key, prepared, trained.size, 0, trained.predict(prepared.test_x), settings)


def _softmax(prepared: Prepared, seed: int, epochs: int) -> Contest:
    x, y = _training(prepared)
    network = classical.softmax_regression(x[0].numel(), len(prepared.class_names))
    epochs = max(epochs, _epochs_for(CONVEX_STEPS, len(x), 32))
    fitting = classical.fit(network, x, y, seed, epochs=epochs, batch=32, rate=0.02)
    trained = yield from _reported(fitting, 0, epochs, "")
    return _outcome("softmax", prepared, trained.size, 0, trained.predict(prepared.test_x), f"{epochs} epochs")


def _epochs_for(steps: int, samples: int, batch: int) -> int:
    """Epochs that make at least so many steps."""
    return math.ceil(steps / math.ceil(samples / batch))


def _quclassi(key: str, prepared: Prepared, seed: int, features: int, epochs: int) -> Contest:
    loss: LossName = "attract" if key == "quclassi_attract" else "temperature"
    wide = key == "quclassi_17"
    model = _frozen(prepared, seed, WIDE_FEATURES if wide else features, loss, "S" if wide else "SD")
    trainer = Trainer(model, _training(prepared), Recipe(epochs=epochs, rate=QUCLASSI_RATE), seed)
    while not trainer.finished:
        record = trainer.advance()
        yield Step(record.step, record.steps)
    settings = f"PCA-{model.features}, {model.layers}, {loss}, rate {QUCLASSI_RATE:g}, {epochs} epochs"
    return _quantum_outcome(key, prepared, trainer.model, settings)


def _epsilon(prepared: Prepared, seed: int, features: int) -> Contest:
    model = _frozen(prepared, seed, features, "attract", "SD")
    trainer = EpsilonTrainer(model, _training(prepared), seed)
    while not trainer.finished:
        record = trainer.advance()
        yield Step(record.step, record.steps)
    return _quantum_outcome("quclassi_epsilon", prepared, trainer.model, f"PCA-{model.features}, SD, 25 epochs")


def _frozen(prepared: Prepared, seed: int, features: int, loss: LossName, layers: str) -> Model:
    """QuClassi's model, with the initial angles of its reference code."""
    front: Front = "pca"
    return build(prepared, seed, front=front, features=features, layers=layers, loss=loss, state_range="2pi")


def _training(prepared: Prepared) -> tuple[Tensor, Tensor]:
    """Training and validation samples together: rivals choose their settings on a part of these."""
    return (
        torch.cat([prepared.train_x, prepared.validation_x]),
        torch.cat([prepared.train_y, prepared.validation_y]),
    )


def _reported(
    fitting: Generator[int, None, classical.Classifier], before: int, total: int, note: str
) -> Generator[Step, None, classical.Classifier]:
    while True:
        try:
            done = next(fitting)
        except StopIteration as end:
            trained: classical.Classifier = end.value
            return trained
        yield Step(before + done, total, note)


def _share_right(predictions: Tensor, labels: Tensor) -> float:
    return float((predictions == labels).double().mean())


def _quantum_outcome(key: str, prepared: Prepared, model: Model, settings: str) -> Outcome:
    predictions = model.predict(prepared.test_x)
    return _outcome(key, prepared, model.counts()["total"], 2 * model.qubits + 1, predictions, settings)


def _outcome(key: str, prepared: Prepared, parameters: int, qubits: int, predictions: Tensor, settings: str) -> Outcome:
    return Outcome(
        key=key,
        title=BASELINES[key].title,
        parameters=parameters,
        qubits=qubits,
        accuracy=_share_right(predictions, prepared.test_y),
        predictions=predictions.numpy(),
        settings=settings,
    )
