"""The choice of named settings above a form: defaults, those of papers, ours, and the user's own."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.core import Preset
from app.widgets.editors import WheelSafeCombo
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.theme import Theme

DEFAULTS = Preset("Defaults", {}, "Every setting at its default.")


class PresetChooser(QWidget):
    """`chosen` gives the values to lay over the defaults."""

    chosen = Signal(object)
    save_requested = Signal()

    def __init__(self, presets: Mapping[str, Preset], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ours = list(presets.values())
        self._mine: list[Preset] = []
        self._listed: dict[int, Preset] = {}
        self._combo = WheelSafeCombo()
        self._combo.setAccessibleName("Preset")
        self._combo.activated.connect(self._activated)
        self._save = QToolButton()
        self._save.setToolTip("Save these settings as a preset…")
        self._save.setAccessibleName("Save as a preset")
        self._save.clicked.connect(self.save_requested)
        self._note = Label("", theme, "caption", "text-2", wrap=True)
        self._label = Label("Preset", theme, "body")
        row = QHBoxLayout()
        row.setSpacing(theme.space("field"))
        row.addWidget(self._label)
        row.addWidget(self._combo, 1)
        row.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("tight"))
        layout.addLayout(row)
        layout.addWidget(self._note)
        self.set_theme(theme)
        self._fill()

    def set_mine(self, presets: Mapping[str, Mapping[str, Any]]) -> None:
        """The user's own presets, by title."""
        self._mine = [Preset(title, dict(values)) for title, values in presets.items()]
        self._fill()

    def show_match(self, values: Mapping[str, Any], defaults: Mapping[str, Any], ignored: set[str]) -> None:
        """Say whether the form still holds what the chosen preset says; `ignored` names data fields."""
        preset = self._listed.get(self._combo.currentIndex(), DEFAULTS)
        wanted = {**defaults, **preset.values}
        apart = [name for name in wanted if name not in ignored and not _same(values.get(name), wanted[name])]
        source = f"\nSource: {preset.source.text}" if preset.source else ""
        changed = f"\n{len(apart)} setting{'s' * (len(apart) > 1)} changed since." if apart else ""
        note = f"{preset.note if preset is not DEFAULTS else ''}{source}{changed}".strip()
        self._note.setText(note)
        self._note.setVisible(bool(note))

    def set_theme(self, theme: Theme) -> None:
        self._save.setIcon(icon("save", theme))

    def _fill(self) -> None:
        kept = self._combo.currentText()
        papers = [preset for preset in self._ours if preset.source is not None]
        ours = [preset for preset in self._ours if preset.source is None]
        model = QStandardItemModel(self._combo)
        self._listed = {}
        for heading, presets in (("", [DEFAULTS]), ("As in the paper", papers), ("Ours", ours), ("Mine", self._mine)):
            if heading and presets:
                item = QStandardItem(heading)
                item.setEnabled(False)
                item.setSelectable(False)
                model.appendRow(item)
            for preset in presets:
                self._listed[model.rowCount()] = preset
                item = QStandardItem(preset.title)
                item.setToolTip(preset.note.replace("<", "‹"))
                model.appendRow(item)
        self._combo.setModel(model)
        at = next((row for row, preset in self._listed.items() if preset.title == kept), 0)
        self._combo.setCurrentIndex(at)

    @Slot(int)
    def _activated(self, row: int) -> None:
        if row in self._listed:
            self.chosen.emit(dict(self._listed[row].values))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return list(one) == list(other)
    return bool(one == other)
