"""Pictures, sounds, tables and texts of a run as a report shows them: few, small, and only what they claim to be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.core.task import Task
from app.data.text import size_in_words
from app.runs.evidence import Evidence, confined, read_array, read_json, read_png, read_wav
from app.runs.figures import number
from app.runs.page import DataUri, data_uri
from app.runs.records import Record

LARGEST_PICTURE = 4_000_000
LARGEST_TOGETHER = 24_000_000
PICTURES_SHOWN = 8
LARGEST_MAP = 24
MOST_ROWS = 200
MOST_COLUMNS = 40
MOST_TEXT = 20_000


@dataclass(frozen=True)
class Picture:
    data: DataUri
    caption: str
    width: int
    height: int
    small: bool


@dataclass(frozen=True)
class PictureGroup:
    title: str
    shown: tuple[Picture, ...]
    left_out: int


@dataclass(frozen=True)
class TableCell:
    text: str
    number: bool = False


@dataclass(frozen=True)
class ShownTable:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    left_out: int


@dataclass(frozen=True)
class HeatCell:
    text: str
    ground: str
    share: float


@dataclass(frozen=True)
class HeatRow:
    label: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class Heatmap:
    title: str
    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True)
class Sound:
    data: DataUri
    caption: str


@dataclass
class Exhibits:
    """All that a report shows besides curves; `problems` names what could not be shown."""

    pictures: list[PictureGroup] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    tables: list[ShownTable] = field(default_factory=list)
    maps: list[Heatmap] = field(default_factory=list)
    texts: list[dict[str, str]] = field(default_factory=list)
    artifacts: list[dict[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    task: Task | None = None

    def title(self, record: Record) -> str:
        """The declared title of one event; of a family of events (`name*`) it would not tell one from another."""
        declared = self.task.declaration(record.kind, record.name) if self.task else None
        return declared.title if declared and declared.title and not declared.name.endswith("*") else record.name


def exhibits(folder: Path, evidence: Evidence, task: Task | None = None) -> Exhibits:
    """Choose and read what to show from the run in `folder`; at most 24 MB of pictures and sounds together.

    Titles are those that `task` declares for its events, else the events' names.
    """
    found = Exhibits(task=task)
    budget = LARGEST_TOGETHER
    for (kind, _), records in evidence.sequences.items():
        chosen = _spread(records)
        if kind == "image":
            shown = [picture for record in chosen if (picture := _picture(folder, record, budget, found)) is not None]
            budget -= sum(len(picture.data) for picture in shown)
            if shown:
                found.pictures.append(PictureGroup(found.title(records[0]), tuple(shown), len(records) - len(shown)))
        else:
            for record in chosen[-3:]:
                data = read_wav(folder, record.data.get("file"), min(LARGEST_PICTURE, max(0, budget)))
                if data is None:
                    _missing(found, record)
                    continue
                budget -= len(data) * 4 // 3
                found.sounds.append(Sound(data_uri("audio/wav", data), _caption(record)))
    for (kind, _), record in evidence.latest.items():
        _LATEST[kind](folder, record, found)
    return found


def _spread(records: Sequence[Record]) -> list[Record]:
    """First, last, and some between, in order."""
    if len(records) <= PICTURES_SHOWN:
        return list(records)
    return [records[round(k)] for k in np.linspace(0, len(records) - 1, PICTURES_SHOWN)]


def _picture(folder: Path, record: Record, budget: int, found: Exhibits) -> Picture | None:
    read = read_png(folder, record.data.get("file"), min(LARGEST_PICTURE, max(0, budget * 3 // 4)))
    if read is None:
        _missing(found, record)
        return None
    data, width, height = read
    scale = max(1, 112 // max(width, height))
    return Picture(data_uri("image/png", data), _caption(record), width * scale, height * scale, scale > 1)


def _table(folder: Path, record: Record, found: Exhibits) -> None:
    held = record.data
    if "file" in held:
        held = read_json(folder, held["file"]) or {}
    columns, rows = held.get("columns"), held.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return _missing(found, record)
    shown = [row for row in rows[:MOST_ROWS] if isinstance(row, list)]
    found.tables.append(
        ShownTable(
            found.title(record),
            tuple(str(column) for column in columns[:MOST_COLUMNS]),
            tuple(tuple(_cell(value) for value in row[:MOST_COLUMNS]) for row in shown),
            len(rows) - len(shown),
        )
    )


def _array(folder: Path, record: Record, found: Exhibits) -> None:
    values = read_array(folder, record.data.get("file"))
    if values is None:
        return _missing(found, record)
    if values.ndim != 2 or not 0 < max(values.shape) <= LARGEST_MAP or min(values.shape) == 0:
        return None
    rows, columns = _labels(record.data.get("labels"), values.shape)
    floats = values.astype(float)
    finite = np.abs(floats[np.isfinite(floats)])
    top = float(finite.max()) if len(finite) else 0.0
    lines = [
        HeatRow(label, tuple(_heat_cell(value, top) for value in row.tolist()))
        for label, row in zip(rows, floats, strict=True)
    ]
    found.maps.append(Heatmap(found.title(record), columns, tuple(lines)))


def _text(folder: Path, record: Record, found: Exhibits) -> None:
    text = str(record.data.get("text", ""))
    more = f"\n… {len(text) - MOST_TEXT} more characters in the run’s folder" if len(text) > MOST_TEXT else ""
    found.texts.append({"title": found.title(record), "text": text[:MOST_TEXT] + more})


def _artifact(folder: Path, record: Record, found: Exhibits) -> None:
    name = str(record.data.get("file", ""))
    path = confined(folder, name, 1 << 62)
    found.artifacts.append(
        {
            "name": record.name,
            "role": str(record.data.get("role", "")),
            "size": size_in_words(path.stat().st_size) if path else "",
            "description": str(record.data.get("description", "")),
        }
    )


_LATEST = {"table": _table, "array": _array, "text": _text, "artifact": _artifact}


def _missing(found: Exhibits, record: Record) -> None:
    what = f"The {record.kind} “{record.name}” is missing, damaged, too large, or not inside the run’s folder."
    if what not in found.problems:
        found.problems.append(what)


def _caption(record: Record) -> str:
    step = f"step {record.step}" if record.step is not None else ""
    return ", ".join(part for part in (step, str(record.data.get("caption") or "")) if part)


def _cell(value: Any) -> TableCell:
    if isinstance(value, bool):
        return TableCell("yes" if value else "no")
    if isinstance(value, (int, float)):
        return TableCell(number(value) if abs(value) < 1e300 else str(value)[:20], True)
    return TableCell("" if value is None else str(value)[:2_000])


def _heat_cell(value: float, top: float) -> HeatCell:
    share = min(0.75, 0.75 * abs(value) / top) if top and math.isfinite(value) else 0.0
    return HeatCell(number(value), "cold" if value < 0 else "heat", round(share, 3))


def _labels(given: Any, shape: tuple[int, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    named: list[tuple[str, ...]] = []
    for axis, length in enumerate(shape):
        labels = given[axis] if isinstance(given, list) and axis < len(given) else None
        fits = isinstance(labels, list) and len(labels) == length
        named.append(tuple(str(label) for label in labels) if fits and labels else tuple(str(k) for k in range(length)))
    return named[0], named[1]
