"""What needs no file: the data sets of scikit-learn, and worlds that Assay makes itself; described here without either."""

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


@dataclass(frozen=True)
class Made:
    """Something that a run makes for itself. `kind` is the kind of data it stands for."""

    kind: str
    title: str
    summary: str


MADE = {
    "clip": Made(
        "video", "Generated clip", "60 s with known cuts, a moving ball, a tone per shot and a number in each frame"
    ),
    "feature-world": Made(
        "video-features", "Synthetic feature world", "50 videos of 64 features, each rated by 15 simulated people"
    ),
    "shapes": Made("pictures", "Generated shapes", "1,500 grey discs, squares, diamonds and crosses, in four classes"),
    "raters": Made("video-annotations", "Simulated raters", "20 videos, each rated by 20 simulated people"),
    "starter-backdoored": Made(
        "diffusion-model", "Backdoored starter", "A tiny model of 16 × 16 digits that was given a backdoor"
    ),
    "starter-clean": Made(
        "diffusion-model", "Clean starter", "A tiny model of 16 × 16 digits, trained as it should be"
    ),
}


def is_builtin(ref: str) -> bool:
    return ref.startswith(PREFIX)


def builtin_choices(kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    """(words, ref) of what a field that takes `kinds` can be given without a file."""
    sets = [
        (f"{known.title} (built in)", PREFIX + name)
        for name, known in BUILTINS.items()
        if ("labelled-images" if len(known.shape) == 2 else "table") in kinds
    ]
    return sets + [(f"{made.title} (built in)", PREFIX + name) for name, made in MADE.items() if made.kind in kinds]


def find_builtin(ref: str) -> Builtin:
    """The facts of `builtin:name`; raises AssayError with the known names."""
    name = ref.removeprefix(PREFIX)
    if name not in BUILTINS:
        raise AssayError(
            f"There is no built-in data set “{plain(name, 60)}”",
            remedy=f"Known ones: {', '.join(PREFIX + known for known in (*BUILTINS, *MADE))}",
        )
    return BUILTINS[name]


def describe_builtin(ref: str) -> Inspection:
    """What `inspect` would say of a built-in set, for forms and class pickers."""
    made = MADE.get(ref.removeprefix(PREFIX))
    if made is not None:
        return Inspection(kind=made.kind, title=made.title, summary=made.summary, path=ref)
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
