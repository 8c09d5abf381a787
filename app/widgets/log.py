"""The log of a run: a capped view over an unlimited file, fed in batches, that follows until it is paused."""

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QColor, QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.widgets import declare
from app.widgets.labels import Label
from app.widgets.panels import Panel
from app.widgets.theme import Theme

if TYPE_CHECKING:
    from app.runs.records import Record

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
TOKENS = {"debug": "text-2", "info": "text", "warning": "warning", "error": "danger"}
SIGNS = {"debug": "  ", "info": "  ", "warning": "⚠ ", "error": "✗ "}
MOST_LINES = 5_000
LONGEST_LINE = 4_000
FRAME = 50
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-_])")
UNSEEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], "\ufffd")
"""Characters that turn the direction of writing: shown as what they are, unreadable."""


@dataclass(frozen=True)
class Line:
    seq: int
    level: Level
    text: str


def plain_line(text: str) -> str:
    """One line without terminal commands or direction tricks; of a progress bar only its last state."""
    text = ESCAPES.sub("", text).rstrip("\r\n")
    text = text.rsplit("\r", 1)[-1].translate(UNSEEN)
    text = "".join(char if char >= " " or char == "\t" else "\ufffd" for char in text.replace("\n", " ⏎ "))
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}… ({len(text)} characters)"


class LogPanel(Panel):
    """Lines by level, with search; text is never taken for markup."""

    formats = ("csv:shown",)

    def __init__(self, declaration: declare.LogOf, theme: Theme, parent: QWidget | None = None) -> None:
        words = declaration.empty or "What the run says appears here line by line."
        super().__init__(declaration.title, theme, empty=words, parent=parent)
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._waiting: list[Line] = []
        self._dropped = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self.flush)
        self.view = QPlainTextEdit()
        self.view.setReadOnly(True)
        self.view.setMaximumBlockCount(MOST_LINES)
        self.view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.view.setUndoRedoEnabled(False)
        self.view.setTabChangesFocus(True)
        self.view.setProperty("plain", True)
        self.view.setAccessibleName(declaration.title)
        self._level = QComboBox()
        self._level.addItems(["Everything", "Info and worse", "Warnings and errors", "Errors"])
        self._level.setCurrentIndex(1)
        self._level.setAccessibleName("Lines shown")
        self._level.currentIndexChanged.connect(self._refill)
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search the log")
        self._search.setAccessibleName("Search the log")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._find_from_here)
        self._search.returnPressed.connect(self._find_next)
        self._note = Label("", theme, "caption", "text-2")
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), 0)
        bar.setSpacing(theme.space("field"))
        bar.addWidget(self._level)
        bar.addWidget(self._search, 1)
        bar.addWidget(self._note)
        inset = QVBoxLayout()
        inset.setContentsMargins(theme.space("field"), 0, theme.space("tight"), theme.space("tight"))
        inset.addWidget(self.view)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("tight"))
        layout.addLayout(bar)
        layout.addLayout(inset, 1)
        self._follow = self.add_tool("follow", "Follow the end", checkable=True)
        self._follow.setChecked(True)
        self._follow.toggled.connect(self._follow_toggled)
        self.add_tool("copy", "Copy the lines shown").clicked.connect(self._copy)
        self.set_body(body)
        self.set_theme(theme)

    def wants(self, kind: str, name: str) -> bool:
        return kind in ("log", "warn")

    def record_added(self, record: "Record", folder: Path) -> None:
        data = record.data
        if record.kind == "warn":
            remedy = f" {data['remedy']}" if data.get("remedy") else ""
            self.append([("warning", f"{data.get('what', '')}{remedy}")], record.seq)
        else:
            level = data.get("level")
            self.append([(level if level in LEVELS else "info", str(data.get("text", "")))], record.seq)

    def append(self, lines: list[tuple[Level, str]], seq: int = 0) -> None:
        """Add lines; they appear together within a twentieth of a second."""
        fresh = [Line(seq, level, plain_line(part)) for level, text in lines for part in text.split("\n")]
        self._dropped += max(len(self._lines) + len(fresh) - MOST_LINES, 0)
        self._lines.extend(fresh)
        self._waiting = (self._waiting + fresh)[-MOST_LINES:]
        self.set_filled(True)
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def flush(self) -> None:
        """Show what has come in."""
        least = self._level.currentIndex()
        lines = [line for line in self._waiting if LEVELS.index(line.level) >= least]
        self._waiting = []
        bar = self.view.verticalScrollBar()
        kept = bar.value()
        cursor = QTextCursor(self.view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        started = not self.view.document().isEmpty()
        for line in lines:
            if started:
                cursor.insertBlock()
            started = True
            cursor.insertText(SIGNS[line.level] + line.text, self._format(line.level))
        cursor.endEditBlock()
        bar.setValue(bar.maximum() if self._follow.isChecked() else kept)
        self._note.setText(f"first {self._dropped} lines are in the run's folder" if self._dropped else "")

    def clear(self) -> None:
        self._timer.stop()
        self._lines.clear()
        self._waiting = []
        self._dropped = 0
        self.view.clear()
        super().clear()

    def table(self, what: str) -> tuple[list[str], list[list[str]]]:
        return ["level", "text"], [[line.level, line.text] for line in self._lines]

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_note"):
            self.view.setFont(theme.font("mono"))
            self._note.set_theme(theme)
            self._refill()

    def _format(self, level: Level) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setForeground(QColor(self.theme.color(TOKENS[level])))
        return form

    @Slot()
    def _refill(self) -> None:
        self.view.clear()
        self._waiting = list(self._lines)
        self.flush()

    @Slot(bool)
    def _follow_toggled(self, on: bool) -> None:
        if on:
            self.view.verticalScrollBar().setValue(self.view.verticalScrollBar().maximum())

    @Slot(str)
    def _find_from_here(self, _text: str) -> None:
        cursor = self.view.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self.view.setTextCursor(cursor)
        self._find_next()

    @Slot()
    def _find_next(self) -> None:
        text = self._search.text()
        if not text:
            return
        self._follow.setChecked(False)
        if not self.view.find(text):
            self.view.moveCursor(QTextCursor.MoveOperation.Start)
            found = self.view.find(text)
            self._note.setText("" if found else "not found")

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.view.toPlainText())
