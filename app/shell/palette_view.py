"""The palette: one line to type in, and what it finds below; Enter acts."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.shell.palette import Entry, matching
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.theme import Theme

ICONS = {"command": "command", "task": "run", "run": "queue", "field": "sliders", "help": "help", "model": "send"}


CONTROL = Qt.KeyboardModifier.ControlModifier


class PaletteView(QDialog):
    """Closes itself once something was chosen."""

    chosen = Signal(object)
    """The Entry."""
    chosen_apart = Signal(object)
    """The Entry, taken with Ctrl+Enter."""

    def __init__(self, found: list[Entry], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found = found
        self._theme = theme
        self.setWindowTitle("Search")
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(QSize(620, 420))
        self._line = QLineEdit()
        self._line.setPlaceholderText("Tasks, runs, settings, help.  > commands   # tags   @ models   field=value")
        self._line.setAccessibleName("Search")
        self._line.textChanged.connect(self._search)
        self._line.returnPressed.connect(self._take)
        self._line.installEventFilter(self)
        self._list = QListWidget()
        self._list.setAccessibleName("Found")
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.itemActivated.connect(self._activated)
        self._list.itemClicked.connect(self._activated)
        self._nothing = Label("", theme, "body", "text-2")
        self._nothing.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("pane")] * 4)
        layout.addWidget(self._line)
        layout.addWidget(self._nothing)
        layout.addWidget(self._list, 1)
        self._search("")

    def paintEvent(self, event: QPaintEvent) -> None:
        """A window without a frame needs an edge of its own."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(self._theme.color("control"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys move in the list while typing goes on."""
        if watched is self._line and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & CONTROL:
                self._take_apart()
                return True
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step:
                row = min(max(self._list.currentRow() + step, 0), self._list.count() - 1)
                self._list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)

    @Slot(object)
    def add(self, found: list[Entry]) -> None:
        """More to find, such as what had to be read from disk."""
        self._found = [*self._found, *found]
        self._search(self._line.text())

    @Slot(str)
    def _search(self, query: str) -> None:
        self._list.clear()
        for entry in matching(self._found, query):
            words = f"{entry.words}    {entry.detail}" if entry.detail else entry.words
            item = QListWidgetItem(icon(ICONS[entry.kind], self._theme), words)
            item.setData(Qt.ItemDataRole.UserRole, entry)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.kind}: {words}")
            if entry.reason:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
                item.setToolTip(entry.reason)
            self._list.addItem(item)
        self._list.setCurrentRow(0)
        self._nothing.setVisible(not self._list.count())
        self._nothing.setText(f"Nothing found for “{query}”.")

    def _take_apart(self) -> None:
        item = self._list.currentItem()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.accept()
            self.chosen_apart.emit(item.data(Qt.ItemDataRole.UserRole))

    @Slot()
    def _take(self) -> None:
        if self._list.currentItem() is not None:
            self._activated(self._list.currentItem())

    @Slot(QListWidgetItem)
    def _activated(self, item: QListWidgetItem) -> None:
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
            self.accept()
