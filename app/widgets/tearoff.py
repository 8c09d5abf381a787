"""A window of its own for a panel, with a button that puts it back where it was."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from app.widgets.empty import EmptyState
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel
from app.widgets.theme import Theme


class TearOffWindow(QWidget):
    """Holds `content` outside the main window; closing it docks the content back."""

    docked = Signal()

    def __init__(self, content: QWidget, title: str, theme: Theme) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{title} · Assay")
        self.resize(max(content.width(), 640), max(content.height(), 420))
        self._content: QWidget | None = content
        self._title = title
        self._back = QPushButton("Dock back")
        self._back.clicked.connect(self.close)
        self._place = EmptyState(f"“{title}” is in a window of its own.", theme, action="Dock back", meaning="tear-off")
        self._place.action_requested.connect(self.close)
        self._title_label = ElidedLabel(title, theme, "caption", "text-2")
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.space("pane"), theme.space("field"), theme.space("field"), 0)
        bar.addWidget(self._title_label, 1)
        bar.addWidget(self._back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        _swap(content, self._place)
        layout.addWidget(content, 1)
        content.show()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._back.setIcon(icon("dock-back", theme))
        self._place.set_theme(theme)
        self._title_label.set_theme(theme)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._content is not None:
            content, self._content = self._content, None
            _swap(self._place, content)
            content.show()
            self._place.setParent(None)
            self._place.deleteLater()
            self.docked.emit()
        super().closeEvent(event)


class TearOff:
    """Remembers the one window a widget may be torn off into."""

    def __init__(self, content: QWidget, title: str) -> None:
        self._content = content
        self._title = title
        self.window: TearOffWindow | None = None

    def open(self, theme: Theme) -> TearOffWindow:
        """Tear off, or bring the window to the front when it is open."""
        if self.window is None:
            self.window = TearOffWindow(self._content, self._title, theme)
            self.window.docked.connect(self._forget)
            self.window.show()
        else:
            self.window.activateWindow()
        return self.window

    @Slot()
    def _forget(self) -> None:
        self.window = None


def _swap(old: QWidget, new: QWidget) -> None:
    """Put `new` where `old` is, in a splitter or a layout."""
    parent = old.parentWidget()
    if isinstance(parent, QSplitter):
        sizes = parent.sizes()
        parent.replaceWidget(parent.indexOf(old), new)
        parent.setSizes(sizes)
        new.show()
    elif parent is not None and parent.layout() is not None:
        parent.layout().replaceWidget(old, new)
        new.show()
    else:
        new.setParent(None)
