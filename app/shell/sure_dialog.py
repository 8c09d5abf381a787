"""Asks before what cannot be undone: what will happen, to what exactly, and a button that is the verb."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.widgets.labels import Label
from app.widgets.theme import Theme


class SureDialog(QDialog):
    """`agreed` hands `subject` back. Cancel is the default."""

    agreed = Signal(object)

    def __init__(
        self,
        title: str,
        words: str,
        lines: Sequence[str],
        verb: str,
        subject: Any,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        danger: bool = False,
    ) -> None:
        super().__init__(parent)
        self._subject = subject
        self.setWindowTitle(title)
        self.setMinimumWidth(480)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label(title, theme, "heading", wrap=True))
        layout.addWidget(Label(words, theme, "body", "text-2", wrap=True))
        if lines:
            listing = QPlainTextEdit("\n".join(lines))
            listing.setReadOnly(True)
            listing.setFont(theme.font("mono"))
            listing.setAccessibleName("What is concerned")
            listing.setMaximumHeight(220)
            layout.addWidget(listing)
        self.verb = QPushButton(verb)
        self.verb.setProperty("danger" if danger else "primary", True)
        self.verb.setAutoDefault(False)
        self.verb.clicked.connect(self._agree)
        cancel = QPushButton("Cancel")
        cancel.setDefault(True)
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.verb)
        layout.addLayout(row)
        cancel.setFocus()

    @Slot()
    def _agree(self) -> None:
        self.agreed.emit(self._subject)
        self.accept()
