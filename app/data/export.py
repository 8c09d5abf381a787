"""Write tables as CSV that a spreadsheet shows and does not run."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

STARTERS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that starts so for a formula; the apostrophe in front makes it text."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The table as CSV (comma, quotes where needed, CRLF). None becomes empty; numbers keep all their digits."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(map(safe_cell, columns))
    writer.writerows(map(safe_cell, row) for row in rows)
    return buffer.getvalue()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write the table to `path` as UTF-8 with its mark, which spreadsheets need to see that it is UTF-8."""
    path.write_text(csv_text(columns, rows), encoding="utf-8-sig", newline="")


def safe_cell(value: Any) -> Any:
    """`value` as it may stand in a cell: text that would be run gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    if text.startswith(STARTERS) and not _is_number(text):
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()
