"""The newest pictures of several names side by side in rows and columns, with a slider back through earlier ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app.runs.evidence import confined
from app.widgets import declare
from app.widgets.fitting import fitted, paint_fitted
from app.widgets.images import LARGEST_PICTURE
from app.widgets.labels import Label
from app.widgets.panels import Panel, ending, matches
from app.widgets.theme import Theme, load_theme
from app.widgets.thumbnails import Picture, read_image

if TYPE_CHECKING:
    from app.runs.records import Record

GAP = 8
LARGEST = 256
"""Logical pixels: beyond that a small picture tells no more."""


@dataclass(frozen=True)
class Cell:
    image: QImage
    caption: str


class PictureTableView(QWidget):
    """Paints cells by (row, column); names of rows stand above each row, those of columns above all."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[str] = []
        self._columns: list[str] = []
        self._cells: dict[tuple[int, int], Cell] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_cells(self, rows: list[str], columns: list[str], cells: dict[tuple[int, int], Cell]) -> None:
        self._rows, self._columns, self._cells = rows, columns, cells
        self.setAccessibleDescription(
            "; ".join(
                ": ".join(filter(None, (", ".join(filter(None, (rows[row], columns[column]))), cell.caption)))
                for (row, column), cell in cells.items()
            )
        )
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 280)

    def paint(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        if not self._rows or not self._columns:
            return
        painter.setFont(theme.font("caption"))
        metrics = painter.fontMetrics()
        line = metrics.height()
        top = room.top() + (line + 4 if len(self._columns) > 1 or self._columns[0] else 0)
        wide = (room.width() + GAP) / len(self._columns)
        tall = (room.bottom() - top + GAP) / len(self._rows)
        for column, name in enumerate(self._columns):
            painter.setPen(theme.color("text"))
            head = QRectF(room.left() + column * wide, room.top(), wide - GAP, line)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(wide - GAP))
            painter.drawText(head, Qt.AlignmentFlag.AlignHCenter, shown)
        for (row, column), cell in self._cells.items():
            left = room.left() + column * wide
            place = QRectF(left, top + row * tall, wide - GAP, tall - GAP - line - 3)
            side = min(place.width(), place.height(), LARGEST)
            box = fitted(cell.image.size(), QRectF(place.center().x() - side / 2, place.top(), side, side))
            if not cell.image.isNull():
                paint_fitted(painter, cell.image, box)
            words = ": ".join(filter(None, (self._rows[row], cell.caption)))
            painter.setPen(theme.color("text-2"))
            foot = QRectF(left, box.bottom() + 2, wide - GAP, line)
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, int(wide - GAP))
            painter.drawText(foot, Qt.AlignmentFlag.AlignHCenter, shown)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("canvas"))
        self.paint(painter, QRectF(self.rect()).adjusted(GAP, 4, -GAP, -4), self._theme)
        painter.end()


class PictureTablePanel(Panel):
    """Follows the newest pictures until the slider is moved back."""

    def __init__(self, declaration: declare.PictureTable, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(declaration.title, theme, empty=declaration.empty, parent=parent)
        self._declaration = declaration
        self._pictures: list[Picture] = []
        self.view = PictureTableView(theme)
        self.view.setAccessibleName(declaration.title)
        self._rows = (*declaration.rows, *declaration.more)
        self.choices = QComboBox()
        self.choices.setAccessibleName("Which pictures")
        self.choices.setToolTip("Which pictures")
        if declaration.more:
            together = " and ".join(words for _, words in declaration.rows)
            self.choices.addItems([together, *(words for _, words in self._rows)])
        self.choices.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choices.setMinimumContentsLength(17)
        self.choices.currentIndexChanged.connect(self._draw)
        self.choices.setVisible(bool(declaration.more))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Earlier pictures")
        self.slider.setToolTip("Back through the earlier pictures")
        self.slider.valueChanged.connect(self._draw)
        self._when = Label("", theme, "caption", "text-2")
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.space("pane"), 2, theme.space("pane"), theme.space("tight"))
        foot.setSpacing(theme.space("field"))
        foot.addWidget(self.choices)
        foot.addWidget(self.slider, 1)
        foot.addWidget(self._when)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        layout.addLayout(foot)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "image" and self._row_of(name) is not None

    def record_added(self, record: "Record", folder: Path) -> None:
        path = confined(folder, record.data.get("file"), LARGEST_PICTURE)
        if path is None:
            return
        caption = str(record.data.get("caption") or "")
        self._pictures.append(Picture(path, caption, record.name, record.step, record.seq))
        self._show()

    def rewind(self, seq: int, run: str = "") -> None:
        self._pictures = [picture for picture in self._pictures if picture.seq <= seq]
        self._show()

    def clear(self) -> None:
        self._pictures.clear()
        self._show()
        super().clear()

    def view_state(self) -> dict[str, Any]:
        return {"rows": self.choices.currentText()} if self.choices.currentIndex() > 0 else {}

    def restore_view(self, state: dict[str, Any]) -> None:
        self.choices.setCurrentIndex(max(0, self.choices.findText(str(state.get("rows", "")))))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_when"):
            self.view.set_theme(theme)
            self._when.set_theme(theme)

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        self.view.paint(painter, room, load_theme("light"))

    def _show(self) -> None:
        """Take what was added or forgotten; the slider stays at the end if it was there."""
        at_end = self.slider.value() >= self.slider.maximum()
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(self._pictures) - 1))
        if at_end:
            self.slider.setValue(self.slider.maximum())
        self.slider.blockSignals(False)
        for widget in (self.slider, self._when):
            widget.setVisible(len(self._pictures) > len(self._rows))
        self.set_filled(bool(self._pictures))
        self._draw()

    @Slot()
    def _draw(self) -> None:
        newest: dict[tuple[int, str], Picture] = {}
        columns: list[str] = []
        for place, picture in enumerate(self._pictures):
            row = self._row_of(picture.name)
            assert row is not None
            column = ending(self._rows[row][0], picture.name)
            if column not in columns:
                columns.append(column)
            if place <= self.slider.value():
                newest[row, column] = picture
        heads = [f"{self._declaration.column} {column}".strip() for column in columns]
        rows = self._chosen_rows()
        cells = {
            (rows.index(row), columns.index(column)): Cell(read_image(picture.path), picture.caption)
            for (row, column), picture in newest.items()
            if row in rows
        }
        self.view.show_cells([self._rows[row][1] for row in rows], heads, cells)
        shown = self.slider.value() + 1
        self._when.setText(f"{shown} of {len(self._pictures)}" if len(self._pictures) > shown else "newest")

    def _chosen_rows(self) -> list[int]:
        """The rows shown side by side, or the one chosen to be shown alone."""
        chosen = self.choices.currentIndex()
        return [chosen - 1] if chosen > 0 else list(range(len(self._declaration.rows)))

    def _row_of(self, name: str) -> int | None:
        """The last row whose pattern fits, so that a narrower pattern can follow a wider one."""
        fitting = [row for row, (pattern, _) in enumerate(self._rows) if matches(pattern, name)]
        return fitting[-1] if fitting else None
