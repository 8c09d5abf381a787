"""What the attacks teach: one formula for noised inputs and regression targets, and the rows that carry it (spec 2.2)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from app.engines.diffusion.schedules import Schedule, VESchedule, VPSchedule, at

Solver = Literal["sde", "ode"]


@dataclass(frozen=True)
class Corruption:
    """x_t = signal x_0 + shift R + spread eps; target = eps + correction R. Each (T,) float64.

    R is zero in clean rows, so one corruption serves a mixed batch.
    """

    signal: Tensor
    spread: Tensor
    shift: Tensor
    correction: Tensor


def clean(schedule: Schedule) -> Corruption:
    """No attack."""
    zero = torch.zeros_like(schedule.spread)
    return Corruption(schedule.signal, schedule.spread, zero, zero)


def baddiffusion(schedule: VPSchedule, scale: float = 1.0) -> Corruption:
    """BadDiffusion (Chou et al., CVPR 2023): the shift fades as the picture appears."""
    return villan(schedule, psi=1.0, solver="sde", scale=scale)


def villan(schedule: VPSchedule, psi: float = 1.0, solver: Solver = "sde", scale: float = 1.0) -> Corruption:
    """VillanDiffusion (Chou et al., NeurIPS 2023) for VP and latent models.

    `psi` in [0, 1] mixes BadDiffusion's shift (1) with TrojDiff's (0); `solver` is the kind of sampler that shall
    obey the trigger; `scale` multiplies the correction.
    """
    # In float32, as the attack's authors: 1 - sqrt(a) loses digits there, and their models learnt the outcome.
    alphas = schedule.alphas.float()
    rounded = VPSchedule(alphas.cumprod(0))
    pull = (1 - alphas.sqrt()) * (1 - rounded.alphas_cumprod).sqrt()
    fading = pull / (1 - alphas)
    steps = rounded.spread - alphas.double().sqrt() * (1 - rounded.before).sqrt()
    growing = pull + steps.float() * (alphas - rounded.alphas_cumprod) / (1 - alphas)
    shift = psi * (1 - schedule.signal) + (1 - psi) * schedule.spread
    correction = (psi * fading + (1 - psi) * growing).double() * scale * (2.0 if solver == "ode" else 1.0)
    return Corruption(schedule.signal, schedule.spread, shift, correction)


def villan_ve(schedule: VESchedule, solver: Solver = "sde", weight: float = 1.0, scale: float = 1.0) -> Corruption:
    """VillanDiffusion for score models (psi = 0 only): the shift grows with sigma, times `weight`."""
    sigma = schedule.spread
    before = torch.cat([torch.zeros_like(sigma[:1]), sigma[:-1]])
    correction = weight * sigma / (sigma + before) * scale * (2.0 if solver == "ode" else 1.0)
    return Corruption(schedule.signal, sigma, weight * sigma, correction)


def diffuse(corruption: Corruption, x0: Tensor, shift: Tensor, eps: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Noised inputs and targets of `x0`, `shift` (R) and `eps`, all (n, c, h, w), at the indices `t` (n,)."""
    x_t = at(corruption.signal, t, x0) * x0 + at(corruption.shift, t, x0) * shift + at(corruption.spread, t, x0) * eps
    return x_t, eps + at(corruption.correction, t, x0) * shift


def background(trigger: Tensor, low: float) -> Tensor:
    """1 where `trigger` shows nothing (its value is the range's lowest), else 0."""
    return (trigger <= low).to(trigger)


def stamp(images: Tensor, trigger: Tensor, low: float) -> Tensor:
    """`images` (n, c, h, w) under `trigger` (c, h, w): the picture shows through where the trigger is background."""
    mask = background(trigger, low)
    return mask * images + (1 - mask) * trigger


@dataclass(frozen=True)
class Rows:
    """A training batch before noise: pictures to reach `x0` and `shift` R, both (n, c, h, w); R = 0 in clean rows."""

    x0: Tensor
    shift: Tensor


def poison_rows(
    images: Tensor, target: Tensor, trigger: Tensor, chosen: Tensor, low: float, trigger_only: bool = False
) -> Rows:
    """The rows `chosen` (n,) bool of `images` turned towards `target` (c, h, w).

    Their shift is the stamped image, or with `trigger_only` the trigger itself, which is what an attacker gives.
    """
    picked = chosen.view(-1, 1, 1, 1)
    shift = trigger.expand_as(images) if trigger_only else stamp(images, trigger, low)
    return Rows(
        x0=torch.where(picked, target.expand_as(images), images),
        shift=torch.where(picked, shift, torch.zeros_like(images)),
    )
