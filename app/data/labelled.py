"""Load labelled samples for a run: read the set, keep the classes that are wanted, bring pictures to one size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.data.images import resize_by_area
from app.data.samples import Samples, check_classes
from app.data.sources import read_ref
from app.data.text import listed, plain

OnBadFile = Literal["skip-few", "skip", "refuse"]


@dataclass(frozen=True)
class Labelled:
    """Samples and their classes, in the order of the files.

    `images` (n, h, w) float32 in [0, 1] (see `needs_scaling`) or `features` (n, d) float64 as they stand in the table.
    `labels` (n,) index `class_names`. `held_out` (n,) is True for samples of the set's own test files, None where there
    are none. `names` says where each sample came from; `skipped` lists what was left out, with the reason.
    """

    images: NDArray[np.float32] | None
    features: NDArray[np.float64] | None
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    feature_names: tuple[str, ...]
    held_out: NDArray[np.bool_] | None
    needs_scaling: bool
    notices: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.labels)

    @property
    def values(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """Pictures or features, whichever there are."""
        values = self.images if self.images is not None else self.features
        assert values is not None, "samples without values"
        return values


def load_labelled(
    ref: str,
    *,
    side: int | None = None,
    label_column: str | None = None,
    classes: Sequence[str] = (),
    on_bad_file: OnBadFile = "skip-few",
    progress: Callable[[int, int], None] | None = None,
) -> Labelled:
    """Load the data set `ref`: `builtin:digits`, a path, or the paths of one set joined by `|`.

    `side` resizes pictures to side × side by area (None: as they are; 28 for folders). `label_column` is a column's
    name or its number from 1 (None: the last). `classes` keeps only these, in this order. `on_bad_file`: skip-few
    leaves out unreadable pictures below 5 % and refuses bad cells; skip leaves out all; refuse none. `progress` is
    called with (done, total) while a folder of pictures is read. Raises AssayError for all that can be wrong with data.
    """
    samples = read_ref(ref, side=side, label_column=label_column, mode=on_bad_file, progress=progress)
    where = plain(ref)
    kept = _choose(samples, classes, where) if classes else samples
    check_classes(kept.counts(), where)
    images = kept.images
    if images is not None and side is not None:
        images = resize_by_area(images, side)
    return Labelled(
        images=images,
        features=kept.features,
        labels=kept.labels,
        class_names=kept.class_names,
        names=kept.names,
        feature_names=kept.feature_names,
        held_out=kept.held_out,
        needs_scaling=kept.needs_scaling,
        notices=kept.notices,
        skipped=kept.skipped,
    )


def unit_range(images: NDArray[np.float32], train_rows: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pictures scaled to [0, 1] by the extremes of `train_rows` alone: test pictures never change training ones."""
    low, high = float(images[train_rows].min()), float(images[train_rows].max())
    return np.asarray(np.clip((images - low) / max(high - low, 1e-30), 0, 1), dtype=np.float32)


def _choose(samples: Samples, classes: Sequence[str], where: str) -> Samples:
    unknown = [name for name in classes if name not in samples.class_names]
    if unknown:
        raise AssayError(
            f"The data has no class {listed(unknown)}",
            where=where,
            remedy=f"Its classes: {listed(list(samples.class_names), 20)}",
        )
    wanted = list(dict.fromkeys(classes))
    place = np.full(len(samples.class_names), -1)
    place[[samples.class_names.index(name) for name in wanted]] = range(len(wanted))
    labels = place[samples.labels]
    rows = labels >= 0
    held_out = samples.held_out[rows] if samples.held_out is not None else None
    return Samples(
        images=samples.images[rows] if samples.images is not None else None,
        features=samples.features[rows] if samples.features is not None else None,
        labels=labels[rows].astype(np.int64),
        class_names=tuple(wanted),
        names=tuple(np.array(samples.names, dtype=object)[rows]),
        feature_names=samples.feature_names,
        held_out=held_out if held_out is not None and held_out.any() and not held_out.all() else None,
        needs_scaling=samples.needs_scaling,
        notices=samples.notices,
        skipped=samples.skipped,
    )
