"""Tiny diffusion models on disk, and files that look like weights."""

import json
import pickle
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DModel, VQModel
from safetensors.torch import save_file

STEM = "diffusion_pytorch_model.safetensors"
BLOCKS = {"block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
DOWN_UP = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2, "add_attention": False}
DDPM = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02}
LDM = DDPM | {"beta_start": 0.0015, "beta_end": 0.0195, "beta_schedule": "scaled_linear"}
VE = {"_class_name": "ScoreSdeVeScheduler", "num_train_timesteps": 2000, "sigma_min": 0.01, "sigma_max": 50.0}


def unet(**settings):
    torch.manual_seed(0)
    return UNet2DModel(sample_size=8, in_channels=1, **({"out_channels": 1} | BLOCKS | DOWN_UP | settings))


def pipeline(folder: Path, kind: str = "ddpm", scheduler: dict | None = None, **settings) -> Path:
    """A whole pipeline: “ddpm”, “ncsn”, “ldm” (VQModel) or “kl” (LDM with AutoencoderKL)."""
    latent = kind in ("ldm", "kl")
    if kind == "ncsn":
        settings = {"time_embedding_type": "fourier"} | settings
    if latent:
        settings = {"in_channels": 3, "out_channels": 3} | settings
    network = unet(**settings) if not latent else _latent_unet(**settings)
    network.save_pretrained(folder / "unet")
    index = {"_class_name": {"ddpm": "DDPMPipeline", "ncsn": "ScoreSdeVePipeline"}.get(kind, "LDMPipeline")}
    settings = scheduler or {"ddpm": DDPM, "ncsn": VE}.get(kind, LDM)
    index |= {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", settings["_class_name"]]}
    if latent:
        name, maker = ("vqvae", VQModel) if kind == "ldm" else ("vae", AutoencoderKL)
        blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
        maker(**blocks, block_out_channels=(8, 8), latent_channels=3, norm_num_groups=4).save_pretrained(folder / name)
        index[name] = ["diffusers", maker.__name__]
    write_json(folder / "scheduler" / "scheduler_config.json", settings)
    write_json(folder / "model_index.json", index)
    return folder


def _latent_unet(**settings):
    torch.manual_seed(0)
    return UNet2DModel(sample_size=8, **(BLOCKS | DOWN_UP | settings))


def change(path: Path, **values) -> None:
    """Set values of a JSON file; None stays a value."""
    write_json(path, json.loads(path.read_text()) | values)


def write_json(path: Path, record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))


def weights(folder: Path) -> Path:
    return folder / "unet" / STEM


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(weights(folder))


def put(folder: Path, values: dict[str, torch.Tensor]) -> None:
    save_file(values, weights(folder))


def shard(folder: Path) -> Path:
    """Split the UNet's weights in two files under an index; returns the index."""
    found = tensors(folder)
    weights(folder).unlink()
    names = sorted(found)
    places = {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        save_file({name: found[name] for name in part}, folder / "unet" / file)
        places |= dict.fromkeys(part, file)
    index = folder / "unet" / f"{STEM}.index.json"
    write_json(index, {"metadata": {}, "weight_map": places})
    return index


class Canary:
    """Unpickling this touches a file: the file must never appear."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def pickled(path: Path, value, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path
