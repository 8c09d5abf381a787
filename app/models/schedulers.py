"""The samplers by the names of the reference code, with the arguments that make them what they were there."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from app.core.errors import AssayError
from app.data.text import plain

_DPM = {"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}
_DPM_PP = {"algorithm_type": "dpmsolver++"}
VE_NAME = "SCORE-SDE-VE-SCHED"


@dataclass(frozen=True)
class Sampler:
    """A scheduler class of diffusers and its arguments. `calls` are UNet calls for the default number of steps.

    `clips`: it can clip the predicted picture. `stochastic`: it draws noise at each step (DDIM does with eta > 0).
    """

    name: str
    title: str
    class_name: str
    steps: int
    calls: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    clips: bool = False
    stochastic: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))


def _dpm(order: int, plus: bool) -> Sampler:
    name = f"DPM_SOLVER_{'PP_' if plus else ''}O{order}"
    title = f"DPM-Solver{'++' if plus else ''} order {order}"
    arguments = {"solver_order": order, **(_DPM_PP if plus else _DPM)}
    return Sampler(name, title, "DPMSolverMultistepScheduler", 20, 20, arguments)


SAMPLERS: Mapping[str, Sampler] = {
    sampler.name: sampler
    for sampler in (
        Sampler("DDPM-SCHED", "DDPM", "DDPMScheduler", 1000, 1000, {}, clips=True, stochastic=True),
        Sampler("DDIM-SCHED", "DDIM", "DDIMScheduler", 50, 50, {}, clips=True),
        *(_dpm(order, False) for order in (1, 2, 3)),
        *(_dpm(order, True) for order in (1, 2, 3)),
        Sampler("UNIPC-SCHED", "UniPC", "UniPCMultistepScheduler", 20, 20),
        Sampler("PNDM-SCHED", "PNDM", "PNDMScheduler", 50, 59),
        Sampler("DEIS-SCHED", "DEIS", "DEISMultistepScheduler", 20, 20),
        Sampler("HEUN-SCHED", "Heun", "HeunDiscreteScheduler", 50, 99),
        Sampler("LMSD-SCHED", "LMS", "LMSDiscreteScheduler", 50, 50),
    )
}
"""The thirteen for noise predictors (spec 2.11)."""

VE_SAMPLER = Sampler(
    VE_NAME, "Score SDE (VE)", "ScoreSdeVeScheduler", 1000, 2000, {"correct_steps": 1, "snr": 0.075}, stochastic=True
)
"""For score models: predictor and `correct_steps` Langevin corrections a step."""

VE_ANCESTRAL = Sampler("ANCESTRAL-VE", "Ancestral (VE)", "", 100, 100, stochastic=True)
"""Predictor only, with no more fresh noise a step than the next level holds: in few steps that of `VE_SAMPLER` leaves
up to a third too much, which shows as grain and hides a shift. `sampling` takes the steps itself."""

VE_FLOW = Sampler("PROBABILITY-FLOW-VE", "Probability flow (VE)", "", 50, 50)
"""Euler steps of the equation that draws no noise; `sampling` takes them itself, too."""

VE_SAMPLERS: Mapping[str, Sampler] = {sampler.name: sampler for sampler in (VE_SAMPLER, VE_ANCESTRAL, VE_FLOW)}
"""Those for score models."""


def sampler_named(name: str, ve: bool = False) -> Sampler:
    """The sampler called `name` in the reference code. Raises AssayError for others, or one of the wrong family."""
    known = VE_SAMPLERS if ve else SAMPLERS
    if name not in known:
        family = "score model" if ve else "noise predictor"
        raise AssayError(
            f"“{plain(name, 60)}” is no sampler for a {family}", where="sampler", remedy=f"Known: {', '.join(known)}"
        )
    return known[name]


def betas_of(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The noise schedule of a checked scheduler config, as arguments for any other scheduler; linear where absent."""
    settings = settings or {}
    return {
        "num_train_timesteps": settings.get("num_train_timesteps") or 1000,
        "beta_start": settings.get("beta_start") or 1e-4,
        "beta_end": settings.get("beta_end") or 0.02,
        "beta_schedule": settings.get("beta_schedule") or "linear",
        "trained_betas": settings.get("trained_betas"),
    }


def make_scheduler(sampler: Sampler, betas: Mapping[str, Any], clip: bool = False) -> Any:
    """A fresh scheduler of diffusers for a model that predicts noise. Raises AssayError where it cannot clip.

    `betas` are `betas_of(…)`; the VE sampler takes num_train_timesteps, sigma_min and sigma_max instead.
    """
    import diffusers

    arguments = dict(betas) | dict(sampler.arguments)
    if sampler.clips:
        # diffusers clips unless told otherwise, which hides backdoors of the SDE type.
        arguments["clip_sample"] = clip
    check_clip(sampler, clip)
    with tolerated():
        return getattr(diffusers, sampler.class_name)(**arguments)


def check_clip(sampler: Sampler, clip: bool) -> None:
    """Raise AssayError where `clip` asks for what `sampler` cannot do."""
    if clip and not sampler.clips:
        raise AssayError(
            f"{sampler.title} has no step that clips the predicted picture",
            where="clip",
            remedy="Clip with DDPM or DDIM, or sample without clipping",
        )


@contextmanager
def tolerated() -> Iterator[None]:
    """Silence for two warnings of diffusers 0.42 that its caller cannot mend; to be removed when they are gone.

    “dpmsolver” is called deprecated, but the reference code uses it, so it is one of the thirteen. And numpy 2
    finds torch tensors wanting where a scheduler makes arrays of its sigmas (all solvers) or takes their log (DEIS).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", message="__array_", category=DeprecationWarning)
        yield
