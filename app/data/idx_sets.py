"""Find which IDX label file belongs to which image file, and read them as samples."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data import idx
from app.data.files import what_is_at
from app.data.samples import Samples, merge
from app.data.text import listed, plain


@dataclass(frozen=True)
class Pair:
    """Two files of one set."""

    images: Path
    labels: Path

    @property
    def test(self) -> bool:
        """True where the name says that it is the test part (MNIST calls it t10k)."""
        return bool(re.search(r"t10k|test", self.images.name, re.IGNORECASE))


def pair_up(images: list[Path], labels: list[Path]) -> list[Pair]:
    """The pairs among files already known as IDX images and labels; a single one is completed from beside it.

    Raises AssayError where a partner is missing.
    """
    if len(images) == 1 and len(labels) == 1:
        return [Pair(images[0], labels[0])]
    partners = {_key(path): path for path in _without_twins(labels)}
    pairs = []
    for path in _without_twins(images):
        partner = partners.pop(_key(path), None) or _beside(path)
        if partner is None:
            raise AssayError(
                f"The labels for “{plain(path.name)}” are missing",
                where=plain(path.name),
                remedy=f"Put {_partner_name(path.name)} beside it, or drop the two files together",
            )
        pairs.append(Pair(path, partner))
    for path in partners.values():
        partner = _beside(path)
        if partner is None:
            raise AssayError(
                f"The pictures for “{plain(path.name)}” are missing",
                where=plain(path.name),
                remedy=f"Put {_partner_name(path.name)} beside it, or drop the two files together",
            )
        pairs.append(Pair(partner, path))
    return sorted(pairs, key=lambda pair: (pair.test, pair.images.name))


def read_pairs(pairs: list[Pair]) -> Samples:
    """All pairs as one set. Raises AssayError for damaged files and for counts that differ."""
    sizes = {idx.read_header(pair.images).shape[1:] for pair in pairs}
    if len(sizes) > 1:
        raise AssayError("The image files hold pictures of different sizes", why=listed([str(size) for size in sizes]))
    return merge([(_read_pair(pair), pair.test) for pair in pairs])


def _read_pair(pair: Pair) -> Samples:
    where = f"{plain(pair.images.name)} and {plain(pair.labels.name)}"
    pictures, values = idx.read_images(pair.images), idx.read_labels(pair.labels)
    idx.check_counts(len(pictures), len(values), where)
    if pictures.size == 0:
        raise AssayError("There are no samples", where=where, why=f"the shape is {pictures.shape}")
    found, labels = np.unique(values, return_inverse=True)
    name = plain(pair.images.name)
    return Samples(
        images=pictures.astype(np.float32) / np.float32(255),
        features=None,
        labels=labels.astype(np.int64),
        class_names=tuple(str(value) for value in found),
        names=tuple(f"{name}, item {i}" for i in range(1, len(values) + 1)),
    )


def _key(path: Path) -> str:
    return re.sub(r"images|labels", "", re.sub(r"idx\d", "", path.name.lower().removesuffix(".gz")))


def _without_twins(paths: list[Path]) -> list[Path]:
    """One of each file that lies there both gzipped and not."""
    return list({_key(path): path for path in sorted(paths, key=lambda path: path.name, reverse=True)}.values())[::-1]


def _partner_name(name: str) -> str:
    swap = {"images": "labels", "labels": "images", "idx3": "idx1", "idx1": "idx3"}
    return plain(re.sub(r"images|labels|idx[13]", lambda match: swap[match.group().lower()], name, flags=re.IGNORECASE))


def _beside(path: Path) -> Path | None:
    name = _partner_name(path.name)
    for candidate in (name, name.removesuffix(".gz"), f"{name}.gz"):
        partner = path.with_name(candidate)
        if candidate != path.name and what_is_at(partner) == "file":
            return partner
    return None
