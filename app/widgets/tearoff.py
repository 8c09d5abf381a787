"""A window of its own for a panel, with a button that puts it back where it was."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from app.widgets.empty import EmptyState
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel
from app.widgets.theme import Theme


class TearOffWindow(QWidget):
    """Holds `content` outside the main window; closing it docks the content back. It can be opened again and again."""

    def __init__(self, content: QWidget, title: str, theme: Theme) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setWindowTitle(f"{title} · Assay")
        self._content = content
        self._title = title
        self._place: EmptyState | None = None
        self._theme = theme
        self._back = QPushButton("Dock back")
        self._back.clicked.connect(self.close)
        self._title_label = ElidedLabel(title, theme, "caption", "text-2")
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.space("pane"), theme.space("field"), theme.space("field"), 0)
        bar.addWidget(self._title_label, 1)
        bar.addWidget(self._back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        self.set_theme(theme)

    @property
    def holds_content(self) -> bool:
        return self._place is not None

    def take(self) -> None:
        """Take the content out of its place, which says meanwhile where it is."""
        if self._place is not None:
            self.activateWindow()
            return
        self.resize(max(self._content.width(), 640), max(self._content.height(), 420))
        words = f"“{self._title}” is in a window of its own."
        self._place = EmptyState(words, self._theme, action="Dock back", meaning="tear-off")
        self._place.action_requested.connect(self.close)
        _swap(self._content, self._place)
        self.layout().addWidget(self._content)
        self._content.show()
        self.show()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._back.setIcon(icon("dock-back", theme))
        self._title_label.set_theme(theme)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._place is not None:
            place, self._place = self._place, None
            self.layout().removeWidget(self._content)
            self._content.setParent(None)
            _swap(place, self._content)
            self._content.show()
            place.setParent(None)
            place.deleteLater()
        super().closeEvent(event)


class TearOff:
    """The one window that a widget may be torn off into, made when it is first wanted."""

    def __init__(self, content: QWidget, title: str) -> None:
        self._content = content
        self._title = title
        self._window: TearOffWindow | None = None

    @property
    def window(self) -> TearOffWindow | None:
        """The window while it holds the content."""
        return self._window if self._window is not None and self._window.holds_content else None

    def open(self, theme: Theme) -> TearOffWindow:
        """Tear off, or bring the window to the front when it is open."""
        if self._window is None:
            self._window = TearOffWindow(self._content, self._title, theme)
            self._content.destroyed.connect(self._window.deleteLater)
        self._window.take()
        return self._window


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
