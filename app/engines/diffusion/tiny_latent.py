"""A latent model small enough to train in minutes: an autoencoder of 32 x 32 pictures, and a network on its latents."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from app.engines.diffusion.optimisation import (
    one_cycle,
    optimiser_state,
    restore_optimiser,
    restore_weights,
    set_rate,
    weights_of,
)
from app.engines.diffusion.tiny import as_model, network_settings
from app.models.diffusion import DiffusionModel

SIDE = 32
CELLS = 8
"""Latents are 3 x 8 x 8."""
BATCH = 16
RATE = 2e-3
SPREAD = 0.1
"""Noise on the latents while training, in their own unit, so that near latents give near pictures."""
AUTOENCODER: Mapping[str, object] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 3,
    "block_out_channels": (8, 16, 16),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "sample_size": SIDE,
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
}


class Autoencoding:
    """Trains an autoencoder on `images` (n, 3, 32, 32) in [-1, 1], one resumable step at a time."""

    def __init__(self, images: Tensor, steps: int, seed: int, state: Mapping[str, Any] | None = None) -> None:
        self.step, self.steps = 0, steps
        self.network = empty_autoencoder(seed)
        self._images, self._generator = images, torch.Generator().manual_seed(seed)
        self._adam = torch.optim.Adam(self.network.parameters(), lr=RATE)
        self.network.train()
        if state is not None:
            restore_weights(self.network, state["weights"])
            restore_optimiser(self._adam, state["adam"])
            self._generator.set_state(torch.as_tensor(state["generator"]))
            self.step = int(state["step"])

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    def advance(self) -> float:
        """One update; the loss before it."""
        set_rate(self._adam, RATE * one_cycle(self.step, self.steps))
        pictures = self._images[torch.randint(len(self._images), (BATCH,), generator=self._generator)]
        network = cast(Any, self.network)
        latents = network.encode(pictures).latent_dist.mode()
        noise = torch.randn(latents.shape, generator=self._generator)
        made = network.decode(latents + SPREAD * latents.detach().std() * noise).sample
        loss = mse_loss(made, pictures) + 1e-3 * latents.square().mean()
        self._adam.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._adam.step()
        self.step += 1
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit."""
        return {
            "weights": weights_of(self.network),
            "adam": optimiser_state(self._adam),
            "generator": self._generator.get_state(),
            "step": self.step,
        }

    @torch.no_grad()
    def scale(self) -> float:
        """The factor that gives the latents of the pictures unit variance."""
        network = cast(Any, self.network.eval())
        latents = [network.encode(part).latent_dist.mode() for part in torch.split(self._images[:512], 64)]
        return 1.0 / float(torch.cat(latents).std())


def empty_autoencoder(seed: int) -> nn.Module:
    """An untrained autoencoder, drawn by `seed`."""
    from diffusers import AutoencoderKL

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return cast(nn.Module, cast(Any, AutoencoderKL)(**AUTOENCODER))


def blank_latent(autoencoder: nn.Module, scale: float, seed: int) -> DiffusionModel:
    """A latent model with an untrained network, drawn by `seed`, around a trained `autoencoder`."""
    from diffusers import UNet2DModel

    settings = network_settings("ldm", 3, CELLS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = cast(nn.Module, cast(Any, UNet2DModel)(**settings))
    records: dict[str, Mapping[str, object]] = {
        "model_index.json": {
            "_class_name": "LDMPipeline",
            "_diffusers_version": "0.42.0",
            "scheduler": ["diffusers", "DDIMScheduler"],
            "unet": ["diffusers", "UNet2DModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
        "scheduler/scheduler_config.json": {
            "_class_name": "DDIMScheduler",
            "beta_start": 0.0015,
            "beta_end": 0.0195,
            "beta_schedule": "scaled_linear",
            "num_train_timesteps": 1000,
            "clip_sample": False,
            "prediction_type": "epsilon",
        },
        "unet/config.json": {"_class_name": "UNet2DModel", **settings},
        "vae/config.json": {"_class_name": "AutoencoderKL", **AUTOENCODER, "scaling_factor": scale},
    }
    return as_model(records, {"unet": unet, "vae": autoencoder})
