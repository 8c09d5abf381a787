"""Which Hugging Face architectures may describe pictures, and which settings of theirs are within reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.errors import AssayError
from app.data.diffusion_config import refuse_code
from app.data.image_model_folder import CONFIG
from app.data.text import listed, plain

FAMILIES = frozenset({
    "beit", "bit", "clip", "clip_vision_model", "convnext", "convnextv2", "cvt", "data2vec-vision", "deit", "dinov2",
    "dinov2_with_registers", "dinov3_convnext", "dinov3_vit", "efficientnet", "focalnet", "hiera", "ijepa", "levit",
    "mobilenet_v1", "mobilenet_v2", "mobilevit", "mobilevitv2", "poolformer", "pvt", "regnet", "resnet", "siglip",
    "siglip_vision_model", "swiftformer", "swin", "swinv2", "vit", "vit_msn",
})  # fmt: skip
"""Those that describe one picture the same way each time, and need nothing beside transformers."""

NUMBER_LIMIT = 10_000_000
LAYER_LIMIT = 512
_LAYER_WORDS = ("layer", "depth", "block", "stage")


def check_settings(record: Mapping[str, Any], name: str) -> None:
    """Raises AssayError where config.json asks for code, for another kind of model, or for a size that none has."""
    refuse_code(record, CONFIG)
    _check_family(record, name)
    _check_numbers(record)


def _check_family(record: Mapping[str, Any], name: str) -> None:
    family = record.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        raise AssayError(
            f"“{name}” is a model of the type “{plain(str(family), 60)}”",
            where=CONFIG,
            why="it is not among those that describe pictures here",
            remedy=f"Use one of {listed(sorted(FAMILIES), len(FAMILIES))}, or export the model as ONNX",
        )
    if record.get("quantization_config"):
        raise AssayError(f"“{name}” is quantised", where=CONFIG, remedy="Use the version in full precision")


def _check_numbers(record: Mapping[str, Any]) -> None:
    """Sizes that no such model has would keep the builder busy for ever."""
    for key, value in _numbers(record):
        limit = LAYER_LIMIT if any(word in key for word in _LAYER_WORDS) else NUMBER_LIMIT
        if abs(value) > limit:
            raise AssayError(
                f"The setting “{plain(key, 60)}” of the model is {value:,}",
                where=CONFIG,
                why=f"at most {limit:,} is read",
            )


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int]]:
    if type(value) is int:
        yield key, value
    elif isinstance(value, dict):
        for name, one in value.items():
            # Names of classes are labels, whatever words they hold.
            if name not in ("id2label", "label2id"):
                yield from _numbers(one, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one, key)
