"""The parts that make a zoo's models: pictures, base models, training, attacks, and the folders they are written as."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from app.data.builtin import read_builtin
from app.engines.diffusion.attacking import Lab
from app.engines.diffusion.attacks import CleanLesson
from app.engines.diffusion.clean_images import Pictures
from app.engines.diffusion.optimisation import restore_weights, trainable_copy
from app.engines.diffusion.scanning import View, schedule_of
from app.engines.diffusion.score_views import ancestral
from app.engines.diffusion.tiny import blank, digits, shapes, shapes_with_kinds
from app.engines.diffusion.tiny_latent import SIDE as LATENT_SIDE
from app.engines.diffusion.tiny_latent import Autoencoding, blank_latent, empty_autoencoder
from app.engines.diffusion.training import Plan, Trainer
from app.engines.diffusion.zoo import Specimen, attack_settings, base_seed
from app.models.diffusion import DiffusionModel
from app.models.diffusion_writing import model_card, model_files
from app.models.schedulers import sampler_named

if TYPE_CHECKING:
    from app.data.diffusion_config import Kind
    from app.engines.diffusion.zoo_configs import ZooConfig, ZooMakingConfig

SIDE = 16
BASE_RATE = 2e-3
TUNING_RATE = 1e-3
TUNING_SHARE = 3
"""A further clean model takes this part of an attack's updates."""
ENCODED_AT_ONCE = 64
QUALITY_LIMIT = 512
"""Clean pictures that the quality is measured against."""


def pictures_for(config: "ZooMakingConfig", kind: "Kind") -> Tensor:
    """What the models of `kind` learn, as pictures (n, c, h, w) in [0, 1]: grey, or three equal channels for an LDM."""
    return _drawn(config.pictures, LATENT_SIDE if kind == "ldm" else SIDE, 3 if kind == "ldm" else 1)


def quality_pictures(config: "ZooMakingConfig", kind: "Kind") -> Tensor:
    """Some of them, drawn at random and always the same, against which quality is measured."""
    pictures = pictures_for(config, kind)
    return pictures[torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))[:QUALITY_LIMIT]]


def taught(config: "ZooMakingConfig", model: DiffusionModel) -> Pictures:
    """What `model` has learnt, with its classes."""
    if config.pictures == "digits":
        samples = read_builtin("builtin:digits")
        return Pictures(learnt(config, model), torch.from_numpy(samples.labels), samples.class_names)
    _, kinds, names = shapes_with_kinds(1)
    return Pictures(learnt(config, model), kinds, names)


def learnt(config: "ZooMakingConfig", model: DiffusionModel) -> Tensor:
    """The same in the model's range, of an LDM latents."""
    unit = pictures_for(config, model.kind)
    low, high = model.value_range
    ready = low + unit * (high - low)
    if model.autoencoder is None:
        return ready
    with torch.no_grad():
        return torch.cat([model.encode(part) for part in torch.split(ready, ENCODED_AT_ONCE)])


def autoencoding(config: "ZooMakingConfig", state: Mapping[str, Any] | None) -> Autoencoding:
    """The training of the one autoencoder that all latent models of a zoo share, as attackers leave it alone."""
    return Autoencoding(pictures_for(config, "ldm") * 2 - 1, config.autoencoder_updates, config.seed + 90, state)


def untrained(config: "ZooMakingConfig", specimen: Specimen, autoencoder: Mapping[str, Any] | None) -> DiffusionModel:
    """The model that the base of `specimen` begins as; an LDM needs the trained `autoencoder` (weights and scale)."""
    seed, kind = base_seed(config, specimen), _kind(specimen)
    if autoencoder is None:
        return blank(kind, 1, SIDE, seed)
    network = empty_autoencoder(0)
    restore_weights(network, autoencoder["weights"])
    return blank_latent(network.eval().requires_grad_(False), float(autoencoder["scale"]), seed)


def base_training(
    config: "ZooMakingConfig", specimen: Specimen, model: DiffusionModel, state: Mapping[str, Any] | None
) -> Trainer:
    """The clean training of a base model from `model`, which stays as it is."""
    plan = Plan(config.base_updates, config.batch, BASE_RATE)
    return _clean_training(config, model, plan, base_seed(config, specimen) + 50, state)


def further_training(
    config: "ZooMakingConfig", specimen: Specimen, model: DiffusionModel, state: Mapping[str, Any] | None
) -> Trainer:
    """Further clean training, which makes another clean model of the base `model`."""
    plan = Plan(max(1, config.updates // TUNING_SHARE), config.batch, TUNING_RATE)
    return _clean_training(config, model, plan, specimen.seed, state)


def laboratory(
    config: "ZooConfig", specimen: Specimen, model: DiffusionModel, state: Mapping[str, Any] | None = None
) -> Lab:
    """The attack of `specimen` on the base `model`."""
    return Lab(attack_settings(config, specimen), model, state, taught(config, model))


def with_weights(model: DiffusionModel, weights: Mapping[str, Any]) -> DiffusionModel:
    """`model` with other weights of its network."""
    unet = copy.deepcopy(model.unet)
    restore_weights(unet, weights)
    return replace(model, unet=unet.eval().requires_grad_(False))


def quality_view(model: DiffusionModel, steps: int) -> View:
    """The sampler that the quality of clean pictures is measured with."""
    steps = min(steps, model.steps)
    if model.kind == "ncsn":
        return ancestral(steps)
    return View("DDIM η 1", sampler_named("DDIM-SCHED"), steps, eta=1.0)


def zoo_files(config: "ZooMakingConfig", specimen: Specimen, model: DiffusionModel, backdoor: str) -> dict[str, bytes]:
    """The pipeline folder of a trained model, with its card; `backdoor` is empty for a clean one."""
    height, width = model.source.image_size
    updates = config.base_updates if specimen.base else f"{config.base_updates} and then {config.updates}"
    card = model_card(
        f"A tiny {specimen.words} model of {config.pictures}",
        ["Made to measure scanners with, by Assay's task *Model zoo*."],
        {
            "Pictures": f"{height} × {width} pixels",
            "Updates": str(updates),
            "Seed": str(base_seed(config, specimen) if specimen.base else specimen.seed),
            "Held back": "yes" if specimen.held else "no",
        },
        backdoor=backdoor,
    )
    return model_files(model, card=card, backdoor=backdoor)


def _clean_training(
    config: "ZooMakingConfig", model: DiffusionModel, plan: Plan, seed: int, state: Mapping[str, Any] | None
) -> Trainer:
    unet = trainable_copy(model.unet)
    schedule = schedule_of(model)
    generator = torch.Generator().manual_seed(seed)
    net = replace(model, unet=unet).output
    trainer = Trainer(unet, net, schedule, CleanLesson(schedule), learnt(config, model), plan, generator)
    if state is not None:
        trainer.resume(state)
    return trainer


@lru_cache(maxsize=4)
def _drawn(name: str, side: int, channels: int) -> Tensor:
    grey = digits(side) if name == "digits" else shapes(side)
    return (grey / 2 + 0.5).expand(-1, channels, -1, -1).contiguous()


def _kind(specimen: Specimen) -> "Kind":
    kinds: dict[str, Kind] = {"ddpm": "ddpm", "ncsn": "ncsn", "ldm": "ldm"}
    return kinds[specimen.kind]
