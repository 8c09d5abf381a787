"""Raw arrays become training, validation and test tensors: split first, then scale by the training part alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.core.errors import AssayError
from app.engines.quantum.seeds import stream

Array = NDArray[Any]
FEWEST = 4


@dataclass(frozen=True)
class Scaling:
    """u = (x - low) / (high - low), clipped to [0, 1]; arrays that broadcast over one sample. A constant gives 0."""

    low: Tensor
    high: Tensor

    def apply(self, values: Array | Tensor) -> Tensor:
        """Raw samples (n, *shape) to float64 in [0, 1]."""
        x = torch.as_tensor(np.asarray(values), dtype=torch.float64)
        reach = self.high - self.low
        return ((x - self.low) / torch.where(reach > 0, reach, 1.0)).clamp(0, 1)


@dataclass(frozen=True)
class Prepared:
    """Scaled samples (n, h, w) or (n, d) float64 in [0, 1] with labels (n,) into `class_names`, and their rows.

    `*_rows` are positions in the arrays given to `prepare`. The validation part is empty unless asked for.
    """

    train_x: Tensor
    train_y: Tensor
    validation_x: Tensor
    validation_y: Tensor
    test_x: Tensor
    test_y: Tensor
    train_rows: Array
    validation_rows: Array
    test_rows: Array
    class_names: tuple[str, ...]
    scaling: Scaling
    notices: tuple[str, ...] = ()


def prepare(
    values: Array,
    labels: Array,
    class_names: Sequence[str],
    seed: int,
    *,
    test_share: float = 0.3,
    held_out: Array | None = None,
    classes: Sequence[str] = (),
    subset: int | None = None,
    validation_share: float = 0.0,
) -> Prepared:
    """Choose classes, check, take at most `subset` samples, split by class, scale.

    values: images (n, h, w) or table rows (n, d); labels (n,) into class_names. `held_out` (n,) marks a test set that
    came with the data and is used instead of a random share. Raises AssayError for data that cannot be learnt from.
    """
    rows, y, names = _select(values, labels, class_names, classes)
    rng = stream(seed, "split")
    if subset is not None and subset < len(rows):
        kept = _share(y, subset / len(rows), rng)
        rows, y = rows[kept], y[kept]
        _check_counts(y, names)
    test = held_out[rows].astype(bool) if held_out is not None and held_out.any() else _mask(y, test_share, rng)
    validation = np.zeros(len(y), dtype=bool)
    if validation_share > 0:
        train_places = np.flatnonzero(~test)
        validation[train_places[_share(y[train_places], validation_share, rng)]] = True
    return _assemble(values, rows, y, test, validation, names)


def prepare_folds(
    values: Array,
    labels: Array,
    class_names: Sequence[str],
    seed: int,
    *,
    folds: int,
    classes: Sequence[str] = (),
) -> Iterator[Prepared]:
    """`folds` stratified splits with every sample in one test part; each is scaled by its own training part."""
    rows, y, names = _select(values, labels, class_names, classes)
    smallest = int(np.bincount(y).min())
    if smallest < folds:
        raise AssayError(
            f"{folds} folds need at least {folds} samples of each class",
            why=f"the smallest class has {smallest}",
            remedy=f"Use at most {smallest} folds",
        )
    rng = stream(seed, "folds")
    fold = np.empty(len(y), dtype=np.int64)
    turn = 0  # goes on from class to class, so that folds differ by at most one sample
    for label in range(len(names)):
        members = rng.permutation(np.flatnonzero(y == label))
        fold[members] = (turn + np.arange(len(members))) % folds
        turn += len(members)
    for number in range(folds):
        yield _assemble(values, rows, y, fold == number, np.zeros(len(y), dtype=bool), names)


def _select(
    values: Array, labels: Array, class_names: Sequence[str], classes: Sequence[str]
) -> tuple[Array, Array, tuple[str, ...]]:
    """Rows of the chosen classes, their new labels, and the names, once the data have been found fit to use."""
    chosen, names = _choose(labels, class_names, classes)
    _check(values, labels, chosen, names)
    relabel = {old: new for new, old in enumerate(chosen)}
    rows = np.flatnonzero(np.isin(labels, chosen))
    return rows, np.array([relabel[int(label)] for label in labels[rows]], dtype=np.int64), names


def _choose(labels: Array, class_names: Sequence[str], classes: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    unknown = [name for name in classes if name not in class_names]
    if unknown:
        raise AssayError(
            f"There is no class “{unknown[0]}” in the data",
            why=f"its classes are {', '.join(class_names)}",
            remedy="Choose among them",
        )
    present = set(np.unique(labels).tolist())
    chosen = [class_names.index(name) for name in classes] or [i for i in range(len(class_names)) if i in present]
    if len(set(chosen)) < 2:
        raise AssayError(
            "There is only one class to learn" if chosen else "There is no class to learn",
            why="a classifier needs at least two",
            remedy="Choose data or classes with two or more kinds",
        )
    return chosen, tuple(class_names[i] for i in chosen)


def _check(values: Array, labels: Array, chosen: Sequence[int], names: Sequence[str]) -> None:
    if len(values) != len(labels):
        raise AssayError(
            f"{len(values)} samples but {len(labels)} labels",
            remedy="Give one label for each sample",
        )
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        place = bad[0]
        columns = ", ".join(str(i + 1) for i in place[1:])
        raise AssayError(
            f"{len(bad)} value{'s' * (len(bad) > 1)} in the data cannot be used",
            where=f"first in row {place[0] + 1}, column {columns}",
            why=f"it is {values[tuple(place)]}",
            remedy="Fill in or remove missing and infinite values",
        )
    order = {old: new for new, old in enumerate(chosen)}
    _check_counts(np.array([order[int(label)] for label in labels if int(label) in order]), names)


def _check_counts(y: Array, names: Sequence[str]) -> None:
    counts = np.bincount(y, minlength=len(names))
    small = [f"“{name}” ({count})" for name, count in zip(names, counts, strict=True) if count < FEWEST]
    if small:
        raise AssayError(
            f"Too few samples of class {', '.join(small)}",
            why=f"each class needs at least {FEWEST} to be split into training and test",
            remedy="Add samples or leave the class out",
        )


def _share(y: Array, share: float, rng: np.random.Generator) -> Array:
    """Sorted places of a share of each class, at least one and never all of it."""
    taken = []
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        taken.append(members[: min(len(members) - 1, max(1, round(share * len(members))))])
    return np.sort(np.concatenate(taken))


def _mask(y: Array, share: float, rng: np.random.Generator) -> Array:
    mask = np.zeros(len(y), dtype=bool)
    mask[_share(y, share, rng)] = True
    return mask


def _assemble(values: Array, rows: Array, y: Array, test: Array, validation: Array, names: tuple[str, ...]) -> Prepared:
    train = ~(test | validation)
    for mask, what in ((train, "training"), (test, "test")):
        absent = [name for label, name in enumerate(names) if not (y[mask] == label).any()]
        if absent:
            raise AssayError(
                f"Class “{absent[0]}” has no {what} samples",
                why="the data come with a test set of their own that does not share out every class",
                remedy="Leave the class out, or give the data without their test files",
            )
    scaling, notices = fit_scaling(values[rows[train]])

    def part(mask: Array) -> tuple[Tensor, Tensor]:
        return scaling.apply(values[rows[mask]]), torch.from_numpy(y[mask])

    train_x, train_y = part(train)
    validation_x, validation_y = part(validation)
    test_x, test_y = part(test)
    return Prepared(
        train_x, train_y, validation_x, validation_y, test_x, test_y,
        rows[train], rows[validation], rows[test], names, scaling, notices,
    )  # fmt: skip


def fit_scaling(train: Array) -> tuple[Scaling, tuple[str, ...]]:
    """How to bring data into [0, 1], from training samples alone: images (n, h, w) as a whole, tables by column.

    Images already within [0, 1] are left as they are; uint8 is divided by 255.
    """
    if train.ndim == 3:
        if train.dtype == np.uint8:
            return _whole(0.0, 255.0), ()
        low, high = float(train.min()), float(train.max())
        if low >= 0 and high <= 1:
            return _whole(0.0, 1.0), ()
        return _whole(low, high), (
            f"Pixel values {low:.4g} to {high:.4g} were scaled to 0 to 1 by the training images",
        )
    lows, highs = (
        torch.from_numpy(np.asarray(end, dtype=np.float64)) for end in (train.min(axis=0), train.max(axis=0))
    )
    constant = [str(i + 1) for i in torch.nonzero(lows == highs)[:, 0].tolist()]
    notices = (f"Constant column {', '.join(constant)} carries nothing and is set to 0",) if constant else ()
    return Scaling(lows, highs), notices


def _whole(low: float, high: float) -> Scaling:
    return Scaling(torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64))
