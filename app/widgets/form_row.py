"""One setting on the screen: its name, its editor, its unit, what changed, and what is wrong with it."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.core.config import FormField
from app.widgets.editors import make_editor
from app.widgets.form_words import help_words, shape_of, value_words
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel, Label, plain_tooltip
from app.widgets.number import SciSpinBox
from app.widgets.number_text import Unreadable
from app.widgets.theme import Theme

WIDE = {"path", "classes", "multiline", "list"}
NAME_SHARE, EDITOR_SHARE = 6, 5


class FormRow(QWidget):
    """`value` raises Unreadable while the text makes no value; `edited` follows each change by the user."""

    edited = Signal(str)

    def __init__(self, field: FormField, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.shape = shape_of(field)
        self.editor = make_editor(field, self.shape, theme)
        self.editor.edited.connect(self._edited)
        if hasattr(self.editor, "cut"):
            self.editor.cut.connect(self.say)
        self._fault = ""
        self._name = ElidedLabel(field.title, theme)
        self._name.setToolTip(plain_tooltip(help_words(field)))
        self._dot = Label("", theme, "body", "accent")
        self._info = self._small("info", f"What {field.title} means", theme)
        self._info.setCheckable(True)
        self._info.setVisible(bool(field.help))
        self._info.toggled.connect(self._show_help)
        self._reset = self._small("reset", f"Back to {value_words(field.default, field.labels)}", theme)
        self._reset.setAccessibleName(f"Reset {field.title}")
        self._reset.clicked.connect(self.reset)
        self._help = Label(help_words(field), theme, "caption", "text-2", wrap=True)
        self._help.hide()
        self._message = Label("", theme, "caption", "danger", wrap=True)
        self._message.hide()
        self._unit = Label(field.unit, theme, "caption", "text-2")
        self._unit.setVisible(bool(field.unit))
        self._lay_out(theme)
        self.target = getattr(self.editor, "inner", self.editor)
        for widget in (self.editor, self.target, self.focus_target()):
            widget.setAccessibleName(f"{field.title}{f', in {field.unit}' if field.unit else ''}")
            widget.setAccessibleDescription(help_words(field))
        self.editor.set_value(field.default)
        self.show_changed(False)

    def value(self) -> Any:
        return self.editor.value()

    def raw(self) -> Any:
        """The value, or the text that makes none."""
        try:
            return self.editor.value()
        except Unreadable:
            line = self.focus_target()
            return line.text() if isinstance(line, QLineEdit) else ""

    def set_value(self, value: Any) -> None:
        self.editor.set_value(value)

    def focus_target(self) -> QWidget:
        """The widget that takes the keys."""
        inner = getattr(self.editor, "inner", self.editor)
        if isinstance(inner, SciSpinBox):
            return inner.lineEdit()
        return getattr(inner, "line", inner)

    def show_changed(self, changed: bool) -> None:
        """Mark the setting as different from its default, and offer the way back."""
        self._dot.setText("•" if changed else "")
        self._dot.setAccessibleName("changed" if changed else "")
        self._reset.setVisible(changed and not self.field.required)

    def show_fault(self, message: str) -> None:
        """Say under the field what is wrong; "" when nothing is."""
        if message == self._fault:
            return
        self._fault = message
        self._message.set_token("danger")
        self._message.setText(message)
        self._message.setVisible(bool(message))
        inner = getattr(self.editor, "inner", self.editor)
        for widget in {inner, getattr(inner, "line", inner)}:
            widget.setProperty("fault", bool(message))
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        words = help_words(self.field)
        self.focus_target().setAccessibleDescription(f"{message}. {words}" if message else words)

    @property
    def fault(self) -> str:
        """What is said under the field."""
        return self._fault

    @Slot(str)
    def say(self, words: str) -> None:
        """A remark under the field that is no fault of the value."""
        self._fault = words
        self._message.set_token("warning")
        self._message.setText(words)
        self._message.show()

    def matches(self, text: str) -> bool:
        """Whether a search for `text` finds this setting."""
        told = f"{self.field.title} {self.field.name} {self.field.help} {self.field.group}".casefold()
        return all(word in told for word in text.casefold().split())

    def set_theme(self, theme: Theme) -> None:
        self._info.setIcon(icon("info", theme))
        self._reset.setIcon(icon("reset", theme))

    @Slot()
    def reset(self) -> None:
        self.editor.set_value(self.field.default)
        self.edited.emit(self.field.name)

    @Slot()
    def _edited(self) -> None:
        self.edited.emit(self.field.name)

    @Slot(bool)
    def _show_help(self, on: bool) -> None:
        self._help.setVisible(on)

    def _lay_out(self, theme: Theme) -> None:
        name_cell, field_cell = QWidget(), QWidget()
        name, field = QHBoxLayout(name_cell), QHBoxLayout(field_cell)
        for cell, row in ((name_cell, name), (field_cell, field)):
            cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            row.setContentsMargins(0, 0, 0, 0)
        name.setSpacing(theme.space("hair"))
        name.addWidget(self._name, 1)
        name.addWidget(self._dot)
        name.addWidget(self._reset)
        name.addWidget(self._info)
        field.setSpacing(theme.space("tight"))
        field.addWidget(self.editor, 1)
        field.addWidget(self._unit)
        below = QVBoxLayout()
        below.setSpacing(2)
        below.addWidget(self._message)
        below.addWidget(self._help)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.space("tight"))
        grid.setVerticalSpacing(2)
        if self.shape.kind in WIDE:
            grid.addWidget(name_cell, 0, 0)
            grid.addWidget(field_cell, 1, 0)
            grid.addLayout(below, 2, 0)
            return
        name.setContentsMargins(0, 0, theme.space("tight"), 0)
        grid.addWidget(name_cell, 0, 0)
        grid.addWidget(field_cell, 0, 1)
        grid.addLayout(below, 1, 0, 1, 2)
        grid.setColumnStretch(0, NAME_SHARE)
        grid.setColumnStretch(1, EDITOR_SHARE)

    def _small(self, meaning: str, words: str, theme: Theme) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(meaning, theme))
        button.setIconSize(QSize(14, 14))
        button.setFixedSize(24, 24)
        button.setToolTip(plain_tooltip(words))
        button.setAccessibleName(words)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus if meaning == "reset" else Qt.FocusPolicy.NoFocus)
        return button
