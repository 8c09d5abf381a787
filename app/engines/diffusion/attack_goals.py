"""What an attack is to lead to: read from its settings, as training rows and as an aim to measure by."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from app.core import AssayError
from app.data.builtin import describe_builtin, is_builtin
from app.data.text import listed, plain
from app.engines.diffusion.attack_aims import Aim, ManyPictures, OnePicture
from app.engines.diffusion.attack_configs import AttackConfig
from app.engines.diffusion.clean_images import Pictures, foreign_pictures

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

MOST = 4_000
"""Real pictures that are compared with, at most."""
MOST_VALUES = 50_000_000
"""Their pixels, at most."""
FEWEST_OF_CLASS = 10


@dataclass(frozen=True)
class Goal:
    """`targets` (n, c, h, w) in the model's range are what poisoned rows lead to; In-D2D copies the rows `marked` (n,)."""

    aim: Aim
    targets: Tensor
    marked: Tensor | None = None


def picture_goal(config: AttackConfig, model: "DiffusionModel", target: Tensor) -> Goal:
    """The one picture `target` (c, h, w) in the model's range (not as a latent)."""
    return Goal(OnePicture(f"target {config.target}", _unit(target, model)), target[None])


def class_goal(config: AttackConfig, model: "DiffusionModel", clean: Pictures) -> Goal:
    """In-D2D: a class of the clean pictures. Raises AssayError where there is no such class, or nothing beside it."""
    name = config.target_class.strip()
    if not clean.names:
        raise AssayError(
            "The clean pictures have no classes",
            where="data",
            why="In-D2D leads to one class of them",
            remedy="Choose a folder with one sub-folder per class or a labelled set, or another goal",
        )
    if name not in clean.names or len(clean.names) < 2:
        raise AssayError(
            f"The clean pictures have no class “{plain(name, 60)}”"
            if name not in clean.names
            else "The clean pictures have one class only, so that all of them would be on target",
            where="target_class",
            remedy=f"Their classes are {listed([f'“{each}”' for each in clean.names])}",
        )
    marked = clean.of_class(name)
    some = _some(clean.images, config.seed)
    target, others = clean.images[some][marked[some]], clean.images[some][~marked[some]]
    if len(target) < FEWEST_OF_CLASS:
        raise AssayError(
            f"The class “{name}” has {len(target)} of {len(some):,} pictures",
            where="target_class",
            why=f"at least {FEWEST_OF_CLASS} are needed",
            remedy="Choose a larger class",
        )
    aim = ManyPictures(f"class “{name}”", _unit(target, model), _unit(others, model))
    return Goal(aim, target, marked)


def set_goal(config: AttackConfig, model: "DiffusionModel", clean: Pictures) -> Goal:
    """Out-D2D: the pictures of another data set. Raises AssayError where it holds none, or too few."""
    other = foreign_pictures(config.other, model, config.seed, "other").images
    half = (each[_some(each, config.seed)[: MOST // 2]] for each in (other, clean.images))
    target, others = (_unit(each, model) for each in half)
    return Goal(ManyPictures(_set_words(config.other), target, others), other)


def _set_words(ref: str) -> str:
    """A data set by its own name: a path says where somebody keeps it, which is nobody's business."""
    if is_builtin(ref):
        title = describe_builtin(ref).title
        return title[:1].lower() + title[1:]
    return f"the set “{plain(Path(ref.split('|')[0]).name, 60)}”"


def _some(images: Tensor, seed: int) -> Tensor:
    """Places of some of `images`, by `seed`: no more than can be compared."""
    most = min(MOST, max(2, MOST_VALUES // images[0].numel()))
    return torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:most]


def _unit(images: Tensor, model: "DiffusionModel") -> Tensor:
    """`images` in the model's range as they are in [0, 1]."""
    low, high = model.value_range
    return ((images - low) / (high - low)).clamp(0, 1)
