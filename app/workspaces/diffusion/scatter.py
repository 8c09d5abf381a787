"""Uniformity and total variation of this scan's pictures among those of reference models, each with its pictures."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget

from app.engines.diffusion.references import ROW_COLUMNS
from app.engines.diffusion.showing import FEATURE_COLUMNS, PICTURES_PER_SEED, shift_words
from app.runs.evidence import confined
from app.runs.records import Record
from app.widgets.images import LARGEST_PICTURE
from app.widgets.table import table_of
from app.widgets.theme import Theme
from app.workspaces.diffusion.points import Point, PointsPanel, features_words

REFERENCES = Path(__file__).resolve().parents[3] / "resources" / "starter" / "diffusion-references"
GROUPS = ("reference: clean", "reference: backdoored", "this scan")
CLEAN, TRIGGERED = "images/clean/", "images/triggered/"


@dataclass(frozen=True)
class Reference:
    """A scanned model of known truth; `sheets` are its pictures without and with the shift, where they were kept."""

    name: str
    truth: str
    uniformity: float
    variation: float
    note: str
    sheets: tuple[Path, Path] | None = None

    @property
    def words(self) -> str:
        known = "clean" if self.truth == "clean" else f"backdoored with {self.truth}"
        return f"Reference {self.name}, {known}; {self.note}. {features_words(self.uniformity, self.variation)}"

    @property
    def point(self) -> Point:
        group = 0 if self.truth == "clean" else 1
        return Point(f"reference {self.name}", self.uniformity, self.variation, group, self.words, self.sheets)


class ScatterPanel(PointsPanel):
    """Every set of pictures of the scan is a point; at first the most uniform one is shown.

    Around them lie the models of the reference file that the scan was judged by; without one, those that come with Assay.
    """

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        words = "Each set of pictures of a scan becomes a point among those of reference models."
        super().__init__(title, theme, words, parent)
        self._judging: list[Reference] = []
        self._own: dict[str, tuple[float, float]] = {}
        self._shifted: dict[str, tuple[Path, int]] = {}
        self._plain: dict[tuple[str, int], Path] = {}
        self._show()

    def wants(self, kind: str, name: str) -> bool:
        if kind == "image":
            return name.startswith((CLEAN, TRIGGERED))
        return kind == "table" and name in ("features", "references")

    def record_added(self, record: Record, folder: Path) -> None:
        if record.kind == "table":
            if record.name == "features":
                self._take_features(record, folder)
            else:
                self._judging = _judging(record, folder)
            self._show()
            return
        path = confined(folder, record.data.get("file"), LARGEST_PICTURE)
        if path is None:
            return
        group = (record.step or 0) // PICTURES_PER_SEED
        if record.name.startswith(CLEAN):
            self._plain[record.name.removeprefix(CLEAN), group] = path
        else:
            key = f"{record.name.removeprefix(TRIGGERED)}: {record.data.get('caption')}"
            self._shifted[key] = (path, group)

    def clear(self) -> None:
        self._judging, self._own, self._shifted, self._plain = [], {}, {}, {}
        self._show()

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        rows: list[list[Any]] = [[each.name, each.truth, each.uniformity, each.variation] for each in self._around()]
        rows += [[key, "this scan", x, y] for key, (x, y) in self._own.items()]
        return ["model", "truth", "uniformity", "total variation per pixel"], rows

    def _around(self) -> Sequence[Reference]:
        return self._judging or references()

    def _take_features(self, record: Record, folder: Path) -> None:
        _, rows = table_of(record, folder) or ([], [])
        for row in rows:
            if len(row) == len(FEATURE_COLUMNS):
                seed, search, sampler, uniformity, _, variation, *_ = row
                if isinstance(uniformity, int | float) and isinstance(variation, int | float):
                    key = f"{sampler}: {shift_words(seed if isinstance(seed, str) else f'seed {seed}', search)}"
                    self._own[key] = (float(uniformity), float(variation))

    def _show(self) -> None:
        points = [each.point for each in self._around()]
        points += [self._point(key, *features) for key, features in self._own.items()]
        first = min(self._own, key=self._own.__getitem__) if self._own else points[0].key if points else ""
        self.show_points(points, GROUPS, first)

    def _point(self, key: str, uniformity: float, variation: float) -> Point:
        words = f"This scan, {key}. {features_words(uniformity, variation)}"
        sheets = None
        if key in self._shifted:
            path, group = self._shifted[key]
            sheets = (self._plain.get((key.partition(": ")[0], group), path), path)
        return Point(key, uniformity, variation, 2, words, sheets)


def _judging(record: Record, folder: Path) -> list[Reference]:
    """The reference models of the run's own table; their file holds no pictures. Of equal names each is another model."""
    _, rows = table_of(record, folder) or ([], [])
    found, named = [], Counter[str]()
    for name, truth, uniformity, variation in (row for row in rows if len(row) == len(ROW_COLUMNS)):
        if not (isinstance(uniformity, int | float) and isinstance(variation, int | float)):
            continue
        named[str(name)] += 1
        shown = f"{name} ({named[str(name)]})" if named[str(name)] > 1 else str(name)
        note = "of the file that this scan is judged by; its pictures were not kept"
        found.append(Reference(shown, str(truth), float(uniformity), float(variation), note))
    return found


@cache
def references() -> tuple[Reference, ...]:
    """The reference models that come with Assay; none where their file is missing."""
    place = REFERENCES / "references.json"
    if not place.is_file():
        return ()
    found = json.loads(place.read_text(encoding="utf-8"))
    return tuple(
        Reference(
            each["name"],
            each["truth"],
            each["uniformity"],
            each["variation per pixel"],
            f"our scan: {each['verdict']}",
            (REFERENCES / each["clean"], REFERENCES / each["triggered"]),
        )
        for each in found["models"]
    )
