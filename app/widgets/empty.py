"""What stands where nothing is yet: one sentence, one action, one example."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.widgets.icons import pixmap
from app.widgets.labels import Label
from app.widgets.theme import Theme


class EmptyState(QWidget):
    """A quiet sentence in the middle, with an optional button that does the next sensible thing."""

    action_requested = Signal()

    def __init__(
        self,
        sentence: str,
        theme: Theme,
        action: str = "",
        example: str = "",
        meaning: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._meaning = meaning
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setVisible(bool(meaning))
        self._sentence = Label(sentence, theme, "body", "text-2", wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._example = Label(example, theme, "caption", "text-2", wrap=True)
        self._example.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._example.setVisible(bool(example))
        self._button = QPushButton(action)
        self._button.setVisible(bool(action))
        self._button.clicked.connect(self.action_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space("pane"), theme.space("field"), theme.space("pane"), theme.space("field"))
        layout.setSpacing(theme.space("field"))
        layout.addStretch(1)
        layout.addWidget(self._picture)
        layout.addWidget(self._sentence)
        layout.addWidget(self._example)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        self.set_theme(theme)

    def set_sentence(self, sentence: str, action: str = "") -> None:
        """Say something else; the button shows only when it has a verb."""
        self._sentence.setText(sentence)
        self._button.setText(action)
        self._button.setVisible(bool(action))

    def set_theme(self, theme: Theme) -> None:
        self._sentence.set_theme(theme)
        self._example.set_theme(theme)
        if self._meaning:
            self._picture.setPixmap(pixmap(self._meaning, theme, "control", 24, self.devicePixelRatioF()))
