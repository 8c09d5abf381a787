"""Read how a Hugging Face vision folder wants its pictures prepared; what it leaves out is as for ImageNet."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from app.core.errors import AssayError
from app.data.diffusion_config import refuse_code
from app.data.files import what_is_at
from app.data.image_model_folder import PREPARING
from app.data.strict_json import read_json
from app.data.text import plain
from app.models.image_preparing import IMAGENET_MEAN, IMAGENET_STD, SIDE, Preparation

SIDES = (8, 1024)
_DEFAULT_FACTOR = 1 / 255


def read_preparation(folder: Path, config: Mapping[str, Any]) -> Preparation:
    """What preprocessor_config.json in `folder` says, else the side in `config`. Raises AssayError that names a value."""
    path = folder / PREPARING
    record = read_json(path) if what_is_at(path) == "file" else {}
    if not isinstance(record, dict):
        raise AssayError(f"“{PREPARING}” is no table of settings", where=PREPARING)
    refuse_code(record, PREPARING)
    resized, side = _sizes(record, config)
    factor = _number(record, "rescale_factor", _DEFAULT_FACTOR) if record.get("do_rescale") is not False else 1.0
    normalise = record.get("do_normalize") is not False
    return Preparation(
        side,
        resized,
        mean=_three(record, "image_mean", IMAGENET_MEAN) if normalise else (0.0, 0.0, 0.0),
        std=_three(record, "image_std", IMAGENET_STD) if normalise else (1.0, 1.0, 1.0),
        factor=factor,
        resample=_resampling(record),
    )


def _sizes(record: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[int | tuple[int, int], int]:
    """What the picture is brought to first, and the side that the model sees."""
    vision = config.get("vision_config")
    inner = vision if isinstance(vision, dict) else config
    native = _side(inner.get("image_size", SIDE), "image_size")
    size = record.get("size")
    if size is None or record.get("do_resize") is False:
        side = _side(record["crop_size"], "crop_size") if "crop_size" in record else native
        return round(side * 256 / SIDE), side
    if isinstance(size, dict) and "shortest_edge" in size:
        shortest = _whole(size["shortest_edge"], "size")
        share = record.get("crop_pct")
        if isinstance(share, float) and 0.5 <= share <= 1 and shortest < 384:
            # ConvNeXt's way: `size` is what is left after a crop of this share.
            return max(shortest, int(shortest / share)), shortest
        cropped = record.get("do_center_crop") is not False and "crop_size" in record
        side = _side(record["crop_size"], "crop_size") if cropped else shortest
        return max(shortest, side), side
    side = _side(size, "size")
    if record.get("do_center_crop") and "crop_size" in record:
        cropped_side = _side(record["crop_size"], "crop_size")
        return (max(side, cropped_side),) * 2, cropped_side
    return (side, side), side


def _side(value: Any, name: str) -> int:
    """The side of a square from 224, [224, 224] or {"height": 224, "width": 224}."""
    sides = [value, value]
    if isinstance(value, dict):
        sides = [value.get("height"), value.get("width")]
    elif isinstance(value, list):
        sides = value if len(value) == 2 else [None, None]
    height, width = (_whole(side, name) for side in sides)
    if height != width:
        raise _wrong(name, value, "the same height and width")
    return height


def _whole(value: Any, name: str) -> int:
    if type(value) is not int or not SIDES[0] <= value <= SIDES[1]:
        raise _wrong(name, value, f"a whole number of pixels from {SIDES[0]} to {SIDES[1]}")
    return value


def _number(record: Mapping[str, Any], name: str, default: float) -> float:
    value = record.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1000:
        raise _wrong(name, value, "a number above 0")
    return float(value)


def _three(record: Mapping[str, Any], name: str, default: tuple[float, ...]) -> tuple[float, ...]:
    value = record.get(name, default)
    numbers = isinstance(value, list | tuple) and len(value) == 3
    if not numbers or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one) for one in value
    ):
        raise _wrong(name, value, "three numbers")
    if name == "image_std" and not all(1e-6 <= one <= 1000 for one in value):
        raise _wrong(name, value, "three numbers above 0")
    return tuple(map(float, value))


def _resampling(record: Mapping[str, Any]) -> Image.Resampling:
    value = record.get("resample", Image.Resampling.BILINEAR)
    if type(value) is int and value not in list(Image.Resampling):
        raise _wrong("resample", value, "a number from 0 to 5")
    return Image.Resampling(value) if isinstance(value, int) else Image.Resampling.BILINEAR


def _wrong(name: str, value: Any, expected: str) -> AssayError:
    return AssayError(
        f"The setting “{name}” of the model is {plain(str(value), 60)}", where=PREPARING, why=f"expected {expected}"
    )
