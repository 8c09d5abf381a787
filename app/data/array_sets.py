"""Labelled samples out of a .npz file: X and y, or the train and test names that common sets use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.data.arrays import array_names, read_arrays
from app.data.images import luma
from app.data.samples import Samples, check_skips, index_labels, merge
from app.data.text import listed, plain, plural

PAIRS = (
    (("x", "y"),),
    (("x_train", "y_train"), ("x_val", "y_val"), ("x_test", "y_test")),
    (("train_images", "train_labels"), ("val_images", "val_labels"), ("test_images", "test_labels")),
    (("images", "labels"),),
    (("data", "target"),),
    (("data", "labels"),),
)
"""Names of values and labels, by how sets are published; the first of a line must be there."""


def read_array_set(path: Path, mode: str = "skip-few") -> Samples:
    """The samples in the .npz file at `path`; NaN rows are left out only where `mode` is skip. Raises AssayError."""
    names = array_names(path)
    parts = []
    for values_name, labels_name in _pairs_in(names, path):
        arrays = read_arrays(path, (values_name, labels_name))
        part = _samples(path, values_name, arrays[values_name], arrays[labels_name], mode)
        parts.append((part, values_name.lower() in ("x_test", "test_images")))
    if len(parts) > 1 and any(part.images is None for part, _ in parts):
        return _merged_rows(parts, path)
    return merge(parts)


def _pairs_in(names: list[str], path: Path) -> list[tuple[str, str]]:
    known = {name.lower(): name for name in names}
    for pairs in PAIRS:
        if all(part in known for part in pairs[0]):
            return [(known[a], known[b]) for a, b in pairs if a in known and b in known]
    raise AssayError(
        f"“{plain(path.name)}” has no arrays X and y",
        where=plain(path.name),
        why=f"it has {listed(names)}" if names else "it is empty",
        remedy="Save it as numpy.savez(file, X=…, y=…): X (samples, …) numbers, y (samples,) classes",
    )


def _samples(path: Path, name: str, values: NDArray[Any], classes: NDArray[Any], mode: str) -> Samples:
    where = f"{plain(path.name)}, array {plain(name)}"
    if values.dtype.kind not in "buif" or values.ndim < 2:
        raise AssayError(
            f"“{where}” is no array of samples",
            where=where,
            why=f"its shape is {values.shape} and its type {values.dtype}",
            remedy="Numbers of shape (samples, features) or (samples, height, width) are needed",
        )
    classes = _flat_classes(classes, where)
    if len(values) != len(classes):
        raise AssayError(f"{len(values)} samples but {len(classes)} labels", where=plain(path.name))
    if values.size == 0:
        raise AssayError("There are no samples", where=where, why=f"the shape is {values.shape}")
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    bad = [f"{where}: NaN or infinite value in sample {i + 1}" for i in np.flatnonzero(~finite)]
    check_skips(bad, len(values), "skip" if mode == "skip" else "refuse", "sample", where)
    labels, class_names = index_labels([_text(value) for value in classes[finite].tolist()], where)
    samples = Samples(
        images=None,
        features=None,
        labels=labels,
        class_names=class_names,
        names=tuple(f"{where}, sample {i + 1}" for i in np.flatnonzero(finite)),
        skipped=tuple(bad),
        notices=(f"Left out {plural(len(bad), 'sample')} with NaN or infinite values",) if bad else (),
    )
    return _with_values(samples, values[finite] if bad else values, where)


def _with_values(samples: Samples, values: NDArray[Any], where: str) -> Samples:
    if values.ndim == 2:
        names = tuple(f"feature {i}" for i in range(1, values.shape[1] + 1))
        return replace(samples, features=values.astype(np.float64), feature_names=names)
    if values.ndim == 4 and values.shape[1] in (1, 3) and values.shape[3] not in (1, 3, 4):
        values = values.transpose(0, 2, 3, 1)
    if values.ndim == 4 and values.shape[3] in (1, 3, 4):
        values = values[..., 0] if values.shape[3] == 1 else values[..., :3]
    elif values.ndim != 3:
        raise AssayError(
            f"“{where}” is no array of pictures",
            where=where,
            why=f"its shape is {values.shape}",
            remedy="(samples, height, width), or with 1, 3 or 4 colours at the end",
        )
    low, high = float(values.min()), float(values.max())
    grey = luma(values) if values.ndim == 4 else values.astype(np.float32)
    if values.dtype == np.uint8:
        return replace(samples, images=grey / np.float32(255))
    if low >= 0 and high <= 1:
        return replace(samples, images=grey)
    if values.dtype.kind in "iu" and low >= 0 and 16 < high <= 255:
        notice = f"{where}: whole numbers up to {high:g} are taken as shares of 255"
        return replace(samples, images=grey / np.float32(255), notices=(*samples.notices, notice))
    notice = f"{where}: values from {low:.4g} to {high:.4g} are scaled to 0…1 by the extremes of the training part"
    return replace(samples, images=grey, needs_scaling=True, notices=(*samples.notices, notice))


def _flat_classes(classes: NDArray[Any], where: str) -> NDArray[Any]:
    if classes.ndim == 2 and classes.shape[1] == 1:
        classes = classes[:, 0]
    if classes.ndim == 2 and classes.dtype.kind in "buif" and np.all(np.sort(classes, axis=1)[:, :-1] == 0):
        classes = classes.argmax(axis=1)
    if classes.ndim != 1 or classes.dtype.kind not in "buifUS":
        raise AssayError(
            f"“{where}” has labels of shape {classes.shape} and type {classes.dtype}",
            where=where,
            remedy="One whole number or name for each sample is needed",
        )
    if classes.dtype.kind == "f" and not np.all(np.isfinite(classes) & (classes == np.floor(classes))):
        row = int(np.argmin(np.isfinite(classes) & (classes == np.floor(classes))))
        raise AssayError(
            f"Label {row + 1} is {classes[row]:g}",
            where=where,
            why="labels name classes, so whole numbers or texts are needed",
        )
    return classes


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(int(value)) if isinstance(value, float) else str(value)


def _merged_rows(parts: list[tuple[Samples, bool]], path: Path) -> Samples:
    """Rows of numbers from several arrays, merged as if each row were a picture of one line."""
    if len({part.features.shape[1] for part, _ in parts if part.features is not None}) != 1:
        raise AssayError("The arrays hold rows of different lengths", where=plain(path.name))
    rows = [part.features for part, _ in parts if part.features is not None]
    lines = [
        (replace(part, images=np.zeros((len(part.labels), 1, 1), dtype=np.float32), features=None), test)
        for part, test in parts
    ]
    return replace(merge(lines), images=None, features=np.concatenate(rows), feature_names=parts[0][0].feature_names)
