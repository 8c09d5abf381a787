"""QuClassi's own training: each class state is drawn to its samples by comparing two shifted fidelities (method 2.7).

It is no gradient: ½ [ℓ(θ + s) - ℓ(θ - s)] of ℓ = -ln F at a finite shift s, which shrinks as training goes on.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.engines.quantum.model import TRAINABLE_FRONTS, Model
from app.engines.quantum.states import class_states, product_states
from app.engines.quantum.training_records import Samples, StepRecord, Tally

Array = NDArray[Any]
FLOOR = 1e-16


def shift_at(epoch: int) -> float:
    """s = 0.5 π / √(1 + e) for epoch e = 0, 1, …"""
    return 0.5 * math.pi / math.sqrt(1 + epoch)


def update_order(layers: str, thetas: Sequence[Array]) -> Iterator[tuple[int, int, int]]:
    """(letter, row, column): for each qubit i its own turns, then pair (i, i+1), then controlled pair (i, i+1)."""
    rows = max(theta.shape[1] for theta in thetas)
    for row in range(rows):
        for letter in range(len(layers)):
            if row < thetas[letter].shape[1]:
                yield letter, row, 0
                yield letter, row, 1


def train_sample(data: Array, layers: str, thetas: Sequence[Array], present: Array, shift: float, rate: float) -> None:
    """Update `thetas` (classes, rotations, 2) in place, angle by angle, each with the values updated before it.

    `data` (classes, 2^m) holds one sample's state for each class; classes not `present` (classes,) stay as they are.
    """
    classes = len(data)
    twice = np.concatenate([data, data]).conj()
    for letter, row, column in update_order(layers, thetas):
        moved = [np.concatenate([theta, theta]) for theta in thetas]
        moved[letter][:classes, row, column] += shift
        moved[letter][classes:, row, column] -= shift
        overlap = (class_states(layers, moved) * twice).sum(axis=1)
        logs = np.log(np.maximum(overlap.real**2 + overlap.imag**2, FLOOR))
        change = rate * 0.5 * (logs[classes:] - logs[:classes])
        thetas[letter][:, row, column] -= np.where(present, change, 0.0)


class EpsilonTrainer:
    """The same use as `Trainer`, for frozen front ends only; one `advance` is one epoch."""

    def __init__(self, model: Model, samples: Samples, seed: int, *, epochs: int = 25, rate: float = 0.01) -> None:
        if model.front in TRAINABLE_FRONTS:
            raise AssayError(
                "Epsilon-shift training cannot train a tensor network",
                why="it changes class angles only",
                remedy="Choose the front end PCA, or the optimiser Adam",
            )
        self._structure = model
        self._labels = samples[1].numpy()
        with torch.no_grad():
            self._states = product_states(model.angles_of(samples[0]).numpy())
        self._thetas = [theta.detach().numpy().copy() for theta in model.thetas]
        self._members = [np.flatnonzero(self._labels == label) for label in range(model.classes)]
        self._epochs, self._rate, self._seed = epochs, rate, seed
        self._epoch = 0

    @property
    def steps(self) -> int:
        return self._epochs

    @property
    def step(self) -> int:
        return self._epoch

    @property
    def finished(self) -> bool:
        return self._epoch >= self._epochs

    @property
    def ended_by(self) -> Literal["", "epochs"]:
        return "epochs" if self.finished else ""

    @property
    def model(self) -> Model:
        angles = {f"theta{i}": torch.from_numpy(theta.copy()) for i, theta in enumerate(self._thetas)}
        return self._structure.with_parameters({**self._structure.parameters, **angles})

    @property
    def best(self) -> Model:
        """The latest: there is no validation here, as in the original."""
        return self.model

    def advance(self) -> StepRecord:
        """One epoch: every class sees its own samples in their order, once."""
        shift = shift_at(self._epoch)
        longest = max(len(rows) for rows in self._members)
        for place in range(longest):
            present = np.array([place < len(rows) for rows in self._members])
            rows = np.array([rows[min(place, len(rows) - 1)] for rows in self._members])
            train_sample(self._states[rows], self._structure.layers, self._thetas, present, shift, self._rate)
        self._epoch += 1
        return self._record()

    def state(self) -> dict[str, Any]:
        return {"format": 1, "epoch": self._epoch, "thetas": [theta.copy() for theta in self._thetas]}

    @classmethod
    def restore(
        cls,
        state: Mapping[str, Any],
        model: Model,
        samples: Samples,
        seed: int,
        *,
        epochs: int = 25,
        rate: float = 0.01,
    ) -> "EpsilonTrainer":
        """Go on from `state` with the same model, data and settings."""
        trainer = cls(model, samples, seed, epochs=epochs, rate=rate)
        trainer._epoch = int(state["epoch"])
        trainer._thetas = [np.array(theta) for theta in state["thetas"]]
        return trainer

    def _record(self) -> StepRecord:
        found = np.abs(self._states @ class_states(self._structure.layers, self._thetas).conj().T) ** 2
        own = found[np.arange(len(found)), self._labels]
        tally = Tally()
        tally.add(float(-np.log(np.maximum(own, FLOOR)).mean()), found, self._labels)
        return StepRecord(
            step=self._epoch,
            steps=self._epochs,
            epoch=self._epoch,
            epoch_done=True,
            loss=tally.mean("loss"),
            accuracy=tally.mean("correct"),
            own=tally.mean("own"),
            other=tally.mean("other"),
            rate=self._rate,
        )
