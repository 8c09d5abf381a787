"""Put labelled samples into words and small pictures."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from app.data.images import png_of
from app.data.inspection import Inspection, Preview, Problem
from app.data.samples import FEWEST_PER_CLASS, Samples, small_classes
from app.data.text import listed, plain, plural

PREVIEWS = 12


def describe_samples(samples: Samples, title: str, ref: str, word: str) -> Inspection:
    """Pictures or rows that were read in full. `word` says what the file is."""
    counts = samples.counts()
    total = len(samples.labels)
    problems = [Problem("note", notice) for notice in samples.notices]
    options: dict[str, Any] = {
        "class_names": list(counts),
        "counts": counts,
        "has_test_set": samples.held_out is not None,
        "scanned": total,
        "complete": True,
    }
    facts = [("Samples", f"{total:,}")]
    if samples.images is not None:
        height, width = samples.images.shape[1:]
        facts.append(("Size", f"{height} × {width} pixels"))
        options |= {"shape": [height, width], "side": int(max(height, width))}
    elif samples.features is not None:
        facts.append(("Features", f"{samples.features.shape[1]:,}"))
        options |= {"features": samples.features.shape[1], "rows": total, "columns": list(samples.feature_names)}
    if samples.held_out is not None:
        facts.append(("Own test part", f"{int(samples.held_out.sum()):,}"))
    pictures = samples.images is not None
    amount = plural(total, "picture" if pictures else "row")
    return Inspection(
        kind="labelled-images" if pictures else "table",
        title=title,
        summary=f"{word}: {amount} in {plural(len(counts), 'class', 'classes')}",
        path=ref,
        count=total,
        facts=(*facts, *class_facts(counts)),
        problems=(*class_problems(counts), *problems),
        previews=tuple(_sample_previews(samples)),
        options=options,
    )


def class_problems(counts: dict[str, int]) -> tuple[Problem, ...]:
    """Too few classes is an error; a class too small to split is a warning, for it can be left out."""
    small = small_classes(counts)
    if len(counts) - len(small) < 2:
        one = len(counts) == 1
        what = "There is only one class" if one else f"Fewer than two classes have {FEWEST_PER_CLASS} samples"
        return (Problem("error", what, remedy=f"At least two classes of {FEWEST_PER_CLASS} samples are needed"),)
    if small:
        words = plural(len(small), "class has", "classes have")
        what = f"{words} fewer than {FEWEST_PER_CLASS} samples: {listed(small)}"
        return (Problem("warning", what, remedy="Add samples or leave these classes out", count=len(small)),)
    return ()


def class_facts(counts: dict[str, int], limit: int = 20) -> list[tuple[str, str]]:
    """How many classes, and the size of the first `limit`."""
    facts = [("Classes", f"{len(counts):,}")]
    facts += [(f"Class {plain(name, 40)}", f"{count:,}") for name, count in list(counts.items())[:limit]]
    return facts


def _sample_previews(samples: Samples) -> Iterable[Preview]:
    if samples.images is None:
        return
    low, high = float(samples.images.min()), float(samples.images.max())
    scale = (low, high - low) if samples.needs_scaling and high > low else (0.0, 1.0)
    each = max(1, PREVIEWS // max(1, len(samples.class_names)))
    for index, name in list(enumerate(samples.class_names))[:PREVIEWS]:
        for row in np.flatnonzero(samples.labels == index)[:each]:
            yield Preview(png_of((samples.images[row] - scale[0]) / scale[1]), name)
