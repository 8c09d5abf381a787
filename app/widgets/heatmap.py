"""A matrix as coloured cells with their values, named rows and columns, and a bar that explains the colours."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app.runs.evidence import read_array
from app.runs.figures import number
from app.widgets import declare
from app.widgets.colormaps import colors, reads_dark, scale_of
from app.widgets.labels import plain_tooltip
from app.widgets.panels import Panel, matches
from app.widgets.speak import speak
from app.widgets.theme import Theme, load_theme

if TYPE_CHECKING:
    from app.runs.records import Record

BAR = 12
KEPT = 64


class HeatmapPicture:
    """Draws a matrix (rows, columns); knows where each cell lies."""

    def __init__(self, declaration: declare.Heatmap) -> None:
        self._declaration = declaration
        self.values = np.empty((0, 0))
        self.rows: list[str] = []
        self.columns: list[str] = []
        self.cells = QRectF()

    def set_values(self, values: np.ndarray, rows: list[str], columns: list[str]) -> None:
        self.values = np.asarray(values, float)
        height, width = self.values.shape
        self.rows = rows if len(rows) == height else [str(k) for k in range(height)]
        self.columns = columns if len(columns) == width else [str(k) for k in range(width)]

    def words(self, row: int, column: int) -> str:
        """A cell in a sentence."""
        unit = f" {self._declaration.unit}" if self._declaration.unit else ""
        across = f"{self._declaration.row_title} {self.rows[row]}".strip()
        down = f"{self._declaration.column_title} {self.columns[column]}".strip()
        return f"{across}, {down}: {number(float(self.values[row, column]))}{unit}"

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        if not self.cells.contains(x, y) or not self.values.size:
            return None
        height, width = self.values.shape
        row = int((y - self.cells.top()) / self.cells.height() * height)
        column = int((x - self.cells.left()) / self.cells.width() * width)
        return min(row, height - 1), min(column, width - 1)

    def box(self, row: int, column: int) -> QRectF:
        height, width = self.values.shape
        wide, tall = self.cells.width() / width, self.cells.height() / height
        return QRectF(self.cells.left() + column * wide, self.cells.top() + row * tall, wide, tall)

    def paint(self, painter: QPainter, room: QRectF, theme: Theme, marked: tuple[int, int] | None = None) -> None:
        if not self.values.size:
            return
        painter.setFont(theme.font("caption"))
        metrics = QFontMetricsF(painter.font())
        line, said = metrics.height(), self._declaration
        low, high = scale_of(self.values, said.diverging)
        names = min(max(metrics.horizontalAdvance(name) for name in self.rows), room.width() * 0.3)
        ends = [number(low), number((low + high) / 2), number(high)]
        scale = BAR + 8 + max(metrics.horizontalAdvance(words) for words in (*ends, said.unit))
        left = room.left() + names + 8 + (line + 4 if said.row_title else 0)
        below = line + 6 + (line + 2 if said.column_title else 0)
        right = room.right() - scale - 12
        self.cells = self._square(QRectF(left, room.top(), right - left, room.height() - below))
        picture = np.ascontiguousarray(colors(self.values, low, high, said.diverging))
        height, width, _ = picture.shape
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(self.cells, QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888))
        self._paint_numbers(painter, picture, metrics)
        self._paint_names(painter, theme, metrics, names)
        self._paint_bar(painter, theme, (low, high), ends)
        if marked is not None and marked[0] < height and marked[1] < width:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("canvas"), 4))
            painter.drawRect(self.box(*marked).adjusted(1, 1, -1, -1))
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRect(self.box(*marked).adjusted(1, 1, -1, -1))

    def _square(self, room: QRectF) -> QRectF:
        """The room, or less of it so that cells are never more than twice as wide as high, or the reverse."""
        height, width = self.values.shape
        wide, tall = room.width() / width, room.height() / height
        return QRectF(room.left(), room.top(), min(wide, 2.5 * tall) * width, min(tall, 2.5 * wide) * height)

    def _paint_numbers(self, painter: QPainter, picture: np.ndarray, metrics: QFontMetricsF) -> None:
        first = self.box(0, 0)
        if first.height() < metrics.height() or self.values.size > 2500:
            return
        finite = np.isfinite(self.values)
        words = {at: number(float(self.values[at])) if finite[at] else "–" for at in np.ndindex(self.values.shape)}
        if max(map(metrics.horizontalAdvance, words.values())) > first.width() - 4:
            return
        for (row, column), told in words.items():
            painter.setPen(QColor("#1A1F25") if reads_dark(picture[row, column]) else QColor("#FFFFFF"))
            painter.drawText(self.box(row, column), Qt.AlignmentFlag.AlignCenter, told)

    def _paint_names(self, painter: QPainter, theme: Theme, metrics: QFontMetricsF, names: float) -> None:
        line, said = metrics.height(), self._declaration
        painter.setPen(theme.color("text"))
        tall, wide = self.box(0, 0).height(), self.box(0, 0).width()
        for row in range(0, len(self.rows), max(1, int(np.ceil(line / max(tall, 0.01))))):
            box = self.box(row, 0)
            room = QRectF(self.cells.left() - names - 6, box.center().y() - line / 2, names, line)
            shown = metrics.elidedText(self.rows[row], Qt.TextElideMode.ElideRight, names)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
        longest = max(metrics.horizontalAdvance(name) for name in self.columns)
        for column in range(0, len(self.columns), max(1, int(np.ceil(min(longest + 8, 90) / max(wide, 0.01))))):
            box = self.box(0, column)
            room = QRectF(box.center().x() - 45, self.cells.bottom() + 4, 90, line)
            shown = metrics.elidedText(self.columns[column], Qt.TextElideMode.ElideRight, 90)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, shown)
        painter.setPen(theme.color("text-2"))
        if said.column_title:
            room = QRectF(self.cells.left(), self.cells.bottom() + line + 6, self.cells.width(), line)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, said.column_title)
        if said.row_title:
            painter.save()
            painter.translate(self.cells.left() - names - 10 - line, self.cells.center().y())
            painter.rotate(-90)
            half = self.cells.height() / 2
            painter.drawText(QRectF(-half, 0, 2 * half, line), Qt.AlignmentFlag.AlignHCenter, said.row_title)
            painter.restore()

    def _paint_bar(self, painter: QPainter, theme: Theme, ends: tuple[float, float], words: list[str]) -> None:
        low, high = ends
        ramp = np.linspace(high, low, 64)[:, None]
        picture = np.ascontiguousarray(colors(ramp, low, high, self._declaration.diverging))
        bar = QRectF(self.cells.right() + 12, self.cells.top(), BAR, self.cells.height())
        painter.drawImage(bar, QImage(picture.data, 1, 64, 3, QImage.Format.Format_RGB888))
        painter.setPen(theme.color("text-2"))
        line = QFontMetricsF(painter.font()).height()
        for share, text in zip((1.0, 0.5, 0.0), words, strict=True):
            top = bar.top() + share * (bar.height() - line)
            painter.drawText(QRectF(bar.right() + 6, top, 120, line), Qt.AlignmentFlag.AlignLeft, text)
        if self._declaration.unit:
            below = QRectF(bar.left(), bar.bottom() + 4, 140, line)
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self._declaration.unit)


class HeatmapView(QWidget):
    """The picture on the screen: hover for the value, click or arrow keys to choose a cell."""

    cell_chosen = Signal(int, int)

    def __init__(self, declaration: declare.Heatmap, theme: Theme) -> None:
        super().__init__()
        self.picture = HeatmapPicture(declaration)
        self._theme = theme
        self._marked: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(f"Matrix of {declaration.title}")

    def sizeHint(self) -> QSize:
        return QSize(360, 280)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.picture.paint(painter, QRectF(self.rect()).adjusted(4, 2, -4, -2), self._theme, self._marked)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.picture.cell_at(event.position().x(), event.position().y())
        if cell is not None:
            self._mark(cell)
            self.cell_chosen.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        height, width = self.picture.values.shape
        if event.key() in moves and height and width:
            down, across = moves[Qt.Key(event.key())]
            row, column = self._marked or (0, -across if across > 0 else 0)
            self._mark((min(max(row + down, 0), height - 1), min(max(column + across, 0), width - 1)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._marked is not None:
            self.cell_chosen.emit(*self._marked)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._tell(event.pos(), event.globalPos())
            return True
        return super().event(event)

    def _tell(self, at: QPoint, where: QPoint) -> None:
        cell = self.picture.cell_at(at.x(), at.y())
        if cell is None:
            QToolTip.hideText()
        else:
            QToolTip.showText(where, plain_tooltip(self.picture.words(*cell)), self)

    def _mark(self, cell: tuple[int, int]) -> None:
        self._marked = cell
        speak(self, self.picture.words(*cell))
        self.update()


class HeatmapPanel(Panel):
    """The latest matrix of one name."""

    cell_chosen = Signal(int, int)
    formats = ("png", "svg", "csv:shown")

    def __init__(self, declaration: declare.Heatmap, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(declaration.title, theme, empty=declaration.empty, parent=parent)
        self._declaration = declaration
        self._history: list[tuple[int, np.ndarray, list[str], list[str]]] = []
        self.view = HeatmapView(declaration, theme)
        self.view.cell_chosen.connect(self.cell_chosen)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(theme.space("field"), 0, theme.space("field"), theme.space("field"))
        layout.addWidget(self.view)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "array" and matches(self._declaration.name, name)

    def record_added(self, record: "Record", folder: Path) -> None:
        values = read_array(folder, record.data.get("file"))
        if values is None or values.ndim != 2 or not values.size:
            return
        labels = record.data.get("labels") or []
        names = [[str(name) for name in axis] for axis in labels[:2]] + [[], []]
        self._history.append((record.seq, values, names[0], names[1]))
        del self._history[:-KEPT]
        self._show_latest()

    def rewind(self, seq: int, run: str = "") -> None:
        self._history = [entry for entry in self._history if entry[0] <= seq]
        self._show_latest()

    def clear(self) -> None:
        self._history.clear()
        super().clear()

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        picture = self.view.picture
        rows = zip(picture.rows, picture.values.tolist(), strict=True)
        return [self._declaration.row_title, *picture.columns], [[name, *values] for name, values in rows]

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        picture = HeatmapPicture(self._declaration)
        shown = self.view.picture
        picture.set_values(shown.values, shown.rows, shown.columns)
        picture.paint(painter, room, load_theme("light"))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "view"):
            self.view.set_theme(theme)

    def _show_latest(self) -> None:
        if self._history:
            self.view.picture.set_values(*self._history[-1][1:])
            self.view.update()
        self.set_filled(bool(self._history))
