"""Where a model comes from: a folder, or one of the tiny ones that ship with Assay."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.core import AssayError
from app.engines.diffusion.configs import ModelConfig

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

STARTERS = {"starter-clean": "clean", "starter-backdoored": "backdoored"}
"""Names after `builtin:` and the folders they stand for."""

PREFIX = "builtin:"
PLACE = Path(__file__).resolve().parents[3] / "resources" / "starter" / "diffusion"


def model_folder(ref: str) -> Path:
    """The folder that `ref` names. Raises AssayError for an unknown built-in model, or for several folders."""
    if "|" in ref:
        raise AssayError(
            f"{len(ref.split('|'))} models are given, and one is looked at per run",
            where="model",
            remedy="Give them to the task “Model zoo” as its folder of models, or name one",
        )
    if not ref.startswith(PREFIX):
        return Path(ref)
    name = ref.removeprefix(PREFIX)
    if name not in STARTERS:
        known = ", ".join(PREFIX + starter for starter in STARTERS)
        raise AssayError(f"There is no built-in model “{name[:60]}”", where="model", remedy=f"Known: {known}")
    return PLACE / STARTERS[name]


@contextmanager
def opened(config: ModelConfig) -> Iterator["DiffusionModel"]:
    """The loaded model; pickled weights are converted apart first where that was agreed. Raises AssayError."""
    from app.data.describe_diffusion import describe_pickled
    from app.models.diffusion import load_diffusion
    from app.models.pickles import convert_folder

    folder = model_folder(config.model)
    kind = None if config.kind == "auto" else config.kind
    device = chosen_device(config.device)
    with tempfile.TemporaryDirectory(prefix="assay-diffusion-", ignore_cleanup_errors=True) as scratch:
        if config.convert_pickles and describe_pickled(folder / "unet" if (folder / "unet").is_dir() else folder):
            convert_folder(folder, Path(scratch) / "converted", agreed=True)
            folder = Path(scratch) / "converted"
        yield load_diffusion(folder, device=device, kind=kind, sigma_max=config.sigma_max)


def chosen_device(device: str) -> str:
    """The device to use; `auto` takes a graphics processor if there is one. Raises AssayError where it is missing."""
    import torch

    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if present[name])
    if not present[device]:
        raise AssayError(f"There is no device “{device}” here", where="device", remedy="Choose auto or cpu")
    return device
