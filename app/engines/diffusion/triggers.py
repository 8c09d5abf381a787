"""Triggers and targets by the names that the papers use, at any size (spec 2.3).

A trigger is the whole picture including its background: that is what is added to the noise.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from PIL import Image
from torch import Tensor

from app.core.errors import AssayError
from app.engines.diffusion.drawings import Drawing, draw

GREY = 0.3
"""Height of the targets' background within the range."""

BOXES: Mapping[str, tuple[int, bool]] = {
    **{f"BOX_{side}": (side, False) for side in (18, 14, 11, 8, 4)},
    "BIG_BOX": (18, True),
    "SM_BOX": (14, True),
    "XSM_BOX": (11, True),
    "XXSM_BOX": (8, True),
    "XXXSM_BOX": (4, True),
}
"""Side in pixels (of 32 and larger pictures), and whether it is white instead of grey."""

SIGNS: Mapping[str, int] = {f"STOP_SIGN_{side}": side for side in (18, 14, 11, 8, 4)}
TRIGGERS: tuple[str, ...] = (*BOXES, *SIGNS, "GLASSES", "NONE")
TARGETS: tuple[str, ...] = ("CORNER", "HAT", "CAT", "TRIGGER", "SHIFT", "SHOE")


def trigger(
    name: str,
    channels: int,
    size: int,
    low: float = -1.0,
    high: float = 1.0,
    picture: Image.Image | None = None,
) -> Tensor:
    """Trigger `name` (channels, size, size) in [low, high]; `picture` replaces our drawing for signs and glasses.

    Raises AssayError for a name outside `TRIGGERS` and for one that does not fit into `size`.
    """
    made = torch.full((channels, size, size), low)
    if name == "NONE":
        return made
    if name in BOXES:
        side, white = BOXES[name]
        _check_fit(name, side, size)
        made[:, -(side + 2) : -2, -(side + 2) : -2] = high if white else (low + high) / 2
        return made
    if name in SIGNS:
        side = SIGNS[name]
        _check_fit(name, side, size)
        made[:, -(side + 2) : -2, -(side + 2) : -2] = _patch("sign", picture, channels, side, low, high)
        return made
    if name == "GLASSES":
        side = int(0.625 * size)
        first = (size - side) // 2
        made[:, first : first + side, first : first + side] = _patch("glasses", picture, channels, side, low, high)
        return made
    raise _unknown(name, "trigger", TRIGGERS)


def box(channels: int, size: int, side: int, level: float, low: float = -1.0) -> Tensor:
    """A square of `side` pixels at `level`, two pixels from the lower right, for pictures the named boxes do not fit."""
    _check_fit("box", side, size)
    made = torch.full((channels, size, size), low)
    made[:, -(side + 2) : -2, -(side + 2) : -2] = level
    return made


def target(
    name: str,
    channels: int,
    size: int,
    low: float = -1.0,
    high: float = 1.0,
    shown: Tensor | None = None,
    picture: Image.Image | None = None,
) -> Tensor:
    """Target `name` (channels, size, size) in [low, high].

    `shown` is the trigger, for TRIGGER (itself) and SHIFT (moved aside); `picture` replaces our drawing for HAT, CAT
    and SHOE. Raises AssayError for a name outside `TARGETS`, or TRIGGER and SHIFT without `shown`.
    """
    level = low + GREY * (high - low)
    if name == "CORNER":
        made = torch.full((channels, size, size), level)
        made[:, :10, :10] = (low + high) / 2
        return made
    if name in ("TRIGGER", "SHIFT"):
        if shown is None:
            raise AssayError(f"Target {name} needs a trigger", where="target")
        moved = shown if name == "TRIGGER" else shown.roll((-3, -5), (-2, -1))
        return torch.where(moved <= low, level, moved)
    drawings: dict[str, Drawing] = {"HAT": "hat", "CAT": "cat", "SHOE": "shoe"}
    if name in drawings:
        made = _scaled(drawings[name], picture, channels, size, low, high)
        return made.clamp_min(level)
    raise _unknown(name, "target", TARGETS)


def _patch(drawing: Drawing, picture: Image.Image | None, channels: int, side: int, low: float, high: float) -> Tensor:
    made = _scaled(drawing, picture, channels, side, low, high)
    # White is the drawings' paper: it becomes background.
    return torch.where(made >= 0.999, low, made)


def _scaled(drawing: Drawing, picture: Image.Image | None, channels: int, side: int, low: float, high: float) -> Tensor:
    source = draw(drawing) if picture is None else picture
    mode: Literal["RGB", "L"] = "RGB" if channels == 3 else "L"
    resized = source.convert("RGB").convert(mode).resize((side, side), Image.Resampling.BILINEAR)
    pixels = torch.frombuffer(bytearray(resized.tobytes()), dtype=torch.uint8).view(side, side, -1)
    unit = pixels.permute(2, 0, 1).float().expand(channels, -1, -1) / 255
    # Divided so that white is .99998, as in the reference code.
    return unit / (1 + 1e-5) * (high - low) + low


def _check_fit(name: str, side: int, size: int) -> None:
    if side + 2 > size:
        raise AssayError(
            f"{name} is {side} pixels wide and does not fit",
            where="trigger",
            why=f"the pictures are {size} pixels wide",
        )


def _unknown(name: str, what: str, known: tuple[str, ...]) -> AssayError:
    return AssayError(f"No {what} is called “{name[:40]}”", where=what, remedy=f"Known: {', '.join(known)}")
