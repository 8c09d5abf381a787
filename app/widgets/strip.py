"""The coloured line above the centre: which run is shown, and how it stands."""

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QStackedWidget, QWidget

from app.runs.states import RunState
from app.widgets.badges import TONES, StateBadge
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme


class NameLine(QLineEdit):
    """The name while it is changed; Escape gives up."""

    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


class RunStrip(QWidget):
    """Name, state, a word of detail; F2 or a double-click renames."""

    use_settings_requested = Signal()
    renamed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state: RunState = "queued"
        self._name = ElidedLabel("", theme, "strong")
        self._line = NameLine()
        self._line.setMaxLength(200)
        self._line.setAccessibleName("Name of the run")
        self._line.returnPressed.connect(self._take_name)
        self._line.given_up.connect(self._give_up)
        self._line.editingFinished.connect(self._give_up)
        self._names = QStackedWidget()
        self._names.addWidget(self._name)
        self._names.addWidget(self._line)
        self._badge = StateBadge(theme)
        self._detail = Label("", theme, "caption", "text-2")
        self._use = QPushButton("Use these settings")
        self._use.clicked.connect(self.use_settings_requested)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(
            theme.space("group"), theme.space("tight"), theme.space("tight"), theme.space("tight")
        )
        layout.setSpacing(theme.space("field"))
        layout.addWidget(self._badge)
        layout.addWidget(self._names, 1)
        layout.addWidget(self._detail)
        layout.addWidget(self._use)
        self.setFixedHeight(38)
        self.set_theme(theme)

    def show_run(self, name: str, state: RunState, detail: str = "", progress: str = "") -> None:
        """The run whose panels stand below; `progress` goes into the badge."""
        self._state = state
        self._name.setText(name)
        self._badge.set_state(state, progress)
        self._detail.setText(detail)
        self.setAccessibleName(f"Run shown: {name}")
        self.update()

    @Slot()
    def rename(self) -> None:
        """Let the user change the name in place."""
        self._line.setText(self._name.text())
        self._names.setCurrentWidget(self._line)
        self._line.setFocus()
        self._line.selectAll()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._use.setIcon(icon("previous", theme))
        for widget in (self._name, self._badge, self._detail):
            widget.set_theme(theme)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.rename()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.rename()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        text, ground = TONES[self._state]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(ground))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setBrush(self._theme.color(text))
        painter.drawRoundedRect(QRectF(0, 0, 4, self.height()), 2, 2)
        painter.end()

    @Slot()
    def _take_name(self) -> None:
        name = self._line.text().strip()
        self._names.setCurrentWidget(self._name)
        if name and name != self._name.text():
            self._name.setText(name)
            self.renamed.emit(name)

    @Slot()
    def _give_up(self) -> None:
        self._names.setCurrentWidget(self._name)
