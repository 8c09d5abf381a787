"""The drawing surface of a plot: items made once and only ever given new data, a cursor, and keys."""

import time
from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPen, QResizeEvent, QShowEvent

from app.widgets.plot_axis import DirectAxis
from app.widgets.plot_data import Key, PlotData, Series
from app.widgets.plot_items import CurveItems, cosmetic
from app.widgets.theme import Theme

FRAME = 33
"""Milliseconds between redraws while the user moves the view: screen rate."""
LIVE = 80
"""The same while points arrive, whatever their rate: the eye reads no more of a growing curve."""
CATCH = 14
"""A click chooses a point at most so many pixels away."""


class PlotCanvas(pg.PlotWidget):
    """Draws a `PlotData`. Call `touch` after any change of it; the redraw follows at screen rate."""

    hovered = Signal(float, float)
    left = Signal()
    chosen = Signal(object, int)
    """A curve's key and the place of the point in it."""
    stepped = Signal(object, int)
    """The same for a point reached by the arrow keys."""
    key_pressed = Signal(str)

    def __init__(self, data: PlotData, theme: Theme, y_range: tuple[float, float] | None = None) -> None:
        super().__init__(axisItems={name: DirectAxis(name) for name in ("left", "bottom")})
        self._data = data
        self._theme = theme
        self._y_range = y_range
        self._items: dict[Key, CurveItems] = {}
        self._references: list[tuple[pg.InfiniteLine, pg.TextItem]] = []
        self._auto = True
        self._at: tuple[Key, int] | None = None
        self._mouse: QPointF | None = None
        self._drawn: list[Series] = []
        self.plot_item = self.getPlotItem()
        self.view = self.plot_item.getViewBox()
        self.view.setMenuEnabled(False)
        self.view.disableAutoRange()
        self.plot_item.hideButtons()
        self.plot_item.setMenuEnabled(False)
        self._bad = pg.ScatterPlotItem(symbol="t", size=9, pen=None)
        self._bad.setZValue(30)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(20)
        self._cursor.hide()
        self._spot = pg.ScatterPlotItem(symbol="o", size=11)
        self._spot.setZValue(40)
        for item in (self._bad, self._cursor, self._spot):
            self.addItem(item, ignoreBounds=True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.redraw)
        self._drawn_at = 0.0
        self._fitting = False
        self._moves = QTimer(self)
        self._moves.setSingleShot(True)
        self._moves.setInterval(FRAME)
        self._moves.timeout.connect(self._tell_hover)
        self.view.sigRangeChangedManually.connect(self._taken_over)
        self.view.sigRangeChanged.connect(self._range_changed)
        self.scene().sigMouseMoved.connect(self._mouse_moved)
        self.scene().sigMouseClicked.connect(self._mouse_clicked)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 80)
        self.set_theme(theme)

    @property
    def drawn(self) -> list[Series]:
        """The lines as last drawn."""
        return self._drawn

    def touch(self) -> None:
        """Something changed: redraw soon, once; at once where nothing was drawn lately."""
        since = round(1000 * (time.monotonic() - self._drawn_at))
        self._redraw_within(max(FRAME // 2, LIVE - since))

    @property
    def shown_range(self) -> tuple[float, float, float, float]:
        """x low, x high, y low, y high of the axes, without the room kept for labels."""
        (low_x, high_x), (low_y, high_y) = self.view.viewRange()
        box = self._data.bounds() if self._auto else None
        if box is not None and box[1] > box[0]:
            low_x, high_x = box[0] - 0.02 * (box[1] - box[0]), box[1] + 0.02 * (box[1] - box[0])
        return low_x, high_x, low_y, high_y

    @Slot()
    def fit(self) -> None:
        """Show everything, and keep showing everything as points arrive."""
        self._auto = True
        self.touch()

    @Slot()
    def redraw(self) -> None:
        """Draw now what `PlotData` says."""
        self._drawn_at = time.monotonic()
        if self._auto:
            self._fitting = True
            self._fit_now()
            self._fitting = False
        self.view.updateMatrix()  # left to the paint, it would move the items and so have everything painted twice
        (low, high), _ = self.view.viewRange()
        most = 2 * max(int(self.view.width()), 200)
        for name, logarithmic in (("bottom", self._data.log_x), ("left", self._data.log_y)):
            axis = self.plot_item.getAxis(name)
            if axis.logMode != logarithmic:
                axis.setLogMode(logarithmic)
        keys = self._data.shown_keys()
        for key in [key for key in self._items if key not in keys]:
            for item in self._items.pop(key).all():
                self.removeItem(item)
        self._drawn = self._data.series(low, high, most)
        shown = {series.key for series in self._drawn}
        for key, items in self._items.items():
            if key not in shown:
                for item in items.all():
                    item.hide()
        for series in self._drawn:
            items = self._items.get(series.key) or self._make(series.key)
            items.draw(series, self._theme, several=len(self._drawn) > 1)
        self._place_ends()
        self._draw_bad()
        self._draw_references()
        self._draw_spot()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setBackground(theme.color("canvas"))
        for name in ("left", "bottom"):
            axis = self.plot_item.getAxis(name)
            axis.enableAutoSIPrefix(False)
            axis.setPen(QPen(theme.color("text-2")))
            axis.setTextPen(QPen(theme.color("text-2")))
            axis.setTickFont(theme.font("caption"))
            axis.setStyle(tickLength=-4, tickTextOffset=6, maxTickLevel=1)
        self.plot_item.showGrid(x=True, y=True, alpha=theme.plot("grid_opacity"))
        self._cursor.setPen(cosmetic(theme.color("control"), 1))
        self._bad.setBrush(theme.color("danger"))
        self._spot.setPen(cosmetic(theme.color("text"), 2))
        self._spot.setBrush(theme.color("canvas"))
        for _, label in self._references:
            label.setColor(theme.color("text-2"))
        self.redraw()

    def show_cursor(self, x: float | None) -> None:
        """Put the cursor line at `x` of the axis, or take it away."""
        self._cursor.setVisible(x is not None)
        if x is not None:
            self._cursor.setValue(x)

    def select(self, key: Key, place: int) -> None:
        """Mark a point; arrow keys go on from it."""
        self._at = (key, place)
        self._draw_spot()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.touch()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_timer"):
            self.touch()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.show_cursor(None)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shifted = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_L:
            self.key_pressed.emit("log-x" if shifted else "log-y")
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.fit()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(1 if key == Qt.Key.Key_Right else -1, 10 if shifted else 1)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._change_curve(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
            self.chosen.emit(*self._at)
        elif key == Qt.Key.Key_Escape and self._at is not None:
            self._at = None
            self._draw_spot()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self._auto = False
            factor = 0.8 if key == Qt.Key.Key_Plus else 1.25
            self.view.scaleBy((factor, 1))
        else:
            super().keyPressEvent(event)

    def _redraw_within(self, milliseconds: int) -> None:
        if self.isVisible() and not (self._timer.isActive() and self._timer.remainingTime() <= milliseconds):
            self._timer.start(milliseconds)

    def _make(self, key: Key) -> CurveItems:
        items = CurveItems()
        for item in items.all():
            self.addItem(item, ignoreBounds=True)
        self._items[key] = items
        return items

    def _place_ends(self) -> None:
        """Move labels at the right ends apart where they would cover each other."""
        ends = [self._items[series.key].end for series in self._drawn if series.key in self._items]
        ends = sorted((end for end in ends if end.isVisible()), key=lambda end: end.pos().y())
        if len(ends) < 2:
            return
        pixel = self.view.viewPixelSize()[1] if self.view.height() > 0 else 0
        room = self.fontMetrics().height() * pixel * 0.95
        for below, above in pairwise(ends):
            if above.pos().y() - below.pos().y() < room:
                above.setPos(above.pos().x(), below.pos().y() + room)

    def _draw_bad(self) -> None:
        (_, _), (bottom, top) = self.view.viewRange()
        marks = [series.bad_x for series in self._drawn if len(series.bad_x)]
        x = np.unique(np.concatenate(marks))[-500:] if marks else np.empty(0)
        self._bad.setData(x, np.full(len(x), bottom + 0.03 * (top - bottom)))

    def _draw_references(self) -> None:
        references = self._data.references
        while len(self._references) < len(references):
            line = pg.InfiniteLine(angle=0, movable=False)
            label = pg.TextItem(anchor=(0, 1))
            for item in (line, label):
                item.setZValue(2)
                self.addItem(item, ignoreBounds=True)
            self._references.append((line, label))
        for (line, label), reference in zip(self._references, references, strict=False):
            level = self._data.level(reference)
            for item in (line, label):
                item.setVisible(level is not None)
            if level is None:
                continue
            line.setPen(cosmetic(self._theme.reference(), 1.5, Qt.PenStyle.DashLine))
            line.setValue(level)
            label.setText(reference.text)
            label.setColor(self._theme.color("text-2"))
            label.textItem.setFont(self._theme.font("caption"))
            label.setPos(self.view.viewRange()[0][0], level)
            for item in (line, label):
                item.setToolTip(reference.source)
        for pair in self._references[len(references) :]:
            for item in pair:
                item.hide()

    def _draw_spot(self) -> None:
        found = self._position(*self._at) if self._at is not None else None
        self._spot.setVisible(found is not None)
        if found is not None:
            self._spot.setData([found[0]], [found[1]])

    def _position(self, key: Key, place: int) -> tuple[float, float] | None:
        """Where a point of a curve lies on the axes; None where it cannot be shown."""
        curve = self._data.curves.get(key)
        if curve is None or not 0 <= place < len(curve) or self._data.axis not in ("step", "time"):
            return None
        x, y = curve.abscissa(self._data.axis)[place], curve.smooth[place]
        if (self._data.log_x and x <= 0) or (self._data.log_y and not y > 0) or not np.isfinite(y):
            return None
        return float(np.log10(x) if self._data.log_x else x), float(np.log10(y) if self._data.log_y else y)

    def _fit_now(self) -> None:
        box = self._data.bounds()
        if box is None:
            return
        low_x, high_x, low_y, high_y = box
        if self._y_range is not None and not self._data.log_y:
            low_y, high_y = min(low_y, self._y_range[0]), max(high_y, self._y_range[1])
        width, height = high_x - low_x or max(abs(high_x), 1.0), high_y - low_y or max(abs(high_y) * 0.1, 1e-12)
        labels = self._label_room(width)
        self.view.setRange(
            xRange=(low_x - 0.02 * width, high_x + 0.02 * width + labels),
            yRange=(low_y - 0.06 * height, high_y + 0.06 * height),
            padding=0,
            disableAutoRange=True,
        )

    def _label_room(self, width: float) -> float:
        """Room to the right of the data, in its units, for the labels at the ends."""
        keys = [key for key in self._data.shown_keys() if key not in self._data.hidden]
        if not 1 < len(keys) <= 8 or self.view.width() < 50 or self._data.families():
            return 0.0
        longest = max(self.fontMetrics().horizontalAdvance(self._data.label(key)[:28]) for key in keys) + 22
        share = min(longest / self.view.width(), 0.4)
        return width * share / (1 - share)

    def _walk(self, sign: int, by: int) -> None:
        key = self._at[0] if self._at else self._first_key()
        curve = self._data.curves.get(key) if key else None
        if key is None or curve is None or len(curve) == 0:
            return
        start = self._at[1] if self._at else (len(curve) if sign < 0 else -1)
        self.select(key, int(np.clip(start + sign * by, 0, len(curve) - 1)))
        self.stepped.emit(*self._at)  # type: ignore[misc]

    def _change_curve(self, sign: int) -> None:
        keys = [key for key in self._data.shown_keys() if key in self._data.curves and key not in self._data.hidden]
        if not keys:
            return
        at = self._at or (keys[-1], 0)
        key = keys[(keys.index(at[0]) + sign) % len(keys)] if at[0] in keys else keys[0]
        step = self._data.curves[at[0]].step[at[1]] if at[0] in self._data.curves else 0
        curve = self._data.curves[key]
        self.select(key, int(np.clip(np.searchsorted(curve.step, step), 0, len(curve) - 1)))
        self.stepped.emit(*self._at)  # type: ignore[misc]

    def _first_key(self) -> Key | None:
        return next(
            (key for key in self._data.shown_keys() if key in self._data.curves and key not in self._data.hidden), None
        )

    @Slot(object)
    def _taken_over(self, _axes: object) -> None:
        self._auto = False

    @Slot(object, object)
    def _range_changed(self, _view: object, _range: object) -> None:
        if not self._fitting:
            self._redraw_within(FRAME)

    @Slot(object)
    def _mouse_moved(self, position: QPointF) -> None:
        self._mouse = position
        if not self._moves.isActive():
            self._moves.start()

    @Slot()
    def _tell_hover(self) -> None:
        if self._mouse is not None and self.view.sceneBoundingRect().contains(self._mouse):
            at = self.view.mapSceneToView(self._mouse)
            self.hovered.emit(at.x(), at.y())

    @Slot(object)
    def _mouse_clicked(self, event: object) -> None:
        if event.double():  # type: ignore[attr-defined]
            self.fit()
            return
        found = self._nearest(event.scenePos())  # type: ignore[attr-defined]
        if found is not None:
            self.select(*found)
            self.chosen.emit(*found)

    def _nearest(self, position: QPointF) -> tuple[Key, int] | None:
        """The drawn point closest to a place of the scene, if one is within reach."""
        at = self.view.mapSceneToView(position)
        size = self.view.viewPixelSize()
        best, winner = float(CATCH), None
        for series in self._drawn:
            curve = self._data.curves.get(series.key)
            if curve is None or self._data.axis not in ("step", "time"):
                continue
            x = curve.abscissa(self._data.axis)
            span = CATCH * size[0]
            low, high = at.x() - span, at.x() + span
            if self._data.log_x:
                low, high = 10**low, 10**high
            for place in range(*map(int, np.searchsorted(x, (low, high)))):
                spot = self._position(series.key, place)
                if spot is None:
                    continue
                distance = float(np.hypot((spot[0] - at.x()) / size[0], (spot[1] - at.y()) / size[1]))
                if distance < best:
                    best, winner = distance, (series.key, place)
        return winner
