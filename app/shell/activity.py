"""Tells how runs end: a message in the window, one from the system when the window is not in front, and a history."""

from collections import deque
from datetime import datetime

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QSystemTrayIcon, QVBoxLayout, QWidget

from app.runs.plain_text import one_line
from app.runs.states import ACTIVE, BADGES, OVER
from app.runs.summary import RunSummary
from app.widgets.empty import EmptyState
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.theme import Theme
from app.widgets.toast import ActivityItem

MOST = 100
TONES = {"failed": "bad", "interrupted": "unsure", "stopped": "neutral"}


class RunWatch(QObject):
    """Sees runs change state and tells each end once."""

    ended = Signal(str, str, str)
    """Run, words, tone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._states: dict[str, str] = {}
        self._tray: QSystemTrayIcon | None = None
        self.active = 0
        self.notify = True

    def learn(self, summaries: list[RunSummary]) -> None:
        """States at the start are no news."""
        self._states = {summary.id: summary.state for summary in summaries}
        self._count()

    def see(self, summary: RunSummary) -> None:
        before, self._states[summary.id] = self._states.get(summary.id), summary.state
        self._count()
        if before in ACTIVE and summary.state in OVER:
            words = summary.verdict or str((summary.error or {}).get("what", "")) or BADGES[summary.state][1]
            text = f"{one_line(summary.name or summary.id)}: {one_line(words)}"
            self.ended.emit(summary.id, text, TONES.get(summary.state, summary.tone))
            self._tell_system(text)

    def _count(self) -> None:
        self.active = sum(state in ACTIVE for state in self._states.values())

    def _tell_system(self, text: str) -> None:
        if not self.notify or QApplication.activeWindow() is not None or not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
        self._tray.show()
        self._tray.showMessage("Assay", text)


class ActivityPanel(QFrame):
    """What happened, newest first; opens under its button."""

    show_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._theme = theme
        self._items: deque[tuple[datetime, str, str, str]] = deque(maxlen=MOST)
        self.setProperty("card", True)
        self.setAccessibleName("Activity")
        self.resize(420, 360)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("field")] * 4)
        layout.addWidget(Label("Activity", theme, "strong"))
        layout.addWidget(self._scroll, 1)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, run: str, words: str, tone: str) -> None:
        self._items.appendleft((datetime.now(), run, words, tone if tone in ("good", "bad", "unsure") else "neutral"))

    def open_at(self, corner: QPoint) -> None:
        """Show with the upper right corner at `corner` (global)."""
        self._fill()
        self.move(corner - QPoint(self.width(), 0))
        self.show()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def _fill(self) -> None:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if not self._items:
            column.addWidget(EmptyState("Nothing has ended yet in this window.", self._theme, meaning="activity"))
        for when, run, words, tone in self._items:
            item = ActivityItem(self._theme, words, "", tone, when, "Show" if run else "")
            item.setProperty("run", run)
            item.acted.connect(self._act)
            column.addWidget(item)
        column.addStretch(1)
        self._scroll.setWidget(holder)

    @Slot()
    def _act(self) -> None:
        run = str(self.sender().property("run"))
        self.hide()
        self.show_requested.emit(run)


def bell(theme: Theme) -> object:
    """The icon of the button that opens the list."""
    return icon("activity", theme)
