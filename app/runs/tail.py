"""Reads a run's log backwards from its end: the last number, the last word of each kind, whether it is finished."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

FIRST_WINDOW = 32 * 1024
LARGEST_WINDOW = 4 * 1024 * 1024

LOG = "events.jsonl"


def rows_backwards(folder: Path, limit: int = LARGEST_WINDOW) -> Iterator[dict[str, Any]]:
    """The log's readable lines from the newest on, within its last `limit` bytes; damaged lines are passed over."""
    try:
        with open(folder / LOG, "rb") as file:
            end = file.seek(0, 2)
            stop, window, rest = max(0, end - limit), FIRST_WINDOW, b""
            while end > stop:
                start = max(stop, end - window)
                file.seek(start)
                lines = (file.read(end - start) + rest).split(b"\n")
                rest = lines.pop(0) if start > 0 else b""
                for line in reversed(lines):
                    row = parse(line)
                    if row is not None:
                        yield row
                end, window = start, window * 4
    except OSError:
        return


def parse(line: bytes) -> dict[str, Any] | None:
    """A line of the log, or None where it is torn, foreign or damaged."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(row, dict) or not isinstance(row.get("n"), int) or not isinstance(row.get("k"), str):
        return None
    return row


def ends_torn(path: Path) -> bool:
    """Whether the file's last line lacks its end."""
    with open(path, "rb") as file:
        if not file.seek(0, 2):
            return False
        file.seek(-1, 2)
        return file.read(1) != b"\n"
