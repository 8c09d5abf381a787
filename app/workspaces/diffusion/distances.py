"""How far the most telling pictures of a seed are from each other, beside those from the same noise alone."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.engines.diffusion.showing import SETS
from app.runs.evidence import read_array
from app.runs.records import Record
from app.widgets.histogram import HistogramView
from app.widgets.panels import Panel
from app.widgets.theme import Theme, load_theme

PREFIX = "distances/"


class DistancesPanel(Panel):
    """A histogram of the distances of all pairs; of several seeds one is chosen, at first the newest."""

    formats = ("csv:shown", "png")

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        words = "Pictures that a shift forces are alike: then the distances between them pile up at zero."
        super().__init__(title, theme, empty=words, parent=parent)
        self._found: dict[str, tuple[int, NDArray[np.float64]]] = {}
        self._wanted = ""
        self.view = HistogramView("distance between two pictures", "pairs of pictures", theme)
        self.choices = QComboBox()
        self.choices.setAccessibleName("Seed")
        self.choices.setToolTip("Seed")
        self.choices.activated.connect(self._chosen)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), theme.space("tight"))
        head.addWidget(self.choices)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "array" and name.startswith(PREFIX)

    def record_added(self, record: Record, folder: Path) -> None:
        values = read_array(folder, str(record.data.get("file", "")))
        if values is not None and values.ndim == 2 and len(values) == len(SETS):
            self._found[record.name.removeprefix(PREFIX)] = (record.seq, values.astype(np.float64))
            self._show()

    def rewind(self, seq: int, run: str = "") -> None:
        self._found = {name: each for name, each in self._found.items() if each[0] <= seq}
        self._show()

    def clear(self) -> None:
        self._found = {}
        self._show()

    def view_state(self) -> dict[str, Any]:
        return {"seed": self._wanted} if self._wanted else {}

    def restore_view(self, state: dict[str, Any]) -> None:
        self._wanted = str(state.get("seed", ""))
        self._show()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "view"):
            self.view.set_theme(theme)

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        rows = [
            [name, which, float(value)]
            for name, (_, values) in self._found.items()
            for which, line in zip(SETS, values, strict=True)
            for value in line
        ]
        return ["seed", "pictures", "distance"], rows

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        self.view.paint(painter, room, load_theme("light"))

    @Slot()
    def _chosen(self) -> None:
        self._wanted = self.choices.currentText()
        self._show()

    def _show(self) -> None:
        names = list(self._found)
        if [self.choices.itemText(k) for k in range(self.choices.count())] != names:
            self.choices.clear()
            self.choices.addItems(names)
        self.set_filled(bool(names))
        if not names:
            return
        shown = self._wanted if self._wanted in names else names[-1]
        self.choices.setCurrentText(shown)
        self.choices.setVisible(len(names) > 1)
        self.view.show_sets(dict(zip(SETS, self._found[shown][1], strict=True)))
