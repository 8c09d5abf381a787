"""The reverse process with any sampler, one step at a time, from a given start."""

import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from app.core.errors import AssayError
from app.models.schedulers import VE_ANCESTRAL, VE_FLOW, VE_SAMPLERS, Sampler, check_clip, make_scheduler, tolerated

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel


@dataclass(frozen=True)
class Step:
    """`done` of `total` network passes lie behind `x` (n, c, h, w)."""

    done: int
    total: int
    x: Tensor


def sample(
    model: "DiffusionModel",
    x_T: Tensor,
    sampler: Sampler,
    *,
    steps: int | None = None,
    eta: float = 0.0,
    clip: bool = False,
    generator: torch.Generator | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Tensor:
    """What the model makes of `x_T` (n, c, h, w), noise of unit variance plus a shift if any; same shape, model's range.

    `steps` defaults to the sampler's own; `eta` counts for DDIM only. Raises AssayError as `sampling`.
    """
    x = x_T
    for step in sampling(model, x_T, sampler, steps=steps, eta=eta, clip=clip, generator=generator):
        x = step.x
        if on_step is not None:
            on_step(step)
    return x


def sampling(
    model: "DiffusionModel",
    x_T: Tensor,
    sampler: Sampler,
    *,
    steps: int | None = None,
    eta: float = 0.0,
    clip: bool = False,
    generator: torch.Generator | None = None,
) -> Iterator[Step]:
    """The steps of `sample`, for those who show or stop them. `generator` lies on the device of `x_T`.

    The start is scaled here: by the scheduler's own initial sigma, or sigma max of a score model. Raises AssayError for
    a sampler of the other family, for steps beyond the model's own, and where the sampler cannot clip.
    """
    count = sampler.steps if steps is None else steps
    if (sampler.name in VE_SAMPLERS) != (model.kind == "ncsn"):
        family = "score model" if model.kind == "ncsn" else "noise predictor"
        raise AssayError(f"{sampler.title} does not sample a {family}", where="sampler")
    if model.kind == "ncsn":
        check_clip(sampler, clip)
        if sampler.name == VE_ANCESTRAL.name:
            return _ancestral(model, x_T, count, generator)
        if sampler.name == VE_FLOW.name:
            return _probability_flow(model, x_T, count)
        return _score_sde(model, x_T, sampler, count, clip, generator)
    if not 1 <= count <= model.steps:
        raise AssayError(f"{count:,} sampling steps are asked for", where="steps", why=f"1 to {model.steps:,} exist")
    return _noise_predictor(model, x_T, sampler, count, eta, clip, generator)


@torch.no_grad()
def _noise_predictor(
    model: "DiffusionModel",
    x_T: Tensor,
    sampler: Sampler,
    count: int,
    eta: float,
    clip: bool,
    generator: torch.Generator | None,
) -> Iterator[Step]:
    scheduler = make_scheduler(sampler, model.betas, clip)
    with tolerated():
        scheduler.set_timesteps(count, device=x_T.device)
    extras: dict[str, Any] = {"eta": eta, "generator": generator}
    known = inspect.signature(scheduler.step).parameters
    extras = {name: value for name, value in extras.items() if name in known}
    x = x_T * scheduler.init_noise_sigma
    total = len(scheduler.timesteps)
    for done, t in enumerate(scheduler.timesteps, 1):
        noise = model.output(scheduler.scale_model_input(x, t), t)
        with tolerated():
            x = scheduler.step(noise, t, x, **extras).prev_sample
        yield Step(done, total, x)


@torch.no_grad()
def _score_sde(
    model: "DiffusionModel",
    x_T: Tensor,
    sampler: Sampler,
    count: int,
    clip: bool,
    generator: torch.Generator | None,
) -> Iterator[Step]:
    ranges = {"num_train_timesteps": model.steps, "sigma_min": model.sigma_min, "sigma_max": model.sigma_max}
    scheduler = make_scheduler(sampler, ranges, clip)
    scheduler.set_timesteps(count, device=x_T.device)
    scheduler.set_sigmas(count)
    corrections = scheduler.config.correct_steps
    x = x_T * model.sigma_max
    total, done = count * (corrections + 1), 0
    for t, sigma in zip(scheduler.timesteps, scheduler.sigmas):
        level = sigma.to(x)
        for _ in range(corrections):
            x = scheduler.step_correct(model.output(x, level), x, generator=generator).prev_sample
        step = scheduler.step_pred(model.output(x, level), t, x, generator=generator)
        done += corrections + 1
        # The last step's noise would only be seen as grain, so its mean is the picture.
        x = step.prev_sample if done < total else step.prev_sample_mean
        yield Step(done, total, x)


@torch.no_grad()
def _ancestral(model: "DiffusionModel", x_T: Tensor, count: int, generator: torch.Generator | None) -> Iterator[Step]:
    """Ancestral steps of a score model (Song et al., ICLR 2021, appendix F), geometric in sigma, the last one to zero."""
    x = x_T * model.sigma_max
    for done, (now, then) in enumerate(_falling(model, count), 1):
        fresh = torch.randn(x.shape, generator=generator, device=x.device)
        mean = x - (now**2 - then**2) / now * model.noise(x, now)
        x = mean + then * (1 - (then / now) ** 2) ** 0.5 * fresh
        yield Step(done, count, x)


@torch.no_grad()
def _probability_flow(model: "DiffusionModel", x_T: Tensor, count: int) -> Iterator[Step]:
    """Euler steps of dx = noise(x, sigma) d sigma (Song et al., ICLR 2021), geometric in sigma, the last one to zero."""
    x = x_T * model.sigma_max
    for done, (now, then) in enumerate(_falling(model, count), 1):
        x = x + (then - now) * model.noise(x, now)
        yield Step(done, count, x)


def _falling(model: "DiffusionModel", count: int) -> Iterator[tuple[float, float]]:
    """`count` pairs of a noise level and the next lower one, from sigma max to zero."""
    exponents = torch.linspace(0, 1, count, dtype=torch.float64)
    return itertools.pairwise([*(model.sigma_max * (model.sigma_min / model.sigma_max) ** exponents).tolist(), 0.0])
