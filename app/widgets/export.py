"""Writing what a panel shows to a file: PNG at twice the size, SVG, or CSV that a spreadsheet cannot misread."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from app import __version__
from app.core import AssayError
from app.widgets.theme import load_theme

Paint = Callable[[QPainter, QRectF], None]
MARGIN = 16
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Heading:
    """What stands above and below an exported picture."""

    title: str
    runs: str = ""
    day: str = ""

    @property
    def footer(self) -> str:
        return f"{self.day or date.today().isoformat()} · Assay {__version__}"


def write_png(path: Path, size: QSize, heading: Heading, paint: Paint) -> None:
    """A picture of `size` logical pixels at twice the resolution, on white."""
    image = QImage(size * 2, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(2)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _page(painter, size, heading, paint)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    _write(path, bytes(buffer.data().data()))


def write_svg(path: Path, size: QSize, heading: Heading, paint: Paint) -> None:
    """The same page as a drawing."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setSize(size)
    drawing.setViewBox(QRectF(0, 0, size.width(), size.height()))
    drawing.setTitle(heading.title)
    drawing.setDescription(heading.footer)
    painter = QPainter(drawing)
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), QColor("white"))
    _page(painter, size, heading, paint)
    painter.end()
    _write(path, bytes(buffer.data().data()))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Comma-separated UTF-8; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([safe_cell(column) for column in columns])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    _write(path, ("\ufeff" + text.getvalue()).encode("utf-8"))


def safe_cell(cell: Any) -> Any:
    """Numbers as they are, None as nothing, text that starts like a formula made harmless."""
    if cell is None:
        return ""
    if isinstance(cell, bool | int | float):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _page(painter: QPainter, size: QSize, heading: Heading, paint: Paint) -> None:
    theme = load_theme("light")
    room = QRectF(MARGIN, MARGIN, size.width() - 2 * MARGIN, size.height() - 2 * MARGIN)
    top = room.top()
    for text, role, token in ((heading.title, "heading", "text"), (heading.runs, "caption", "text-2")):
        if not text:
            continue
        painter.setFont(theme.font(role))  # type: ignore[arg-type]
        painter.setPen(theme.color(token))
        metrics = QFontMetricsF(painter.font())
        line = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(room.left(), top, room.width(), metrics.height()), Qt.AlignmentFlag.AlignLeft, line)
        top += metrics.height() + 4
    painter.setFont(theme.font("caption"))
    painter.setPen(theme.color("text-2"))
    height = QFontMetricsF(painter.font()).height()
    painter.drawText(
        QRectF(room.left(), room.bottom() - height, room.width(), height), Qt.AlignmentFlag.AlignRight, heading.footer
    )
    body = QRectF(room.left(), top + 4, room.width(), room.bottom() - height - 8 - top)
    painter.save()
    paint(painter, body)
    painter.restore()


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise AssayError(
            "Could not save the export",
            where=str(path),
            why=error.strerror or str(error),
            remedy="Choose another folder.",
        ) from error
