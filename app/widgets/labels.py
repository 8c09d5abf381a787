"""Labels that show plain text in one of the theme's roles, whole or shortened to the room there is."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtGui import Qt as TextQt  # QtCore's Qt lacks mightBeRichText until pyqtgraph has been imported
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from app.runs.plain_text import plain_text
from app.widgets.theme import TextRole, Theme


class Label(QLabel):
    """Plain text in a role (caption, body, strong, heading, title, verdict, mono) and a colour token."""

    def __init__(
        self,
        text: str = "",
        theme: Theme | None = None,
        role: TextRole = "body",
        token: str = "text",
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._role = role
        self._token = token
        self._theme = theme
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if wrap:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
        self.setText(text)
        if theme is not None:
            self.set_theme(theme)

    def setText(self, text: str) -> None:
        """Whoever wrote the text: no terminal codes, and hidden characters made visible."""
        super().setText(plain_text(text))

    def set_token(self, token: str) -> None:
        """Change the colour; the token is one of the theme's names."""
        self._token = token
        if self._theme is not None:
            self.set_theme(self._theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFont(theme.font(self._role))
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, theme.color(self._token))
        self.setPalette(palette)


class ElidedLabel(Label):
    """One line that ends in “…” where there is no room; the whole text stays in the tooltip and for readers."""

    def __init__(
        self,
        text: str = "",
        theme: Theme | None = None,
        role: TextRole = "body",
        token: str = "text",
        middle: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        super().__init__(text, theme, role, token, parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(24)

    def setText(self, text: str) -> None:
        super().setText(" ".join(text.split()))
        self.setAccessibleName(self.text())
        self._tell_whole()

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_whole()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = QFontMetrics(self.font()).elidedText(self.text(), self._mode, self.width())
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()

    def _tell_whole(self) -> None:
        cut = QFontMetrics(self.font()).horizontalAdvance(self.text()) > self.width()
        self.setToolTip(plain_tooltip(self.text()) if cut else "")


def plain_tooltip(text: str) -> str:
    """`text` for a tooltip, with what Qt would take for markup made harmless."""
    if not TextQt.mightBeRichText(text):
        return text
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<p style='white-space: pre-wrap'>{escaped}</p>"


def rule(parent: QWidget | None = None) -> QFrame:
    """A hairline across the page."""
    line = QFrame(parent)
    line.setProperty("rule", True)
    return line
