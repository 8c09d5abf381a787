"""Put a table into words: how it was read, its classes, its bad cells."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.describe import class_facts, class_problems
from app.data.inspection import Inspection, Problem
from app.data.samples import index_labels
from app.data.table import DELIMITERS, Table, label_suggestion, read_table
from app.data.table_sets import bad_cells, bad_cells_error
from app.data.text import plain, plural

FIRST_LOOK = 2_000_000
WHOLE_LOOK = 16_000_000
"""Bytes of a table; about 6 MB are read in a second."""

SHOWN_ROWS, SHOWN_COLUMNS, SHOWN_CHARACTERS = 8, 12, 40


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
        facts=(*facts, *class_facts(counts)),
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
            "skippable": len({cell.row for cell in bad_cells(table, label)}) if len(table.columns) > 1 else 0,
            "has_test_set": False,
            "cells": [
                [plain(cell, SHOWN_CHARACTERS) for cell in row[:SHOWN_COLUMNS]] for row in table.rows[:SHOWN_ROWS]
            ],
        },
    )


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
