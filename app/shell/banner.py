"""The line in a run that says what went wrong or should be known: what, where, why, what to do, details."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.runs.plain_text import plain_text
from app.runs.states import ACTIONS, RunState
from app.widgets.icons import pixmap
from app.widgets.labels import Label
from app.widgets.theme import Theme

WORDS = {"resume": "Resume", "save_bundle": "Save bundle…"}
TONES = {"bad": ("error", "danger"), "unsure": ("warning", "warning"), "neutral": ("info", "accent")}


class Banner(QFrame):
    """Hidden while there is nothing to say. The same finding twice is counted, not stacked."""

    action_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._findings: dict[str, tuple[int, str]] = {}
        self._error: Mapping[str, Any] | None = None
        self.setProperty("card", True)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._what = Label("", theme, "strong", wrap=True)
        self._more = Label("", theme, "body", "text-2", wrap=True)
        self._buttons: dict[str, QPushButton] = {}
        self._row = QHBoxLayout()
        for key, words in WORDS.items():
            button = QPushButton(words)
            button.setProperty("action", key)
            button.clicked.connect(self._act)
            self._buttons[key] = button
            self._row.addWidget(button)
        self._details_button = QPushButton("Details")
        self._details_button.setCheckable(True)
        self._details_button.toggled.connect(self._toggle)
        self._copy = QPushButton("Copy")
        self._copy.clicked.connect(self._copy_all)
        self._row.addWidget(self._details_button)
        self._row.addWidget(self._copy)
        self._row.addStretch(1)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFont(theme.font("mono"))
        self._details.setMaximumHeight(180)
        self._details.setAccessibleName("Details of the error")
        words = QVBoxLayout()
        words.setSpacing(theme.space("tight"))
        words.addWidget(self._what)
        words.addWidget(self._more)
        words.addLayout(self._row)
        words.addWidget(self._details)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.space("pane"), theme.space("field"), theme.space("pane"), theme.space("field"))
        layout.setSpacing(theme.space("field"))
        layout.addWidget(self._picture)
        layout.addLayout(words, 1)
        self.clear()

    def clear(self) -> None:
        self._findings.clear()
        self._error = None
        self.hide()

    def show_error(self, error: Mapping[str, Any], state: RunState) -> None:
        """What ended the run; the buttons are those that its state allows."""
        if error == self._error:
            return
        self._error = error
        where = f"{error.get('where')}: " if error.get("where") else ""
        sentences = [f"{where}{error.get('why', '')}".strip(": "), str(error.get("remedy", ""))]
        self._fill("bad", str(error.get("what", "")), "\n".join(filter(None, sentences)))
        for key, button in self._buttons.items():
            button.setVisible(key in ACTIONS[state])
        details = str(error.get("traceback") or "")
        self._details.setPlainText(plain_text(details))
        self._details_button.setVisible(bool(details))
        self._copy.show()

    def show_words(self, words: str, tone: str) -> None:
        """A passing state of the run, such as a full disk."""
        self._fill(tone, words, "")
        for button in (*self._buttons.values(), self._details_button, self._copy):
            button.hide()

    def add_finding(self, what: str, remedy: str) -> None:
        """Something the task wants known; an error that is shown already stays."""
        count, _ = self._findings.get(what, (0, ""))
        self._findings[what] = (count + 1, remedy)
        if self._error is not None:
            return
        lines = [_finding(text, times, advice) for text, (times, advice) in self._findings.items()]
        self._fill("unsure" if remedy else "neutral", lines[0], "\n".join(lines[1:]))
        for button in (*self._buttons.values(), self._details_button, self._copy):
            button.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._details.setFont(theme.font("mono"))

    def _fill(self, tone: str, what: str, more: str) -> None:
        meaning, token = TONES[tone]
        self._picture.setPixmap(pixmap(meaning, self._theme, token, 20, self.devicePixelRatioF()))
        self._what.setText(plain_text(what))
        self._more.setText(plain_text(more))
        self._more.setVisible(bool(more))
        self._details.setVisible(self._details_button.isChecked())
        self.setAccessibleName(what)
        self.show()

    @Slot(bool)
    def _toggle(self, shown: bool) -> None:
        self._details.setVisible(shown)

    @Slot()
    def _copy_all(self) -> None:
        parts = (self._what.text(), self._more.text(), self._details.toPlainText())
        QGuiApplication.clipboard().setText("\n".join(filter(None, parts)))

    @Slot()
    def _act(self) -> None:
        self.action_requested.emit(str(self.sender().property("action")))


def _finding(text: str, times: int, advice: str) -> str:
    """What was found, how often, and what to do about it, as sentences."""
    words = f"{text} (×{times})" if times > 1 else text
    return f"{words.removesuffix('.')}. {advice}" if advice else words
