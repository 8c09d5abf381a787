"""The circuit of the run: gates on wires, as declared by the task's table of gates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from app.runs.evidence import read_json
from app.runs.records import Record
from app.widgets.panels import Panel
from app.widgets.theme import Theme

COLUMN, WIRE, MARGIN, BOX = 58, 44, 68, QSize(46, 32)
ROLE_TOKENS = {"class": "accent", "data": "success", "test": "warning"}


@dataclass(frozen=True)
class Gate:
    """One gate in its column. A control is the first of its wires; `parameter` is written under the box."""

    column: int
    name: str
    wires: tuple[int, ...]
    label: str
    parameter: str
    role: str


@dataclass(frozen=True)
class Drawing:
    wires: tuple[str, ...]
    gates: tuple[Gate, ...]

    @property
    def columns(self) -> int:
        return max((gate.column for gate in self.gates), default=-1) + 1


class CircuitView(QWidget):
    """Paints a `Drawing` at its natural size."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._drawing = Drawing((), ())
        self.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.MinimumExpanding)
        self.setAccessibleName("Circuit")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_drawing(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self.setAccessibleDescription(
            "; ".join(f"{gate.name} on {', '.join(drawing.wires[w] for w in gate.wires)}" for gate in drawing.gates)
        )
        self.setMinimumSize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(
            2 * MARGIN + COLUMN * max(1, self._drawing.columns) + 16, 24 + WIRE * max(1, len(self._drawing.wires))
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        right = MARGIN + COLUMN * max(1, self._drawing.columns) + 16
        for wire, name in enumerate(self._drawing.wires):
            painter.setPen(self._theme.color("text-2"))
            painter.drawText(
                QRectF(0, self._y(wire) - 10, MARGIN - 8, 20),
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                name,
            )
            painter.setPen(QPen(self._theme.color("control"), 1))
            painter.drawLine(QPointF(MARGIN, self._y(wire)), QPointF(right, self._y(wire)))
        for gate in self._drawing.gates:
            self._paint(painter, gate)
        painter.end()

    def _paint(self, painter: QPainter, gate: Gate) -> None:
        x = MARGIN + COLUMN * gate.column + COLUMN / 2
        ys = [self._y(wire) for wire in gate.wires]
        colour = self._theme.color(ROLE_TOKENS[gate.role])
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(colour)
        if len(ys) > 1:
            painter.drawLine(QPointF(x, min(ys)), QPointF(x, max(ys)))
        if gate.name in {"CSWAP", "CX", "CRY", "CRZ"}:
            painter.drawEllipse(QPointF(x, ys[0]), 4, 4)
        if gate.name == "CSWAP":
            for y in ys[1:]:
                painter.drawLine(QPointF(x - 6, y - 6), QPointF(x + 6, y + 6))
                painter.drawLine(QPointF(x - 6, y + 6), QPointF(x + 6, y - 6))
        elif gate.name == "CX":
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, ys[1]), 9, 9)
            painter.drawLine(QPointF(x, ys[1] - 9), QPointF(x, ys[1] + 9))
            painter.drawLine(QPointF(x - 9, ys[1]), QPointF(x + 9, ys[1]))
        elif gate.name in {"RYY", "RZZ"}:
            for y in ys:
                self._paint_box(painter, x, y, gate)
        else:
            self._paint_box(painter, x, ys[-1], gate)

    def _paint_box(self, painter: QPainter, x: float, y: float, gate: Gate) -> None:
        box = QRectF(x - BOX.width() / 2, y - BOX.height() / 2, BOX.width(), BOX.height())
        painter.setPen(QPen(self._theme.color(ROLE_TOKENS[gate.role]), 1.5))
        painter.setBrush(self._theme.color("surface"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self._theme.color("text"))
        if not gate.parameter:
            label = "M" if gate.name == "measure" else gate.label
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), label)
            return
        upper, lower = box.adjusted(0, 1, 0, -box.height() / 2), box.adjusted(0, box.height() / 2 - 1, 0, -1)
        kept = painter.font()
        small = self._theme.font("caption")
        painter.setFont(small)
        painter.drawText(upper, int(Qt.AlignmentFlag.AlignCenter), gate.label)
        painter.setPen(self._theme.color("text-2"))
        painter.drawText(lower, int(Qt.AlignmentFlag.AlignCenter), gate.parameter)
        painter.setFont(kept)

    def _y(self, wire: int) -> float:
        return 12 + WIRE * wire + WIRE / 2


class CircuitPanel(Panel):
    """Shows the table `circuit` (column, gate, wires, label, parameter, role) of a run as a drawing."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, empty="The circuit appears here as soon as a run starts.", parent=parent)
        self._view = CircuitView(theme)
        scroll = QScrollArea()
        scroll.setWidget(self._view)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.set_body(scroll)

    def wants(self, kind: str, name: str) -> bool:
        return (kind, name) == ("table", "circuit")

    def record_added(self, record: Record, folder: Path) -> None:
        rows = record.data.get("rows")
        if rows is None:
            content = read_json(folder, str(record.data.get("file", "")))
            rows = content.get("rows") if isinstance(content, dict) else None
        drawing = _drawing(rows or [])
        if drawing is not None:
            self._view.show_drawing(drawing)
            self.set_filled(True)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._view.set_theme(theme)


def _drawing(rows: list[list[Any]]) -> Drawing | None:
    """The drawing that rows (column, gate, wires, label, parameter, role) describe; None where they describe none."""
    try:
        wires = next(tuple(row[2].split(",")) for row in rows if row[1] == "wires")
        index = {name: k for k, name in enumerate(wires)}
        return Drawing(
            wires,
            tuple(
                Gate(int(column), gate, tuple(index[name] for name in on.split(",")), label, parameter, role)
                for column, gate, on, label, parameter, role in rows
                if gate != "wires" and role in ROLE_TOKENS
            ),
        )
    except (StopIteration, KeyError, ValueError, TypeError, AttributeError, IndexError):
        return None
