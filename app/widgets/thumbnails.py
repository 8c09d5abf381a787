"""Pictures of a run made small, read when first seen and kept for a while."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPixmap, QPixmapCache


@dataclass(frozen=True)
class Picture:
    """One picture event: where its file is and what to say about it."""

    path: Path
    caption: str
    name: str
    step: int | None
    seq: int


def read_image(path: Path, side: int = 0) -> QImage:
    """The picture, at most `side` pixels wide and high unless 0; a null image if it cannot be read.

    Small pictures are enlarged by whole factors with hard edges, so that pixels stay pixels.
    """
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    size = reader.size()
    if side and size.isValid() and max(size.width(), size.height()) > side:
        reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if side and not image.isNull() and 2 * max(image.width(), image.height()) <= side:
        factor = side // max(image.width(), image.height())
        image = image.scaled(image.size() * factor)
    return image


def thumbnail(path: Path, side: int, ratio: float) -> QPixmap:
    """The picture fitted into a square of `side` logical pixels; null if it cannot be read."""
    key = f"{path}|{side}|{ratio}"
    found = QPixmap()
    if QPixmapCache.find(key, found):
        return found
    picture = QPixmap.fromImage(read_image(path, round(side * ratio)))
    picture.setDevicePixelRatio(ratio)
    QPixmapCache.insert(key, picture)
    return picture
