"""What has happened: a history of messages, and the system's notification when the window is not in front."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QSystemTrayIcon, QVBoxLayout, QWidget

from app.runs.plain_text import one_line
from app.shell.laboratory import Laboratory
from app.widgets.empty import EmptyState
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.theme import Theme
from app.widgets.toast import TONES, ActivityItem

MOST = 100
WIDTH, HEIGHT = 440, 380


@dataclass(frozen=True)
class Happening:
    """One line of the history; `run` is "" where it is about no run."""

    when: datetime
    words: str
    tone: str
    run: str = ""


class Activity(QObject):
    """Remembers the newest hundred; the same words twice in a row are kept once."""

    grew = Signal(int)
    """How many there are that nobody has looked at."""

    def __init__(self, laboratory: Laboratory, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._theme = theme
        self._tray: QSystemTrayIcon | None = None
        self._unseen = 0
        self.items: deque[Happening] = deque(maxlen=MOST)

    def add(self, words: str, tone: str = "neutral", run: str = "") -> None:
        if self.items and self.items[0].words == words:
            return
        self.items.appendleft(Happening(datetime.now(), one_line(words), tone if tone in TONES else "neutral", run))
        self._unseen += 1
        self.grew.emit(self._unseen)

    def seen(self) -> None:
        self._unseen = 0
        self.grew.emit(0)

    def notify(self, name: str, words: str) -> None:
        """Tell through the system, unless the user is looking at the window or does not want to be told."""
        settings = self._laboratory.settings
        if not settings.notifications or QApplication.activeWindow() is not None:
            return
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(icon("activity", self._theme), self)
        self._tray.show()
        self._tray.showMessage(one_line(name), one_line(words))
        if settings.sound:
            QApplication.beep()


class ActivityView(QFrame):
    """The history, newest first, over the lower right corner of the window; a click elsewhere closes it."""

    show_requested = Signal(str)

    def __init__(self, activity: Activity, theme: Theme, window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("card", True)
        self.setAccessibleName("Activity")
        self.resize(WIDTH, HEIGHT)
        self._activity = activity
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if not activity.items:
            column.addWidget(EmptyState("Nothing has happened yet.", theme, meaning="activity"))
        for item in activity.items:
            line = ActivityItem(theme, item.words, "", item.tone, item.when, "Show" if item.run else "")
            line.setProperty("run", item.run)
            line.acted.connect(self._act)
            column.addWidget(line)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("field")] * 4)
        layout.addWidget(Label("Activity", theme, "strong"))
        layout.addWidget(scroll, 1)

    def open(self) -> None:
        window = self.parentWidget()
        corner = window.mapToGlobal(QPoint(window.width() - WIDTH - 8, window.height() - HEIGHT - 34))
        self.move(corner)
        self.show()
        self._activity.seen()

    @Slot()
    def _act(self) -> None:
        run = str(self.sender().property("run"))
        self.close()
        self.show_requested.emit(run)
