"""Counts of values by range, several sets of values in the same ranges, each an outline in its colour."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.runs.figures import number
from app.widgets.speak import speak
from app.widgets.theme import Theme
from app.widgets.ticks import linear_ticks

RANGES = 24
"""Ranges between the smallest and the largest value of all sets."""


@dataclass(frozen=True)
class Counts:
    """`edges` (k + 1,) of the ranges, and of each set how many of its values fall into each, (k,)."""

    edges: NDArray[np.float64]
    sets: dict[str, NDArray[np.int64]]


def counted(sets: Mapping[str, NDArray[np.float64]], ranges: int = RANGES) -> Counts:
    """The values (n,) of each set counted in the same ranges from zero on; values that are not finite are left out."""
    finite = {name: values[np.isfinite(values)] for name, values in sets.items()}
    largest = max((float(values.max()) for values in finite.values() if len(values)), default=0.0)
    edges = np.linspace(0, largest or 1.0, ranges + 1)
    return Counts(edges, {name: np.histogram(values, edges)[0].astype(np.int64) for name, values in finite.items()})


class HistogramView(QWidget):
    """Paints `Counts` over a titled axis; the sets also differ in the dash of their outline."""

    def __init__(self, x_title: str, y_title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._titles = (x_title, y_title)
        self.counts = counted({})
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 90)
        self.setAccessibleName(f"{y_title} by {x_title}")

    def show_sets(self, sets: Mapping[str, NDArray[np.float64]]) -> None:
        """Values (n,) by the name of their set; none may be negative."""
        self.counts = counted(sets)
        medians = {name: float(np.median(values)) for name, values in sets.items() if len(values)}
        words = "; ".join(f"{name}: median {number(median)}" for name, median in medians.items())
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        if self.hasFocus():
            speak(self, words)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 200)

    def paint(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        painter.setFont(theme.font("caption"))
        line = QFontMetricsF(theme.font("caption")).height()
        frame = room.adjusted(44, 2 * line + 10, -16, -2 * line - 8)
        highest = max((int(each.max()) for each in self.counts.sets.values()), default=0) or 1
        self._paint_axes(painter, frame, highest, theme)
        self._paint_legend(painter, room, theme)
        for place, each in enumerate(self.counts.sets.values()):
            self._paint_set(painter, frame, each / highest, place, theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("canvas"))
        self.paint(painter, QRectF(self.rect()), self._theme)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_set(
        self, painter: QPainter, frame: QRectF, heights: NDArray[np.float64], place: int, theme: Theme
    ) -> None:
        width = frame.width() / len(heights)
        corners = [frame.bottomLeft()]
        for at, height in enumerate(heights):
            y = frame.bottom() - float(height) * frame.height()
            corners += [QPointF(frame.left() + at * width, y), QPointF(frame.left() + (at + 1) * width, y)]
        corners.append(frame.bottomRight())
        soft = QColor(theme.series(place))
        soft.setAlphaF(theme.plot("band_opacity"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(soft)
        painter.drawPolygon(QPolygonF(corners))
        painter.setPen(_outline(place, theme))
        painter.drawPolyline(QPolygonF(corners))

    def _paint_axes(self, painter: QPainter, frame: QRectF, highest: int, theme: Theme) -> None:
        line = painter.fontMetrics().height()
        grid = QPen(theme.color("text", theme.plot("grid_opacity")), 1)
        largest = float(self.counts.edges[-1])
        for value in linear_ticks(0, largest, max(2, int(frame.width() / 60))):
            x = frame.left() + value / largest * frame.width()
            painter.setPen(theme.color("text-2"))
            painter.drawText(QRectF(x - 30, frame.bottom() + 2, 60, line), Qt.AlignmentFlag.AlignHCenter, number(value))
        for value in linear_ticks(0, highest, max(2, int(frame.height() / 40))):
            if value != math.floor(value):
                continue
            y = frame.bottom() - value / highest * frame.height()
            painter.setPen(grid)
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(theme.color("text-2"))
            box = QRectF(frame.left() - 44, y - line / 2, 38, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number(value))
        painter.setPen(QPen(theme.color("text-2"), 1))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        title = QRectF(frame.left(), frame.bottom() + line + 3, frame.width(), line)
        painter.drawText(title, Qt.AlignmentFlag.AlignRight, self._titles[0])
        above = QRectF(frame.left() - 38, frame.top() - line - 4, frame.width(), line)
        painter.drawText(above, Qt.AlignmentFlag.AlignLeft, self._titles[1])

    def _paint_legend(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        right = room.right() - 12
        for place, name in reversed(list(enumerate(self.counts.sets))):
            width = metrics.horizontalAdvance(name)
            painter.setPen(theme.color("text"))
            painter.drawText(QRectF(right - width, room.top() + 4, width, metrics.height()), 0, name)
            painter.setPen(_outline(place, theme))
            y = room.top() + 4 + metrics.height() / 2
            painter.drawLine(QPointF(right - width - 30, y), QPointF(right - width - 6, y))
            right -= width + 44


def _outline(place: int, theme: Theme) -> QPen:
    """Dashed and solid in turn, so that colour is never alone."""
    return QPen(theme.series(place), 2, Qt.PenStyle.SolidLine if place % 2 else Qt.PenStyle.DashLine)
