"""Places where files may be dropped, or chosen by those who do not drag."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.widgets.icons import icon, pixmap
from app.widgets.labels import Label
from app.widgets.theme import Theme

MOST_FILES = 10_000


def paths_of(mime: QMimeData) -> tuple[list[Path], str]:
    """The local files of a drop, and words about what cannot be taken ("" when everything can)."""
    if not mime.hasUrls():
        if mime.hasText():
            return [], "Text was dropped; drop a file or a folder instead."
        return [], "This drop carries no file. Save it to disk first, then drop the file."
    paths, refused = [], 0
    for url in mime.urls()[: MOST_FILES + 1]:
        path = Path(url.toLocalFile()) if url.isLocalFile() else None
        if path is not None and path.exists():
            paths.append(path)
        else:
            refused += 1
    if len(mime.urls()) > MOST_FILES:
        return [], f"More than {MOST_FILES} files were dropped at once; drop the folder that holds them."
    if not paths:
        return [], "Only files and folders on this computer can be dropped; download it first."
    words = f"{refused} of {refused + len(paths)} dropped things are no files on this computer." if refused else ""
    return paths, words


class DropTarget(QFrame):
    """A frame that takes files. While something hovers over it, it says so."""

    paths_dropped = Signal(object)
    """A list of paths."""
    refused = Signal(str)
    """Words about what could not be taken."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hovering = False
        self.setAcceptDrops(True)

    @property
    def hovering(self) -> bool:
        return self._hovering

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._hovering = True
        self.update()
        event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hovering = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hovering = False
        self.update()
        event.acceptProposedAction()
        paths, words = paths_of(event.mimeData())
        if words:
            self.refused.emit(words)
        if paths:
            self.paths_dropped.emit(paths)


class DropZone(DropTarget):
    """The large place: a sentence, an example, and a button that opens the file dialog."""

    browse_requested = Signal()

    def __init__(self, sentence: str, theme: Theme, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence = Label(sentence, theme, "heading", wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._detail = Label(detail, theme, "body", "text-2", wrap=True)
        self._detail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._detail.setVisible(bool(detail))
        self._browse = QPushButton("Choose files…")
        self._browse.clicked.connect(self.browse_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("wide")] * 4)
        layout.setSpacing(theme.space("field"))
        layout.addStretch(1)
        for widget in (self._picture, self._sentence, self._detail):
            layout.addWidget(widget)
        layout.addWidget(self._browse, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        self.setAccessibleName(sentence)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._picture.setPixmap(pixmap("drop", theme, "accent", 32, self.devicePixelRatioF()))
        self._sentence.set_theme(theme)
        self._detail.set_theme(theme)
        self._browse.setIcon(icon("folder", theme))

    def sizeHint(self) -> QSize:
        return QSize(480, 180)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.color("accent-soft" if self.hovering else "surface"))
        style = Qt.PenStyle.SolidLine if self.hovering else Qt.PenStyle.DashLine
        painter.setPen(QPen(self._theme.color("accent" if self.hovering else "control"), 1.5, style))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 8, 8)
        painter.end()
