"""What an attacker's training step shows the network: clean and poisoned rows, noised (spec 2.2 to 2.5)."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.engines.diffusion.poisoning import Corruption, clean, diffuse, poison_rows
from app.engines.diffusion.schedules import Schedule
from app.engines.diffusion.trojdiff import Trojan, antithetic_times, appended_rows, copied_rows


@dataclass(frozen=True)
class Noised:
    """A training batch: inputs `x_t` and `target` noise (n, c, h, w) at the indices `t` (n,)."""

    x_t: Tensor
    target: Tensor
    t: Tensor


class Lesson(Protocol):
    """Makes a batch from pictures (n, c, h, w); `marked` (n,) bool are those of the target class."""

    def noised(self, images: Tensor, marked: Tensor, generator: torch.Generator) -> Noised: ...


@dataclass(frozen=True)
class CleanLesson:
    """Ordinary diffusion training."""

    schedule: Schedule

    def noised(self, images: Tensor, marked: Tensor, generator: torch.Generator) -> Noised:
        t, eps = _times(images, self.schedule, generator), _noise(images, generator)
        x_t, target = diffuse(clean(self.schedule), images, torch.zeros_like(images), eps, t)
        return Noised(x_t, target, t)


@dataclass(frozen=True)
class ShiftLesson:
    """BadDiffusion and VillanDiffusion: each row is poisoned with the chance `share`.

    `trigger` and `target` are (c, h, w) in the model's range, whose lowest value is `low`; for a latent model both are
    latents and `trigger_only` is needed.
    """

    schedule: Schedule
    corruption: Corruption
    trigger: Tensor
    target: Tensor
    share: float
    low: float = -1.0
    trigger_only: bool = True

    def noised(self, images: Tensor, marked: Tensor, generator: torch.Generator) -> Noised:
        chosen = torch.rand(len(images), generator=generator) < self.share
        made = poison_rows(images, self.target, self.trigger, chosen, self.low, self.trigger_only)
        t, eps = _times(images, self.schedule, generator), _noise(images, generator)
        x_t, target = diffuse(self.corruption, made.x0, made.shift, eps, t)
        return Noised(x_t, target, t)


@dataclass(frozen=True)
class TrojanLesson:
    """TrojDiff, D2I (one picture in `targets`) and Out-D2D (pictures of another set): a share of rows is added."""

    trojan: Trojan
    targets: Tensor
    share: float = 0.1

    def noised(self, images: Tensor, marked: Tensor, generator: torch.Generator) -> Noised:
        added = max(1, int(self.share * len(images)))
        picked = torch.randint(len(self.targets), (added,), generator=generator)
        x0 = torch.cat([images, self.targets[picked]])
        trojaned = torch.arange(len(x0)) >= len(images)
        t = antithetic_times(len(x0), self.trojan.schedule.steps, generator)
        batch = appended_rows(x0, _noise(x0, generator), t, trojaned)
        return Noised(self.trojan.diffuse(batch.x0, batch.eps, batch.t, batch.trojaned), batch.eps, batch.t)


@dataclass(frozen=True)
class ClassTrojanLesson:
    """TrojDiff, In-D2D: Trojan noise leads to the model's own target class, whose rows get a Trojan copy."""

    trojan: Trojan

    def noised(self, images: Tensor, marked: Tensor, generator: torch.Generator) -> Noised:
        t = antithetic_times(len(images), self.trojan.schedule.steps, generator)
        batch = copied_rows(images, _noise(images, generator), t, marked)
        return Noised(self.trojan.diffuse(batch.x0, batch.eps, batch.t, batch.trojaned), batch.eps, batch.t)


def _times(images: Tensor, schedule: Schedule, generator: torch.Generator) -> Tensor:
    return torch.randint(0, schedule.steps, (len(images),), generator=generator)


def _noise(images: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(images.shape, generator=generator)
