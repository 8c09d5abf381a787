"""Note and tags of a run."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.runs.summary import RunSummary
from app.widgets.labels import Label
from app.widgets.theme import Theme


class NotesDialog(QDialog):
    """`kept` carries the run, the note and the tags."""

    kept = Signal(str, str, object)

    def __init__(self, summary: RunSummary, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = summary.id
        self.setWindowTitle("Note and tags")
        self.setMinimumWidth(460)
        self._note = QPlainTextEdit(summary.note)
        self._note.setAccessibleName("Note")
        self._tags = QLineEdit(" ".join(summary.tags))
        self._tags.setAccessibleName("Tags")
        self._tags.setPlaceholderText("Words, separated by spaces")
        keep = QPushButton("Keep")
        keep.setProperty("primary", True)
        keep.clicked.connect(self._keep)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(keep)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("wide")] * 4)
        layout.addWidget(Label("Note", theme, "strong"))
        layout.addWidget(self._note)
        layout.addWidget(Label("Tags", theme, "strong"))
        layout.addWidget(self._tags)
        layout.addLayout(buttons)

    @Slot()
    def _keep(self) -> None:
        tags = [tag.lstrip("#") for tag in self._tags.text().split() if tag.strip("#")]
        self.kept.emit(self._run, self._note.toPlainText(), tags)
        self.accept()
