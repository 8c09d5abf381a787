"""Tell whether a folder holds a model that describes pictures, as Hugging Face keeps them; weights are not read."""

from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.diffusion_config import refuse_code
from app.data.files import what_is_at
from app.data.strict_json import read_json
from app.data.weight_files import WeightFiles, find_weights

CONFIG, PREPARING = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")


def is_image_model_folder(folder: Path) -> bool:
    """True where config.json describes a network for pictures and weights lie beside it."""
    if what_is_at(folder / CONFIG) != "file" or not any(what_is_at(folder / name) == "file" for name in WEIGHTS):
        return False
    config = _json(folder / CONFIG)
    if not isinstance(config.get("model_type"), str):
        return False
    sees = "vision_config" in config or {"image_size", "num_channels"} <= config.keys()
    return sees or bool(
        _json(folder / PREPARING).keys() & {"image_mean", "image_processor_type", "feature_extractor_type"}
    )


def image_model_type(folder: Path) -> str:
    """The type that its config names, such as “vit” or “clip”."""
    return str(_json(folder / CONFIG).get("model_type", ""))


def image_model_weights(folder: Path) -> WeightFiles:
    """Its checked weights. Raises AssayError as `find_weights`, and where its settings ask for code of others."""
    for name in (CONFIG, PREPARING):
        refuse_code(_json(folder / name), name)
    return find_weights(folder, "model")


def _json(path: Path) -> dict[str, Any]:
    if what_is_at(path) != "file":
        return {}
    try:
        value = read_json(path)
    except AssayError:
        # A damaged config is no sign of a picture model; whoever loads it names the damage.
        return {}
    return value if isinstance(value, dict) else {}
