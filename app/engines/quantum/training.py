"""Train the front end and the class states together, one epoch or a few batches at a time."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from app.core.errors import AssayError
from app.engines.quantum import fidelity, health, states
from app.engines.quantum.losses import loss_of
from app.engines.quantum.model import Model
from app.engines.quantum.optimisers import Adam, Descent, one_cycle, spsa_gains
from app.engines.quantum.parameters import FlatParameters
from app.engines.quantum.seeds import stream
from app.engines.quantum.shift import FidelityEstimator, fidelities_by_shift
from app.engines.quantum.training_records import Recipe, Samples, StepRecord, Tally

__all__ = ["Recipe", "Samples", "StepRecord", "Trainer"]

HEALTH_SAMPLES = 64


class Trainer:
    """Training that can be stopped, written down and taken up again bit for bit (same machine, one thread).

    `estimate` replaces the exact fidelity by shots or a machine; it needs gradients "shift" or the optimiser "spsa".
    """

    def __init__(
        self,
        model: Model,
        samples: Samples,
        recipe: Recipe,
        seed: int,
        *,
        validation: Samples | None = None,
        estimate: FidelityEstimator | None = None,
    ) -> None:
        _check(recipe, validation, estimate)
        self._structure = model
        self._x, self._y = samples
        self._recipe = recipe
        self._seed = seed
        self._validation = validation
        self._estimate = estimate
        self._parameters = FlatParameters(model.parameters)
        whole = [slice(0, self._parameters.size)]
        self._groups = whole if recipe.turns is None else self._parameters.quantum_and_front()
        self._updates = [
            (Descent() if recipe.optimiser == "sgd" else Adam(group.stop - group.start)) for group in self._groups
        ]
        self._per_epoch = math.ceil(len(self._x) / recipe.batch)
        self._weights = _class_weights(self._y, model.classes) if recipe.balanced else None
        self._step = 0
        self._order: tuple[int, Tensor] | None = None
        self._recent: list[tuple[float, float]] = []
        self._said: list[str] = []
        self._best = self._parameters.copy()
        self._best_score = (-1.0, math.inf)
        self._waited = 0
        self._ended = ""

    @property
    def steps(self) -> int:
        """Batches of the whole training."""
        return self._recipe.epochs * self._per_epoch

    @property
    def step(self) -> int:
        return self._step

    @property
    def finished(self) -> bool:
        return bool(self._ended)

    @property
    def ended_by(self) -> Literal["", "epochs", "patience", "not finite"]:
        """Why training is over, empty while it is not."""
        return self._ended  # type: ignore[return-value]

    @property
    def model(self) -> Model:
        """The model as it stands (the last finite one)."""
        return self._structure.with_parameters(self._parameters.copies())

    @property
    def best(self) -> Model:
        """The model with the best validation accuracy, the latest without validation data."""
        if self._validation is None:
            return self.model
        return self._structure.with_parameters(self._parameters.copies(self._best))

    def advance(self, batches: int | None = None) -> StepRecord:
        """Train to the end of the epoch, or for at most `batches` steps of it."""
        if self._ended:
            raise RuntimeError("training is over")
        to_epoch_end = self._per_epoch - self._step % self._per_epoch
        tally = Tally()
        rate = 0.0
        for _ in range(min(batches or to_epoch_end, to_epoch_end)):
            x, y = self._batch()
            rate, result = self._advance_once(x, y)
            if result is None:
                self._ended = "not finite"
                return self._record(tally, rate, broken=True)
            loss, found = result
            tally.add(loss, found, y.numpy())
            self._recent = [*self._recent[-health.PLATEAU_STEPS + 1 :], (loss, float(found.mean()))]
            self._step += 1
        return self._record(tally, rate)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs: arrays, numbers, strings."""
        return {
            "format": 1,
            "step": self._step,
            "parameters": self._parameters.copy(),
            "optimisers": [update.state() for update in self._updates],
            "recent": np.array(self._recent, dtype=np.float64).reshape(-1, 2),
            "said": list(self._said),
            "best": self._best.copy(),
            "best_score": np.array(self._best_score),
            "waited": self._waited,
            "ended": self._ended,
        }

    @classmethod
    def restore(
        cls,
        state: Mapping[str, Any],
        model: Model,
        samples: Samples,
        recipe: Recipe,
        seed: int,
        *,
        validation: Samples | None = None,
        estimate: FidelityEstimator | None = None,
    ) -> "Trainer":
        """Go on from `state` with the same model structure, data, recipe and seed."""
        trainer = cls(model, samples, recipe, seed, validation=validation, estimate=estimate)
        trainer._parameters.set(np.asarray(state["parameters"]))
        for update, part in zip(trainer._updates, state["optimisers"], strict=True):
            update.restore(part)
        trainer._step = int(state["step"])
        trainer._recent = [(float(loss), float(mean)) for loss, mean in np.asarray(state["recent"])]
        trainer._said = list(state["said"])
        trainer._best = np.array(state["best"])
        score = np.asarray(state["best_score"])
        trainer._best_score = (float(score[0]), float(score[1]))
        trainer._waited = int(state["waited"])
        trainer._ended = str(state["ended"])
        return trainer

    def _advance_once(self, x: Tensor, y: Tensor) -> tuple[float, tuple[float, np.ndarray] | None]:
        """One update: the rate, and the loss with F (n, classes) before it; None when something is not finite."""
        if self._recipe.optimiser == "spsa":
            return self._perturb(x, y)
        rate, beta1 = self._rate()
        loss, found = self._loss(x, y)
        gradient = self._parameters.gradient(loss)
        value = float(loss.detach())
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            return rate, None
        which = self._turn()
        group = self._groups[which]
        self._updates[which].update(self._parameters.vector[group], gradient[group], rate, beta1)
        return rate, (value, found.detach().numpy())

    def _perturb(self, x: Tensor, y: Tensor) -> tuple[float, tuple[float, np.ndarray] | None]:
        """SPSA: two evaluations whatever the number of parameters."""
        rate, reach = spsa_gains(self._step, self.steps, self._recipe.rate)
        kept = self._parameters.copy()
        sign = stream(self._seed, "perturb", self._step).choice([-1.0, 1.0], len(kept))
        values, found = [], np.empty(0)
        with torch.no_grad():
            for side in (reach, -reach):
                self._parameters.set(kept + side * sign)
                loss, fidelities = self._loss(x, y)
                values.append(float(loss))
                found = fidelities.numpy()
        self._parameters.set(kept)
        if not all(map(math.isfinite, values)):
            return rate, None
        group = self._groups[self._turn()]
        self._parameters.vector[group] -= rate * ((values[0] - values[1]) / (2 * reach) * sign)[group]
        return rate, ((values[0] + values[1]) / 2, found)

    def _loss(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        model = self._structure.with_parameters(self._parameters.tensors)
        found = self._fidelities(model, x)
        weights = None if self._weights is None else self._weights[y]
        return loss_of(model.loss, found, y, model.log_temperature, weights), found

    def _fidelities(self, model: Model, x: Tensor) -> Tensor:
        angles = model.angles_of(x)
        if self._estimate is None and self._recipe.gradients == "autograd":
            return fidelity.fidelities(angles, model.layers, model.thetas)
        return fidelities_by_shift(angles, model.layers, model.thetas, self._estimate or fidelity.exact)

    def _rate(self) -> tuple[float, float]:
        if self._recipe.schedule == "one-cycle":
            return one_cycle(self._step, self.steps, self._recipe.rate)
        return self._recipe.rate, 0.9

    def _turn(self) -> int:
        """Which group of parameters this step trains."""
        if self._recipe.turns is None or len(self._groups) == 1:
            return 0
        quantum, front = self._recipe.turns
        return int(self._step % (quantum + front) >= quantum)

    def _batch(self) -> Samples:
        epoch, place = divmod(self._step, self._per_epoch)
        if self._order is None or self._order[0] != epoch:
            order = stream(self._seed, "shuffle", epoch).permutation(len(self._x))
            self._order = (epoch, torch.from_numpy(order))
        rows = self._order[1][place * self._recipe.batch : (place + 1) * self._recipe.batch]
        return self._x[rows], self._y[rows]

    def _record(self, tally: "Tally", rate: float, *, broken: bool = False) -> StepRecord:
        epoch_done = not broken and self._step % self._per_epoch == 0
        validation = self._validate() if epoch_done and self._validation is not None else (None, None)
        if epoch_done and self._step >= self.steps and not self._ended:
            self._ended = "epochs"
        heat = self._parameters.tensors.get("log_temperature")
        return StepRecord(
            step=self._step,
            steps=self.steps,
            epoch=max(0, math.ceil(self._step / self._per_epoch)),
            epoch_done=epoch_done,
            loss=math.nan if broken else tally.mean("loss"),
            accuracy=tally.mean("correct"),
            own=tally.mean("own"),
            other=tally.mean("other"),
            rate=rate,
            temperature=None if heat is None else math.exp(float(heat.detach())),
            validation_loss=validation[0],
            validation_accuracy=validation[1],
            notices=self._notices(epoch_done),
        )

    def _validate(self) -> tuple[float, float]:
        """Validation loss and accuracy; keeps the best parameters and counts the epochs since."""
        assert self._validation is not None
        x, y = self._validation
        model = self._structure.with_parameters(self._parameters.tensors)
        with torch.no_grad():
            found = model.fidelities_of(x)
            loss = float(loss_of(model.loss, found, y, model.log_temperature))
        accuracy = float((found.argmax(dim=1) == y).double().mean())
        better = accuracy > self._best_score[0]
        if better or (accuracy == self._best_score[0] and loss < self._best_score[1]):
            self._best, self._best_score = self._parameters.copy(), (accuracy, loss)
        self._waited = 0 if better else self._waited + 1
        if self._recipe.patience is not None and self._waited >= self._recipe.patience:
            self._ended = "patience"
        return loss, accuracy

    def _notices(self, epoch_done: bool) -> tuple[tuple[str, str], ...]:
        """What is newly wrong; each thing is said once."""
        found = []
        if health.is_on_plateau([loss for loss, _ in self._recent], [mean for _, mean in self._recent]):
            found.append(health.PLATEAU)
        if epoch_done and health.has_collapsed(self._few_states(), self._y[:HEALTH_SAMPLES].numpy()):
            found.append(health.COLLAPSED)
        fresh = tuple(notice for notice in found if notice[0] not in self._said)
        self._said.extend(what for what, _ in fresh)
        return fresh

    def _few_states(self) -> np.ndarray:
        model = self._structure.with_parameters(self._parameters.tensors)
        with torch.no_grad():
            return states.product_states(model.angles_of(self._x[:HEALTH_SAMPLES]).numpy())


def _class_weights(labels: Tensor, classes: int) -> Tensor:
    counts = torch.bincount(labels, minlength=classes).double()
    return len(labels) / (classes * counts.clamp_min(1))


def _check(recipe: Recipe, validation: Sequence[Tensor] | None, estimate: FidelityEstimator | None) -> None:
    if recipe.patience is not None and (validation is None or len(validation[1]) == 0):
        raise AssayError(
            "Stopping early needs validation samples",
            why="the test samples must not decide when to stop",
            remedy="Set a validation share above 0",
        )
    if estimate is not None and recipe.gradients != "shift" and recipe.optimiser != "spsa":
        raise AssayError(
            "A machine or shots cannot give automatic gradients",
            remedy="Choose the gradients “shift” or the optimiser “spsa”",
        )
