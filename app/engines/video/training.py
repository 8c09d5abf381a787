"""Train a scoring network, one video per step, so that it can be stopped and taken up again bit for bit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from app.engines.video.conditional import ConditionalNetwork
from app.engines.video.disturbance import Disturbance, disturb
from app.engines.video.dropout import drawing_from, dropouts_of
from app.engines.video.elbo import objective
from app.engines.video.network_seeds import stream, torch_stream
from app.engines.video.networks import Network, Shape, build, loss_terms

WARM_UP = 10
"""Epochs over which the weight of the divergence rises to its value (method 10)."""
COLLAPSED_BELOW = 0.01
COLLAPSED_FOR = 5
LONGEST_STEP = 2000
"""Frames of one training step; a longer video gives a random window of that length."""


@dataclass(frozen=True)
class Example:
    """One video to learn from: features (T, d) float32, importance (T,) in [0, 1], query tokens (L, d_q) or None."""

    name: str
    features: Tensor
    target: Tensor
    query: Tensor | None = None
    damaged_query: Tensor | None = None
    """The same query with words dropped or misspelt, for the condition t = 1."""


@dataclass(frozen=True)
class Recipe:
    """How to train. `disturb_plain` gives networks without a condition the same disturbed videos."""

    epochs: int = 30
    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    clip: float = 5.0
    helper_weight: float = 1.0
    kl_weight: float = 1.0
    disturbance: Disturbance = "entries"
    disturb_plain: bool = True
    accumulate: int = 1
    """Videos whose gradients are summed before a step."""


@dataclass(frozen=True)
class EpochRecord:
    """Means over the videos of an epoch. `terms` is empty for networks without a variational objective."""

    epoch: int
    loss: float
    terms: Mapping[str, float]
    gate: float | None
    kl_per_dimension: float | None


class Trainer:
    """Training of one network. The weights after a step that was not finite are those before it, and training ends."""

    def __init__(self, shape: Shape, examples: Sequence[Example], amplitude: Tensor, recipe: Recipe, seed: int) -> None:
        if not examples:
            raise ValueError("training needs at least one video")
        self.shape = shape
        self.network: Network = build(shape, torch_stream(seed, "init"))
        self._examples = list(examples)
        self._amplitude = amplitude
        self._recipe = recipe
        self._seed = seed
        self._drops = dropouts_of(self.network)
        self._weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        self._adam = torch.optim.Adam(
            self._weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.epoch = 0
        self._place = 0
        self._sums: dict[str, float] = {}
        self._collapsed = 0
        self.ended: Literal["", "epochs", "not finite"] = ""
        self._good = self._copies()

    @property
    def steps(self) -> int:
        """Videos of the whole training."""
        return self._recipe.epochs * len(self._examples)

    @property
    def step(self) -> int:
        return self.epoch * len(self._examples) + self._place

    @property
    def posterior_collapsed(self) -> bool:
        """Whether the hidden factors have said nothing (KL < 0.01 per dimension) for five epochs."""
        return self._collapsed >= COLLAPSED_FOR

    def advance(self) -> EpochRecord | None:
        """Learn from one more video; the record of the epoch where this was its last one, or where training broke."""
        if self.ended:
            raise RuntimeError("training is over")
        order = stream(self._seed, "order", self.epoch).permutation(len(self._examples))
        position = int(order[self._place])
        finite = self._learn(self._examples[position], position, torch_stream(self._seed, "step", self.step))
        if not finite:
            self.ended = "not finite"
            self._restore(self._good)
            return EpochRecord(self.epoch + 1, math.nan, {}, None, None)
        self._place += 1
        return self._end_epoch() if self._place == len(self._examples) else None

    def state(self) -> dict[str, Any]:
        """All that `resume` needs."""
        moments = {
            f"{key}.{k}": self._adam.state[weight][key].clone()
            for k, weight in enumerate(self._weights)
            if weight in self._adam.state
            for key in ("step", "exp_avg", "exp_avg_sq")
        }
        return {
            "recipe": asdict(self._recipe),
            "shape": asdict(self.shape),
            "weights": {name: tensor.clone() for name, tensor in self.network.state_dict().items()},
            "moments": moments,
            "epoch": self.epoch,
            "place": self._place,
            "sums": dict(self._sums),
            "collapsed": self._collapsed,
            "ended": self.ended,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from `state()` of a trainer with the same shape and recipe; raises ValueError for another one.

        Only a state between two updates can be taken up: with accumulation, that is after an epoch.
        """
        if state["recipe"] != asdict(self._recipe) or state["shape"] != asdict(self.shape):
            raise ValueError("the state belongs to another training")
        self.network.load_state_dict(state["weights"])
        for k, weight in enumerate(self._weights):
            if f"step.{k}" in state["moments"]:
                self._adam.state[weight] = {
                    key: state["moments"][f"{key}.{k}"].clone() for key in ("step", "exp_avg", "exp_avg_sq")
                }
        self.epoch, self._place = int(state["epoch"]), int(state["place"])
        self._sums = dict(state["sums"])
        self._collapsed = int(state["collapsed"])
        self.ended = state["ended"]
        self._good = self._copies()

    def weights(self) -> dict[str, Tensor]:
        """A copy of the weights as they stand."""
        return {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}

    def _learn(self, example: Example, position: int, generator: torch.Generator) -> bool:
        condition = int(stream(self._seed, "condition", self.epoch, position).integers(0, 2))
        with drawing_from(generator, self._drops):
            loss, said = self._loss(example, condition, generator)
        value = float(loss.detach())
        if not math.isfinite(value):
            return False
        every = min(self._recipe.accumulate, len(self._examples))
        (loss / every if every > 1 else loss).backward()  # type: ignore[no-untyped-call]
        if (self._place + 1) % every == 0 or self._place + 1 == len(self._examples):
            norm = torch.nn.utils.clip_grad_norm_(self._weights, self._recipe.clip)
            if not math.isfinite(float(norm)):
                return False
            self._adam.step()
            self._adam.zero_grad()
        for name, number in (said | {"loss": value}).items():
            self._sums[name] = self._sums.get(name, 0.0) + number
        return True

    def _loss(self, example: Example, condition: int, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        x, y = _window(example, generator)
        variational = isinstance(self.network, ConditionalNetwork)
        disturbed = condition == 1 and (variational or self._recipe.disturb_plain)
        if disturbed:
            x = disturb(x, self._recipe.disturbance, self._amplitude, generator)
        query = example.damaged_query if disturbed else example.query
        if query is not None and float(torch.rand(1, generator=generator)) < 0.5:
            query = None  # else the null token would never learn what "no query" means
        if not isinstance(self.network, ConditionalNetwork):
            loss, gate = loss_terms(self.network, x, y, query)
            return loss, {} if gate is None else {"gate": gate}
        terms, mean_gate = self.network.terms(x, y, condition, generator, query)
        goal = objective(
            terms,
            hidden_factors=self.shape.hidden_factors,
            dimensions=self.shape.hidden,
            helper_weight=self._recipe.helper_weight,
            kl_weight=self._recipe.kl_weight * min(1.0, (self.epoch + 1) / WARM_UP),
        )
        means = torch.stack([terms.x, terms.t, terms.y, terms.kl, terms.helper_t, terms.helper_y]).detach().mean(1)
        named = ("x", "t", "y", "kl", "helper t", "helper y")
        names = named if self.network.helpers else named[:4]
        return -goal, {"gate": float(mean_gate), **dict(zip(names, means.tolist(), strict=False))}

    def _end_epoch(self) -> EpochRecord:
        means = {name: total / len(self._examples) for name, total in self._sums.items()}
        kl = means["kl"] / self.shape.hidden_factors if "kl" in means else None
        self._collapsed = self._collapsed + 1 if kl is not None and kl < COLLAPSED_BELOW else 0
        self.epoch, self._place, self._sums = self.epoch + 1, 0, {}
        self._good = self._copies()
        if self.epoch == self._recipe.epochs:
            self.ended = "epochs"
        loss, gate = means.pop("loss"), means.pop("gate", None)
        return EpochRecord(self.epoch, loss, means, gate, kl)

    def _copies(self) -> list[Tensor]:
        return [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def _restore(self, good: list[Tensor]) -> None:
        for weight, kept in zip(self._weights, good, strict=True):
            weight.copy_(kept)


def _window(example: Example, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    excess = len(example.target) - LONGEST_STEP
    if excess <= 0:
        return example.features, example.target
    start = int(torch.randint(excess + 1, (1,), generator=generator))
    return example.features[start : start + LONGEST_STEP], example.target[start : start + LONGEST_STEP]
