"""A picture seen closely: zoom, drag, pixel values, and a second picture by wipe, side by side, or difference."""

from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.theme import Theme

Comparison = Literal["none", "wipe", "side by side", "difference"]
NEAREST_ABOVE = 2.0
"""From this zoom on pixels keep hard edges."""


class ImageViewer(QWidget):
    """Shows one picture or compares two of them."""

    pointed = Signal(str)
    """Words about the pixel under the pointer; empty when there is none."""
    step_requested = Signal(int)
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image = QImage()
        self._other = QImage()
        self._difference = QImage()
        self._comparison: Comparison = "none"
        self._gain = 1
        self._zoom: float | None = None
        self._centre = QPointF(0.5, 0.5)
        self._wipe = 0.5
        self._grip: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        self.setAccessibleName("Picture")

    def show_image(self, image: QImage, caption: str = "") -> None:
        """Show another picture; the zoom stays if the size is the same."""
        if image.size() != self._image.size():
            self.fit()
        self._image = image
        self._difference = QImage()
        self.setAccessibleDescription(caption)
        self.update()

    def compare_with(self, other: QImage, how: Comparison, gain: int = 1) -> None:
        """Lay `other` beside or over the picture; `gain` multiplies the difference."""
        self._other, self._comparison, self._gain = other, how, gain
        self._difference = QImage()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def fit(self) -> None:
        self._zoom, self._centre = None, QPointF(0.5, 0.5)
        self.update()

    def zoom_by(self, factor: float) -> None:
        self._zoom = min(max(self._scale() * factor, 0.05), 64.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("canvas"))
        if self._image.isNull():
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._scale() < NEAREST_ABOVE)
        if self._comparison == "side by side" and not self._other.isNull():
            self._paint_half(painter, self._image, 0)
            self._paint_half(painter, self._other, 1)
        elif self._comparison == "wipe" and not self._other.isNull():
            painter.drawImage(self._box(), self._image)
            edge = self._wipe * self.width()
            painter.setClipRect(QRectF(edge, 0, self.width() - edge, self.height()))
            painter.drawImage(self._box(), self._other)
            painter.setClipping(False)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawLine(QPointF(edge, 0), QPointF(edge, self.height()))
        elif self._comparison == "difference" and not self._other.isNull():
            if self._difference.isNull():
                self._difference = difference(self._image, self._other, self._gain)
            painter.drawImage(self._box(), self._difference)
        else:
            painter.drawImage(self._box(), self._image)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(0.8)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1:
            self._zoom = 1.0
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.step_requested.emit(1 if key == Qt.Key.Key_Right else -1)
        elif key == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.2 ** (event.angleDelta().y() / 120))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grip is not None:
            if self._comparison == "wipe":
                self._wipe = min(max(at.x() / max(self.width(), 1), 0.0), 1.0)
            else:
                size, moved = self._size(), at - self._grip
                self._centre -= QPointF(moved.x() / size.width(), moved.y() / size.height())
            self._grip = at
            self.update()
        self.pointed.emit(self._pixel_words(at))

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit("")

    def _scale(self) -> float:
        if self._zoom is not None:
            return self._zoom
        if self._image.isNull():
            return 1.0
        width = self.width() / (2 if self._comparison == "side by side" else 1) - 8
        scale = min(width / self._image.width(), (self.height() - 8) / self._image.height())
        return max(float(int(scale)), 1.0) if scale >= 2 else max(scale, 0.01)

    def _size(self) -> QSizeF:
        return QSizeF(self._image.size()) * self._scale()

    def _box(self) -> QRectF:
        size = self._size()
        left = self.width() / 2 - self._centre.x() * size.width()
        return QRectF(QPointF(left, self.height() / 2 - self._centre.y() * size.height()), size)

    def _paint_half(self, painter: QPainter, image: QImage, half: int) -> None:
        width = self.width() / 2
        painter.setClipRect(QRectF(half * width, 0, width, self.height()))
        painter.drawImage(self._box().translated((half - 0.5) * width, 0), image)
        painter.setClipping(False)

    def _pixel_words(self, at: QPointF) -> str:
        box = self._box()
        if self._image.isNull() or not box.contains(at) or self._comparison == "side by side":
            return ""
        x = min(int((at.x() - box.left()) / self._scale()), self._image.width() - 1)
        y = min(int((at.y() - box.top()) / self._scale()), self._image.height() - 1)
        color = QColor(self._image.pixelColor(x, y))
        if self._image.isGrayscale():
            return f"x {x}, y {y}: {color.red()}"
        return f"x {x}, y {y}: {color.red()} {color.green()} {color.blue()}"


def difference(first: QImage, second: QImage, gain: int = 1) -> QImage:
    """Absolute difference of two pictures times `gain`; the second is brought to the size of the first."""
    if second.size() != first.size():
        second = second.scaled(first.size())
    apart = np.abs(_pixels(first).astype(int) - _pixels(second).astype(int)) * gain
    values = np.ascontiguousarray(np.clip(apart, 0, 255).astype(np.uint8))
    height, width, _ = values.shape
    return QImage(values.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _pixels(image: QImage) -> np.ndarray:
    """(h, w, 3) uint8."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3)
