"""Read and write what people said of one video: rated stretches of time as CSV, or chosen frames as DSNet's JSON."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.strict_json import read_json
from app.data.table import Table, number, read_table
from app.data.text import plain

COLUMNS = ("user", "start_s", "end_s", "score")
JSON_LIMIT = 200_000_000


@dataclass(frozen=True)
class RaterScore:
    """`user` gave `score` to the stretch from `start_s` up to, not including, `end_s` (s)."""

    user: str
    start_s: float
    end_s: float
    score: float


def load_rater_scores(path: Path) -> tuple[RaterScore, ...]:
    """The rows of a table with the columns user, start_s, end_s, score. Raises AssayError with the row."""
    table = read_table(path)
    header = [column.lower() for column in table.columns]
    places = {column: header.index(column) for column in COLUMNS if header.count(column) == 1}
    missing = next((column for column in COLUMNS if column not in places), None)
    if missing is not None:
        raise AssayError(
            f"There is no column “{missing}”, or there are two",
            where=table.name,
            remedy=f"Expected: {', '.join(COLUMNS)}",
        )
    if not table.rows:
        raise AssayError(f"“{table.name}” holds no scores", where=table.name)
    return tuple(_row(table, row, places) for row in range(len(table.rows)))


def rater_scores_csv(scores: Iterable[RaterScore]) -> str:
    """The CSV that `load_rater_scores` reads."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((one.user, f"{one.start_s:.6g}", f"{one.end_s:.6g}", f"{one.score:g}") for one in scores)
    return out.getvalue()


def scores_at(scores: Sequence[RaterScore], times: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Users in order of appearance, and (U, t) float32 of what each said at `times` (t,) s; NaN where nothing.

    Where stretches of one user overlap, the later row counts.
    """
    users = tuple(dict.fromkeys(one.user for one in scores))
    rows = {user: number for number, user in enumerate(users)}
    table = np.full((len(users), len(times)), np.nan, dtype=np.float32)
    for one in scores:
        table[rows[one.user], (times >= one.start_s) & (times < one.end_s)] = one.score
    return users, table


def load_user_summary(path: Path) -> np.ndarray:
    """(U, n) uint8 of 0 and 1 from DSNet's {"user_summary": [[…], …]}. Raises AssayError."""
    name = plain(path.name)
    value = read_json(path, JSON_LIMIT)
    rows = value.get("user_summary") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
        raise AssayError(
            f"“{name}” has no table “user_summary”", where=name, remedy="Expected U rows of n zeros and ones"
        )
    if len({len(row) for row in rows}) > 1:
        raise AssayError("The rows of “user_summary” differ in length", where=name)
    if not all(type(cell) in (int, float, bool) and cell in (0, 1) for row in rows for cell in row):
        raise AssayError("“user_summary” holds more than 0 and 1", where=name)
    return np.array(rows, dtype=np.uint8)


def user_summary_json(summary: np.ndarray) -> str:
    """The JSON that `load_user_summary` reads, from (U, n) of 0 and 1."""
    return json.dumps({"user_summary": summary.astype(int).tolist()}, separators=(",", ":"))


def _row(table: Table, row: int, places: dict[str, int]) -> RaterScore:
    cells, where = table.rows[row], f"{table.name}, row {table.numbers[row]}"
    values = {column: number(cells[places[column]], table.dialect.decimal_comma) for column in COLUMNS[1:]}
    for column, value in values.items():
        if value is None or not math.isfinite(value):
            raise AssayError(
                "A time or score is no number",
                where=table.place(row, places[column]),
                why=f"it is “{plain(cells[places[column]], 40)}”",
            )
    start, end, score = (value for value in values.values() if value is not None)
    if start < 0 or end <= start:
        raise AssayError("The stretch must begin at 0 or later and end after it begins", where=where)
    return RaterScore(plain(cells[places["user"]].strip(), 80), start, end, score)
