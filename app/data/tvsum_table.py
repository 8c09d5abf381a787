"""Read TVSum's ratings from ydata-tvsum50-anno.tsv: a line per user and video, the users of a video in a row."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.annotated_video import EXPECTED, AnnotatedVideo, checked_video
from app.data.files import open_plain
from app.data.text import plain

LINE_LIMIT = 10_000_000
LINES_LIMIT = 100_000
TOTAL_LIMIT = 500_000_000

Line = tuple[int, str, str, np.ndarray]
"""Number, video, category, (n,) ratings."""


def load_tvsum_table(path: Path) -> tuple[AnnotatedVideo, ...]:
    """The rated videos of the table at `path`; titles and lengths are not in it. Raises AssayError with the line."""
    name = plain(path.name)
    found = []
    seen: set[str] = set()
    for video, lines in groupby(_lines(path, name), key=lambda line: line[1]):
        rows = list(lines)
        where = f"{name}, line {rows[0][0]}"
        if video in seen:
            raise AssayError(f"The lines of video “{plain(video, 60)}” do not stand together", where=where)
        seen.add(video)
        odd = next((row for row in rows if len(row[3]) != len(rows[0][3])), None)
        if odd is not None:
            why = f"{len(odd[3]):,} and {len(rows[0][3]):,}"
            raise AssayError("Two users rated different numbers of frames", where=f"{name}, line {odd[0]}", why=why)
        found.append(
            checked_video(
                where,
                video_id=video,
                category=rows[0][2],
                title="",
                user_anno=np.stack([row[3] for row in rows]),
                gt_score=None,
                length_s=None,
                frames=len(rows[0][3]),
            )
        )
    if not found:
        raise AssayError(f"“{name}” holds no ratings of videos", where=name, remedy=EXPECTED)
    return tuple(found)


def _lines(path: Path, name: str) -> Iterator[Line]:
    total = 0
    with open_plain(path) as handle:
        for number in range(1, LINES_LIMIT + 1):
            line = handle.readline(LINE_LIMIT + 1)
            total += len(line)
            where = f"{name}, line {number}"
            if len(line) > LINE_LIMIT or total > TOTAL_LIMIT:
                raise AssayError("The table is too large", where=where)
            if not line:
                return
            if line.strip():
                yield number, *_cells(line, where)
        raise AssayError("The table is too large", where=name, why=f"more than {LINES_LIMIT:,} lines")


def _cells(line: bytes, where: str) -> tuple[str, str, np.ndarray]:
    cells = line.rstrip(b"\r\n").split(b"\t")
    if len(cells) != 3:
        why = f"{len(cells)} columns, 3 expected: video, category, ratings"
        raise AssayError("This is no line of TVSum's table", where=where, why=why)
    try:
        return cells[0].decode(), cells[1].decode(), _ratings(cells[2])
    except (ValueError, OverflowError) as error:
        raise AssayError("This is no line of TVSum's table", where=where, why=plain(str(error))) from error


def _ratings(cell: bytes) -> np.ndarray:
    codes = np.frombuffer(cell, dtype=np.uint8)
    digits = codes[::2]
    # The public file: single digits with commas between them. 30x faster than splitting (1 MB of ratings).
    if len(codes) % 2 and (codes[1::2] == ord(",")).all() and ((digits >= ord("0")) & (digits <= ord("9"))).all():
        return (digits - ord("0")).astype(np.int16)
    return np.array([int(value) for value in cell.split(b",")], dtype=np.int16)
