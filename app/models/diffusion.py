"""A diffusion model from a checked local folder: strict weights, no code of others, one meaning of its output."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.core.errors import AssayError
from app.data.diffusion_config import Kind
from app.data.diffusion_folder import ModelFolder, read_diffusion_folder
from app.data.text import plain
from app.models import networks
from app.models.safetensors_files import file_hashes, total_hash
from app.models.schedulers import betas_of, make_scheduler, sampler_named

VE_STEPS = 2000
VE_SIGMA_MIN = 0.01


@dataclass(frozen=True)
class DiffusionModel:
    """A loaded model, in evaluation mode, float32, without gradients for its weights.

    `hashes` are SHA-256 of its files by name, `sha256` is one over all. `betas` describe its noise schedule (VP only),
    `sigma_min` and `sigma_max` that of a score model. `notes` are sentences for the user.
    """

    kind: Kind
    source: ModelFolder
    unet: nn.Module
    autoencoder: nn.Module | None
    betas: Mapping[str, Any]
    alphas_cumprod: Tensor
    prediction: str
    sigma_min: float
    sigma_max: float
    steps: int
    hashes: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def channels(self) -> int:
        return self.source.channels

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of what the UNet takes: pixels, or latent cells of an LDM."""
        return self.source.size

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, *self.size)

    @property
    def value_range(self) -> tuple[float, float]:
        """Of clean pictures: [-1, 1], of score models [0, 1]."""
        return (0.0, 1.0) if self.kind == "ncsn" else (-1.0, 1.0)

    @property
    def parameters(self) -> int:
        return self.source.parameters

    @property
    def sha256(self) -> str:
        return total_hash(self.hashes)

    @property
    def device(self) -> torch.device:
        return next(self.unet.parameters()).device

    @property
    def last(self) -> float:
        """Conditioning of the first denoising step: the last index, or sigma max of a score model."""
        return self.sigma_max if self.kind == "ncsn" else float(self.steps - 1)

    def output(self, x: Tensor, t: Tensor | float) -> Tensor:
        """M(x, t) of the method: predicted noise, or the score of a score model; (n, c, h, w) as `x`.

        `t` is an index (one, or one per row), of a score model the noise level sigma itself. Gradients flow to `x`.
        """
        moment = torch.as_tensor(t, dtype=torch.float32, device=x.device)
        if self.kind != "ncsn":
            moment = moment if torch.is_tensor(t) and t.is_floating_point() else moment.long()
        out: Tensor = self.unet(x, moment.expand(len(x)), return_dict=False)[0][:, : self.channels]
        if self.prediction == "epsilon" or self.kind == "ncsn":
            return out
        return self._as_noise(x, out, moment)

    def noise(self, x: Tensor, t: Tensor | float) -> Tensor:
        """The noise of unit variance that the model sees in `x`, for all three kinds; of a score model -sigma · M."""
        if self.kind != "ncsn":
            return self.output(x, t)
        level = torch.as_tensor(t, dtype=x.dtype, device=x.device).reshape(-1, 1, 1, 1)
        return -level * self.output(x, t)

    def start(self, shifted: Tensor) -> Tensor:
        """z(eps + tau) of the method: what the network sees at its first step; times sigma max for a score model."""
        return shifted * self.sigma_max if self.kind == "ncsn" else shifted

    def pictures(self, x: Tensor) -> Tensor:
        """(n, c, h, w) in [0, 1] from what sampling gave: decoded where latent, rescaled, clipped."""
        if self.autoencoder is not None:
            x = networks.decoded(self.autoencoder, x)
        return (x if self.kind == "ncsn" else x / 2 + 0.5).clamp(0, 1)

    def encode(self, pictures: Tensor) -> Tensor:
        """What the UNet works on, from pictures (n, c, h, w) in the model's range: latents of an LDM."""
        return pictures if self.autoencoder is None else networks.encoded(self.autoencoder, pictures)

    def _as_noise(self, x: Tensor, out: Tensor, moment: Tensor) -> Tensor:
        index = moment.round().long().clamp(0, self.steps - 1).reshape(-1)
        kept = self.alphas_cumprod.to(x.device)[index].reshape(-1, 1, 1, 1)
        if self.prediction == "v_prediction":
            return kept.sqrt() * out + (1 - kept).sqrt() * x
        return (x - kept.sqrt() * out) / (1 - kept).sqrt()


def load_diffusion(
    folder: Path,
    *,
    device: str | torch.device = "cpu",
    kind: Kind | None = None,
    sigma_max: float | None = None,
) -> DiffusionModel:
    """Load the model in `folder` (a pipeline, or a UNet alone); nothing is fetched and nothing of it is run as code.

    `kind` overrides what the folder says; `sigma_max` is for a score model without a scheduler. Raises AssayError for
    all that `read_diffusion_folder` refuses, missing, extra or misshapen tensors, NaN weights and too little memory.
    """
    source = read_diffusion_folder(folder)
    kind = _chosen_kind(source, kind)
    unet, renamed = networks.build(source.unet, "unet")
    autoencoder = None
    if source.autoencoder is not None:
        autoencoder = networks.build(source.autoencoder, "autoencoder")[0].to(device)
    settings = dict(source.scheduler or {})
    betas = betas_of(settings)
    low, high = _sigmas(settings, sigma_max, kind, plain(folder.name))
    schedule = make_scheduler(sampler_named("DDPM-SCHED"), betas)
    notes = [problem.what for problem in source.notes]
    if renamed:
        notes.append(f"{renamed} tensors have the names of an earlier diffusers and were renamed")
    trained = betas["trained_betas"]
    return DiffusionModel(
        kind=kind,
        source=source,
        unet=unet.to(device),
        autoencoder=autoencoder,
        betas=betas,
        alphas_cumprod=schedule.alphas_cumprod.to(device),
        prediction="epsilon" if kind == "ncsn" else settings.get("prediction_type") or "epsilon",
        sigma_min=low,
        sigma_max=high,
        steps=(settings.get("num_train_timesteps") or VE_STEPS) if kind == "ncsn" else len(trained or schedule.betas),
        hashes=file_hashes(source.files, source.root),
        notes=tuple(notes),
    )


def _chosen_kind(source: ModelFolder, kind: Kind | None) -> Kind:
    if kind is None or kind == source.kind:
        return source.kind
    if (kind == "ldm") != (source.autoencoder is not None):
        has = "has an" if source.autoencoder is not None else "has no"
        raise AssayError(
            f"The model cannot be read as {kind.upper()}", where=plain(source.root.name), why=f"{has} autoencoder"
        )
    return kind


def _sigmas(settings: Mapping[str, Any], sigma_max: float | None, kind: Kind, where: str) -> tuple[float, float]:
    low = float(settings.get("sigma_min") or VE_SIGMA_MIN)
    high = sigma_max if sigma_max is not None else settings.get("sigma_max")
    if kind != "ncsn":
        return 0.0, 0.0
    if high is None:
        raise AssayError(
            "The noise range of this score model is not known",
            where=where,
            why="it has no scheduler that names sigma_max",
            remedy="Name sigma max (the authors' NCSN uses 380), or use the whole pipeline",
        )
    if not low < float(high) <= 1e6:
        raise AssayError(f"Sigma max is {float(high):g}", where=where, why=f"expected a number above {low:g}")
    return low, float(high)
