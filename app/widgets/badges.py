"""A run's state as sign and word; colour only underlines it."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.runs.states import BADGES, RunState
from app.widgets.theme import Theme

TONES: dict[RunState, tuple[str, str]] = {
    "queued": ("text-2", "sunken"),
    "held": ("text-2", "sunken"),
    "starting": ("accent", "accent-soft"),
    "running": ("accent", "accent-soft"),
    "stopping": ("warning", "warning-soft"),
    "done": ("success", "success-soft"),
    "stopped": ("text-2", "sunken"),
    "failed": ("danger", "danger-soft"),
    "interrupted": ("warning", "warning-soft"),
}
"""Text and ground tokens of each state."""


def badge_words(state: RunState) -> tuple[str, str]:
    """The sign and the word of a state."""
    return BADGES[state]


class StateBadge(QWidget):
    """A small plate; `short` shows the sign alone, the word stays for readers and in the tooltip."""

    def __init__(
        self, theme: Theme, state: RunState = "queued", short: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state: RunState = state
        self._detail = ""
        self._short = short
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_theme(theme)
        self.set_state(state)

    def set_state(self, state: RunState, detail: str = "") -> None:
        """`detail` follows the word, such as a share or a stage."""
        self._state, self._detail = state, detail
        _, word = BADGES[state]
        self.setAccessibleName(f"State: {word} {detail}".strip())
        self.setToolTip(f"{word} {detail}".strip().replace("<", "‹") if self._short else "")
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFont(theme.font("caption"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        if self._short:
            return QSize(metrics.height() + 6, metrics.height() + 6)
        return QSize(metrics.horizontalAdvance(self._text()) + 16, metrics.height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        text, ground = TONES[self._state]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(ground))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setPen(self._theme.color(text))
        painter.setFont(self.font())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text())
        painter.end()

    def _text(self) -> str:
        sign, word = BADGES[self._state]
        return sign if self._short else f"{sign} {word}{f' {self._detail}' if self._detail else ''}"
