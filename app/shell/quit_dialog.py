"""Leaving while something runs: keep it running, stop it, or stay."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.runs.plain_text import one_line
from app.runs.summary import RunSummary
from app.widgets.labels import Label
from app.widgets.theme import Theme


class QuitDialog(QDialog):
    """`choice` is "keep", "stop" or "" once it is closed; keeping is the default."""

    def __init__(self, running: list[RunSummary], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = ""
        self.setWindowTitle("Quit Assay")
        names = "\n".join(f"• {one_line(summary.name or summary.id)}" for summary in running[:6])
        count = len(running)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("wide")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label(f"{count} run{'s are' if count != 1 else ' is'} going on", theme, "heading"))
        layout.addWidget(Label(names, theme, "body", "text-2", wrap=True))
        layout.addWidget(
            Label("Kept running, they appear again, complete, when Assay is next opened.", theme, "body", wrap=True)
        )
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for words, choice in (("Cancel", ""), ("Stop and quit", "stop"), ("Keep running in background", "keep")):
            button = QPushButton(words)
            button.setProperty("choice", choice)
            button.clicked.connect(self._choose)
            if choice == "keep":
                button.setProperty("primary", True)
                button.setDefault(True)
                usual = button
            buttons.addWidget(button)
        layout.addLayout(buttons)
        usual.setFocus()

    @Slot()
    def _choose(self) -> None:
        self.choice = str(self.sender().property("choice"))
        self.accept() if self.choice else self.reject()
