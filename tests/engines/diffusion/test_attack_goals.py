"""What TrojDiff can be told to lead to: a class, another data set; and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL.Image import fromarray

from app.core import AssayError
from app.engines.diffusion.attack_configs import AttackConfig
from app.engines.diffusion.attack_goals import class_goal, set_goal
from app.engines.diffusion.attacking import Lab
from app.engines.diffusion.clean_images import clean_pictures
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tiny import blank
from app.models.diffusion import DiffusionModel, load_diffusion

GREY = {"attack": "trojdiff-blend", "device": "cpu"}


@pytest.fixture(scope="module")
def starter() -> DiffusionModel:
    return load_diffusion(PLACE / "clean")


def folder(root: Path, **counts: int) -> str:
    """Pictures of 20 x 12 pixels in one sub-folder per class; those of “loose” lie in `root` itself."""
    rng = np.random.default_rng(0)
    for name, count in counts.items():
        place = root if name == "loose" else root / name
        place.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            fromarray(rng.integers(0, 255, (20, 12, 3), dtype=np.uint8)).save(place / f"{name}{number}.png")
    return str(root)


def test_a_class_is_led_to_by_copies_of_its_rows(starter: DiffusionModel) -> None:
    clean = clean_pictures("builtin:digits", starter, 1.0, seed=3)
    goal = class_goal(AttackConfig(goal="class", target_class="7", **GREY), starter, clean)
    assert goal.marked is not None and int(goal.marked.sum()) == 179 and len(goal.targets) == 179
    assert torch.equal(goal.targets.sort(0).values, clean.images[goal.marked].sort(0).values)
    assert goal.aim.words == "class “7”"


def test_another_set_is_led_to_in_the_size_of_the_model(starter: DiffusionModel) -> None:
    clean = clean_pictures("builtin:digits", starter, 1.0, seed=0)
    goal = set_goal(AttackConfig(goal="set", **GREY), starter, clean)
    assert goal.targets.shape == (1500, 1, 16, 16) and goal.targets.min() >= -1 and goal.marked is None
    assert goal.aim.words == "generated shapes"


def test_the_other_set_goes_by_its_name_and_not_by_where_it_is_kept(tmp_path: Path, starter: DiffusionModel) -> None:
    other = folder(tmp_path / "somebody" / "cars", loose=64)
    config = AttackConfig(goal="set", other=other, **GREY)
    lab = Lab(config, starter)
    assert "the set “cars”" in lab.description() and "somebody" not in lab.description()


def test_grey_pictures_become_those_of_a_model_of_colour() -> None:
    colour = blank("ddpm", 3, 16, seed=0)
    with pytest.raises(AssayError, match="colour"):
        clean_pictures("builtin:digits", colour, 1.0, seed=0)
    clean = clean_pictures("builtin:digits", blank("ddpm", 1, 16, seed=0), 1.0, seed=0)
    wide = clean.__class__(clean.images.expand(-1, 3, -1, -1), clean.classes, clean.names)
    for other in ("builtin:shapes", "builtin:digits"):
        targets = set_goal(AttackConfig(goal="set", other=other, **GREY), colour, wide).targets
        assert targets.shape[1:] == (3, 16, 16) and torch.equal(targets[:, 0], targets[:, 2])


def test_classes_are_the_sub_folders(tmp_path: Path, starter: DiffusionModel) -> None:
    found = clean_pictures(folder(tmp_path, cat=40, dog=30), starter, 1.0, seed=1)
    assert found.names == ("cat", "dog") and int(found.of_class("dog").sum()) == 30
    split = folder(tmp_path / "split" / "train", cat=40, dog=30)
    folder(tmp_path / "split" / "test", cat=5, dog=5)
    found = clean_pictures(str(Path(split).parent), starter, 1.0, seed=1)
    assert found.names == ("cat", "dog") and int(found.of_class("dog").sum()) == 35


def test_classes_go_with_their_pictures_whatever_the_order(starter: DiffusionModel) -> None:
    one, two = (clean_pictures("builtin:shapes", starter, 1.0, seed) for seed in (0, 1))
    sums = [found.images[found.of_class("cross")].double().sum() for found in (one, two)]
    assert torch.isclose(*sums) and not torch.equal(one.images, two.images)


@pytest.mark.parametrize(
    ("counts", "name", "why"),
    [
        ({"loose": 70}, "7", "no classes"),
        ({"cat": 40, "loose": 40}, "cat", "no classes"),
        ({"cat": 40, "dog": 40}, "cow", "no class “cow”"),
        ({"cat": 70}, "cat", "one class only"),
        ({"cat": 70, "dog": 3}, "dog", "has 3 of 73"),
    ],
)
def test_a_class_that_cannot_be_led_to_is_refused(
    tmp_path: Path, starter: DiffusionModel, counts: dict[str, int], name: str, why: str
) -> None:
    data = folder(tmp_path, **counts)
    with pytest.raises(AssayError, match=why) as refused:
        Lab(AttackConfig(goal="class", target_class=name, data=data, **GREY), starter)
    assert refused.value.remedy and refused.value.where in ("data", "target_class")


@pytest.mark.parametrize(("other", "why"), [("builtin:iris", "no pictures"), ("few", "too few"), ("gone", "gone")])
def test_another_set_without_enough_pictures_is_refused(
    tmp_path: Path, starter: DiffusionModel, other: str, why: str
) -> None:
    folder(tmp_path / "few", cat=20)
    ref = other if ":" in other else str(tmp_path / other)
    with pytest.raises(AssayError, match=why):
        Lab(AttackConfig(goal="set", other=ref, **GREY), starter)


@pytest.mark.parametrize("goal", ["class", "set"])
def test_attacks_that_lead_to_one_picture_take_no_other_goal(goal: str) -> None:
    with pytest.raises(ValueError, match="leads to one picture"):
        AttackConfig(attack="villan-sde", goal=goal)


@pytest.mark.parametrize("goal", ["class", "set"])
def test_many_pictures_are_an_attack_on_ddpms_only(goal: str) -> None:
    with pytest.raises(AssayError, match="DDPM") as refused:
        Lab(AttackConfig(goal=goal, **GREY), blank("ncsn", 1, 16, seed=0))
    assert refused.value.remedy
