"""Horizontal bars with their 95 % intervals, values, and marks of published figures."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from app.core import Figure
from app.runs.figures import figure_text, number
from app.widgets import declare
from app.widgets.labels import plain_tooltip
from app.widgets.panels import Panel, matches
from app.widgets.speak import speak
from app.widgets.table import table_of
from app.widgets.theme import Theme, load_theme
from app.widgets.ticks import linear_ticks, tick_words

if TYPE_CHECKING:
    from app.runs.records import Record

ROW = 28
KEPT = 64


@dataclass(frozen=True)
class Bar:
    """One bar. `interval` is the half width; `reference` a figure to compare with."""

    label: str
    value: float
    interval: float | None = None
    n: int = 1
    reference: float | None = None
    note: str = ""

    def words(self, unit: str) -> str:
        text = figure_text(Figure(name=self.label, value=self.value, interval=self.interval, n=self.n, unit=unit))
        compared = f"; reference {number(self.reference)}" if self.reference is not None else ""
        return f"{self.label}: {text}{compared}{f'; {self.note}' if self.note else ''}"


def bars_of(columns: list[str], rows: list[list[Any]]) -> list[Bar]:
    """Bars from a table with the columns label, value, and perhaps interval, n, reference and note."""
    names = [column.casefold() for column in columns]
    if len(names) < 2:
        return []
    place = {name: names.index(name) for name in ("interval", "n", "reference", "note") if name in names}
    value = names.index("value") if "value" in names else 1
    label = names.index("label") if "label" in names else 0
    bars = []
    for row in rows:
        if len(row) <= max(value, label) or not _finite(row[value]):
            continue
        more = {name: row[at] for name, at in place.items() if at < len(row)}
        bars.append(
            Bar(
                str(row[label]),
                float(row[value]),
                float(more["interval"]) if _finite(more.get("interval")) else None,
                int(more["n"]) if _finite(more.get("n")) else 1,
                float(more["reference"]) if _finite(more.get("reference")) else None,
                str(more.get("note") or ""),
            )
        )
    return bars


class BarsPicture:
    """Draws the bars; the scale starts at 0."""

    def __init__(self, declaration: declare.Bars) -> None:
        self._declaration = declaration
        self.bars: list[Bar] = []

    @property
    def height(self) -> int:
        return len(self.bars) * ROW + 44

    def paint(self, painter: QPainter, room: QRectF, theme: Theme, marked: int | None = None) -> None:
        if not self.bars:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("caption"))
        metrics = QFontMetricsF(painter.font())
        unit = self._declaration.unit
        names = min(max(metrics.horizontalAdvance(bar.label) for bar in self.bars), room.width() * 0.35)
        texts = [bar.words(unit).split(": ", 1)[1].split(";")[0] for bar in self.bars]
        figures = max(metrics.horizontalAdvance(text) for text in texts)
        box = QRectF(room.left() + names + 10, room.top() + 4, 0, len(self.bars) * ROW)
        box.setRight(max(room.right() - figures - 12, box.left() + 40))
        low, high = self._ends()
        self._paint_grid(painter, box, theme, metrics, (low, high))
        for k, bar in enumerate(self.bars):
            line = QRectF(room.left(), box.top() + k * ROW, room.width(), ROW)
            if k == marked:
                painter.fillRect(line, theme.color("accent-soft"))
            painter.setPen(theme.color("text"))
            shown = metrics.elidedText(bar.label, Qt.TextElideMode.ElideMiddle, names)
            left = QRectF(room.left(), line.top(), names, ROW)
            painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
            self._paint_bar(painter, box, line, bar, theme, (low, high))
            right = QRectF(box.right() + 10, line.top(), figures + 4, ROW)
            painter.setPen(theme.color("text"))
            painter.drawText(right, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, texts[k])
        self._paint_references(painter, box, theme, metrics, (low, high))

    def _ends(self) -> tuple[float, float]:
        values = [0.0]
        for bar in self.bars:
            half = bar.interval or 0.0
            values += [bar.value - half, bar.value + half]
            values += [bar.reference] if bar.reference is not None else []
        values += [reference.value for reference in self._declaration.references]
        low, high = min(values), max(values)
        return low * 1.02, high * 1.02 if high > low else low + 1.0

    def _paint_grid(
        self, painter: QPainter, box: QRectF, theme: Theme, metrics: QFontMetricsF, ends: tuple[float, float]
    ) -> None:
        ticks = linear_ticks(*ends, most=max(2, int(box.width() / 48)))
        for tick in ticks:
            x = _x(tick, box, ends)
            painter.setPen(QPen(theme.color("text", theme.plot("grid_opacity")), 1))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.setPen(theme.color("text-2"))
            words = tick_words(tick, ticks[1] - ticks[0] if len(ticks) > 1 else 1)
            room = QRectF(x - 40, box.bottom() + 2, 80, metrics.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, words)
        if self._declaration.unit:
            room = QRectF(box.right() + 10, box.bottom() + 2, 120, metrics.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft, self._declaration.unit)

    @staticmethod
    def _paint_bar(
        painter: QPainter, box: QRectF, line: QRectF, bar: Bar, theme: Theme, ends: tuple[float, float]
    ) -> None:
        zero, end, middle = _x(0.0, box, ends), _x(bar.value, box, ends), line.center().y()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.series(0))
        painter.drawRoundedRect(QRectF(min(zero, end), line.top() + 6, abs(end - zero), ROW - 12), 2, 2)
        if bar.interval:
            low, high = _x(bar.value - bar.interval, box, ends), _x(bar.value + bar.interval, box, ends)
            for color, width in (("surface", 3.5), ("text", 1.5)):
                painter.setPen(QPen(theme.color(color), width))
                painter.drawLine(QPointF(low, middle), QPointF(high, middle))
                for x in (low, high):
                    painter.drawLine(QPointF(x, middle - 3), QPointF(x, middle + 3))
        if bar.reference is not None:
            x = _x(bar.reference, box, ends)
            painter.setPen(QPen(theme.color("surface"), 4))
            painter.drawLine(QPointF(x, line.top() + 3), QPointF(x, line.bottom() - 3))
            painter.setPen(QPen(theme.reference(), 2))
            painter.drawLine(QPointF(x, line.top() + 3), QPointF(x, line.bottom() - 3))

    def _paint_references(
        self, painter: QPainter, box: QRectF, theme: Theme, metrics: QFontMetricsF, ends: tuple[float, float]
    ) -> None:
        for reference in self._declaration.references:
            x = _x(reference.value, box, ends)
            painter.setPen(QPen(theme.reference(), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.setPen(theme.color("text-2"))
            width = metrics.horizontalAdvance(reference.text) + 8
            left = min(max(x - width / 2, box.left()), box.right() - width)
            room = QRectF(left, box.bottom() + 2 + metrics.height(), width, metrics.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, reference.text)


class BarsView(QWidget):
    bar_chosen = Signal(str)

    def __init__(self, declaration: declare.Bars, theme: Theme) -> None:
        super().__init__()
        self.picture = BarsPicture(declaration)
        self._unit = declaration.unit
        self._theme = theme
        self._marked: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(f"Bars of {declaration.title}")

    def set_bars(self, bars: list[Bar]) -> None:
        self.picture.bars = bars
        self._marked = None
        self.setMinimumHeight(self.picture.height)
        self.setAccessibleDescription("; ".join(bar.words(self._unit) for bar in bars[:20]))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, self.picture.height)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.picture.paint(painter, QRectF(self.rect()).adjusted(12, 0, -12, 0), self._theme, self._marked)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(int((event.position().y() - 4) // ROW))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.picture.bars:
            at = -1 if self._marked is None else self._marked
            self._choose(min(max(at + (1 if event.key() == Qt.Key.Key_Down else -1), 0), len(self.picture.bars) - 1))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = int((event.pos().y() - 4) // ROW)
            if 0 <= at < len(self.picture.bars):
                QToolTip.showText(event.globalPos(), plain_tooltip(self.picture.bars[at].words(self._unit)), self)
            return True
        return super().event(event)

    def _choose(self, at: int) -> None:
        if 0 <= at < len(self.picture.bars):
            self._marked = at
            speak(self, self.picture.bars[at].words(self._unit))
            self.bar_chosen.emit(self.picture.bars[at].label)
            self.update()


class BarsPanel(Panel):
    """The latest table of one name as bars."""

    bar_chosen = Signal(str)
    formats = ("png", "svg", "csv:shown")

    def __init__(self, declaration: declare.Bars, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(declaration.title, theme, empty=declaration.empty, parent=parent)
        self._declaration = declaration
        self._history: list[tuple[int, list[Bar]]] = []
        self.view = BarsView(declaration, theme)
        self.view.bar_chosen.connect(self.bar_chosen)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.view)
        scroll.viewport().setAutoFillBackground(False)
        self.view.setAutoFillBackground(False)
        self.set_body(scroll)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "table" and matches(self._declaration.name, name)

    def record_added(self, record: "Record", folder: Path) -> None:
        found = table_of(record, folder)
        if found is not None:
            self._history.append((record.seq, bars_of(*found)))
            del self._history[:-KEPT]
            self._show_latest()

    def rewind(self, seq: int, run: str = "") -> None:
        self._history = [entry for entry in self._history if entry[0] <= seq]
        self._show_latest()

    def clear(self) -> None:
        self._history.clear()
        super().clear()

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        columns = ["label", "value", "interval", "n", "reference", "note"]
        return columns, [[getattr(bar, name) for name in columns] for bar in self.view.picture.bars]

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        self.view.picture.paint(painter, room, load_theme("light"))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "view"):
            self.view.set_theme(theme)

    def _show_latest(self) -> None:
        bars = self._history[-1][1] if self._history else []
        self.view.set_bars(bars)
        self.set_filled(bool(bars))


def _x(value: float, box: QRectF, ends: tuple[float, float]) -> float:
    return box.left() + (value - ends[0]) / (ends[1] - ends[0]) * box.width()


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
