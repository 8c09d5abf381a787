"""Follows the log of a run, live or long over: whole blocks at a time, curves as columns, never upset by damage."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from app.runs.records import FORGETTABLE, Batch, Points, Record
from app.runs.tail import LOG

BLOCK = 64 * 1024
"""Bytes parsed in one call (about 0.3 ms), so that the window's thread never waits for the interpreter."""

LONGEST_LINE = 16 * 1024 * 1024
MOST_PROBLEMS = 50
LIMIT = 2**62
WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

NONSENSE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
NO_SENSE = "A line of the log makes no sense and was passed over"

Columns = tuple[list[int], list[float], list[int], list[float]]


class Follower:
    """Reads on where it left off. Holds no file open between polls, so a thousand of them need no handles."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._offset = 0
        self._skipping = False
        self.problems: list[str] = []
        self.finished: dict[str, Any] | None = None

    def poll(self, max_bytes: int = 4 * 1024 * 1024) -> Batch:
        """What was added since the last poll, at most about `max_bytes` of it. Never raises on a damaged log."""
        builder = _Builder(self._problem)
        try:
            with open(self._path, "rb") as file:
                size = file.seek(0, 2)
                if size < self._offset:
                    self._problem("The log became shorter than it was; it is read anew")
                    self._offset, self._skipping, self.finished = 0, False, None
                    builder.rewind(0)
                file.seek(self._offset)
                left = min(max_bytes, size - self._offset)
                builder.consumed = self._read(file, left, builder)
        except FileNotFoundError:
            return Batch()  # not started yet, or gone: nothing to tell either way
        except OSError as error:
            self._problem(f"The log cannot be read: {error.strerror}")
        batch = builder.batch()
        for record in batch.records:
            if record.kind in ("finished", "started"):
                self.finished = record.data if record.kind == "finished" else None
        return batch

    def _read(self, file: Any, left: int, builder: "_Builder") -> int:
        start = self._offset
        size = min(BLOCK, left)
        while left > 0:
            block = file.read(size)
            if not block:
                break
            end = block.rfind(b"\n") + 1
            if not end and len(block) < size:
                break  # a line still being written
            if not end and size < LONGEST_LINE:
                size *= 2  # a long line: look at more of it
                file.seek(self._offset)
                continue
            if not end:
                self._problem("A line of the log is too long and was passed over")
                self._skipping = True
                end = len(block)
            elif self._skipping:
                first = block.index(b"\n") + 1
                builder.parse(block[first:end])
                self._skipping = False
            else:
                builder.parse(block[:end])
            self._offset += end
            file.seek(self._offset)
            left -= end
            size = min(BLOCK, left)
        return self._offset - start

    def _problem(self, words: str) -> None:
        if len(self.problems) < MOST_PROBLEMS and words not in self.problems:
            self.problems.append(words)


class _Builder:
    """Collects parsed lines into a batch."""

    def __init__(self, problem: Any) -> None:
        self._problem = problem
        self._columns: dict[str, Columns] = {}
        self._records: list[Record] = []
        self._rewind: int | None = None
        self.consumed = 0

    def parse(self, lines: bytes) -> None:
        try:
            rows = orjson.loads(b"[" + lines.rstrip(b"\n").replace(b"\n", b",") + b"]")
        except orjson.JSONDecodeError:
            rows = self._one_by_one(lines)
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            try:
                if row["k"] == "metric":
                    group = groups.get(row["name"])
                    if group is None:
                        group = groups[row["name"]] = []
                    group.append(row)
                else:
                    if row["k"] == "resumed":
                        self._take(groups)
                        groups = {}
                    self._record(row)
            except NONSENSE:
                self._problem(NO_SENSE)
        self._take(groups)

    def _take(self, groups: dict[str, list[dict[str, Any]]]) -> None:
        """Add metric rows, by name, to the columns: all at once where they are sound, else one by one."""
        for name, rows in groups.items():
            column = self._columns.setdefault(str(name), ([], [], [], []))
            try:
                self._extend(column, rows)
            except NONSENSE:
                for row in rows:
                    try:
                        self._extend(column, [row])
                    except NONSENSE:
                        self._problem(NO_SENSE)

    @staticmethod
    def _extend(column: Columns, rows: list[dict[str, Any]]) -> None:
        seq, time = [row["n"] for row in rows], [row["t"] for row in rows]
        step, value = [row["step"] for row in rows], [row["value"] for row in rows]
        if not {*map(type, seq), *map(type, step)} <= {int}:
            raise TypeError("whole numbers expected")
        if max(seq) > LIMIT or min(step) < -LIMIT or max(step) > LIMIT:
            raise OverflowError("a number is too large")
        if not {*map(type, time)} <= {float}:
            time = [float(item) for item in time]
        if not {*map(type, value)} <= {float}:
            value = [WORDS[item] if isinstance(item, str) else float(item) for item in value]
        column[0].extend(seq)
        column[1].extend(time)
        column[2].extend(step)
        column[3].extend(value)

    def rewind(self, seq: int) -> None:
        """Forget what was told after `seq`, here and (through the batch) at whoever reads it."""
        self._rewind = seq if self._rewind is None else min(seq, self._rewind)
        for name, column in self._columns.items():
            keep = [k for k, told in enumerate(column[0]) if told <= seq]
            if len(keep) < len(column[0]):
                a, b, c, d = column
                self._columns[name] = (
                    [a[k] for k in keep],
                    [b[k] for k in keep],
                    [c[k] for k in keep],
                    [d[k] for k in keep],
                )
        self._records = [r for r in self._records if r.seq <= seq or r.kind not in FORGETTABLE]

    def batch(self) -> Batch:
        points = {name: _points(column) for name, column in self._columns.items() if column[0]}
        return Batch(points, self._records, self._rewind, self.consumed)

    def _record(self, row: dict[str, Any]) -> None:
        kind, seq = row.pop("k"), row.pop("n")
        time, name, step = float(row.pop("t")), row.pop("name", ""), row.pop("step", None)
        if type(seq) is not int or not isinstance(kind, str):
            raise TypeError("not a record")
        if kind == "resumed":
            self.rewind(int(row["after"]))
        self._records.append(Record(seq, time, kind, str(name), step if type(step) is int else None, row))

    def _one_by_one(self, lines: bytes) -> list[dict[str, Any]]:
        rows = []
        for line in lines.split(b"\n"):
            if not line.strip(b" \r\0"):
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                self._problem("A line of the log is damaged and was passed over")
                continue
            if isinstance(row, dict):
                rows.append(row)
        return rows


def _points(column: Columns) -> Points:
    seq, time, step, value = column
    return Points(
        np.array(seq, dtype=np.int64),
        np.array(time, dtype=np.float64),
        np.array(step, dtype=np.int64),
        np.array(value, dtype=np.float64),
    )
