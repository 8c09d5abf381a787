"""Points of a plane on the left, the pictures of the chosen one on the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.runs.figures import number
from app.widgets.labels import Label
from app.widgets.panels import Panel
from app.widgets.picture_table import Cell, PictureTableView
from app.widgets.scatter import Dot, ScatterView
from app.widgets.theme import Theme, load_theme
from app.widgets.thumbnails import read_image

AXES = ("uniformity with the shift", "total variation per pixel")
NAMES = ("noise alone", "noise + shift")


@dataclass(frozen=True)
class Point:
    """Features of one set of pictures; `sheets` are the files of its pictures without and with the shift, if known."""

    key: str
    uniformity: float
    variation: float
    group: int
    words: str
    sheets: tuple[Path, Path] | None = None


class PointsPanel(Panel):
    """Base of the scatters: it is given points, and shows the one that was clicked, or else the one it was told."""

    formats = ("png", "csv:shown")

    def __init__(self, title: str, theme: Theme, words: str, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, empty=words, parent=parent)
        self._points: dict[str, Point] = {}
        self._picked = ""
        self.view = ScatterView(*AXES, theme)
        self.view.dot_chosen.connect(self._chosen)
        log = self.add_tool("log-y", "Logarithmic axes", checkable=True)
        log.setChecked(True)
        log.toggled.connect(self.view.set_log)
        self._pictures = PictureTableView(theme)
        self._pictures.setAccessibleName("Pictures of the chosen point")
        self._words = Label("", theme, "caption", "text-2", wrap=True)
        beside = QWidget()
        layout = QVBoxLayout(beside)
        layout.setContentsMargins(0, 0, theme.space("pane"), theme.space("tight"))
        layout.addWidget(self._pictures, 1)
        layout.addWidget(self._words)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.view)
        splitter.addWidget(beside)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([600, 400])
        self.set_body(splitter)

    def show_points(self, points: Sequence[Point], groups: Sequence[str], first: str = "") -> None:
        """Draw `points`; the pictures are those of the point that was clicked, or of `first`."""
        self._points = {point.key: point for point in points}
        dots = [Dot(each.uniformity, each.variation, each.group, each.key, each.words) for each in points]
        self.view.show_dots(dots, groups)
        self.set_filled(bool(points))
        self._tell(self._picked if self._picked in self._points else first)

    def forget_choices(self) -> None:
        self._picked = ""

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_words"):
            for widget in (self.view, self._pictures, self._words):
                widget.set_theme(theme)

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        self.view.paint(painter, room, load_theme("light"))

    @Slot(str)
    def _chosen(self, key: str) -> None:
        self._picked = key
        self._tell(key)

    def _tell(self, key: str) -> None:
        """The pictures of one point and what is known of it."""
        point = self._points.get(key)
        self.view.choose(key)
        self._words.setText(point.words if point else "")
        if point is None or point.sheets is None:
            self._pictures.show_cells([], [], {})
            return
        cells = {(row, 0): Cell(read_image(sheet), "") for row, sheet in enumerate(point.sheets)}
        self._pictures.show_cells(list(NAMES), [""], cells)


def features_words(uniformity: float, variation: float) -> str:
    return f"Uniformity {number(uniformity)}, total variation per pixel {number(variation)}"
