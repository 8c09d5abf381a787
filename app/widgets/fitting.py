"""Pictures drawn into a room: as large as fits, small ones by whole factors with hard edges."""

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter


def fitted(size: QSize, room: QRectF) -> QRectF:
    """The centred box for a picture of `size` in `room`; pixels stay square."""
    if size.isEmpty() or room.width() < 1 or room.height() < 1:
        return QRectF(room.center(), QSizeF(0, 0))
    wanted = QSizeF(size).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
    box = QRectF(room.topLeft(), wanted)
    box.moveCenter(room.center())
    return box


def paint_fitted(painter: QPainter, image: QImage, box: QRectF) -> None:
    """Draw `image` into `box`: enlarged with hard edges, reduced smoothly."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > box.width())
    painter.drawImage(box, image)
