"""Draw a digit: features, states and class fidelities follow the pen."""

import base64
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.runs.evidence import read_array
from app.runs.records import Record
from app.widgets.panels import Panel
from app.widgets.theme import Theme

CANVAS = 280
PEN = 22
SEND_EVERY_MS = 60


class Pad(QWidget):
    """A square to draw in with the left button; the right button rubs out."""

    drawn = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image = QImage(CANVAS, CANVAS, QImage.Format.Format_Grayscale8)
        self._image.fill(0)
        self._last: QPointF | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Drawing pad")
        self.setAccessibleDescription("Draw with the left mouse button, rub out with the right one")

    def sizeHint(self) -> QSize:
        return QSize(CANVAS, CANVAS)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def pixels(self) -> np.ndarray:
        """What is drawn: (280, 280) uint8, white ink on black."""
        stride = self._image.bytesPerLine()
        buffer = np.frombuffer(self._image.constBits(), np.uint8, count=stride * CANVAS)
        return buffer.reshape(CANVAS, stride)[:, :CANVAS].copy()

    def show_pixels(self, pixels: np.ndarray) -> None:
        """Put a sample (h, w) uint8 on the pad."""
        data = np.ascontiguousarray(pixels, np.uint8)
        image = QImage(data.data, data.shape[1], data.shape[0], data.shape[1], QImage.Format.Format_Grayscale8)
        self._image = image.scaled(CANVAS, CANVAS).convertToFormat(QImage.Format.Format_Grayscale8)
        self.update()

    @Slot()
    def wipe(self) -> None:
        self._image.fill(0)
        self.update()
        self.drawn.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = self._on_canvas(event.position())
        self._stroke(self._last, event.buttons())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._stroke(self._on_canvas(event.position()), event.buttons())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = self._square()
        painter.drawImage(box, self._image)
        painter.setPen(QPen(self._theme.color("accent" if self.hasFocus() else "control"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        painter.end()

    def _stroke(self, to: QPointF, buttons: Qt.MouseButton) -> None:
        ink = 0 if buttons & Qt.MouseButton.RightButton else 255
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(ink, ink, ink), PEN, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(self._last or to, to)
        painter.end()
        self._last = to
        self.update()
        self.drawn.emit()

    def _square(self) -> QRectF:
        side = min(self.width(), self.height()) - 2
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _on_canvas(self, at: QPointF) -> QPointF:
        box = self._square()
        return QPointF((at.x() - box.left()) * CANVAS / box.width(), (at.y() - box.top()) * CANVAS / box.height())


class Readout(QWidget):
    """Horizontal bars in [0, 1] under headings; the longest bar of a group may be marked as the answer."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._groups: dict[str, list[tuple[str, float, bool]]] = {}
        self.setMinimumWidth(170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Features and fidelities of the drawing")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_group(self, heading: str, bars: list[tuple[str, float, bool]]) -> None:
        self._groups[heading] = bars
        words = ", ".join(f"{name} {value:.2f}" for name, value, _ in bars)
        self.setAccessibleDescription(f"{heading}: {words}")
        self.update()

    @property
    def filled(self) -> bool:
        return bool(self._groups)

    def clear(self) -> None:
        self._groups.clear()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = QFontMetricsF(painter.font())
        names = [name for bars in self._groups.values() for name, _, _ in bars]
        gutter = max((metrics.horizontalAdvance(name) for name in names), default=0) + 8
        figures = metrics.horizontalAdvance("0.000") + 8
        lines = sum(len(bars) + 1.5 for bars in self._groups.values()) or 1
        pitch = min(22.0, self.height() / lines)
        y = 0.0
        for heading, bars in self._groups.items():
            painter.setPen(self._theme.color("text-2"))
            painter.drawText(QRectF(0, y, self.width(), pitch), int(Qt.AlignmentFlag.AlignVCenter), heading)
            y += pitch
            for name, value, chosen in bars:
                painter.setPen(self._theme.color("text"))
                painter.drawText(
                    QRectF(0, y, gutter - 8, pitch),
                    int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                    name,
                )
                width = max(1.0, self.width() - gutter - figures)
                bar = QRectF(gutter, y + pitch * 0.2, width, pitch * 0.6)
                painter.fillRect(bar, self._theme.color("sunken"))
                filled = QRectF(bar.left(), bar.top(), width * min(1.0, max(0.0, value)), bar.height())
                painter.fillRect(filled, self._theme.color("accent") if chosen else self._theme.color("control"))
                painter.drawText(
                    QRectF(bar.right() + 6, y, figures, pitch),
                    int(Qt.AlignmentFlag.AlignVCenter),
                    f"{value:.3f}{' ◀' if chosen else ''}",
                )
                y += pitch
            y += pitch * 0.5
        painter.end()


class PadPanel(Panel):
    """The pad beside what the trained model makes of it; speaks to a `quantum.probe` session."""

    command_requested = Signal(dict)

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, empty="Select a finished training run, then draw here.", parent=parent)
        self._pad = Pad(theme)
        self._readout = Readout(theme)
        self._answer = QLabel("Draw a digit with the mouse.")
        self._answer.setTextFormat(Qt.TextFormat.PlainText)
        self._answer.setWordWrap(True)
        wipe = QPushButton("Clear")
        wipe.clicked.connect(self._pad.wipe)
        sample = QPushButton("Show a test sample")
        sample.clicked.connect(self._ask_for_sample)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEND_EVERY_MS)
        self._timer.timeout.connect(self._send)
        self._pad.drawn.connect(self._schedule)

        left = QVBoxLayout()
        left.addWidget(self._pad, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(wipe)
        buttons.addWidget(sample)
        buttons.addStretch(1)
        left.addLayout(buttons)
        right = QVBoxLayout()
        right.addWidget(self._answer)
        right.addWidget(self._readout, 1)
        body = QWidget()
        layout = QHBoxLayout(body)
        layout.setContentsMargins(*[theme.space("pane")] * 4)
        layout.setSpacing(16)
        layout.addLayout(left, 1)
        layout.addLayout(right, 1)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        """Besides the probe's answers, the model of the shown run: from then on there is something to ask."""
        return (kind, name) == ("artifact", "model") or (
            kind == "array" and name in {"probe/features", "probe/fidelities", "probe/sample"}
        )

    def record_added(self, record: Record, folder: Path) -> None:
        self.set_filled(True)
        if record.kind == "artifact":
            return
        values = read_array(folder, record.data.get("file"))
        if values is None:
            return
        if record.name == "probe/sample":
            if values.ndim == 2:
                self._pad.show_pixels(values)
            return
        names = [str(name) for name in (record.data.get("labels") or [[]])[0]]
        if values.ndim != 1 or len(names) != len(values) or len(values) < 2:
            return
        if record.name == "probe/features":
            self._readout.show_group("Features u", [(n, float(v), False) for n, v in zip(names, values, strict=True)])
            return
        best = int(values.argmax())
        self._readout.show_group(
            "Fidelity with each class state",
            [(name, float(value), k == best) for k, (name, value) in enumerate(zip(names, values, strict=True))],
        )
        margin = float(np.sort(values)[-1] - np.sort(values)[-2])
        words = f"Reads as {names[best]}: fidelity {values[best]:.3f}, {margin:.3f} above the next class."
        meta = record.data.get("meta") or {}
        probabilities = meta.get("probabilities")
        if isinstance(probabilities, list) and len(probabilities) == len(values):
            words += f" Probability {float(probabilities[best]):.2f} ({meta.get('meaning', '')})."
        self._answer.setText(words)

    def clear(self) -> None:
        super().clear()
        self._readout.clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._pad.set_theme(theme)
        self._readout.set_theme(theme)

    @Slot()
    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _send(self) -> None:
        pixels = self._pad.pixels()
        if not self._readout.filled:
            self._answer.setText("Asking the model; it is being loaded…")
        self.command_requested.emit(
            {
                "name": "draw",
                "side": CANVAS,
                "pixels": base64.b64encode(pixels.tobytes()).decode("ascii"),
            }
        )

    @Slot()
    def _ask_for_sample(self) -> None:
        self.command_requested.emit({"name": "sample"})
