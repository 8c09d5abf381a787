"""Put labelled samples, tables and folders of pictures into words and small pictures."""

import time
from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import AssayError
from app.data.image_folder import DEFAULT_SIDE, Listing, check_listing, list_folder, looks_like_picture
from app.data.images import png_of, read_thumbnail
from app.data.inspection import Inspection, Preview, Problem
from app.data.samples import FEW_BAD, FEWEST_PER_CLASS, Samples, index_labels, small_classes
from app.data.table import DELIMITERS, Table, label_suggestion, read_table
from app.data.table_sets import bad_cells, bad_cells_error
from app.data.text import listed, plain, plural

PREVIEWS = 12
FIRST_LOOK = 2_000_000
WHOLE_LOOK = 16_000_000
"""Bytes of a table; about 6 MB are read in a second."""

SHOWN_ROWS, SHOWN_COLUMNS, SHOWN_CHARACTERS = 8, 12, 40


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
        facts=(*facts, *_class_facts(counts)),
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


def describe_table(path: Path, ref: str, thorough: bool) -> Inspection:
    """A table from its first rows (all of it when thorough). Raises AssayError where it cannot be cut into cells."""
    table = read_table(path, WHOLE_LOOK if thorough else FIRST_LOOK)
    label = label_suggestion(table)
    problems = list(_table_problems(table, label))
    counts: dict[str, int] = {}
    try:
        values = [cells[label] for cells in table.rows if cells[label].strip()]
        labels, names = index_labels(values, table.name)
        counts = {name: int(n) for name, n in zip(names, np.bincount(labels, minlength=len(names)), strict=True)}
        problems += class_problems(counts)
    except AssayError as error:
        problems.append(Problem.from_error(error))
    delimiter = DELIMITERS[table.dialect.delimiter]
    facts = [
        ("Rows", f"{len(table.rows):,}" + ("" if table.complete else " so far")),
        ("Columns", f"{len(table.columns):,}"),
        ("Label column", plain(table.columns[label], 60)),
        ("Read as", f"{table.encoding}, {delimiter}" + (", decimal comma" if table.dialect.decimal_comma else "")),
        ("Header", "yes" if table.dialect.header else "no"),
    ]
    return Inspection(
        kind="table",
        title=plain(path.name),
        summary=f"A table of {plural(len(table.rows), 'row')} and {plural(len(table.columns), 'column')}",
        path=ref,
        count=len(table.rows),
        facts=(*facts, *_class_facts(counts)),
        problems=tuple(problems),
        options={
            "class_names": list(counts),
            "counts": counts,
            "columns": list(table.columns[:1000]),
            "label_column": table.columns[label],
            "features": len(table.columns) - 1,
            "rows": len(table.rows),
            "delimiter": table.dialect.delimiter,
            "decimal_comma": table.dialect.decimal_comma,
            "header": table.dialect.header,
            "encoding": table.encoding,
            "complete": table.complete,
            "scanned": len(table.rows),
            "has_test_set": False,
            "cells": [
                [plain(cell, SHOWN_CHARACTERS) for cell in row[:SHOWN_COLUMNS]] for row in table.rows[:SHOWN_ROWS]
            ],
        },
    )


def describe_image_folder(folder: Path, ref: str, deadline: float) -> Inspection:
    """A folder of classes as far as could be seen before `time.monotonic()` reaches `deadline`. Raises AssayError."""
    begin = time.monotonic()
    listing = list_folder(folder, deadline=begin + 0.4 * (deadline - begin))
    if listing.complete or not listing.count:
        check_listing(listing)
    look = _Look(listing)
    # One of each class in turn, so that a look cut short has seen all classes.
    for group in zip_longest(*(sorted(files) for files in listing.classes.values())):
        for path in filter(None, group):
            if time.monotonic() > deadline:
                break
            look.at(path)
        else:
            continue
        break
    counts = {plain(name, 60): len(files) for name, files in sorted(listing.classes.items()) if files}
    total = listing.count
    return Inspection(
        kind="labelled-images",
        title=plain(folder.name),
        summary=f"A folder of pictures: about {plural(total, 'file')} in {plural(len(counts), 'class', 'classes')}",
        path=ref,
        count=total,
        facts=(("Files", f"{total:,}"), ("Sizes", look.sizes_in_words()), *_class_facts(counts)),
        problems=(*class_problems(counts), *look.problems(), *_listing_problems(listing, look.seen)),
        previews=tuple(look.previews),
        options={
            "class_names": list(counts),
            "counts": counts,
            "shape": list(look.common_size()[::-1]),
            "side": DEFAULT_SIDE,
            "has_test_set": bool(listing.test_files),
            "scanned": look.seen,
            "complete": listing.complete and look.seen == total,
        },
    )


class _Look:
    """Opens pictures one after the other and remembers what was wrong."""

    def __init__(self, listing: Listing) -> None:
        self.seen = 0
        self.previews: list[Preview] = []
        self._listing = listing
        self._bad: list[str] = []
        self._ignored = 0
        self._sizes: Counter[tuple[int, int]] = Counter()

    def at(self, path: Path) -> None:
        self.seen += 1
        shown = self._listing.relative(path)
        try:
            if not looks_like_picture(path):
                self._ignored += 1
                return
            png, size = read_thumbnail(path)
        except AssayError as error:
            self._bad.append(f"{shown}: {error.what}" + (f" ({error.why})" if error.why else ""))
            return
        self._sizes[size] += 1
        if len(self.previews) < PREVIEWS:
            self.previews.append(Preview(png, shown))

    def common_size(self) -> tuple[int, int]:
        """(width, height) of most pictures seen."""
        return self._sizes.most_common(1)[0][0] if self._sizes else (0, 0)

    def sizes_in_words(self) -> str:
        if not self._sizes:
            return "none seen"
        width, height = self.common_size()
        return f"{'' if len(self._sizes) == 1 else 'different, most often '}{width} × {height} pixels"

    def problems(self) -> list[Problem]:
        found = []
        if self._bad:
            few = len(self._bad) < FEW_BAD * self.seen
            what = f"{plural(len(self._bad), 'picture')} cannot be read: {'; '.join(self._bad[:3])}"
            remedy = "They will be left out" if few else "Mend or remove them, or choose to run without them"
            where = self._bad[0].partition(": ")[0]
            found.append(Problem("warning" if few else "error", what, where, remedy, len(self._bad)))
        if self._ignored:
            found.append(Problem("note", f"{plural(self._ignored, 'other file')} will be ignored", count=self._ignored))
        if any(width != height for width, height in self._sizes):
            found.append(Problem("note", "Some pictures are not square: they will be squeezed to fit"))
        return found


def _listing_problems(listing: Listing, seen: int) -> list[Problem]:
    found = []
    if listing.special:
        found.append(Problem("warning", f"Left out: {listed(listing.special)}", count=len(listing.special)))
    if listing.unreadable:
        found.append(
            Problem("warning", f"Could not look into: {listed(listing.unreadable)}", count=len(listing.unreadable))
        )
    if listing.loose:
        found.append(Problem("note", f"{plural(listing.loose, 'file')} outside the class folders", count=listing.loose))
    if not listing.complete or seen < listing.count:
        of = f"{listing.count:,}" if listing.complete else f"more than {listing.count:,}"
        found.append(Problem("note", f"Scanned {seen:,} of {of} files"))
    return found


def _table_problems(table: Table, label: int) -> Iterable[Problem]:
    if not table.rows:
        yield Problem("error", "There are no rows below the header", table.name)
        return
    if len(table.columns) < 2:
        yield Problem("error", "There is only one column", table.name, "A class and numbers are needed")
        return
    bad = bad_cells(table, label)
    if bad:
        error = bad_cells_error(table, bad)
        yield Problem("error", error.what, error.where, error.remedy, len(bad))
    if table.encoding == "Latin-1":
        yield Problem("note", "The text is no UTF-8; it is read as Latin-1", table.name)
    if not table.complete:
        yield Problem("note", f"Scanned the first {len(table.rows):,} rows")


def _class_facts(counts: dict[str, int], limit: int = 20) -> list[tuple[str, str]]:
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
