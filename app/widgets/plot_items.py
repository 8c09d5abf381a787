"""The graphics of one curve: made once, then only ever given new data."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.widgets.plot_data import GREY, Series
from app.widgets.theme import Theme

MARKERS_PER_CURVE = 7
LONGEST_LABEL = 28


class CurveItems:
    """Line, raw values behind it, band, sparse markers, and the label at the right end."""

    def __init__(self) -> None:
        self.line = pg.PlotCurveItem(connect="finite")
        self.raw = pg.PlotCurveItem(connect="finite")
        self.markers = pg.ScatterPlotItem(size=8)
        self.low, self.high = pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None)
        self.fill = pg.FillBetweenItem(self.low, self.high)
        self.end = pg.TextItem(anchor=(0, 0.5))

    def all(self) -> tuple[pg.GraphicsObject, ...]:
        return (self.fill, self.low, self.high, self.raw, self.line, self.markers, self.end)

    def draw(self, series: Series, theme: Theme, several: bool) -> None:
        """Show `series`; with `several` curves in the plot this one gets markers and a label of its own."""
        grey = series.style == GREY
        color = theme.reference() if grey else theme.series(series.style)
        dense = series.dense or len(series.x) >= theme.plot("antialias_below")
        solid = series.split == "train"
        # Wide lines have a fast path only while they are solid, opaque and not antialiased.
        width = theme.plot("dense_curve" if (dense and not solid) or grey else "curve")
        pen = cosmetic(color, width, theme.dash(series.split))
        self.line.setData(series.x, series.y, pen=pen, antialias=not dense)
        self.line.setZValue(5 if grey else 10)
        self.line.show()
        self.raw.setVisible(series.raw is not None)
        if series.raw is not None:
            self.raw.setData(*series.raw, pen=cosmetic(faint(color, theme.plot("raw_opacity")), 1), antialias=False)
        self._draw_band(series, faint(color, theme.plot("band_opacity")))
        self._draw_markers(series, theme, color, several and not grey)

    def _draw_band(self, series: Series, soft: QColor) -> None:
        banded = series.band is not None and len(series.band[0]) > 1
        for item in (self.low, self.high, self.fill):
            item.setVisible(banded)
        if banded and series.band is not None:
            x, low, high = series.band
            self.low.setData(x, low)
            self.high.setData(x, high)
            self.fill.setBrush(soft)

    def _draw_markers(self, series: Series, theme: Theme, color: QColor, told_apart: bool) -> None:
        places = np.flatnonzero(np.isfinite(series.y))
        self.markers.setVisible(told_apart or len(places) == 1)
        self.end.setVisible(told_apart and series.named and len(places) > 0)
        if len(places) == 0:
            return
        some = np.unique(np.linspace(0, len(places) - 1, MARKERS_PER_CURVE).astype(int)) if told_apart else [0]
        at = places[some]
        symbol = theme.marker(0 if series.style == GREY else series.style)
        outline = cosmetic(theme.color("canvas"), 1)
        self.markers.setData(series.x[at], series.y[at], symbol=symbol, brush=color, pen=outline)
        self.markers.setZValue(12)
        label = series.label
        self.end.setText("\u2002" + (label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"))
        self.end.setColor(theme.color("text"))
        self.end.textItem.setFont(theme.font("caption"))
        self.end.setPos(series.x[places[-1]], series.y[places[-1]])


def cosmetic(color: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen whose width is in pixels whatever the scale of the axes."""
    pen = QPen(color, width, style)
    pen.setCosmetic(True)
    return pen


def faint(color: QColor, opacity: float) -> QColor:
    soft = QColor(color)
    soft.setAlphaF(opacity)
    return soft
