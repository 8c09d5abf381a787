"""The data sets that come with scikit-learn: described here without it, loaded only where a run needs them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core.errors import AssayError
from app.data.inspection import Inspection
from app.data.samples import Samples
from app.data.text import plain

PREFIX = "builtin:"


@dataclass(frozen=True)
class Builtin:
    """Facts of one set; `shape` is (h, w) of pictures or (features,)."""

    title: str
    summary: str
    counts: dict[str, int]
    shape: tuple[int, ...]


BUILTINS = {
    "digits": Builtin(
        "Handwritten digits",
        "1,797 pictures of 8 × 8 pixels in ten classes",
        {str(i): n for i, n in enumerate((178, 182, 177, 183, 181, 182, 181, 179, 174, 180))},
        (8, 8),
    ),
    "iris": Builtin(
        "Iris flowers",
        "150 flowers, four measurements, three species",
        {"setosa": 50, "versicolor": 50, "virginica": 50},
        (4,),
    ),
    "wine": Builtin(
        "Wine",
        "178 wines, 13 chemical measurements, three growers",
        {"class_0": 59, "class_1": 71, "class_2": 48},
        (13,),
    ),
    "breast_cancer": Builtin(
        "Breast cancer", "569 tumours, 30 measurements, two classes", {"malignant": 212, "benign": 357}, (30,)
    ),
}


def is_builtin(ref: str) -> bool:
    return ref.startswith(PREFIX)


def find_builtin(ref: str) -> Builtin:
    """The facts of `builtin:name`; raises AssayError with the known names."""
    name = ref.removeprefix(PREFIX)
    if name not in BUILTINS:
        raise AssayError(
            f"There is no built-in data set “{plain(name, 60)}”",
            remedy=f"Known ones: {', '.join(PREFIX + known for known in BUILTINS)}",
        )
    return BUILTINS[name]


def describe_builtin(ref: str) -> Inspection:
    """What `inspect` would say of a built-in set, for forms and class pickers."""
    known = find_builtin(ref)
    pictures = len(known.shape) == 2
    count = sum(known.counts.values())
    size = " × ".join(map(str, known.shape)) + (" pixels" if pictures else " features")
    options: dict[str, Any] = {
        "class_names": list(known.counts),
        "counts": dict(known.counts),
        "scanned": count,
        "complete": True,
        "has_test_set": False,
    }
    if pictures:
        options |= {"shape": list(known.shape), "side": known.shape[0]}
    else:
        options |= {"features": known.shape[0], "rows": count}
    facts = [("Samples", f"{count:,}"), ("Size", size), ("Classes", str(len(known.counts)))]
    facts += [(f"Class {name}", f"{number:,}") for name, number in known.counts.items()]
    return Inspection(
        kind="labelled-images" if pictures else "table",
        title=known.title,
        summary=known.summary,
        path=ref,
        count=count,
        facts=tuple(facts),
        options=options,
    )


def read_builtin(ref: str) -> Samples:
    """The samples of `builtin:name`; digits are divided by their largest value, 16."""
    known = find_builtin(ref)
    # Only here: it takes most of a second and 190 MB, and the window must never import it.
    from sklearn import datasets  # type: ignore[import-untyped, unused-ignore]

    name = ref.removeprefix(PREFIX)
    bunch = getattr(datasets, f"load_{name}")()
    pictures = len(known.shape) == 2
    return Samples(
        images=(bunch.images / 16).astype(np.float32) if pictures else None,
        features=None if pictures else bunch.data.astype(np.float64),
        labels=bunch.target.astype(np.int64),
        class_names=tuple(str(name) for name in bunch.target_names),
        names=tuple(f"{known.title}, sample {i}" for i in range(1, len(bunch.target) + 1)),
        feature_names=() if pictures else tuple(str(feature) for feature in bunch.feature_names),
    )
