"""The form's field for data or a model: a path that can be typed, dropped or chosen, with what was found below it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from app.data.inspection import Inspection, Preview, Problem
from app.widgets.dropzone import DropTarget
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel, Label, plain_tooltip
from app.widgets.number import is_undo
from app.widgets.theme import Theme

LONGEST_PATH = 4096
PREVIEWS = 6
THUMB = 40
MOST_PROBLEMS = 4
SIGNS = {"error": ("✗", "danger"), "warning": ("⚠", "warning"), "note": ("·", "text-2")}


class DropField(DropTarget):
    """A line for the path and a card for the inspection's answer."""

    edited = Signal()
    browse_requested = Signal()
    details_requested = Signal()

    def __init__(self, theme: Theme, prompt: str = "Drop files here", parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.line = QLineEdit()
        self.line.setPlaceholderText(prompt)
        self.line.setMaxLength(LONGEST_PATH)
        self.line.textEdited.connect(self._text_edited)
        self.line.installEventFilter(self)
        self.line.setAcceptDrops(False)
        self._browse = QToolButton()
        self._browse.setToolTip("Choose files…")
        self._browse.setAccessibleName("Choose files")
        self._browse.clicked.connect(self.browse_requested)
        self._ready = QToolButton()
        self._ready.setToolTip("Ready-made choices")
        self._ready.setAccessibleName("Ready-made choices")
        self._ready.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._ready.hide()
        self._menu = QMenu(self)
        self._menu.triggered.connect(self._ready_chosen)
        self._ready.setMenu(self._menu)
        row = QHBoxLayout()
        row.setSpacing(theme.space("tight"))
        row.addWidget(self.line, 1)
        row.addWidget(self._ready)
        row.addWidget(self._browse)
        self._card = QWidget()
        self._title = ElidedLabel("", theme, "strong")
        self._summary = Label("", theme, "caption", "text-2", wrap=True)
        self._problems = QVBoxLayout()
        self._problems.setSpacing(2)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(theme.space("tight"))
        card = QVBoxLayout(self._card)
        card.setContentsMargins(theme.space("tight"), theme.space("hair"), theme.space("tight"), theme.space("tight"))
        card.setSpacing(theme.space("tight"))
        card.addWidget(self._title)
        card.addWidget(self._summary)
        card.addLayout(self._pictures)
        card.addLayout(self._problems)
        self._card.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("tight"))
        layout.addLayout(row)
        layout.addWidget(self._card)
        self.set_theme(theme)

    def value(self) -> str:
        return self.line.text().strip()

    def set_value(self, value: Any) -> None:
        text = "" if value is None else str(value)
        if text != self.line.text():
            self.line.setText(text)
            self.line.setCursorPosition(0)
            self.set_inspection(None)

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Ready-made values: (words, value), such as the data sets the application ships."""
        self._menu.clear()
        for words, value in choices:
            self._menu.addAction(words).setData(value)
        self._ready.setVisible(bool(choices))

    def set_busy(self, words: str) -> None:
        """Say that the file is being looked at."""
        self.set_inspection(None)
        self._title.setText(words)
        self._summary.hide()
        self._card.show()

    def set_inspection(self, found: Inspection | None) -> None:
        """Show what was found: title, summary, small pictures, and the first problems."""
        self._card.setVisible(found is not None)
        for layout in (self._problems, self._pictures):
            _empty(layout)
        if found is None:
            return
        self._title.setText(found.title)
        self._summary.setText(found.summary)
        self._summary.setVisible(bool(found.summary))
        for preview in found.previews[:PREVIEWS]:
            self._show_preview(preview)
        self._pictures.addStretch(1)
        for problem in found.problems[:MOST_PROBLEMS]:
            self._problems.addWidget(self._problem(problem))
        left = len(found.problems) - MOST_PROBLEMS
        if left > 0:
            self._problems.addWidget(Label(f"and {left} more", self._theme, "caption", "text-2"))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._browse.setIcon(icon("folder", theme))
        self._ready.setIcon(icon("fold", theme))
        self._title.set_theme(theme)
        self._summary.set_theme(theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hovering:
            painter = QPainter(self)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(self._theme.color("accent-soft"))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
            painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and is_undo(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _problem(self, problem: Problem) -> Label:
        words = (
            f"{problem.what} ({problem.count})"
            if problem.count > 1 and str(problem.count) not in problem.what
            else problem.what
        )
        sign, token = SIGNS[problem.severity]
        label = Label(f"{sign} {words}", self._theme, "caption", token, wrap=True)
        label.setAccessibleName(f"{problem.severity}: {words}. {problem.remedy}")
        label.setToolTip(plain_tooltip("\n".join(filter(None, (problem.where, problem.remedy)))))
        return label

    def _show_preview(self, preview: Preview) -> None:
        picture = QPixmap()
        if preview.image_png is None or not picture.loadFromData(preview.image_png, "PNG"):  # type: ignore[call-overload]
            return
        label = QLabel()
        label.setFixedSize(THUMB, THUMB)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setPixmap(picture.scaled(THUMB, THUMB, Qt.AspectRatioMode.KeepAspectRatio))
        label.setAccessibleName(f"Preview {preview.caption}")
        label.setToolTip(plain_tooltip(preview.caption))
        self._pictures.addWidget(label)

    @Slot(str)
    def _text_edited(self, _text: str) -> None:
        self.set_inspection(None)
        self.edited.emit()

    @Slot(QAction)
    def _ready_chosen(self, action: QAction) -> None:
        self.set_value(str(action.data()))
        self.edited.emit()


def path_list(paths: Sequence[Path]) -> str:
    """Several paths as one value of a field."""
    return "|".join(str(path) for path in paths)


def _empty(layout: QHBoxLayout | QVBoxLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.setParent(None)
            widget.deleteLater()
