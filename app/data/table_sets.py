"""Labelled samples out of a table: one column is the class, all others are numbers."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.samples import Samples, index_labels
from app.data.table import Table, number, read_table
from app.data.text import plain, plural


@dataclass(frozen=True)
class BadCell:
    """A cell that is no finite number."""

    row: int
    column: int
    what: str


def read_table_set(path: Path, label_column: str | None = None, mode: str = "skip-few") -> Samples:
    """The samples in the table at `path`; rows with bad cells are left out only where `mode` is skip.

    Raises AssayError that names row, column and text of the first bad cell.
    """
    return table_samples(read_table(path), label_column, mode)


def table_samples(table: Table, label_column: str | None = None, mode: str = "skip-few") -> Samples:
    """As `read_table_set`, from a table that is read already."""
    label = table.column(label_column)
    if len(table.columns) < 2:
        raise AssayError(
            f"“{table.name}” has only one column",
            where=table.name,
            why="no comma, semicolon or tab separates cells",
            remedy="One column for the class and at least one of numbers are needed",
        )
    features, bad = _numbers(table, label)
    bad += [BadCell(row, label, "an empty label") for row, cells in enumerate(table.rows) if not cells[label].strip()]
    if not table.rows:
        raise AssayError(f"“{table.name}” has no rows below its header", where=table.name)
    bad_rows = {cell.row for cell in bad}
    if bad and (mode != "skip" or len(bad_rows) == len(table.rows)):
        raise bad_cells_error(table, bad)
    kept = [row for row in range(len(table.rows)) if row not in bad_rows]
    labels, class_names = index_labels([table.rows[row][label] for row in kept], table.name)
    return Samples(
        images=None,
        features=features[kept],
        labels=labels,
        class_names=class_names,
        names=tuple(f"{table.name}, row {table.numbers[row]}" for row in kept),
        feature_names=tuple(plain(name, 60) for i, name in enumerate(table.columns) if i != label),
        notices=(f"Left out {plural(len(bad_rows), 'row')} with cells that are no numbers",) if bad else (),
        skipped=tuple(f"{table.place(cell.row, cell.column)}: {cell.what}" for cell in bad),
    )


def bad_cells(table: Table, label: int) -> list[BadCell]:
    """Every cell outside the column `label` that is no finite number."""
    return _numbers(table, label)[1]


def bad_cells_error(table: Table, bad: list[BadCell]) -> AssayError:
    """The words for the first bad cell; where one column holds most of them, that is said instead."""
    first = bad[0]
    column, hits = Counter(cell.column for cell in bad).most_common(1)[0]
    more = f" (and {plural(len(bad) - 1, 'more cell')})" if len(bad) > 1 else ""
    remedy = "Mend the cells, or choose to run without these rows"
    if hits > 0.9 * len(table.rows) and hits > 2:
        remedy = f"Column “{plain(table.columns[column], 60)}” holds text: remove it, or choose it as the label column"
    return AssayError(f"There is {first.what}{more}", where=table.place(first.row, first.column), remedy=remedy)


def _numbers(table: Table, label: int) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[BadCell]]:
    features = np.empty((len(table.rows), len(table.columns) - 1), dtype=np.float64)
    bad = []
    for row, cells in enumerate(table.rows):
        quick = _all_numbers(cells[:label] + cells[label + 1 :], table.dialect.decimal_comma)
        if quick is not None:
            features[row] = quick
            continue
        for column, cell in enumerate(cells):
            if column == label:
                continue
            value = number(cell, table.dialect.decimal_comma)
            if value is None or not math.isfinite(value):
                bad.append(BadCell(row, column, _describe(cell, value)))
                value = math.nan
            features[row, column - (column > label)] = value
    return features, bad


def _all_numbers(cells: list[str], decimal_comma: bool) -> list[float] | None:
    """The numbers of a row without a fault, else None: a table of pictures has millions of cells, nearly all good."""
    text = "".join(cells)
    # `float` also takes 1_000 and digits of other scripts, which `number` refuses.
    if decimal_comma or not text.isascii() or "_" in text:
        return None
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    return values if math.isfinite(math.fsum(map(abs, values))) else None


def _describe(cell: str, value: float | None) -> str:
    if value is not None:
        return f"{'an infinite' if math.isinf(value) else 'a NaN'} value (“{plain(cell.strip(), 40)}”)"
    if not cell.strip():
        return "an empty cell"
    return f"a text where a number is needed (“{plain(cell.strip(), 40)}”)"
