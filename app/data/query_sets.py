"""Read QueryVS lists: how relevant workers found one frame of a video for one query."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain, size_in_words

COLUMNS = ("query", "assignmentId", "imageURL", "Relevance", "clusterNo")
GRADES = range(4)
SIZE_LIMIT = 50_000_000


@dataclass(frozen=True)
class QueryFrame:
    """What one worker said: `relevance` 0 to 3 of frame `frame` of `video` for `query`. `cluster` groups like frames."""

    query: str
    worker: str
    video: str
    frame: str
    relevance: int
    cluster: str


def load_query_set(path: Path) -> tuple[QueryFrame, ...]:
    """The rows of a QueryVS CSV: folder of the address = video, its last part = frame. Raises AssayError with the line.

    The addresses are names only; nothing is fetched.
    """
    name = plain(path.name)
    with open_plain(path) as handle:
        data = handle.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise AssayError(f"“{name}” is larger than {size_in_words(SIZE_LIMIT)}", where=name)
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [cell.strip() for cell in next(rows, [])]
        missing = [column for column in COLUMNS if header.count(column) != 1]
        if missing:
            raise AssayError(
                f"There is no column “{missing[0]}”, or there are two",
                where=name,
                remedy=f"Expected: {', '.join(COLUMNS)}",
            )
        places = [header.index(column) for column in COLUMNS]
        found = tuple(_frame(cells, places, f"{name}, line {rows.line_num}") for cells in rows if any(cells))
    except (UnicodeDecodeError, csv.Error) as error:
        raise AssayError(f"“{name}” is no valid CSV in UTF-8", where=name, why=plain(str(error))) from error
    if not found:
        raise AssayError(f"“{name}” holds no rows", where=name)
    return found


def _frame(cells: list[str], places: list[int], where: str) -> QueryFrame:
    if len(cells) <= max(places):
        raise AssayError("The row is too short", where=where)
    query, worker, address, relevance, cluster = (cells[place].strip() for place in places)
    parts = address.replace("\\", "/").rstrip("/").split("/")
    if relevance not in {str(grade) for grade in GRADES} or len(parts) < 2:
        raise AssayError(
            "The row makes no sense",
            where=where,
            why=f"Relevance “{plain(relevance, 20)}” (0 to 3 expected), imageURL “{plain(address, 60)}”",
        )
    return QueryFrame(
        plain(query), plain(worker, 80), plain(parts[-2], 80), plain(parts[-1], 80), int(relevance), cluster
    )
