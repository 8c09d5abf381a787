"""A field for one number that keeps what was typed and never changes under a passing wheel."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from app.widgets.number_text import LONGEST, Unreadable, number_text, parse_number, stepped
from app.widgets.theme import Theme


class SciSpinBox(QAbstractSpinBox):
    """Text, arrows and arrow keys for an int or a float; `edited` follows each change by the user."""

    edited = Signal()

    def __init__(
        self,
        theme: Theme,
        whole: bool = False,
        low: float | None = None,
        high: float | None = None,
        logarithmic: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._whole, self._low, self._high, self._logarithmic = whole, low, high, logarithmic
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(True)
        self.lineEdit().setMaxLength(LONGEST)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.lineEdit().textEdited.connect(self._text_edited)
        self.lineEdit().installEventFilter(self)
        self.set_theme(theme)

    def value(self) -> int | float:
        """The number in the field; raises Unreadable when there is none."""
        return parse_number(self.lineEdit().text(), self._whole)

    def set_value(self, value: Any) -> None:
        """Show a number, or text as it is (to be mended by the user); an equal number keeps its spelling."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not self._says(value):
                self.lineEdit().setText(number_text(value))
        else:
            self.lineEdit().setText("" if value is None else str(value)[:LONGEST])

    def set_theme(self, theme: Theme) -> None:
        self.setFont(theme.figures_font())
        self.setFixedHeight(max(theme.height("control"), self.fontMetrics().height() + 10))

    def sizeHint(self) -> QSize:
        return QSize(120, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(64, super().minimumSizeHint().height())

    def stepBy(self, steps: int) -> None:
        try:
            value = stepped(self.value(), steps, self._whole, self._logarithmic)
        except Unreadable:
            return
        low, high = self._low, self._high
        value = max(value, low) if low is not None else value
        value = min(value, high) if high is not None else value
        self.lineEdit().setText(number_text(int(value) if self._whole else float(value)))
        self.edited.emit()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag
        try:
            value = self.value()
        except Unreadable:
            return flags.StepNone
        up = flags.StepNone if self._high is not None and value >= self._high else flags.StepUpEnabled
        down = flags.StepNone if self._low is not None and value <= self._low else flags.StepDownEnabled
        return up | down

    def validate(self, text: str, place: int) -> object:
        return QValidator.State.Acceptable, text, place

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        # Undo belongs to the whole form, which remembers more than one field; the base hands these keys to its line.
        if isinstance(event, QKeyEvent) and is_undo(event):
            event.ignore()
            return False
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and is_undo(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _says(self, value: int | float) -> bool:
        try:
            return self.value() == value
        except Unreadable:
            return False

    @Slot(str)
    def _text_edited(self, _text: str) -> None:
        self.edited.emit()


def is_undo(event: QKeyEvent) -> bool:
    """Whether the keys mean undo or redo on this system."""
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
