"""Texts of a run, always as plain text, the newest shown and the earlier ones a key away."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSlider, QVBoxLayout, QWidget

from app.runs.evidence import confined
from app.runs.plain_text import plain_text
from app.widgets import declare
from app.widgets.labels import Label
from app.widgets.panels import Panel, matches
from app.widgets.theme import Theme

if TYPE_CHECKING:
    from app.runs.records import Record

LARGEST_SHOWN = 2_000_000
KEPT = 500


@dataclass(frozen=True)
class Told:
    seq: int
    step: int | None
    text: str


class TextPanel(Panel):
    """One text at a time; a slider appears as soon as there are several."""

    def __init__(self, declaration: declare.TextOf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(declaration.title, theme, empty=declaration.empty, parent=parent)
        self._declaration = declaration
        self._texts: list[Told] = []
        self.view = QPlainTextEdit()
        self.view.setReadOnly(True)
        self.view.setProperty("plain", True)
        self.view.setTabChangesFocus(True)
        self.view.setAccessibleName(declaration.title)
        if declaration.mono:
            self.view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(f"Which {declaration.title} is shown")
        self._slider.valueChanged.connect(self._show)
        self._place = Label("", theme, "caption", "text-2")
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), theme.space("field"))
        foot.addWidget(self._slider, 1)
        foot.addWidget(self._place)
        self._foot.hide()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(theme.space("field"), 0, theme.space("tight"), 0)
        layout.setSpacing(theme.space("tight"))
        layout.addWidget(self.view, 1)
        layout.addWidget(self._foot)
        self.add_tool("copy", "Copy the text").clicked.connect(self._copy)
        self.set_body(body)
        self.set_theme(theme)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "text" and matches(self._declaration.name, name)

    def record_added(self, record: "Record", folder: Path) -> None:
        text = record.data.get("text")
        if text is None and (path := confined(folder, record.data.get("file"), 4 * LARGEST_SHOWN)) is not None:
            text = path.read_text(encoding="utf-8", errors="replace")
        if not isinstance(text, str):
            return
        follow = self._slider.value() == self._slider.maximum()
        if len(text) > LARGEST_SHOWN:
            text = text[:LARGEST_SHOWN] + f"\n… {len(text) - LARGEST_SHOWN} more characters in the run's folder"
        self._texts.append(Told(record.seq, record.step, text))
        del self._texts[:-KEPT]
        self._sync(follow)

    def rewind(self, seq: int, run: str = "") -> None:
        self._texts = [told for told in self._texts if told.seq <= seq]
        self._sync(follow=True)

    def clear(self) -> None:
        self._texts.clear()
        self._sync(follow=True)
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_place"):
            self.view.setFont(theme.font("mono" if self._declaration.mono else "body"))
            self._place.set_theme(theme)

    def _sync(self, follow: bool) -> None:
        self._slider.setMaximum(max(len(self._texts) - 1, 0))
        self._foot.setVisible(len(self._texts) > 1)
        if follow:
            self._slider.setValue(self._slider.maximum())
        self._show()
        self.set_filled(bool(self._texts))

    @Slot()
    def _show(self) -> None:
        at = self._slider.value()
        if at < len(self._texts):
            told = self._texts[at]
            if self.view.toPlainText() != told.text:
                self.view.setPlainText(plain_text(told.text, LARGEST_SHOWN))
            step = f"step {told.step} · " if told.step is not None else ""
            self._place.setText(f"{step}{at + 1} of {len(self._texts)}")

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.view.toPlainText())
