"""Draws glyphs of the Phosphor font that QtAwesome's wheel carries.

The font is opened directly: importing QtAwesome itself loads twelve fonts and a second binding layer, which took a
third of the time to the first paint (tests/bench/startup.py).
"""

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

SHARE = 0.875
"""Height of a glyph as a part of the icon's."""


class GlyphEngine(QIconEngine):
    """Draws one glyph at whatever size is asked for; pictures are kept by size and mode."""

    def __init__(self, glyph: str, color: QColor, disabled: QColor) -> None:
        super().__init__()
        self._glyph = glyph
        self._color = color
        self._disabled = disabled
        self._pictures: dict[tuple[int, int, bool], QPixmap] = {}

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        painter.save()
        font = QFont(family())
        font.setPixelSize(max(1, round(SHARE * rect.height())))
        painter.setFont(font)
        painter.setPen(self._disabled if mode == QIcon.Mode.Disabled else self._color)
        painter.drawText(QRectF(rect), Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        key = (size.width(), size.height(), mode == QIcon.Mode.Disabled)
        if key not in self._pictures:
            picture = QPixmap(size)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
            painter.end()
            self._pictures[key] = picture
        return self._pictures[key]


def glyph_icon(name: str, color: QColor, disabled: QColor) -> QIcon:
    """The icon of a Phosphor name such as "play"; raises KeyError for a name that the font lacks."""
    return QIcon(GlyphEngine(characters()[name], color, disabled))


@lru_cache(maxsize=1)
def family() -> str:
    """The font's family, registered with the application when it is first asked for."""
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(_file("phosphor*.ttf"))))[0]


@lru_cache(maxsize=1)
def characters() -> dict[str, str]:
    """Character of each glyph by its name."""
    listed = json.loads(_file("phosphor-charmap*.json").read_text(encoding="utf-8"))
    return {name: chr(int(code, 16)) for name, code in listed.items()}


def _file(pattern: str) -> Path:
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The icons are not installed: the package qtawesome is missing")
    return next((Path(spec.origin).parent / "fonts").glob(pattern))
