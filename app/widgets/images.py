"""The panel of pictures: a grid that draws only what is seen, and a viewer behind it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QListView,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.runs.evidence import confined
from app.widgets import declare
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel, plain_tooltip
from app.widgets.panels import Panel, ending, matches
from app.widgets.theme import Theme, load_theme
from app.widgets.thumbnails import Picture, read_image, thumbnail
from app.widgets.viewer import Comparison, ImageViewer

if TYPE_CHECKING:
    from app.runs.records import Record

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
LARGEST_PICTURE = 256 * 1024 * 1024
PICTURE_ROLE = Qt.ItemDataRole.UserRole
COMPARISONS: tuple[tuple[str, Comparison, int], ...] = (
    ("One picture", "none", 1),
    ("Wipe against…", "wipe", 1),
    ("Beside…", "side by side", 1),
    ("Difference ×1 to…", "difference", 1),
    ("Difference ×8 to…", "difference", 8),
)


class PictureModel(QAbstractListModel):
    """Pictures in the order they were reported."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: list[Picture] = []

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.pictures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.pictures):
            return None
        picture = self.pictures[index.row()]
        if role == PICTURE_ROLE:
            return picture
        if role == Qt.ItemDataRole.DisplayRole:
            return picture.caption
        if role == Qt.ItemDataRole.ToolTipRole:
            step = "" if picture.step is None else f"\nstep {picture.step}"
            return plain_tooltip(f"{picture.caption}\n{picture.path.name}{step}")
        return None

    def add(self, picture: Picture) -> None:
        row = len(self.pictures)
        self.beginInsertRows(QModelIndex(), row, row)
        self.pictures.append(picture)
        self.endInsertRows()

    def keep(self, pictures: Sequence[Picture]) -> None:
        self.beginResetModel()
        self.pictures = list(pictures)
        self.endResetModel()


class PictureDelegate(QStyledItemDelegate):
    """A thumbnail with its caption in one line below."""

    def __init__(self, theme: Theme, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.side = side

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.side + 12, self.side + 14 + self._line())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        picture: Picture = index.data(PICTURE_ROLE)
        box = option.rect.adjusted(4, 4, -4, -4)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.setPen(QPen(self.theme.color("accent"), 2))
            painter.setBrush(self.theme.color("accent-soft"))
            painter.drawRoundedRect(QRectF(box), 4, 4)
        room = QRect(box.left() + 2, box.top() + 2, self.side, self.side)
        shown = thumbnail(picture.path, self.side, painter.device().devicePixelRatioF())
        if shown.isNull():
            painter.setPen(self.theme.color("text-2"))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, "cannot be shown")
        else:
            size = shown.deviceIndependentSize().toSize()
            at = room.topLeft() + (room.bottomRight() - room.topLeft()) / 2
            at -= QRect(0, 0, size.width() - 1, size.height() - 1).bottomRight() / 2
            painter.drawPixmap(at, shown)
        painter.setFont(self.theme.font("caption"))
        painter.setPen(self.theme.color("text" if selected else "text-2"))
        line = QRect(box.left() + 2, room.bottom() + 3, self.side, self._line())
        words = painter.fontMetrics().elidedText(picture.caption, Qt.TextElideMode.ElideMiddle, self.side)
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()

    def _line(self) -> int:
        parent = self.parent()
        return parent.fontMetrics().height() if isinstance(parent, QWidget) else 16


class PictureGrid(QListView):
    """The grid; with a fixed number of columns the thumbnails share the width."""

    def __init__(self, theme: Theme, columns: int, side: int) -> None:
        super().__init__()
        self._columns = columns
        self._largest = side
        self.delegate = PictureDelegate(theme, side, self)
        self.setItemDelegate(self.delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSpacing(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._columns:
            room = (self.viewport().width() - 4) // self._columns - 12
            side = max(24, min(room, 4 * self._largest))
            if side != self.delegate.side:
                self.delegate.side = side
                self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)


class ImagesPanel(Panel):
    """Pictures of the declared name, newest last; Enter or a double-click opens the viewer."""

    picture_chosen = Signal(object)
    """A `Picture`: its file, caption, name, step and event number."""

    def __init__(self, declaration: declare.Images, theme: Theme, parent: QWidget | None = None) -> None:
        words = declaration.empty or f"{declaration.title} appear here as soon as the run makes them."
        super().__init__(declaration.title, theme, empty=words, parent=parent)
        self._declaration = declaration
        self.model = PictureModel(self)
        self.grid = PictureGrid(theme, declaration.columns, declaration.thumbnail)
        self.grid.setModel(self.model)
        self.grid.setAccessibleName(declaration.title)
        self.grid.activated.connect(self._open)
        self.grid.doubleClicked.connect(self._open)
        self.grid.clicked.connect(self._clicked)
        self.viewer = ImageViewer(theme)
        self.viewer.pointed.connect(self._pointed)
        self.viewer.step_requested.connect(self._step)
        self.viewer.closed.connect(self.close_viewer)
        self._row = 0
        self._pages = QStackedWidget()
        self._pages.addWidget(self.grid)
        self._pages.addWidget(self._build_viewer(theme))
        self.set_body(self._pages)
        self.set_theme(theme)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "image" and matches((self._declaration.name, *self._declaration.compare), name)

    def record_added(self, record: "Record", folder: Path) -> None:
        path = confined(folder, record.data.get("file"), LARGEST_PICTURE)
        if path is None:
            return
        caption = str(record.data.get("caption") or (record.name if record.step is None else f"step {record.step}"))
        if self._declaration.with_ending:
            caption = f"{ending(self._declaration.name, record.name)}: {caption}"
        if self._declaration.latest_only and self.model.pictures and self.model.pictures[-1].step != record.step:
            self.model.keep([])
        bar = self.grid.verticalScrollBar()
        follow = bar.value() >= bar.maximum()
        self.model.add(Picture(path, caption, record.name, record.step, record.seq))
        self.set_filled(True)
        if follow and not self._declaration.latest_only:
            self.grid.scrollToBottom()

    def rewind(self, seq: int, run: str = "") -> None:
        self.model.keep([picture for picture in self.model.pictures if picture.seq <= seq])
        self.set_filled(bool(self.model.pictures))

    def clear(self) -> None:
        self.model.keep([])
        self.close_viewer()
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_pages"):
            self.grid.delegate.theme = theme
            self.viewer.set_theme(theme)
            self._back.setIcon(icon("previous", theme))
            for label in (self._caption, self._pixel):
                label.set_theme(theme)
            self.grid.viewport().update()

    @Slot()
    def close_viewer(self) -> None:
        """Back to the grid."""
        if self._pages.currentIndex():
            self._pages.setCurrentIndex(0)
            self.grid.setFocus()

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        theme = load_theme("light")
        if self._pages.currentIndex():
            painter.drawPixmap(
                room.topLeft(), self.viewer.grab().scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            )
            return
        pictures = self.model.pictures[-60:]
        columns = max(self._declaration.columns, 1) if self._declaration.columns else 6
        side = room.width() / columns
        line = painter.fontMetrics().height() + 4
        for k, picture in enumerate(pictures):
            row, column = divmod(k, columns)
            top = room.top() + row * (side + line)
            if top + side > room.bottom():
                break
            image = read_image(picture.path, int(2 * side) - 8)
            box = QRectF(room.left() + column * side + 2, top, side - 4, side - 4)
            size = QRectF(image.rect()).size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            shown = QRectF(box.topLeft(), size)
            shown.moveCenter(box.center())
            painter.drawImage(shown, image)
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("text-2"))
            words = painter.fontMetrics().elidedText(picture.caption, Qt.TextElideMode.ElideMiddle, int(side - 4))
            painter.drawText(QRectF(box.left(), box.bottom(), box.width(), line), Qt.AlignmentFlag.AlignHCenter, words)

    def _build_viewer(self, theme: Theme) -> QWidget:
        self._back = QPushButton("All")
        self._back.setAccessibleName("Back to all pictures")
        self._back.clicked.connect(self.close_viewer)
        self._caption = ElidedLabel("", theme, "strong")
        self._pixel = ElidedLabel("", theme, "caption", "text-2")
        self._how = QComboBox()
        self._how.setAccessibleName("Comparison")
        self._how.addItems([words for words, _, _ in COMPARISONS])
        self._how.currentIndexChanged.connect(self._compare)
        self._with = QComboBox()
        self._with.setAccessibleName("Picture to compare with")
        self._with.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._with.setMinimumContentsLength(12)
        self._with.currentIndexChanged.connect(self._compare)
        self._with.hide()
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), theme.space("tight"))
        for widget, stretch in ((self._back, 0), (self._caption, 1), (self._how, 0), (self._with, 0)):
            bar.addWidget(widget, stretch)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.space("pane"), 2, theme.space("pane"), theme.space("tight"))
        foot.addWidget(self._pixel)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.viewer, 1)
        layout.addLayout(foot)
        return page

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        self._row = index.row()
        self._with.blockSignals(True)
        self._with.clear()
        self._with.addItems([picture.caption for picture in self.model.pictures])
        self._with.setCurrentIndex(max(self._row - 1, 0))
        self._with.blockSignals(False)
        self._pages.setCurrentIndex(1)
        self.viewer.setFocus()
        self._show_row()

    @Slot(QModelIndex)
    def _clicked(self, index: QModelIndex) -> None:
        self.picture_chosen.emit(self.model.pictures[index.row()])

    @Slot(int)
    def _step(self, by: int) -> None:
        if self.model.pictures:
            self._row = min(max(self._row + by, 0), len(self.model.pictures) - 1)
            self._show_row()

    @Slot(str)
    def _pointed(self, words: str) -> None:
        self._pixel.setText(words)

    def _show_row(self) -> None:
        picture = self.model.pictures[self._row]
        self._caption.setText(f"{picture.caption}  ({self._row + 1} of {len(self.model.pictures)})")
        self.viewer.show_image(read_image(picture.path), picture.caption)
        self._compare()
        self.picture_chosen.emit(picture)

    @Slot()
    def _compare(self) -> None:
        _, how, gain = COMPARISONS[max(self._how.currentIndex(), 0)]
        self._with.setVisible(how != "none")
        at = self._with.currentIndex()
        other = QImage()
        if how != "none" and 0 <= at < len(self.model.pictures):
            other = read_image(self.model.pictures[at].path)
        self.viewer.compare_with(other, how, gain)
