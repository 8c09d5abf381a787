"""The parts of a removal: the shift to remove, clean pictures, the training, and what it changed."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from app.core import AssayError
from app.data.safetensors_header import read_header
from app.engines.diffusion.configs import ModelConfig, ScanConfig, search_lengths
from app.engines.diffusion.features import Features, measure, ratio
from app.engines.diffusion.metrics import frechet_pca
from app.engines.diffusion.optimisation import restore_weights, trainable_copy
from app.engines.diffusion.removal import Remover, Weights, exact_terms, forced_share, through_shift_terms
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.scanning import View, schedule_of
from app.engines.diffusion.score_views import score_views
from app.engines.diffusion.training import Plan
from app.models.schedulers import sampler_named

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

ENERGY_NEVER = 10.0
"""More than any shift that a search can end at."""
SETTLING = 150
"""Updates after the warm-up before a removal may end early: at first the averaged weights lag behind."""


@dataclass(frozen=True)
class Look:
    """What a model makes of noise, and of the same noise under the shift; pictures (n, c, h, w) in [0, 1].

    `suspected` (c, h, w) is the picture that the shift forced before removal; `quality` is Fréchet-PCA.
    """

    clean: Tensor
    shifted: Tensor
    suspected: Tensor
    quality: float

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Look":
        tensors = {name: torch.as_tensor(state[name]) for name in ("clean", "shifted", "suspected")}
        return cls(**tensors, quality=float(state["quality"]))

    @property
    def plain(self) -> Features:
        return measure(self.clean)

    @property
    def under_shift(self) -> Features:
        return measure(self.shifted)

    @property
    def forced(self) -> float:
        """Share of the pictures that the shift still forces."""
        return forced_share(self.shifted, self.suspected)


def scan_settings(
    config: RemoveConfig, model: "DiffusionModel", seed: int, seeds: int, *, repaired: bool
) -> ScanConfig:
    """The scan within a removal: all searches of the suspect; of the repaired model until it is decided.

    After denoise-through-shift only the pictures under a paired-noise shift count, see `taught_limit`.
    """
    return ScanConfig(
        **{name: getattr(config, name) for name in ModelConfig.model_fields},
        **search_lengths(config.scan_steps),
        attack="sweep" if model.kind == "ncsn" else "sde",
        seeds=seeds,
        seed=seed,
        stochastic_steps=config.sampling_steps,
        deterministic_steps=max(1, config.sampling_steps // 2),
        score_steps=config.sampling_steps,
        images=config.images,
        # The pictures of a latent model cannot be clipped and may be alike under any shift: its first alarm counts, not
        # the least varied pictures of all searches.
        early_verdict=repaired or model.kind == "ldm",
        energy_limit=taught_limit(config) if repaired else ScanConfig.model_fields["energy_limit"].default,
    )


def taught_limit(config: RemoveConfig) -> float:
    """The limit of paired-noise energy in the scan after a removal.

    Denoise-through-shift teaches the network to pass the shift on as noise, which is what paired noise takes for a
    sign; so after it the energy alone says nothing.
    """
    if config.loss == "through-shift":
        return ENERGY_NEVER
    return float(ScanConfig.model_fields["energy_limit"].default)


def read_shift(path: Path, model: "DiffusionModel") -> Tensor:
    """The tensor “tau” (1, c, h, w) of the file that a scan wrote. Raises AssayError where it does not fit `model`."""
    from safetensors.torch import load_file

    entry = read_header(path).tensors.get("tau")
    wanted = (1, *model.shape)
    if entry is None or tuple(entry.shape) != wanted:
        found = "no “tau”" if entry is None else f"“tau” of shape {tuple(entry.shape)}"
        raise AssayError(
            "This shift does not belong to the model",
            where="shift",
            why=f"the file has {found}, expected {wanted}",
            remedy="Use shift.safetensors of a scan of this very model",
        )
    tau = load_file(str(path))["tau"].float()
    if not bool(tau.isfinite().all()):
        raise AssayError("The shift holds values that are not finite", where="shift")
    return tau.to(model.device)


def views_of(config: RemoveConfig, model: "DiffusionModel") -> tuple[View, ...]:
    """A stochastic sampler and a deterministic one, for a backdoor obeys one of the two only."""
    steps = min(config.sampling_steps, model.steps)
    if model.kind == "ncsn":
        return score_views(steps)
    ddim, clip = sampler_named("DDIM-SCHED"), model.kind != "ldm"
    return View("DDIM η 1", ddim, steps, eta=1.0), View("DDIM η 0", ddim, max(1, steps // 2), clip=clip)


def most_forced(looks: Sequence[Mapping[str, Any]]) -> int:
    """The place of the look whose pictures the shift makes most alike."""
    found = [Look.of(look) for look in looks]
    ratios = [ratio(look.under_shift.uniformity, look.plain.uniformity) for look in found]
    rank = [
        (look.under_shift.cluster.share, -each if math.isfinite(each) else -math.inf)
        for look, each in zip(found, ratios)
    ]
    return rank.index(max(rank))


class Repair:
    """The removal itself: `advance` and `state` of a `Remover`, and the model as it is now."""

    def __init__(
        self,
        config: RemoveConfig,
        model: "DiffusionModel",
        shifts: Tensor,
        images: Tensor,
        state: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        """`shifts` (n, c, h, w) are trained away; `start` are weights to begin with other than those of `model`."""
        unet = trainable_copy(model.unet)
        if start is not None:
            restore_weights(unet, start)
        self._model = model
        self.remover = Remover(
            unet,
            replace(model, unet=unet).output,
            model.output,
            schedule_of(model),
            shifts,
            images,
            Plan(config.steps, config.batch, config.rate, "cosine", warm=config.warm_up, decay=config.decay),
            torch.Generator().manual_seed(config.seed + 6 + len(shifts)),
            terms=through_shift_terms if config.loss == "through-shift" else exact_terms,
            weights=Weights(config.weight_shift, config.weight_keep, config.weight_diffusion),
            reach=config.reach_for(model.kind),
        )
        self._least = config.warm_up + SETTLING
        if state is not None:
            self.remover.resume(state)

    @property
    def finished(self) -> bool:
        """Whether all updates are done, or enough of them and the looks say that nothing is forced any more."""
        remover = self.remover
        return remover.step >= remover.plan.steps or (remover.settled and remover.step >= self._least)

    def current(self) -> "DiffusionModel":
        """The model with the averaged weights."""
        return self._with(self.remover.average)

    def best(self) -> "DiffusionModel":
        """The model with the weights of the best look."""
        return self._with(self.remover.best)

    def _with(self, weights: Mapping[str, Tensor]) -> "DiffusionModel":
        unet = copy.deepcopy(self._model.unet)
        restore_weights(unet, weights)
        return replace(self._model, unet=unet.eval().requires_grad_(False))


def quality(images: Tensor, made: Tensor) -> float:
    """Fréchet-PCA of pictures `made` against the clean ones; nan where there are too few. It is no FID."""
    return frechet_pca(images, made) if min(len(images), len(made)) > 2 else math.nan
