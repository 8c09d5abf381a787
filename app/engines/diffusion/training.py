"""Train a diffusion network, cleanly or with a backdoor, one resumable step at a time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from app.core.errors import AssayError
from app.engines.diffusion.attacks import Lesson
from app.engines.diffusion.losses import Net, training_loss
from app.engines.diffusion.optimisation import (
    average_into,
    one_cycle,
    optimiser_state,
    restore_optimiser,
    restore_weights,
    set_rate,
    warm_cosine,
    weights_of,
)
from app.engines.diffusion.schedules import Schedule


@dataclass(frozen=True)
class Plan:
    """How long and how fast: Adam at `rate`, gradients cut at norm `clip`, weights averaged with `decay`."""

    steps: int
    batch: int = 32
    rate: float = 2e-3
    curve: Literal["one-cycle", "cosine"] = "one-cycle"
    warm: int = 0
    clip: float = 1.0
    decay: float = 0.99

    def rate_at(self, step: int) -> float:
        """The rate of step 0 … steps - 1."""
        if self.curve == "one-cycle":
            return self.rate * one_cycle(step, self.steps)
        return self.rate * warm_cosine(step, self.steps, self.warm)

    def decay_at(self, step: int) -> float:
        """How much of the mean stays at step 0 …: early on it would mostly hold the first weights, so it forgets faster."""
        return min(self.decay, (1 + step) / (10 + step))


@dataclass(frozen=True)
class TrainingStep:
    """After update `step` (1 …): its loss, its rate and the gradient's norm before it was cut."""

    step: int
    loss: float
    rate: float
    norm: float


class Trainer:
    """Trains `module` in place; `net` is how it is called. `average` holds the averaged weights, which are the result.

    `images` (n, c, h, w) are in the model's range; `marked` (n,) are those of the target class of an In-D2D attack.
    """

    def __init__(
        self,
        module: nn.Module,
        net: Net,
        schedule: Schedule,
        lesson: Lesson,
        images: Tensor,
        plan: Plan,
        generator: torch.Generator,
        marked: Tensor | None = None,
    ) -> None:
        self.step, self.plan = 0, plan
        self._module, self._net, self._schedule, self._lesson = module, net, schedule, lesson
        self._images, self._generator = images, generator
        self._marked = torch.zeros(len(images), dtype=torch.bool) if marked is None else marked
        self._device = next(module.parameters()).device
        self._adam = torch.optim.Adam(module.parameters(), lr=plan.rate)
        self.average = weights_of(module)
        module.train()

    @property
    def finished(self) -> bool:
        return self.step >= self.plan.steps

    def advance(self) -> TrainingStep:
        """One update. Raises AssayError when the loss is no longer finite."""
        rate = self.plan.rate_at(self.step)
        set_rate(self._adam, rate)
        picked = torch.randint(len(self._images), (self.plan.batch,), generator=self._generator)
        batch = self._lesson.noised(self._images[picked], self._marked[picked], self._generator)
        x_t, target, t = (tensor.to(self._device) for tensor in (batch.x_t, batch.target, batch.t))
        loss = training_loss(self._net, self._schedule, x_t, target, t)
        if not math.isfinite(loss.item()):
            raise AssayError(
                "Training diverged", where=f"step {self.step + 1:,}", remedy="Lower the learning rate and start again."
            )
        self._adam.zero_grad()
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self._module.parameters(), self.plan.clip)
        self._adam.step()
        average_into(self.average, self._module, self.plan.decay_at(self.step))
        self.step += 1
        return TrainingStep(self.step, loss.item(), rate, float(norm))

    def state(self) -> dict[str, Any]:
        """Everything `resume` needs to go on bit for bit."""
        return {
            "weights": weights_of(self._module),
            "average": {name: value.clone() for name, value in self.average.items()},
            "adam": optimiser_state(self._adam),
            "generator": self._generator.get_state(),
            "step": self.step,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        restore_weights(self._module, state["weights"])
        self.average = {
            name: torch.as_tensor(value).to(self._device).clone() for name, value in state["average"].items()
        }
        restore_optimiser(self._adam, state["adam"])
        self._generator.set_state(torch.as_tensor(state["generator"]))
        self.step = int(state["step"])
