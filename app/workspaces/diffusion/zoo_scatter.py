"""Uniformity and total variation of every model of a zoo, told apart by truth, each with its pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QWidget

from app.engines.diffusion.zoo import CLEAN, UNKNOWN
from app.runs.evidence import confined
from app.runs.records import Record
from app.widgets.images import LARGEST_PICTURE
from app.widgets.table import table_of
from app.widgets.theme import Theme
from app.workspaces.diffusion.points import Point, PointsPanel, features_words

TABLE, PICTURES = "zoo/models", "found/"
COLUMNS = {
    "ours": ("uniformity", "variation per pixel", "ours"),
    "reference": ("Elijah: uniformity", "Elijah: variation per pixel", "Elijah"),
}
"""By scan the columns of the table of models: both features, and the verdict."""
WORDS = {"ours": "Our scan", "reference": "Elijah"}
MOST_GROUPS = 7
"""Colours that can be told apart; where a zoo holds more attacks, all of them share one."""


class ZooScatterPanel(PointsPanel):
    """A point per model, of our scan or of the reference's; a click shows the pictures that the scan judged."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, "Each model becomes a point as soon as it is scanned.", parent)
        self._rows: list[dict[str, Any]] = []
        self._sheets: dict[tuple[str, str, int], Path] = {}
        self.scans = QComboBox()
        self.scans.setAccessibleName("Whose pictures")
        self.scans.setToolTip("Whose pictures")
        for scan, words in WORDS.items():
            self.scans.addItem(words, scan)
        self.scans.activated.connect(self._show)
        self.add_choice(self.scans)

    def wants(self, kind: str, name: str) -> bool:
        return (kind, name) == ("table", TABLE) or (kind == "image" and name.startswith(PICTURES))

    def record_added(self, record: Record, folder: Path) -> None:
        if record.kind == "table":
            columns, rows = table_of(record, folder) or ([], [])
            self._rows = [dict(zip(columns, row)) for row in rows]
            self._show()
            return
        path = confined(folder, record.data.get("file"), LARGEST_PICTURE)
        if path is not None:
            which, _, scan = record.name.removeprefix(PICTURES).partition("/")
            self._sheets[which, scan, record.step or 0] = path

    def clear(self) -> None:
        self._rows, self._sheets = [], {}
        self._show()

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        points = self._points.values()
        rows = [[each.key, self._groups()[each.group], each.uniformity, each.variation] for each in points]
        return ["model", "truth", "uniformity", "total variation per pixel"], rows

    @Slot()
    def _show(self) -> None:
        scan, groups = str(self.scans.currentData()), self._groups()
        found = [self._point(place, row, scan, groups) for place, row in enumerate(self._rows)]
        points = [point for point in found if point is not None]
        self.show_points(points, groups, points[-1].key if points else "")

    def _groups(self) -> list[str]:
        """Every truth there is, clean models first."""
        truths = sorted({str(row.get("truth")) for row in self._rows}, key=_clean_first)
        return truths if len(truths) <= MOST_GROUPS else [CLEAN, "backdoored", UNKNOWN]

    def _point(self, place: int, row: Mapping[str, Any], scan: str, groups: list[str]) -> Point | None:
        x, y, verdict = (row.get(column) for column in COLUMNS[scan])
        if not isinstance(x, int | float) or not isinstance(y, int | float):
            return None
        name, truth = str(row.get("model")), str(row.get("truth"))
        words = f"{name}, {row.get('kind')}, {truth}; {WORDS[scan].lower()}: {verdict}. {features_words(x, y)}"
        plain, shifted = (self._sheets.get((which, scan, place)) for which in ("clean", "shifted"))
        sheets = (plain, shifted) if plain and shifted else None
        group = groups.index(truth) if truth in groups else 1
        return Point(name, float(x), float(y), group, words, sheets)


def _clean_first(truth: str) -> tuple[bool, str]:
    return truth != CLEAN, truth
