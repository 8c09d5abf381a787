"""Remove a backdoor by fine-tuning: Elijah's loss, and our denoise-through-shift loss (spec 2.9, 2.10)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from app.core.errors import AssayError
from app.engines.diffusion.attacks import CleanLesson, Noised
from app.engines.diffusion.features import cluster
from app.engines.diffusion.losses import Net, RemovalTerms, removal_terms, through_shift
from app.engines.diffusion.metrics import attack_success
from app.engines.diffusion.optimisation import (
    average_into,
    optimiser_state,
    restore_optimiser,
    restore_weights,
    set_rate,
    weights_of,
)
from app.engines.diffusion.roaming import Roaming
from app.engines.diffusion.schedules import Schedule
from app.engines.diffusion.training import Plan

Terms = Callable[[Net, Net, Schedule, Tensor, Noised, torch.Generator], RemovalTerms]
"""(net, frozen reference, schedule, tau, clean batch, generator) to the three terms of the loss."""


EARLIEST = 0.3
"""Share of the indices below which a picture can hardly be told from a shifted one: to ask for it spoils clean ones."""


@dataclass(frozen=True)
class Weights:
    """Factors of the three terms; the reference has 1 for each."""

    shift: float = 1.0
    keep: float = 1.0
    diffusion: float = 1.0


@dataclass(frozen=True)
class RemovalStep:
    """After update `step` (1 …): the terms of the loss before it, the rate, and the gradient's norm before the cut."""

    step: int
    shift: float
    keep: float
    diffusion: float
    rate: float
    norm: float


@dataclass(frozen=True)
class Check:
    """A look at the averaged weights: share of pictures still forced, and mean keep loss since the last look."""

    step: int
    forced: float
    keep: float


def exact_terms(
    net: Net, reference: Net, schedule: Schedule, tau: Tensor, batch: Noised, generator: torch.Generator
) -> RemovalTerms:
    """Elijah: undo the shift at pure noise only."""
    eps = torch.randn(batch.x_t.shape, generator=generator).to(batch.x_t)
    return removal_terms(net, reference, schedule, tau, eps, batch.x_t, batch.target, batch.t)


def through_shift_terms(
    net: Net, reference: Net, schedule: Schedule, tau: Tensor, batch: Noised, generator: torch.Generator
) -> RemovalTerms:
    """Ours: from pure noise down to `EARLIEST` the shift is noise to be removed, and the rest is as the suspect has it.

    What the suspect makes of clean pictures is the target of the shift and keeping terms at every index: it is nearer
    to its clean behaviour than the noise that was drawn, and steadier. Keeping looks at the last fiftieth, too.
    """
    n, x_t, t = len(batch.x_t), batch.x_t, batch.t
    eps = torch.randn(x_t.shape, generator=generator).to(x_t)
    late = torch.randint(int(0.98 * schedule.steps), schedule.steps, (n,), generator=generator).to(t)
    psi = torch.rand(n, generator=generator).to(x_t)
    scale = (0.3 + 0.8 * torch.rand(n, generator=generator)).to(x_t) * (t >= EARLIEST * schedule.steps)
    start, at_late, moment = schedule.noise_at(eps, late), schedule.conditioning(late), schedule.conditioning(t)
    with torch.no_grad():
        moments = torch.cat([moment, at_late])
        clean, wanted = schedule.as_noise(reference(torch.cat([x_t, start]), moments), moments).chunk(2)
    moved, target = through_shift(schedule, tau, x_t, clean, t, psi, scale)
    moments = torch.cat([moment, moment, at_late])
    ordinary, shifted, kept = schedule.as_noise(net(torch.cat([x_t, moved, start]), moments), moments).chunk(3)
    keep = mse_loss(kept, wanted) + mse_loss(ordinary, clean)
    return RemovalTerms(mse_loss(shifted, target), keep, mse_loss(ordinary, batch.target))


class Remover:
    """Trains `module` in place from the suspect's weights; `reference` stays as the suspect was.

    `shifts` (k, c, h, w) are the inverted ones, `images` (n, c, h, w) are clean ones in the model's range, real or sampled
    from the suspect itself. With a `reach` above 0 half of the rows take shifts that roam so far (see `Roaming`).
    `average` holds the averaged weights; `best` those of the best check.
    """

    def __init__(
        self,
        module: nn.Module,
        net: Net,
        reference: Net,
        schedule: Schedule,
        shifts: Tensor,
        images: Tensor,
        plan: Plan,
        generator: torch.Generator,
        *,
        terms: Terms = through_shift_terms,
        weights: Weights | None = None,
        reach: float = 0.0,
    ) -> None:
        self.step, self.plan = 0, plan
        self.checks: list[Check] = []
        self._module, self._net, self._reference, self._schedule = module, net, reference, schedule
        self._shifts = shifts
        self._roaming = Roaming(shifts, reach) if reach else None
        self._images, self._generator = images, generator
        self._terms, self._exact, self._weights = terms, terms is exact_terms, Weights() if weights is None else weights
        self._lesson = CleanLesson(schedule)
        self._device = next(module.parameters()).device
        self._adam = torch.optim.Adam(module.parameters(), lr=plan.rate)
        self._keeps: list[float] = []
        self.average = weights_of(module)
        self.best = weights_of(module)
        module.train()

    @property
    def finished(self) -> bool:
        return self.step >= self.plan.steps or self.settled

    @property
    def settled(self) -> bool:
        """Whether three checks in a row found at most one picture in sixteen forced, and keeping no longer improves.

        The authors train to the end and keep the last weights, and so does their loss here.
        """
        last = self.checks[-3:]
        return (
            not self._exact
            and len(last) == 3
            and all(check.forced <= 1 / 16 for check in last)
            and last[2].keep >= last[1].keep
        )

    def advance(self) -> RemovalStep:
        """One update. Raises AssayError when the loss is no longer finite."""
        rate = self.plan.rate_at(self.step)
        set_rate(self._adam, rate)
        picked = torch.randint(len(self._images), (self.plan.batch,), generator=self._generator)
        images = self._images[picked]
        made = self._lesson.noised(images, torch.zeros(len(images), dtype=torch.bool), self._generator)
        batch = Noised(*(tensor.to(self._device) for tensor in (made.x_t, made.target, made.t)))
        terms = self._terms(self._net, self._reference, self._schedule, self._rows(), batch, self._generator)
        loss = terms.total(self._weights.shift, self._weights.keep, self._weights.diffusion)
        if not math.isfinite(loss.item()):
            raise AssayError(
                "Removal diverged", where=f"step {self.step + 1:,}", remedy="Lower the learning rate and start again."
            )
        self._adam.zero_grad()
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self._module.parameters(), self.plan.clip)
        self._adam.step()
        if self._roaming is not None:
            self._roaming.move()
        average_into(self.average, self._module, self.plan.decay_at(self.step))
        self.step += 1
        self._keeps.append(terms.keep.item())
        return RemovalStep(self.step, terms.shift.item(), terms.keep.item(), terms.diffusion.item(), rate, float(norm))

    def check(self, forced: float) -> Check:
        """Note the share of forced pictures (see `forced_share`) that the averaged weights still make."""
        keep = math.fsum(self._keeps) / len(self._keeps) if self._keeps else math.inf
        made = Check(self.step, forced, keep)
        if self._exact or not self.checks or (forced, keep) <= min((check.forced, check.keep) for check in self.checks):
            self.best = {name: value.clone() for name, value in self.average.items()}
        self.checks.append(made)
        self._keeps = []
        return made

    def _rows(self) -> Tensor:
        """The shift of each row of a batch, (n, c, h, w): all in turn, each beside its companion, on from batch to batch."""
        every = self._shifts
        if self._roaming is not None:
            every = torch.stack([self._shifts, self._roaming.shifts], 1).flatten(0, 1)
        return every[(torch.arange(self.plan.batch) + self.step * self.plan.batch) % len(every)]

    def state(self) -> dict[str, Any]:
        """Everything `resume` needs to go on bit for bit; the reference is the suspect and is loaded anew."""
        return {
            "weights": weights_of(self._module),
            "average": {name: value.clone() for name, value in self.average.items()},
            "best": {name: value.clone() for name, value in self.best.items()},
            "adam": optimiser_state(self._adam),
            "roaming": None if self._roaming is None else self._roaming.state(),
            "generator": self._generator.get_state(),
            "keeps": list(self._keeps),
            "checks": [[check.step, check.forced, check.keep] for check in self.checks],
            "step": self.step,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        restore_weights(self._module, state["weights"])
        self.average = {
            name: torch.as_tensor(value).to(self._device).clone() for name, value in state["average"].items()
        }
        self.best = {name: torch.as_tensor(value).to(self._device).clone() for name, value in state["best"].items()}
        restore_optimiser(self._adam, state["adam"])
        # A removal that was begun without a roaming shift goes on without one.
        if (roaming := state.get("roaming")) is None:
            self._roaming = None
        elif self._roaming is not None:
            self._roaming.resume(roaming)
        self._generator.set_state(torch.as_tensor(state["generator"]))
        self._keeps = [float(keep) for keep in state["keeps"]]
        self.checks = [Check(int(step), float(forced), float(keep)) for step, forced, keep in state["checks"]]
        self.step = int(state["step"])


def forced_share(images: Tensor, suspected: Tensor, threshold: float = 0.05) -> float:
    """Share of `images` (n, c, h, w) in [0, 1] that a shift still forces: near the `suspected` target (c, h, w), that
    is the common picture before removal, or near each other. The true trigger is not needed, so it is no ASR.

    Being near their own median is not used: digits that differ well are all within .05 of theirs.
    """
    group = cluster(images).share
    # A picture is always like itself, which forces nothing.
    return max(attack_success(images, suspected, threshold), group if group > 1 / len(images) else 0.0)
