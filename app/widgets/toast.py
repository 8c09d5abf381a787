"""Short messages over the window, and the list of those that have passed."""

import itertools
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QSize, QTimer, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets.icons import icon, pixmap
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme

TONES = {
    "good": ("good", "success"),
    "bad": ("error", "danger"),
    "neutral": ("info", "accent"),
    "unsure": ("warning", "warning"),
}
MOST_AT_ONCE = 4
WIDTH = 380
LIFT = 112
"""Height above the lower edge: the run bar with its Stop button and the status bar stay free."""


class Toast(QFrame):
    """One message; it goes by itself unless the pointer rests on it."""

    acted = Signal(int)
    closed = Signal(int)

    def __init__(self, key: int, text: str, action: str, tone: str, seconds: float, theme: Theme) -> None:
        super().__init__()
        self.key, self.text, self._tone = key, text, tone
        self._times = 1
        self.setProperty("card", True)
        self.setFixedWidth(WIDTH)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(16)
        shadow.setOffset(0, 4)
        shadow.setColor(QColor(0, 0, 0, 51))
        self.setGraphicsEffect(shadow)
        self._picture = QLabel()
        self._words = Label(text, theme, wrap=True)
        self._count = Label("", theme, "caption", "text-2")
        self._count.hide()
        self._action = QPushButton(action)
        self._action.setVisible(bool(action))
        self._action.clicked.connect(self._act)
        self._close = QToolButton()
        self._close.setToolTip("Close")
        self._close.setAccessibleName("Close the message")
        self._close.setIconSize(QSize(14, 14))
        self._close.setFixedSize(24, 24)  # a layout that is not yet settled would squeeze it to nothing
        self._close.clicked.connect(self._end)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self._picture)
        layout.addWidget(self._words, 1)
        for widget in (self._count, self._action, self._close):
            layout.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(int(1000 * seconds))
        self._timer.timeout.connect(self._end)
        if seconds > 0:
            self._timer.start()
        self.setAccessibleName(text)
        self.set_theme(theme)

    def count_again(self) -> None:
        """The same message once more."""
        self._times += 1
        self._count.setText(f"{self._times} times")
        self._count.show()
        if self._timer.interval() > 0:
            self._timer.start()

    def set_theme(self, theme: Theme) -> None:
        meaning, token = TONES[self._tone]
        self._picture.setPixmap(pixmap(meaning, theme, token, 18, self.devicePixelRatioF()))
        self._close.setIcon(icon("close", theme))

    def enterEvent(self, event: QEvent) -> None:  # type: ignore[override]
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        if self._timer.interval() > 0:
            self._timer.start()

    @Slot()
    def _act(self) -> None:
        self.acted.emit(self.key)
        self._end()

    @Slot()
    def _end(self) -> None:
        self._timer.stop()
        self.closed.emit(self.key)


class ToastStack(QWidget):
    """The messages in the lower right corner of `host`, newest at the bottom."""

    action_requested = Signal(int)

    def __init__(self, host: QWidget, theme: Theme) -> None:
        super().__init__(host)
        self._theme = theme
        self._keys = itertools.count(1)
        self._toasts: dict[int, Toast] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 12, 12, 12)
        self._layout.setSpacing(8)
        host.installEventFilter(self)
        self.hide()

    def show_toast(self, text: str, action: str = "", tone: str = "neutral", seconds: float = 10.0) -> int:
        """Show a message and return its key, which `action_requested` gives back. 0 seconds: until it is closed."""
        for toast in self._toasts.values():
            if toast.text == text and not action:
                toast.count_again()
                return toast.key
        key = next(self._keys)
        toast = Toast(key, text, action, tone, seconds, self._theme)
        toast.acted.connect(self.action_requested)
        toast.closed.connect(self.dismiss)
        self._toasts[key] = toast
        self._layout.addWidget(toast)
        for old in list(self._toasts)[:-MOST_AT_ONCE]:
            self.dismiss(old)
        self._place()
        return key

    @Slot(int)
    def dismiss(self, key: int) -> None:
        toast = self._toasts.pop(key, None)
        if toast is not None:
            self._layout.removeWidget(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.parent():
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """The words of a toast are laid out after it was added; only then its height is known."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def _place(self) -> None:
        host = self.parentWidget()
        self.setVisible(bool(self._toasts))
        if not self._toasts:
            return
        heights = [
            max(toast.heightForWidth(WIDTH), toast.minimumSizeHint().height()) for toast in self._toasts.values()
        ]
        self.resize(WIDTH + 24, sum(heights) + self._layout.spacing() * (len(heights) - 1) + 24)
        self.move(host.width() - self.width(), host.height() - self.height() - LIFT)
        self.raise_()


class ActivityItem(QFrame):
    """A line of the activity list: what, when, and what can be done."""

    acted = Signal()

    def __init__(
        self,
        theme: Theme,
        title: str,
        detail: str = "",
        tone: str = "neutral",
        when: datetime | None = None,
        action: str = "",
    ) -> None:
        super().__init__()
        self._tone = tone
        self._picture = QLabel()
        self._title = ElidedLabel(title, theme)
        self._detail = ElidedLabel(detail, theme, "caption", "text-2")
        self._detail.setVisible(bool(detail))
        self._when = Label(f"{when:%H:%M}" if when else "", theme, "caption", "text-2")
        self._action = QPushButton(action)
        self._action.setVisible(bool(action))
        self._action.clicked.connect(self.acted)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(8)
        layout.addWidget(self._picture)
        layout.addLayout(words, 1)
        layout.addWidget(self._when)
        layout.addWidget(self._action)
        self.setAccessibleName(f"{title}. {detail}")
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        meaning, token = TONES[self._tone]
        self._picture.setPixmap(pixmap(meaning, theme, token, 16, self.devicePixelRatioF()))
