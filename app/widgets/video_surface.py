"""The picture of a video, as large as fits, on a dark ground in both themes."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.theme import Theme

GROUND, WORDS = "canvas", "text-2"
"""Tokens of the dark look, in the light theme too: a bright frame around a picture changes how it looks."""


class VideoSurface(QWidget):
    """Shows the newest picture; a click asks to play or pause."""

    clicked = Signal()
    resized = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self._words = "The video appears here"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 112)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleDescription("Space plays and pauses; the arrow keys go frame by frame")
        self.setAccessibleName("Video")

    def sizeHint(self) -> QSize:
        return QSize(640, 360)

    def show_image(self, image: QImage) -> None:
        self._image = image
        self.update()

    def show_words(self, words: str) -> None:
        """Words instead of a picture."""
        self._image, self._words = None, words
        self.update()

    @property
    def image(self) -> QImage | None:
        return self._image

    def pixels(self) -> tuple[int, int]:
        """Width and height that a picture should have here, in device pixels."""
        ratio = self.devicePixelRatioF()
        return max(16, round(self.width() * ratio)), max(16, round(self.height() * ratio))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        dark = self._theme.tokens["dark"]
        painter.fillRect(self.rect(), QColor(dark[GROUND]))
        if self._image is None:
            painter.setPen(QColor(dark[WORDS]))
            font = QFont(self._theme.font("body"))
            painter.setFont(font)
            painter.drawText(
                self.rect().adjusted(12, 12, -12, -12),
                int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap),
                self._words,
            )
        else:
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            room = QRectF(
                (self.width() - size.width()) / 2, (self.height() - size.height()) / 2, size.width(), size.height()
            )
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(room, self._image)
        if self.hasFocus():
            painter.setPen(QPen(QColor(dark["accent"]), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()
