"""Bloch spheres: the reduced one-qubit states of every class, an arrow each, through the training."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app.runs.evidence import read_array
from app.runs.records import Record
from app.widgets.panels import Panel
from app.widgets.theme import Theme

TILT = math.radians(18)


@dataclass(frozen=True)
class Moment:
    """The states at one step: `arrows` is (classes, qubits, 3), each of length at most 1."""

    seq: int
    step: int
    arrows: np.ndarray
    names: tuple[str, ...]


class BlochSpheres(QWidget):
    """One sphere per qubit; drag turns them all. An arrow shorter than the radius shows entanglement."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._moment: Moment | None = None
        self._turn = math.radians(-35)
        self._grip: QPointF | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(150)
        self.setAccessibleName("Bloch spheres of the class states")

    def sizeHint(self) -> QSize:
        return QSize(420, 220)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_moment(self, moment: Moment | None) -> None:
        self._moment = moment
        if moment is not None:
            self.setAccessibleDescription(_in_words(moment))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._turn += (event.position().x() - self._grip.x()) / 120
            self._grip = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._moment is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        qubits = self._moment.arrows.shape[1]
        columns, cell = _grid(qubits, self.width(), self.height())
        rows = math.ceil(qubits / columns)
        left = (self.width() - columns * cell) / 2
        top = (self.height() - rows * cell) / 2
        for qubit in range(qubits):
            row, column = divmod(qubit, columns)
            self._paint_sphere(painter, QRectF(left + column * cell, top + row * cell, cell, cell), qubit)
        painter.end()

    def _paint_sphere(self, painter: QPainter, box: QRectF, qubit: int) -> None:
        assert self._moment is not None
        radius = box.width() / 2 - 30
        centre = box.center()
        faint = QColor(self._theme.color("text"))
        faint.setAlphaF(0.25)
        text = self._theme.color("text-2")
        painter.setPen(QPen(faint, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, radius, radius)
        painter.drawEllipse(centre, radius, radius * math.sin(TILT))
        painter.drawLine(self._project((0, 0, -1), centre, radius), self._project((0, 0, 1), centre, radius))
        painter.setPen(text)
        metrics = QFontMetricsF(painter.font())
        for label, point in (("|0⟩", (0, 0, 1.16)), ("|1⟩", (0, 0, -1.16)), ("x", (1.14, 0, 0)), ("y", (0, 1.14, 0))):
            at = self._project(point, centre, radius)
            painter.drawText(
                QPointF(at.x() - metrics.horizontalAdvance(label) / 2, at.y() + metrics.ascent() / 2), label
            )
        painter.drawText(QPointF(box.left() + 6, box.top() + metrics.ascent() + 2), f"qubit {qubit + 1}")
        order = sorted(range(len(self._moment.names)), key=lambda k: self._depth(self._moment.arrows[k, qubit]))
        for k in order:
            self._paint_arrow(painter, k, self._moment.arrows[k, qubit], centre, radius)

    def _paint_arrow(self, painter: QPainter, k: int, vector: np.ndarray, centre: QPointF, radius: float) -> None:
        assert self._moment is not None
        colour = QColor(self._theme.series(k))
        tip = self._project(vector, centre, radius)
        painter.setPen(QPen(colour, 2))
        painter.drawLine(centre, tip)
        angle = math.atan2(tip.y() - centre.y(), tip.x() - centre.x())
        head = QPolygonF(
            [tip] + [tip - 7 * QPointF(math.cos(angle + turn), math.sin(angle + turn)) for turn in (-0.42, 0.42)]
        )
        painter.setBrush(colour)
        painter.drawPolygon(head)
        painter.setPen(self._theme.color("text"))
        outwards = QPointF(math.cos(angle), math.sin(angle)) * 9
        metrics = QFontMetricsF(painter.font())
        name = self._moment.names[k]
        painter.drawText(tip + outwards + QPointF(-metrics.horizontalAdvance(name) / 2, metrics.ascent() / 2 - 1), name)

    def _project(self, vector: np.ndarray | tuple[float, float, float], centre: QPointF, radius: float) -> QPointF:
        x, y, z = (float(part) for part in vector)
        across = -x * math.sin(self._turn) + y * math.cos(self._turn)
        towards = x * math.cos(self._turn) + y * math.sin(self._turn)
        up = z * math.cos(TILT) - towards * math.sin(TILT)
        return QPointF(centre.x() + radius * across, centre.y() - radius * up)

    def _depth(self, vector: np.ndarray) -> float:
        return float(vector[0] * math.cos(self._turn) + vector[1] * math.sin(self._turn))


class BlochPanel(Panel):
    """The spheres with a slider over the steps that were recorded."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, empty="Class states appear here after the first epoch.", parent=parent)
        self._moments: list[Moment] = []
        self._spheres = BlochSpheres(theme)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName("Epoch shown")
        self._slider.valueChanged.connect(self._show)
        self._label = QLabel()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(*[theme.space("pane")] * 4)
        layout.addWidget(self._spheres, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._slider, 1)
        foot.addWidget(self._label)
        layout.addLayout(foot)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        return (kind, name) == ("array", "states/bloch")

    def record_added(self, record: Record, folder: Path) -> None:
        moment = _moment(record, folder)
        if moment is None:
            return
        follow = self._slider.value() == self._slider.maximum()
        self._moments.append(moment)
        self._slider.setMaximum(len(self._moments) - 1)
        if follow:
            self._slider.setValue(len(self._moments) - 1)
        self._show()
        self.set_filled(True)

    def rewind(self, seq: int, run: str = "") -> None:
        self._moments = [moment for moment in self._moments if moment.seq <= seq]
        self._slider.setMaximum(max(0, len(self._moments) - 1))
        self.set_filled(bool(self._moments))
        self._show()

    def clear(self) -> None:
        super().clear()
        self._moments.clear()
        self._slider.setMaximum(0)
        self._spheres.show_moment(None)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._spheres.set_theme(theme)

    @Slot()
    def _show(self) -> None:
        if self._moments:
            moment = self._moments[self._slider.value()]
            self._spheres.show_moment(moment)
            self._label.setText(f"epoch {moment.step}")


class DrawnStatePanel(Panel):
    """The data state of what is on the drawing pad."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, empty="The state of a drawing appears here.", parent=parent)
        self._spheres = BlochSpheres(theme)
        self.set_body(self._spheres)

    def wants(self, kind: str, name: str) -> bool:
        return (kind, name) == ("array", "probe/bloch")

    def record_added(self, record: Record, folder: Path) -> None:
        moment = _moment(record, folder)
        if moment is not None:
            self._spheres.show_moment(moment)
            self.set_filled(True)

    def clear(self) -> None:
        super().clear()
        self._spheres.show_moment(None)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._spheres.set_theme(theme)


def _moment(record: Record, folder: Path) -> Moment | None:
    """The states that a record names; None where the file is missing or holds something else."""
    arrows = read_array(folder, record.data.get("file"))
    labels = record.data.get("labels") or [[]]
    if arrows is None or arrows.ndim != 3 or arrows.shape[2] != 3 or len(labels[0]) != len(arrows):
        return None
    return Moment(record.seq, record.step or 0, arrows, tuple(map(str, labels[0])))


def _grid(items: int, width: float, height: float) -> tuple[int, float]:
    """Columns and side of the squares when `items` of them fill width × height best."""
    best = max(range(1, items + 1), key=lambda columns: min(width / columns, height / math.ceil(items / columns)))
    return best, min(width / best, height / math.ceil(items / best))


def _in_words(moment: Moment) -> str:
    lines = []
    for name, arrows in zip(moment.names, moment.arrows, strict=True):
        parts = [f"qubit {q + 1} ({x:.2f}, {y:.2f}, {z:.2f})" for q, (x, y, z) in enumerate(arrows)]
        lines.append(f"class {name}: " + ", ".join(parts))
    return "; ".join(lines)
