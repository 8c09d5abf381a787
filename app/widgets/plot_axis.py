"""An axis that draws itself straight onto the screen, in as few calls as there are kinds of lines.

The base replays a recorded picture, and each replay looks its fonts up anew, which is slow for a list of families.
Drawn directly, a curve of a million points pans at 50 instead of 10 frames per second (tests/bench/widgets_plot.py,
2 shared cores). The base also draws its lines one by one; each call gives the interpreter away, and while a log is
being read in another thread it comes back late: thirty lines were thirty waits (tests/bench/stalls.py).
"""

from itertools import groupby
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

Line = tuple[QPen, QPointF, QPointF]
Words = tuple[QRectF, Any, str]


class DirectAxis(pg.AxisItem):
    """Keeps what is to be drawn until the base says that it is out of date, by setting `picture` to None."""

    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        painter.save()
        if self.style["tickFont"] is not None:
            painter.setFont(self.style["tickFont"])
        if self.picture is None:
            specs = self.generateDrawSpecs(painter)
            self.picture = (_grouped([specs[0], *specs[1]]), apart(specs[2])) if specs is not None else None
        if self.picture is not None:
            self.drawPicture(painter, *self.picture)
        painter.restore()

    def drawPicture(self, painter: QPainter, lines: list[tuple[QPen, list[QLineF]]], words: list[Words]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
        for pen, group in lines:
            painter.setPen(pen)
            painter.drawLines(group)
        painter.setPen(self.textPen())
        painter.setClipRect(self.boundingRect().toAlignedRect())
        for room, flags, text in words:
            painter.drawText(room, int(flags), text)


def apart(words: list[Words]) -> list[Words]:
    """Without those that would cover an earlier one: between decades the base names every tick, however close."""
    kept: list[Words] = []
    for each in words:
        room = each[0].adjusted(1, 1, -1, -1)
        if not any(room.intersects(other) for other, _, _ in kept):
            kept.append(each)
    return kept


def _grouped(lines: list[Line]) -> list[tuple[QPen, list[QLineF]]]:
    """Neighbours in the list that share a pen, as one entry each; the base makes one pen for each level of ticks."""
    return [
        (group[0][0], [QLineF(start, end) for _, start, end in group])
        for group in (list(part) for _, part in groupby(lines, key=_pen))
    ]


def _pen(line: Line) -> int:
    return id(line[0])
