"""One editor per kind of setting, all with the same three words: value, set_value, edited."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.core.config import FormField
from app.widgets.dropfield import DropField
from app.widgets.flow import FlowLayout
from app.widgets.form_words import Shape
from app.widgets.labels import Label
from app.widgets.number import SciSpinBox, is_undo
from app.widgets.number_text import Unreadable, parse_number
from app.widgets.theme import Theme

LONGEST_LINE = 4_096
LONGEST_TEXT = 1_000_000
CLASSES_SHOWN = 200


class WheelSafeCombo(QComboBox):
    """A choice that a passing wheel does not change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceEditor(WheelSafeCombo):
    edited = Signal()

    def __init__(self, choices: Sequence[Any], labels: dict[str, str]) -> None:
        super().__init__()
        self._choices = list(choices)
        self.addItems([labels.get(str(choice), str(choice)) for choice in choices])
        self.activated.connect(self.edited)

    def value(self) -> Any:
        at = self.currentIndex()
        return self._choices[at] if at >= 0 else None

    def set_value(self, value: Any) -> None:
        self.setCurrentIndex(self._choices.index(value) if value in self._choices else -1)


class SwitchEditor(QCheckBox):
    edited = Signal()

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.clicked.connect(self.edited)

    def value(self) -> bool:
        return self.isChecked()

    def set_value(self, value: Any) -> None:
        self.setChecked(bool(value))


class TextEditor(QLineEdit):
    """One line; what is longer than it may be is cut, which `cut` reports."""

    edited = Signal()
    cut = Signal(str)

    def __init__(self, secret: bool = False) -> None:
        super().__init__()
        self.setMaxLength(LONGEST_LINE)
        if secret:
            self.setEchoMode(QLineEdit.EchoMode.Password)
        self.textEdited.connect(self._text_edited)
        self.inputRejected.connect(self._rejected)
        self.installEventFilter(self)

    def value(self) -> Any:
        return self.text()

    def set_value(self, value: Any) -> None:
        text = "" if value is None else str(value)
        if text != self.text():
            self.setText(text[:LONGEST_LINE])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and is_undo(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _text_edited(self, _text: str) -> None:
        self.edited.emit()

    @Slot()
    def _rejected(self) -> None:
        self.cut.emit(f"Cut to {LONGEST_LINE} characters")


class ListEditor(TextEditor):
    """Values set apart by spaces or semicolons, or by commas where no decimal sign can be meant."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._shape = shape
        self.setPlaceholderText("values with spaces between" if shape.item is not str else "values with commas between")

    def value(self) -> Any:
        parts = split_list(self.text(), self._shape.item)
        if self._shape.item in (int, float):
            numbers = [parse_number(part, self._shape.item is int) for part in parts]
            return tuple(numbers) if self._shape.tuple_like else numbers
        return tuple(parts) if self._shape.tuple_like else parts

    def set_value(self, value: Any) -> None:
        if isinstance(value, list | tuple | set | frozenset):
            if self._says(value):
                return
            joint = ", " if self._shape.item is not float else "  "
            super().set_value(joint.join(str(part) for part in value))
        else:
            super().set_value(value)

    def _says(self, value: Any) -> bool:
        try:
            return list(self.value()) == list(value)
        except Unreadable:
            return False


class MultilineEditor(QPlainTextEdit):
    """Several lines; a paste beyond the limit is refused in words instead of freezing the window."""

    edited = Signal()
    cut = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("input", True)
        self.setTabChangesFocus(True)
        self.setFixedHeight(96)
        self._setting = False
        self.textChanged.connect(self._text_changed)

    def value(self) -> str:
        return self.toPlainText()

    def set_value(self, value: Any) -> None:
        text = "" if value is None else str(value)
        if text != self.toPlainText():
            self._setting = True
            self.setPlainText(text[:LONGEST_TEXT])
            self._setting = False

    def insertFromMimeData(self, source: QMimeData) -> None:
        if len(source.text()) > LONGEST_TEXT:
            self.cut.emit(f"Not pasted: longer than {LONGEST_TEXT:,} characters; use a file instead")
            return
        super().insertFromMimeData(source)

    @Slot()
    def _text_changed(self) -> None:
        if not self._setting:
            self.edited.emit()


class ClassesEditor(QWidget):
    """A check for each class the data offers; none checked means all of them."""

    edited = Signal()

    def __init__(self, shape: Shape, theme: Theme) -> None:
        super().__init__()
        self._shape = shape
        self._kept: list[Any] = []
        self._boxes: list[QCheckBox] = []
        self._note = Label("All classes. Choose data to pick some of them.", theme, "caption", "text-2", wrap=True)
        self._holder = QWidget()
        self._flow = FlowLayout(self._holder, theme.space("field"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("tight"))
        layout.addWidget(self._holder)
        layout.addWidget(self._note)
        self._holder.hide()

    def value(self) -> Any:
        chosen = [box.property("class") for box in self._boxes if box.isChecked()] if self._boxes else self._kept
        return tuple(chosen) if self._shape.tuple_like else list(chosen)

    def set_value(self, value: Any) -> None:
        self._kept = list(value) if isinstance(value, list | tuple | set | frozenset) else []
        names = {str(one) for one in self._kept}
        for box in self._boxes:
            box.setChecked(str(box.property("class")) in names)
        self._say()

    def set_options(self, names: Sequence[Any]) -> None:
        """Offer these classes; those chosen before stay chosen where they still exist."""
        for box in self._boxes:
            self._flow.removeWidget(box)
            box.setParent(None)
            box.deleteLater()
        self._boxes = []
        for name in list(names)[:CLASSES_SHOWN]:
            text = str(name)
            box = QCheckBox((text if len(text) <= 28 else text[:27] + "…").replace("&", "&&"))
            box.setAccessibleName(f"class {text}")
            box.setProperty("class", int(text) if self._shape.item is int and text.lstrip("-").isdigit() else text)
            box.clicked.connect(self.edited)
            self._boxes.append(box)
            self._flow.addWidget(box)
        self._holder.setVisible(bool(self._boxes))
        self.set_value(self._kept)
        self.updateGeometry()

    def set_theme(self, theme: Theme) -> None:
        self._note.set_theme(theme)

    def _say(self) -> None:
        self._note.setText(
            "None ticked: all classes are used." if self._boxes else "All classes. Choose data to pick some."
        )
        self._note.setVisible(not self._boxes or not any(box.isChecked() for box in self._boxes))


class OptionalEditor(QWidget):
    """A check that says whether there is a value, and the editor for it."""

    edited = Signal()

    def __init__(self, inner: Any, fallback: Any) -> None:
        super().__init__()
        self.inner = inner
        self._fallback = fallback
        self._switch = QCheckBox()
        self._switch.setAccessibleName("Use a value")
        self._switch.setToolTip("Untick for none")
        self._switch.clicked.connect(self._switched)
        inner.edited.connect(self.edited)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._switch)
        layout.addWidget(inner, 1)

    def value(self) -> Any:
        return self.inner.value() if self._switch.isChecked() else None

    def set_value(self, value: Any) -> None:
        self._switch.setChecked(value is not None)
        self.inner.setEnabled(value is not None)
        if value is not None:
            self.inner.set_value(value)

    @Slot()
    def _switched(self) -> None:
        on = self._switch.isChecked()
        self.inner.setEnabled(on)
        if on:
            if self._blank():
                self.inner.set_value(self._fallback)
            self.inner.setFocus()
        self.edited.emit()

    def _blank(self) -> bool:
        try:
            return self.inner.value() in ("", None)
        except Unreadable:
            return True


def make_editor(field: FormField, shape: Shape, theme: Theme) -> Any:
    """The editor for one setting."""
    low = field.ge if field.ge is not None else field.gt
    high = field.le if field.le is not None else field.lt
    inner: Any
    match shape.kind:
        case "whole" | "real":
            inner = SciSpinBox(theme, shape.kind == "whole", low, high, field.log)
        case "switch":
            inner = SwitchEditor("")
        case "choice":
            inner = ChoiceEditor(shape.choices, field.labels)
        case "list":
            inner = ListEditor(shape)
        case "classes":
            return ClassesEditor(shape, theme)
        case "multiline":
            inner = MultilineEditor()
        case "path":
            return DropField(theme, "Drop here, or type a path")
        case _:
            inner = TextEditor(secret=shape.kind == "secret")
    return OptionalEditor(inner, low if low is not None else 0) if shape.optional else inner


def split_list(text: str, item: type) -> list[str]:
    """The entries of a typed list."""
    if ";" in text:
        parts = text.split(";")
    elif item is str:
        parts = text.split(",")
    elif item is int:
        parts = text.replace(",", " ").split()
    else:
        # "0.1, 0.5" has a decimal point and "0,1 0,5" a decimal comma: only the first uses commas as separators.
        parts = text.replace(", ", " ").replace("," if "." in text else " ", " ").split()
    return [part.strip() for part in parts if part.strip()]
