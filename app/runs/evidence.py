"""What a run's log and files hold, read with limits: a folder from a stranger can neither lead astray nor overfill."""

import ast
import json
import math
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from app.runs.follower import Follower
from app.runs.records import FORGETTABLE, Record

LARGEST_JSON = 16_000_000
LARGEST_ARRAY = 1_000_000
LARGEST_SIDE = 10_000
LONGEST_HEADER = 10_000
MOST_TEXTS = 200
SEQUENCES = {"image", "audio"}
LATEST = {"table", "array", "text", "artifact"}


@dataclass
class Curve:
    """Points of one metric: each (n,), in the order of the log."""

    step: np.ndarray
    value: np.ndarray
    time: np.ndarray


@dataclass
class Evidence:
    """The readable content of a run folder. `problems` says what was left out, and why."""

    curves: dict[str, Curve] = field(default_factory=dict)
    latest: dict[tuple[str, str], Record] = field(default_factory=dict)
    sequences: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)
    stages: list[tuple[str, float]] = field(default_factory=list)
    attempts: int = 0
    peak_memory: float = 0.0
    last_time: float = 0.0
    problems: list[str] = field(default_factory=list)


def gather(folder: Path) -> Evidence:
    """Read the whole log of the run in `folder`; never raises for what the log says."""
    follower = Follower(folder)
    points: dict[str, list[tuple[np.ndarray, ...]]] = {}
    records: list[Record] = []
    while True:
        batch = follower.poll()
        if batch.rewind is not None:
            records = [r for r in records if r.seq <= batch.rewind or r.kind not in FORGETTABLE]
            for name, parts in points.items():
                points[name] = [_until(part, batch.rewind) for part in parts]
        for name, part in batch.points.items():
            points.setdefault(name, []).append((part.seq, part.step, part.value, part.time))
        records.extend(batch.records)
        if batch.empty:
            break
    found = Evidence(problems=[str(problem) for problem in follower.problems])
    for name, parts in points.items():
        _, step, value, time = (np.concatenate(column) for column in zip(*parts, strict=True))
        found.curves[name] = Curve(step, value, time)
    for record in records:
        _sort_in(found, record)
    return found


def confined(folder: Path, name: object, largest: int) -> Path | None:
    """The plain file `name` inside `folder`; None if it is missing, elsewhere, a link, or above `largest` bytes."""
    if not isinstance(name, str) or not 0 < len(name) < 500 or "\0" in name or "\\" in name or ":" in name:
        return None
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        return None
    path = folder
    for part in relative.parts:
        path = path / part
        if path.is_symlink():
            return None
    try:
        return path if path.is_file() and path.stat().st_size <= largest else None
    except OSError:
        return None


def read_json(folder: Path, name: str) -> Any:
    """The JSON file `name` of a run folder, or None when it is missing, too large or damaged."""
    path = confined(folder, name, LARGEST_JSON)
    if path is None:
        return None
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def read_array(folder: Path, name: object, largest: int = LARGEST_ARRAY) -> np.ndarray | None:
    """A numeric `.npy` of at most `largest` bytes; None for anything else.

    Its header is believed only if the file has that many bytes.
    """
    path = confined(folder, name, largest)
    if path is None:
        return None
    data = path.read_bytes()
    wide = data[6:7] > b"\x01"
    start = 12 if wide else 10
    length = int.from_bytes(data[8:start], "little")
    if data[:6] != b"\x93NUMPY" or length > LONGEST_HEADER:
        return None
    # The header is a Python literal; numpy's own reader would tokenise it, and trips over what is none.
    try:
        header = ast.literal_eval(data[start : start + length].decode("latin-1").strip())
        dtype, shape, by_column = np.dtype(str(header["descr"])), tuple(header["shape"]), bool(header["fortran_order"])
        if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != len(data) - start - length:
            return None
        values: np.ndarray = np.frombuffer(data, dtype, offset=start + length)
        return values.reshape(shape, order="F" if by_column else "C")
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        return None


def read_png(folder: Path, name: object, largest: int) -> tuple[bytes, int, int] | None:
    """Bytes, width and height of a PNG; judged by its first bytes, without decoding it. None for anything else."""
    path = confined(folder, name, largest)
    if path is None:
        return None
    data = path.read_bytes()
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return (data, width, height) if 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE else None


def read_wav(folder: Path, name: object, largest: int) -> bytes | None:
    """Bytes of a WAV, judged by its first bytes; None for anything else."""
    path = confined(folder, name, largest)
    if path is None:
        return None
    data = path.read_bytes()
    return data if data[:4] == b"RIFF" and data[8:12] == b"WAVE" else None


def _until(part: tuple[np.ndarray, ...], seq: int) -> tuple[np.ndarray, ...]:
    keep = part[0] <= seq
    return tuple(column[keep] for column in part)


def _sort_in(found: Evidence, record: Record) -> None:
    found.last_time = max(found.last_time, record.time)
    key = (record.kind, record.name)
    if record.kind in SEQUENCES:
        found.sequences.setdefault(key, []).append(record)
    elif record.kind in LATEST and (key in found.latest or len(found.latest) < MOST_TEXTS):
        found.latest[key] = record
    elif record.kind == "warn":
        found.warnings[str(record.data.get("what", "")), str(record.data.get("remedy", ""))] += 1
    elif record.kind == "stage":
        found.stages.append((record.name or str(record.data.get("name", "")), record.time))
    elif record.kind == "started":
        found.attempts += 1
    elif record.kind == "system":
        for name in ("peak_rss", "rss"):
            value = record.data.get(name)
            if isinstance(value, (int, float)) and math.isfinite(value):
                found.peak_memory = max(found.peak_memory, float(value))
