"""Diffusion models small enough to train in minutes, and the pictures they learn."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from app.data.builtin import read_builtin
from app.engines.diffusion.triggers import GREY
from app.models.diffusion import DiffusionModel, load_diffusion
from app.models.diffusion_writing import save_diffusion

if TYPE_CHECKING:
    from app.data.diffusion_config import Kind

CHANNELS = (16, 32)
SHAPE_NAMES = ("disc", "square", "diamond", "cross")
SIGMA_MAX = 10.0
"""Of tiny score models: more than two pictures of 16 pixels differ, and learnt far sooner than the usual 380."""
FINENESS = 1 / 16
"""Of a score model's Fourier frequencies, against the 16 that diffusers draws them with: so fine an embedding of the
noise level needs tens of thousands of updates, and below two thousand it leaves noise in the pictures."""


def digits(side: int = 16) -> Tensor:
    """The 1,797 digits of scikit-learn, (n, 1, side, side) in [-1, 1]."""
    small = torch.from_numpy(np.array(read_builtin("builtin:digits").images))[:, None]
    return torch.nn.functional.interpolate(small, (side, side), mode="bilinear", align_corners=False) * 2 - 1


def shapes(side: int = 16, count: int = 1500) -> Tensor:
    """Discs, squares, diamonds and crosses of any size, place and grey, (count, 1, side, side) in [-1, 1]; always the same."""
    return shapes_with_kinds(side, count)[0]


def shapes_with_kinds(side: int = 16, count: int = 1500) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """The pictures of `shapes`, the kind of each (count,), and the names of the kinds."""
    rng = np.random.default_rng(0)
    times = 4
    row, column = np.mgrid[: side * times, : side * times] / (side * times)
    made, kinds = torch.empty(count, 1, side, side), np.empty(count, np.int64)
    for number in range(count):
        radius, grey = rng.uniform(0.18, 0.34), rng.uniform(0.5, 1.0)
        y, x = rng.uniform(radius, 1 - radius, 2)
        down, across = np.abs(row - y), np.abs(column - x)
        inside = (
            np.hypot(down, across) < radius,
            np.maximum(down, across) < 0.8 * radius,
            down + across < radius,
            (np.minimum(down, across) < radius / 3) & (np.maximum(down, across) < radius),
        )
        kinds[number] = rng.integers(len(SHAPE_NAMES))
        fine = np.where(inside[kinds[number]], grey, 0).astype(np.float32)
        made[number] = torch.nn.functional.avg_pool2d(torch.from_numpy(fine)[None], times)
    return made * 2 - 1, torch.from_numpy(kinds), SHAPE_NAMES


def corner(channels: int, side: int) -> Tensor:
    """The target CORNER scaled to small pictures: a grey square of a third of their width."""
    level = -1 + 2 * GREY
    made = torch.full((channels, side, side), level)
    made[:, : side * 5 // 16, : side * 5 // 16] = 0.0
    return made


def blank(kind: "Kind", channels: int, side: int, seed: int) -> DiffusionModel:
    """An untrained model of `kind` (ddpm or ncsn) with 164 thousand parameters, drawn by `seed`."""
    from diffusers import UNet2DModel

    settings = network_settings(kind, channels, side)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = cast(torch.nn.Module, cast(Any, UNet2DModel)(**settings))
    if kind == "ncsn":
        cast(Any, unet).time_proj.weight.detach().mul_(FINENESS)
    records = {**folder_settings(kind), "unet/config.json": {"_class_name": "UNet2DModel", **settings}}
    return as_model(records, {"unet": unet})


def as_model(records: Mapping[str, Mapping[str, object]], networks: Mapping[str, torch.nn.Module]) -> DiffusionModel:
    """The model that a folder with the settings `records` and the weights of `networks`, by place, holds."""
    from safetensors.torch import save

    files = {name: json.dumps(record, indent=2, sort_keys=True).encode() for name, record in records.items()}
    for place, network in networks.items():
        weights = {name: tensor.detach().contiguous() for name, tensor in network.state_dict().items()}
        files[f"{place}/diffusion_pytorch_model.safetensors"] = save(weights, metadata={"format": "pt"})
    with tempfile.TemporaryDirectory(prefix="assay-model-") as scratch:
        save_diffusion(files, Path(scratch) / "model")
        return load_diffusion(Path(scratch) / "model")


def network_settings(kind: "Kind", channels: int, side: int) -> dict[str, object]:
    """Arguments of UNet2DModel."""
    return {
        "sample_size": side,
        "in_channels": channels,
        "out_channels": channels,
        "block_out_channels": CHANNELS,
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "down_block_types": ("DownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "UpBlock2D"),
        "time_embedding_type": "fourier" if kind == "ncsn" else "positional",
    }


def folder_settings(kind: "Kind") -> dict[str, Mapping[str, object]]:
    """The settings of a pipeline around such a network."""
    score = kind == "ncsn"
    scheduler = "ScoreSdeVeScheduler" if score else "DDPMScheduler"
    range_: dict[str, object] = {"sigma_min": 0.01, "sigma_max": SIGMA_MAX, "num_train_timesteps": 1000}
    betas: dict[str, object] = {
        "beta_start": 1e-4,
        "beta_end": 0.02,
        "beta_schedule": "linear",
        "num_train_timesteps": 1000,
        "clip_sample": False,
        "prediction_type": "epsilon",
    }
    return {
        "model_index.json": {
            "_class_name": "ScoreSdeVePipeline" if score else "DDPMPipeline",
            "_diffusers_version": "0.42.0",
            "scheduler": ["diffusers", scheduler],
            "unet": ["diffusers", "UNet2DModel"],
        },
        "scheduler/scheduler_config.json": {"_class_name": scheduler, **(range_ if score else betas)},
    }
