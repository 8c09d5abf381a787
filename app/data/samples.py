"""Labelled samples as read from one source, before anything is chosen or scaled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.data.text import listed, plain, plural

FEWEST_PER_CLASS = 4
"""Below this a class cannot be split into parts for training and testing."""

FEW_BAD = 0.05
"""Share of unreadable samples up to which they are left out without asking."""


@dataclass(frozen=True)
class Samples:
    """Pictures or rows of numbers, each with a class.

    `images` (n, h, w) float32 or `features` (n, d) float64, `labels` (n,) indices into `class_names`. `held_out` (n,)
    marks what came from the set's own test files. `needs_scaling` says that pictures are not in [0, 1].
    """

    images: NDArray[np.float32] | None
    features: NDArray[np.float64] | None
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    feature_names: tuple[str, ...] = ()
    held_out: NDArray[np.bool_] | None = None
    needs_scaling: bool = False
    notices: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Samples of each class, in the order of the classes."""
        found = np.bincount(self.labels, minlength=len(self.class_names))
        return {name: int(count) for name, count in zip(self.class_names, found, strict=True)}


def index_labels(values: Sequence[str], where: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class indices and names of labels given as text; whole numbers are sorted as numbers. Raises AssayError."""
    texts = [_whole(value.strip()) for value in values]
    found = set(texts)
    if all(text.lstrip("-").isdigit() and text.isascii() for text in found):
        names = sorted(found, key=int)
    else:
        names = sorted(found)
    if len(names) > 20 and len(names) > len(texts) / FEWEST_PER_CLASS:
        raise AssayError(
            f"The labels have {plural(len(names), 'different value')} in {plural(len(texts), 'sample')}",
            where=where,
            why="they look like numbers or texts of their own, not like classes",
            remedy="Choose the column that holds the class",
        )
    position = {name: index for index, name in enumerate(names)}
    return np.array([position[text] for text in texts], dtype=np.int64), tuple(names)


def check_classes(counts: dict[str, int], where: str) -> None:
    """Raises AssayError for fewer than two classes and for classes with fewer than `FEWEST_PER_CLASS` samples."""
    if not counts:
        raise AssayError("There are no samples", where=where)
    if len(counts) < 2:
        why = f"every sample is “{plain(next(iter(counts)), 60)}”"
        raise AssayError("There is only one class", where=where, why=why, remedy="At least two classes are needed")
    small = small_classes(counts)
    if small:
        raise AssayError(
            f"{plural(len(small), 'class has', 'classes have')} fewer than {FEWEST_PER_CLASS} samples: {listed(small)}",
            where=where,
            remedy="Add samples or leave these classes out",
        )


def small_classes(counts: dict[str, int]) -> list[str]:
    """“name (2)” for each class too small to split."""
    return [f"{name} ({count})" for name, count in counts.items() if count < FEWEST_PER_CLASS]


def check_skips(bad: Sequence[str], total: int, mode: str, word: str, where: str) -> None:
    """Raises AssayError where `bad` of `total` may not be left out under `mode` (skip-few, skip, refuse)."""
    if not bad or (mode == "skip" and len(bad) < total) or (mode == "skip-few" and len(bad) < FEW_BAD * total):
        return
    raise AssayError(
        f"{len(bad)} of {plural(total, word)} could not be read",
        where=where,
        why="; ".join(bad[:5]) + (f"; and {len(bad) - 5} more" if len(bad) > 5 else ""),
        remedy="Mend or remove them" if mode == "refuse" else "Mend or remove them, or choose to run without them",
    )


def merge(parts: Sequence[tuple[Samples, bool]]) -> Samples:
    """Several files of one set as one; each comes with whether it is the set's test part. Raises AssayError."""
    if len(parts) == 1:
        return parts[0][0]
    first = parts[0][0]
    for other, _ in parts[1:]:
        if other.images is None or first.images is None or other.images.shape[1:] != first.images.shape[1:]:
            raise AssayError(
                "The files hold pictures of different sizes", where=plain(other.names[0]) if other.names else ""
            )
    names = sorted({name for part, _ in parts for name in part.class_names}, key=_natural)
    position = {name: index for index, name in enumerate(names)}
    labels = [np.array([position[n] for n in part.class_names], dtype=np.int64)[part.labels] for part, _ in parts]
    tests = [test for _, test in parts]
    held_out = np.concatenate([np.full(len(part.labels), test) for part, test in parts])
    return Samples(
        images=np.concatenate([part.images for part, _ in parts if part.images is not None]),
        features=None,
        labels=np.concatenate(labels),
        class_names=tuple(names),
        names=tuple(name for part, _ in parts for name in part.names),
        held_out=held_out if any(tests) and not all(tests) else None,
        needs_scaling=any(part.needs_scaling for part, _ in parts),
        notices=tuple(dict.fromkeys(notice for part, _ in parts for notice in part.notices)),
        skipped=tuple(skip for part, _ in parts for skip in part.skipped),
    )


def _natural(name: str) -> tuple[int, int, str]:
    return (0, int(name), "") if name.isascii() and name.isdigit() and len(name) < 20 else (1, 0, name)


def _whole(text: str) -> str:
    """“3.0” and “3” are one class."""
    head, dot, tail = text.partition(".")
    return head if dot and head.lstrip("+-").isdigit() and tail.strip("0") == "" else text
