"""Triggers and targets against the reference code's pictures, and our own drawings in their place."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from app.core.errors import AssayError
from app.engines.diffusion.triggers import TARGETS, TRIGGERS, box, target, trigger
from tests.engines.diffusion.golden_data import stored

FILES = {
    "STOP": "stop_sign_wo_bg.png",
    "GLASSES": "glasses.png",
    "HAT": "fedora-hat.png",
    "CAT": "cat_wo_bg.png",
}
STORED = stored("triggers_targets")


def parts(key: str) -> tuple[str, str, int, int, tuple[float, float]]:
    role, rest = key.split("_", 1)
    name, channels, size, ends = rest.rsplit("_", 3)
    return role, name, int(channels[1:]), int(size[1:]), (-1.0, 1.0) if ends == "m1p1" else (0.0, 1.0)


PICTURED = [key for key in STORED if any(word in key for word in FILES)]
DRAWN = [key for key in STORED if key not in PICTURED and "TRIGGER" not in key and "SHIFT" not in key]


@pytest.mark.parametrize("key", DRAWN)
def test_boxes_and_corners_equal_the_reference_exactly(key: str) -> None:
    role, name, channels, size, (low, high) = parts(key)
    made = (trigger if role == "trigger" else target)(name, channels, size, low, high)
    assert torch.equal(made, STORED[key])


@pytest.mark.shared_data
@pytest.mark.parametrize("key", PICTURED)
def test_pictures_equal_the_reference(key: str, shared: Path) -> None:
    role, name, channels, size, (low, high) = parts(key)
    file = next(file for word, file in FILES.items() if word in name)
    with Image.open(shared / "data" / "elijah" / file) as picture:
        made = (trigger if role == "trigger" else target)(name, channels, size, low, high, picture=picture)
    torch.testing.assert_close(made, STORED[key], atol=1e-3, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["TRIGGER", "SHIFT"])
def test_targets_made_of_the_trigger_equal_the_reference(name: str, channels: int) -> None:
    shown = STORED[f"trigger_BOX_14_c{channels}_s32_m1p1"]
    made = target(name, channels, 32, shown=shown)
    torch.testing.assert_close(made, STORED[f"target_{name}_c{channels}_s32_m1p1"], atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", TRIGGERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_trigger_stays_in_range_and_shows_background(name: str, channels: int) -> None:
    made = trigger(name, channels, 33, 0.0, 1.0)
    assert made.shape == (channels, 33, 33)
    assert made.min() == 0 and made.max() <= 1
    assert (made.max() > 0) == (name != "NONE")


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_stands_on_grey(name: str) -> None:
    made = target(name, 3, 17, shown=box(3, 17, 5, 0.0))
    assert made.shape == (3, 17, 17)
    assert made.min() >= -0.4 - 1e-6 and made.max() <= 1


def test_what_does_not_fit_or_exist_is_named() -> None:
    with pytest.raises(AssayError, match="does not fit"):
        trigger("BOX_18", 1, 16)
    with pytest.raises(AssayError, match="No trigger"):
        trigger("MUG", 1, 16)
    with pytest.raises(AssayError, match="needs a trigger"):
        target("SHIFT", 1, 16)
