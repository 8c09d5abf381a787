"""Pictures of the user's for training and removal, as a model takes them, with the classes that they come in."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from app.core import AssayError
from app.data.files import head_of, what_is_at
from app.data.image_folder import list_folder
from app.data.images import is_image, read_thumbnail
from app.data.sources import folder_inside, read_ref
from app.data.text import plain

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

FEWEST = 64
MOST = 50_000
"""Files of a folder that are looked at."""
LATENTS_AT_ONCE = 16
HEAD = 64
SHAPES = "builtin:shapes"
"""Discs, squares, diamonds and crosses, drawn in the size of the model."""
LARGEST_DRAWN = 32
"""Pixels up to which shapes are drawn; larger ones are these made larger."""


@dataclass(frozen=True)
class Pictures:
    """Pictures (n, c, h, w) with `classes` (n,), indices into `names`; where there are no classes `names` is empty."""

    images: Tensor
    classes: Tensor
    names: tuple[str, ...] = ()

    def of_class(self, name: str) -> Tensor:
        """(n,) bool: those of the class `name`, which must be one of `names`."""
        return self.classes == self.names.index(name)


def clean_images(ref: str, model: "DiffusionModel", share: float, seed: int) -> Tensor:
    """The pictures of `clean_pictures` alone."""
    return clean_pictures(ref, model, share, seed).images


def clean_pictures(ref: str, model: "DiffusionModel", share: float, seed: int) -> Pictures:
    """In the model's range, of a latent model latents: a `share` of the pictures behind `ref`, chosen by `seed`.

    `ref` is a folder of pictures, however deep they lie, the generated shapes, or a set that can be read without
    colour. They are centre-cropped and resized. Raises AssayError for tables, for grey sets where the model makes
    colour, and for fewer than 64 pictures.
    """
    found = _sized_pictures(ref, model, share, seed, "data")
    if found.images.shape[1] != _channels(model):
        raise AssayError(
            "This data set is read in grey, and the model makes colour",
            where="data",
            remedy="Choose a folder of colour pictures",
        )
    return _ready(found, model)


def foreign_pictures(ref: str, model: "DiffusionModel", seed: int, where: str) -> Pictures:
    """All pictures behind `ref` as `clean_pictures` gives them, but grey ones are taken by a model of colour, too.

    `where` is the setting that names them. Raises AssayError for tables and for fewer than 64 pictures.
    """
    found = _sized_pictures(ref, model, 1.0, seed, where)
    images = found.images.expand(-1, _channels(model), -1, -1)
    return _ready(Pictures(images, found.classes, found.names), model)


def _sized_pictures(ref: str, model: "DiffusionModel", share: float, seed: int, where: str) -> Pictures:
    """In [0, 1] and the model's size; a set or shapes have one channel, a folder those of the model."""
    channels, size = _channels(model), model.source.image_size
    if ref == SHAPES:
        from app.engines.diffusion.tiny import shapes_with_kinds

        drawn, kinds, names = shapes_with_kinds(min(max(size), LARGEST_DRAWN))
        picked = _chosen(len(drawn), share, seed, where)
        return Pictures(_sized(drawn[picked] / 2 + 0.5, size), kinds[picked], names)
    files = _files(Path(ref)) if what_is_at(Path(ref)) == "folder" else []
    if files:
        chosen = [files[place] for place in _chosen(len(files), share, seed, where)]
        images = torch.cat([_sized(_read(path, channels, size), size) for path in chosen])
        return _by_folder(Path(ref), chosen, images)
    samples = read_ref(ref)
    if samples.images is None:
        raise AssayError("This data set holds no pictures", where=where, remedy="Choose a folder of pictures")
    picked = _chosen(len(samples.images), share, seed, where)
    values = torch.from_numpy(np.ascontiguousarray(samples.images)).float()[:, None]
    return Pictures(_sized(values[picked], size), torch.from_numpy(samples.labels)[picked], samples.class_names)


def _by_folder(root: Path, chosen: list[Path], images: Tensor) -> Pictures:
    """Classes are the sub-folders of `root`, or of its parts for training and testing; none where files lie loose."""
    listing = list_folder(folder_inside(root))
    class_of = {path: name for name, paths in listing.classes.items() for path in paths}
    if not all(path in class_of for path in chosen):
        return Pictures(images, torch.zeros(len(images), dtype=torch.long))
    names = sorted({class_of[path] for path in chosen})
    classes = torch.tensor([names.index(class_of[path]) for path in chosen])
    return Pictures(images, classes, tuple(plain(name, 60) for name in names))


def _ready(found: Pictures, model: "DiffusionModel") -> Pictures:
    """The same in the model's range, of a latent model latents."""
    low, high = model.value_range
    ready = low + found.images.clamp(0, 1) * (high - low)
    if model.autoencoder is not None:
        with torch.no_grad():
            parts = [model.encode(part.to(model.device)).cpu() for part in torch.split(ready, LATENTS_AT_ONCE)]
        ready = torch.cat(parts)
    return Pictures(ready, found.classes, found.names)


def _channels(model: "DiffusionModel") -> int:
    return 3 if model.autoencoder is not None else model.channels


def _files(folder: Path) -> list[Path]:
    found = []
    for path, _ in zip(sorted(folder.rglob("*")), range(MOST), strict=False):
        if not path.is_symlink() and what_is_at(path) == "file" and is_image(head_of(path, HEAD)):
            found.append(path)
    return found


def _chosen(count: int, share: float, seed: int, where: str) -> list[int]:
    """Places of a `share` of `count` pictures, never fewer than the fewest that will do."""
    wanted = min(count, max(FEWEST, round(share * count)))
    if wanted < FEWEST:
        raise AssayError(
            f"{count} pictures are too few",
            where=where,
            why=f"at least {FEWEST} are needed",
            remedy="Add pictures. A removal can do without: leave the field empty to use those that the model makes",
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return [int(place) for place in order[:wanted]]


def _read(path: Path, channels: int, size: tuple[int, int]) -> Tensor:
    """(1, channels, h, w) in [0, 1]; grey pictures become equal channels."""
    png, _ = read_thumbnail(path, side=4 * max(size))
    picture = Image.open(io.BytesIO(png), formats=("PNG",)).convert("RGB")
    pixels = torch.from_numpy(np.array(picture.convert("L") if channels == 1 else picture)).float() / 255
    return pixels[None, None] if channels == 1 else pixels.movedim(-1, 0)[None]


def _sized(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = pictures.shape[-2:]
    scale = min(height / size[0], width / size[1])
    tall, wide = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (height - tall) // 2, (width - wide) // 2
    cut = pictures[..., top : top + tall, left : left + wide]
    if (tall, wide) == size:
        return cut
    return torch.nn.functional.interpolate(cut, size, mode="bilinear", align_corners=False, antialias=scale > 1)
