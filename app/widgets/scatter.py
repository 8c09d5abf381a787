"""Points in a plane, told apart by colour and mark, each of which can be chosen by mouse or keys."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.runs.figures import number
from app.widgets.labels import plain_tooltip
from app.widgets.speak import speak
from app.widgets.theme import Theme
from app.widgets.ticks import linear_ticks, log_ticks

NEAR = 12.0
"""Logical pixels within which a click means a point."""
SIZE = 5.0
SPARE = 0.08
LEGEND_TOP, LEGEND_GAP = 6.0, 32.0


@dataclass(frozen=True)
class Dot:
    """One point; `group` counts into the names given with the dots, `key` is what is told when it is chosen."""

    x: float
    y: float
    group: int
    key: str
    words: str


class ScatterView(QWidget):
    """Paints dots over two titled axes, linear or logarithmic; values that a log axis cannot show are left out."""

    dot_chosen = Signal(str)

    def __init__(self, x_title: str, y_title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._titles = (x_title, y_title)
        self._groups: tuple[str, ...] = ()
        self._dots: list[Dot] = []
        self._log = True
        self.chosen = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(f"{y_title} by {x_title}")

    def show_dots(self, dots: Sequence[Dot], groups: Sequence[str]) -> None:
        self._dots = [dot for dot in dots if math.isfinite(dot.x) and math.isfinite(dot.y)]
        self._groups = tuple(groups)
        self.setAccessibleDescription("; ".join(dot.words for dot in self._dots[:40]))
        self.update()

    def set_log(self, log: bool) -> None:
        self._log = log
        self.update()

    def choose(self, key: str) -> None:
        """Mark a dot without telling anyone."""
        self.chosen = key
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 260)

    def position(self, key: str) -> QPointF | None:
        """Where a dot stands on the widget."""
        frame = self._frame(QRectF(self.rect()))
        ranges = self._ranges()
        return next((self._at(dot, frame, ranges) for dot in self._shown() if dot.key == key), None)

    def paint(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        painter.setFont(theme.font("caption"))
        frame, ranges = self._frame(room), self._ranges()
        self._paint_axes(painter, frame, ranges, theme)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_legend(painter, room, theme)
        for dot in sorted(self._shown(), key=self._is_chosen):
            at = self._at(dot, frame, ranges)
            painter.setPen(QPen(theme.color("canvas"), 1))
            painter.setBrush(theme.series(dot.group))
            paint_mark(painter, at, dot.group)
            if dot.key == self.chosen:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.color("accent"), 2))
                painter.drawEllipse(at, SIZE + 4, SIZE + 4)
        hidden = len(self._dots) - len(self._shown())
        if hidden:
            painter.setPen(theme.color("text-2"))
            painter.drawText(frame, Qt.AlignmentFlag.AlignRight, f"{hidden} not on a log axis")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("canvas"))
        self.paint(painter, QRectF(self.rect()), self._theme)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        dot = self._near(event.position())
        if dot is not None:
            self._choose(dot)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step, shown = steps.get(Qt.Key(event.key())), sorted(self._shown(), key=_across)
        if step is None or not shown:
            super().keyPressEvent(event)
            return
        keys = [dot.key for dot in shown]
        at = keys.index(self.chosen) + step if self.chosen in keys else 0
        self._choose(shown[min(max(at, 0), len(shown) - 1)])

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            dot = self._near(QPointF(event.pos()))
            if dot is not None:
                QToolTip.showText(event.globalPos(), plain_tooltip(dot.words), self)
            return True
        return super().event(event)

    def _is_chosen(self, dot: Dot) -> bool:
        return dot.key == self.chosen

    def _choose(self, dot: Dot) -> None:
        self.choose(dot.key)
        speak(self, dot.words)
        self.dot_chosen.emit(dot.key)

    def _near(self, at: QPointF) -> Dot | None:
        frame, ranges = self._frame(QRectF(self.rect())), self._ranges()
        found = [(math.hypot(*(self._at(dot, frame, ranges) - at).toTuple()), k) for k, dot in enumerate(self._shown())]
        nearest = min(found, default=(math.inf, 0))
        return self._shown()[nearest[1]] if nearest[0] <= NEAR else None

    def _shown(self) -> list[Dot]:
        return [dot for dot in self._dots if not self._log or (dot.x > 0 and dot.y > 0)]

    def _ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Ends of both axes, in the logarithm where the axes have one."""
        shown = self._shown()
        return _ends([self._value(dot.x) for dot in shown]), _ends([self._value(dot.y) for dot in shown])

    def _value(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def _at(self, dot: Dot, frame: QRectF, ranges: tuple[tuple[float, float], tuple[float, float]]) -> QPointF:
        (left, right), (low, high) = ranges
        x = frame.left() + (self._value(dot.x) - left) / (right - left) * frame.width()
        return QPointF(x, frame.bottom() - (self._value(dot.y) - low) / (high - low) * frame.height())

    def _frame(self, room: QRectF) -> QRectF:
        line = QFontMetricsF(self._theme.font("caption")).height()
        above = max(1, len(self._legend_lines(room.width())))
        return room.adjusted(56, (above + 1) * line + LEGEND_TOP + 6, -16, -2 * line - 10)

    def _paint_axes(
        self,
        painter: QPainter,
        frame: QRectF,
        ranges: tuple[tuple[float, float], tuple[float, float]],
        theme: Theme,
    ) -> None:
        line = painter.fontMetrics().height()
        grid = QPen(theme.color("text", theme.plot("grid_opacity")), 1)
        for value, share in self._ticks(ranges[0], most=max(2, int(frame.width() / 60))):
            x = frame.left() + share * frame.width()
            painter.setPen(grid)
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            painter.setPen(theme.color("text-2"))
            painter.drawText(QRectF(x - 30, frame.bottom() + 2, 60, line), Qt.AlignmentFlag.AlignHCenter, number(value))
        for value, share in self._ticks(ranges[1], most=max(2, int(frame.height() / 40))):
            y = frame.bottom() - share * frame.height()
            painter.setPen(grid)
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(theme.color("text-2"))
            box = QRectF(frame.left() - 54, y - line / 2, 48, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number(value))
        painter.setPen(QPen(theme.color("text-2"), 1))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        painter.drawLine(frame.bottomLeft(), frame.topLeft())
        painter.drawText(
            QRectF(frame.left(), frame.bottom() + line + 4, frame.width(), line),
            Qt.AlignmentFlag.AlignRight,
            self._titles[0],
        )
        painter.drawText(
            QRectF(frame.left() - 50, frame.top() - line - 2, frame.width(), line),
            Qt.AlignmentFlag.AlignLeft,
            self._titles[1],
        )

    def _ticks(self, ends: tuple[float, float], most: int) -> list[tuple[float, float]]:
        """(value, share of the way along the axis)."""
        low, high = ends
        if not self._log:
            return [(tick, (tick - low) / (high - low)) for tick in linear_ticks(low, high, most)]
        return [(10**tick, (tick - low) / (high - low)) for tick in log_ticks(low, high, most)]

    def _paint_legend(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        """The names of the groups from the right, in as many lines as they need."""
        metrics = QFontMetricsF(theme.font("caption"))
        for line, groups in enumerate(self._legend_lines(room.width())):
            right, top = room.right() - 12, room.top() + LEGEND_TOP + line * metrics.height()
            for group in reversed(groups):
                name = self._groups[group]
                width = metrics.horizontalAdvance(name)
                painter.setPen(theme.color("text"))
                painter.drawText(QRectF(right - width, top, width + 1, metrics.height()), 0, name)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.series(group))
                paint_mark(painter, QPointF(right - width - 12, top + metrics.height() / 2), group)
                right -= width + LEGEND_GAP

    def _legend_lines(self, room: float) -> list[list[int]]:
        """The groups that share each line of the legend."""
        metrics = QFontMetricsF(self._theme.font("caption"))
        lines: list[list[int]] = []
        left = 0.0
        for group, name in enumerate(self._groups):
            width = metrics.horizontalAdvance(name) + LEGEND_GAP
            if not lines or width > left:
                lines.append([])
                left = room - 12
            lines[-1].append(group)
            left -= width
        return lines


def paint_mark(painter: QPainter, at: QPointF, group: int) -> None:
    """A disc, a square, a triangle and so on, so that colour is never alone."""
    x, y = at.x(), at.y()
    corners = {
        1: [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        2: [(0, -1.5), (1.3, 1), (-1.3, 1)],
        3: [(0, -1.5), (1.5, 0), (0, 1.5), (-1.5, 0)],
        4: [(0, 1.5), (1.3, -1), (-1.3, -1)],
        5: [(-1.5, -0.5), (1.5, -0.5), (1.5, 0.5), (-1.5, 0.5)],
        6: [(-0.5, -1.5), (0.5, -1.5), (0.5, 1.5), (-0.5, 1.5)],
        7: [(0, -1.6), (0.5, -0.5), (1.6, 0), (0.5, 0.5), (0, 1.6), (-0.5, 0.5), (-1.6, 0), (-0.5, -0.5)],
    }.get(group % 8)
    if corners is None:
        painter.drawEllipse(at, SIZE, SIZE)
    else:
        painter.drawPolygon(QPolygonF([QPointF(x + SIZE * dx, y + SIZE * dy) for dx, dy in corners]))


def _ends(values: list[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    spare = SPARE * (high - low) or 0.5
    return low - spare, high + spare


def _across(dot: Dot) -> tuple[float, float]:
    return dot.x, dot.y
