"""A plot redrawn from its data for an export: axes, lines, bands, references and their names, on white."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app.widgets.plot_data import GREY, PlotData, Series
from app.widgets.theme import Theme
from app.widgets.ticks import linear_ticks, log_ticks, tick_words


class PlotPainter:
    """Draws `data` within `view` (x low, x high, y low, y high in axis coordinates) into a rectangle."""

    def __init__(self, data: PlotData, view: tuple[float, float, float, float], theme: Theme, unit: str = "") -> None:
        self._data = data
        self._view = view
        self._theme = theme
        self._unit = unit
        self._box = QRectF()

    def paint(self, painter: QPainter, room: QRectF) -> None:
        painter.setFont(self._theme.font("caption"))
        metrics = QFontMetricsF(painter.font())
        series = self._data.series(self._view[0], self._view[1], 4000)
        legend = self._paint_legend(painter, room, series, metrics)
        words = [self._words(tick, self._data.log_y, ticks) for ticks in (self._ticks_y(),) for tick in ticks]
        margin = max((metrics.horizontalAdvance(word) for word in words), default=0) + 12
        self._box = QRectF(room).adjusted(margin, legend + 8, -8, -2 * metrics.height() - 12)
        self._paint_axes(painter, metrics)
        painter.save()
        painter.setClipRect(self._box)
        for reference in self._data.references:
            level = self._data.level(reference)
            if level is not None:
                self._paint_reference(painter, level, f"{reference.text}  {reference.source}".strip())
        for one in series:
            self._paint_series(painter, one)
        painter.restore()

    def _point(self, x: float, y: float) -> QPointF:
        low_x, high_x, low_y, high_y = self._view
        across = (x - low_x) / (high_x - low_x or 1)
        up = (y - low_y) / (high_y - low_y or 1)
        return QPointF(self._box.left() + across * self._box.width(), self._box.bottom() - up * self._box.height())

    def _color(self, series: Series) -> QColor:
        return self._theme.reference() if series.style == GREY else self._theme.series(series.style)

    def _ticks_x(self) -> list[float]:
        return (log_ticks if self._data.log_x else linear_ticks)(self._view[0], self._view[1], 8)

    def _ticks_y(self) -> list[float]:
        return (log_ticks if self._data.log_y else linear_ticks)(self._view[2], self._view[3], 8)

    @staticmethod
    def _words(tick: float, logarithmic: bool, ticks: list[float]) -> str:
        if logarithmic:
            return tick_words(10**tick, 10 ** min(ticks))
        return tick_words(tick, ticks[1] - ticks[0] if len(ticks) > 1 else abs(tick) or 1)

    def _paint_axes(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        box, height = self._box, metrics.height()
        grid, text = self._theme.color("text", self._theme.plot("grid_opacity")), self._theme.color("text-2")
        ticks_x, ticks_y = self._ticks_x(), self._ticks_y()
        for tick in ticks_y:
            y = self._point(self._view[0], tick).y()
            painter.setPen(QPen(grid, 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(text)
            room = QRectF(box.left() - 206, y - height / 2, 200, height)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight, self._words(tick, self._data.log_y, ticks_y))
        for tick in ticks_x:
            x = self._point(tick, self._view[2]).x()
            painter.setPen(QPen(grid, 1))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.setPen(text)
            room = QRectF(x - 60, box.bottom() + 4, 120, height)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, self._words(tick, self._data.log_x, ticks_x))
        painter.setPen(QPen(text, 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.drawLine(box.bottomLeft(), box.topLeft())
        title = "time (s)" if self._data.axis == "time" else self._data.axis
        smoothing = f" · smoothed {self._data.smoothing:g}" if self._data.smoothing else ""
        foot = QRectF(box.left(), box.bottom() + height + 6, box.width(), height)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, title + smoothing)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"in {self._unit}" if self._unit else "")

    def _paint_series(self, painter: QPainter, series: Series) -> None:
        color = self._color(series)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if series.band is not None and len(series.band[0]) > 1:
            x, low, high = series.band
            kept = np.isfinite(low) & np.isfinite(high)
            edge = [self._point(*pair) for pair in zip(x[kept], high[kept], strict=True)]
            edge += [self._point(*pair) for pair in zip(x[kept][::-1], low[kept][::-1], strict=True)]
            soft = QColor(color)
            soft.setAlphaF(self._theme.plot("band_opacity"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(soft)
            painter.drawPolygon(QPolygonF(edge))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if series.raw is not None:
            faint = QColor(color)
            faint.setAlphaF(self._theme.plot("raw_opacity"))
            painter.setPen(QPen(faint, 1))
            painter.drawPath(self._path(*series.raw))
        painter.setPen(QPen(color, 2, self._theme.dash(series.split)))
        painter.drawPath(self._path(series.x, series.y))

    def _path(self, x: np.ndarray, y: np.ndarray) -> QPainterPath:
        path, down = QPainterPath(), False
        for one, other in zip(x, y, strict=True):
            if not (np.isfinite(one) and np.isfinite(other)):
                down = False
                continue
            point = self._point(float(one), float(other))
            if down:
                path.lineTo(point)
            else:
                path.moveTo(point)
            down = True
        return path

    def _paint_reference(self, painter: QPainter, level: float, text: str) -> None:
        y = self._point(self._view[0], level).y()
        painter.setPen(QPen(self._theme.reference(), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(self._box.left(), y), QPointF(self._box.right(), y))
        painter.setPen(self._theme.color("text-2"))
        painter.drawText(QPointF(self._box.left() + 6, y - 4), text)

    def _paint_legend(self, painter: QPainter, room: QRectF, series: list[Series], metrics: QFontMetricsF) -> float:
        """The names of the lines in rows at the top; returns the height used."""
        x, y, height = room.left(), room.top(), metrics.height()
        if len(series) < 2 or any(one.style == GREY for one in series):
            return 0.0
        for one in series:
            wide = 30 + metrics.horizontalAdvance(one.label) + 16
            if x > room.left() and x + wide > room.right():
                x, y = room.left(), y + height + 4
            painter.setPen(QPen(self._color(one), 2, self._theme.dash(one.split)))
            painter.drawLine(QPointF(x, y + height / 2), QPointF(x + 24, y + height / 2))
            painter.setPen(self._theme.color("text"))
            painter.drawText(QRectF(x + 30, y, wide, height), Qt.AlignmentFlag.AlignLeft, one.label)
            x += wide
        return y + height - room.top()
