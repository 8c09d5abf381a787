"""Write a diffusion model as a normal diffusers folder with its model card; what was there is never touched."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from app.core.errors import AssayError
from app.data.diffusion_folder import MARK, STEM, Part
from app.data.files import unreadable
from app.data.text import plain

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

CARD = "README.md"


def model_files(
    model: "DiffusionModel", *, unet: nn.Module | None = None, card: str = "", backdoor: str = ""
) -> dict[str, bytes]:
    """The files of a pipeline folder by name, `unet` (default: the model's own) in the place of its network.

    `card` becomes README.md. `backdoor` describes what a test model was made with; it is marked in the settings, and a
    mark that is there already stays. Same model, same bytes.
    """
    from safetensors.torch import save

    source = model.source
    settings = dict(source.unet.settings)
    if backdoor:
        settings |= {MARK: True, "backdoor_description": backdoor}
    files = {
        "model_index.json": _json(_index(model)),
        "scheduler/scheduler_config.json": _json(_scheduler(model)),
        "unet/config.json": _json({"_class_name": source.unet.class_name} | settings),
    }
    networks: dict[str, tuple[nn.Module, Part]] = {"unet": (unet or model.unet, source.unet)}
    if model.autoencoder is not None and source.autoencoder is not None:
        place = source.autoencoder.folder.name
        networks[place] = (model.autoencoder, source.autoencoder)
        files[f"{place}/config.json"] = _json(
            {"_class_name": source.autoencoder.class_name} | dict(source.autoencoder.settings)
        )
    for place, (network, _) in networks.items():
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
        files[f"{place}/{STEM}.safetensors"] = save(tensors, metadata={"format": "pt"})
    if card:
        files[CARD] = card.encode()
    return dict(sorted(files.items()))


def save_diffusion(files: Mapping[str, bytes], into: Path) -> None:
    """Write `files` as the new folder `into`, whole or not at all. Raises AssayError where it exists or cannot be."""
    if os.path.lexists(into):
        raise AssayError(
            f"“{plain(into.name)}” exists already",
            where=plain(str(into)),
            remedy="Choose a new folder: nothing is overwritten",
        )
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    except OSError as error:
        raise unreadable(into.parent, error) from error
    try:
        for name, data in files.items():
            path = scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        scratch.chmod(0o755)
        scratch.rename(into)
    except OSError as error:
        raise AssayError("The model could not be saved", where=plain(str(into)), why=str(error.strerror)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def model_card(title: str, sentences: list[str], facts: Mapping[str, str], *, backdoor: str | None = "") -> str:
    """A README.md: what the model is, how it was made, and a warning where it was given a backdoor.

    Empty `backdoor` says that there is none; None says nothing, for a model of which nobody knows.

    Values of others must have passed `plain`, for a card is read as Markdown.
    """
    tags = ["diffusers", "unconditional-image-generation", *(["backdoor-test-model"] if backdoor else [])]
    head = [
        "---",
        "library_name: diffusers",
        "tags:",
        *(f"- {tag}" for tag in tags),
        *([] if backdoor is None else [f"{MARK}: {str(bool(backdoor)).lower()}"]),
        "---",
    ]
    warning = []
    if backdoor:
        warning = [
            "",
            "**This model was made with a backdoor, to evaluate defences. Do not use it for anything else.**",
            f"It was made with: {_cell(backdoor)}.",
        ]
    table = ["", "| | |", "|---|---|", *(f"| {_cell(name)} | {_cell(value)} |" for name, value in facts.items())]
    return "\n".join([*head, "", f"# {_cell(title)}", *warning, "", *sentences, *(table if facts else []), ""])


def _index(model: "DiffusionModel") -> dict[str, Any]:
    import diffusers

    source = model.source
    scheduler = _scheduler(model)["_class_name"]
    pipeline = {"ddpm": "DDPMPipeline", "ncsn": "ScoreSdeVePipeline", "ldm": "LDMPipeline"}[model.kind]
    record: dict[str, Any] = {
        "_class_name": source.pipeline or pipeline,
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["diffusers", scheduler],
        "unet": ["diffusers", source.unet.class_name],
    }
    if source.autoencoder is not None:
        record[source.autoencoder.folder.name] = ["diffusers", source.autoencoder.class_name]
    return record


def _scheduler(model: "DiffusionModel") -> dict[str, Any]:
    """The source's own, or for a UNet alone the one that was assumed."""
    if model.source.scheduler is not None:
        return dict(model.source.scheduler)
    if model.kind == "ncsn":
        ranges = {"sigma_min": model.sigma_min, "sigma_max": model.sigma_max, "num_train_timesteps": model.steps}
        return {"_class_name": "ScoreSdeVeScheduler", **ranges}
    return {"_class_name": "DDPMScheduler", "clip_sample": False, "prediction_type": "epsilon", **model.betas}


def _json(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _cell(text: str) -> str:
    return plain(text, 400).replace("|", "\\|").replace("<", "&lt;")
