"""A form made from a task's config: search, presets, resets, advanced fold, undo, and faults under their fields."""

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core import Config, Preset, form_fields
from app.data.inspection import Inspection
from app.widgets.dropfield import DropField
from app.widgets.editors import ClassesEditor
from app.widgets.form_row import FormRow
from app.widgets.form_words import faults_of
from app.widgets.history import History
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.number_text import Unreadable
from app.widgets.presets import PresetChooser
from app.widgets.theme import Theme

VALIDATE_AFTER = 150
"""Milliseconds without an edit before the settings are checked as a whole."""
SEARCH_FROM = 8
"""Forms with fewer settings need no search."""


class ConfigForm(QWidget):
    """The settings of the next run."""

    changed = Signal()
    """Some value is different now, by whatever way."""
    validated = Signal(bool)
    """The settings were checked: whether a run could start with them."""
    paths_dropped = Signal(str, object)
    """Field and paths: inspect them, then `set_value` and `set_inspection`."""
    path_edited = Signal(str, str)
    """Field and text of a path that was typed or chosen from the ready-made ones."""
    browse_requested = Signal(str)
    refused = Signal(str)
    save_preset_requested = Signal(object)

    def __init__(
        self, config: type[Config], presets: Mapping[str, Preset], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.config = config
        self._touched: set[str] = set()
        self._faults: list[tuple[str, str]] = []
        self._applying = False
        self.rows = {field.name: FormRow(field, theme) for field in form_fields(config)}
        self._history = History(self.values())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(VALIDATE_AFTER)
        self._timer.timeout.connect(self._validate)
        self._lay_out(presets, theme)
        for row in self.rows.values():
            self._connect(row)
        for keys, slot in ((QKeySequence.StandardKey.Undo, self.undo), (QKeySequence.StandardKey.Redo, self.redo)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)
        QApplication.instance().focusChanged.connect(self._focus_moved)  # type: ignore[union-attr]
        self._show_changes()
        self._timer.start()

    def values(self) -> dict[str, Any]:
        """All settings by name; text that makes no value is given as text. Empty required paths are left out."""
        found = {name: row.raw() for name, row in self.rows.items()}
        return {name: value for name, value in found.items() if not self._is_blank(self.rows[name], value)}

    def defaults(self) -> dict[str, Any]:
        return {name: row.field.default for name, row in self.rows.items()}

    def changes(self) -> dict[str, Any]:
        """The settings that differ from their defaults."""
        defaults = self.defaults()
        return {name: value for name, value in self.values().items() if _apart(value, defaults[name])}

    def set_values(self, values: Mapping[str, Any], source: str = "") -> list[str]:
        """Take over some or all settings as one step of undo; returns the names that this form does not have.

        `source` names the cause; the same one again extends the step, as typing does.
        """
        for name, value in values.items():
            if name in self.rows:
                self.rows[name].set_value(value)
                self._touched.add(name)
        self._after_edit(source)
        return [name for name in values if name not in self.rows]

    def set_value(self, name: str, value: Any) -> None:
        self.set_values({name: value})

    def faults(self) -> list[tuple[str, str]]:
        """Check now, show what is wrong under each field, and return (field, message); "" stands for the whole."""
        self._touched.update(self.rows)
        self._validate(show_all=True)
        return list(self._faults)

    def focus_field(self, name: str) -> None:
        """Bring a setting into view and give it the keys."""
        row = self.rows[name]
        if row.field.advanced:
            self._fold.setChecked(True)
        if row.isHidden():
            self._search.clear()
        row.focus_target().setFocus(Qt.FocusReason.OtherFocusReason)
        self._scroll.ensureWidgetVisible(row)

    def set_inspection(self, name: str, found: Inspection | None) -> None:
        """Show under a path field what was found there, and offer its classes where the form asks for some."""
        editor = self._path_editor(name)
        if editor is not None:
            editor.set_inspection(found)
        names = found.options.get("class_names") if found is not None else None
        if names:
            for row in self.rows.values():
                if isinstance(row.editor, ClassesEditor):
                    row.editor.set_options(names)

    def set_busy(self, name: str, words: str) -> None:
        """Say under a path field that it is being looked at."""
        editor = self._path_editor(name)
        if editor is not None:
            editor.set_busy(words)

    def set_choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Ready-made values of a path field: (words, value)."""
        editor = self._path_editor(name)
        if editor is not None:
            editor.set_choices(choices)

    def set_user_presets(self, presets: Mapping[str, Mapping[str, Any]]) -> None:
        self._presets.set_mine(presets)

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo

    @Slot()
    def undo(self) -> None:
        self._apply(self._history.undo())

    @Slot()
    def redo(self) -> None:
        self._apply(self._history.redo())

    @Slot()
    def focus_search(self) -> None:
        self._search.setFocus()
        self._search.selectAll()

    def set_theme(self, theme: Theme) -> None:
        self._glass.setIcon(icon("search", theme))
        self._fold.setIcon(icon("fold" if self._fold.isChecked() else "unfold", theme))
        self._theme = theme

    def _lay_out(self, presets: Mapping[str, Preset], theme: Theme) -> None:
        self._theme = theme
        self._presets = PresetChooser(presets, theme)
        self._presets.chosen.connect(self._preset_chosen)
        self._presets.save_requested.connect(self._save_preset)
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search settings")
        self._search.setAccessibleName("Search settings")
        self._search.setClearButtonEnabled(True)
        self._glass = self._search.addAction(icon("search", theme), QLineEdit.ActionPosition.LeadingPosition)
        self._search.textChanged.connect(self._filter)
        self._search.setVisible(len(self.rows) >= SEARCH_FROM)
        self._nothing = Label("", theme, "body", "text-2", wrap=True)
        self._nothing.hide()
        self._whole = Label("", theme, "caption", "danger", wrap=True)
        self._whole.hide()
        self._fold = QToolButton()
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fold.setProperty("fold", True)
        self._fold.setIcon(icon("unfold", theme))
        self._fold.toggled.connect(self._unfold)
        self._advanced = QWidget()
        self._advanced.hide()
        self._headings: list[tuple[Label, list[FormRow]]] = []
        basic = [row for row in self.rows.values() if not row.field.advanced]
        advanced = [row for row in self.rows.values() if row.field.advanced]
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, theme.space("tight"), 0)
        column.setSpacing(theme.space("field"))
        self._add_groups(column, basic, theme)
        column.addWidget(self._fold)
        inner = QVBoxLayout(self._advanced)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space("field"))
        self._add_groups(inner, advanced, theme)
        column.addWidget(self._advanced)
        column.addStretch(1)
        self._fold.setVisible(bool(advanced))
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(page)
        self._scroll.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("field"))
        for widget in (self._presets, self._search, self._whole, self._nothing):
            layout.addWidget(widget)
        layout.addWidget(self._scroll, 1)

    def _add_groups(self, column: QVBoxLayout, rows: Iterable[FormRow], theme: Theme) -> None:
        listed = list(rows)
        for group in dict.fromkeys(row.field.group for row in listed):
            members = [row for row in listed if row.field.group == group]
            if group:
                heading = Label(group, theme, "strong", "text-2")
                heading.setContentsMargins(0, theme.space("field"), 0, 0)
                self._headings.append((heading, members))
                column.addWidget(heading)
            for row in members:
                column.addWidget(row)

    def _connect(self, row: FormRow) -> None:
        row.edited.connect(self._row_edited)
        editor = row.editor
        if isinstance(editor, DropField):
            editor.setProperty("field", row.field.name)
            editor.paths_dropped.connect(self._dropped)
            editor.browse_requested.connect(self._browse)
            editor.refused.connect(self.refused)

    def _path_editor(self, name: str) -> DropField | None:
        editor = self.rows[name].editor
        editor = getattr(editor, "inner", editor)
        return editor if isinstance(editor, DropField) else None

    @Slot(str)
    def _row_edited(self, name: str) -> None:
        self._touched.add(name)
        self._after_edit(name)
        if self._path_editor(name) is not None:
            self.path_edited.emit(name, str(self.rows[name].raw()))

    @Slot(object)
    def _dropped(self, paths: object) -> None:
        self.paths_dropped.emit(str(self.sender().property("field")), paths)

    @Slot()
    def _browse(self) -> None:
        self.browse_requested.emit(str(self.sender().property("field")))

    @Slot(object)
    def _preset_chosen(self, values: dict[str, Any]) -> None:
        kept = {name for name, row in self.rows.items() if row.shape.kind == "path"}
        wanted = {name: value for name, value in self.defaults().items() if name not in kept}
        self.set_values({**wanted, **values})

    @Slot()
    def _save_preset(self) -> None:
        self.save_preset_requested.emit(self.changes())

    def _apply(self, values: Mapping[str, Any]) -> None:
        self._applying = True
        for name, row in self.rows.items():
            row.set_value(values.get(name, row.field.default))
        self._applying = False
        self._show_changes()
        self._timer.start()
        self.changed.emit()

    def _after_edit(self, source: str) -> None:
        if self._applying:
            return
        self._history.record(self.values(), source)
        self._show_changes()
        self._timer.start()
        self.changed.emit()

    def _show_changes(self) -> None:
        changes = self.changes()
        advanced = 0
        for name, row in self.rows.items():
            row.show_changed(name in changes)
            advanced += row.field.advanced and name in changes
        count = sum(row.field.advanced for row in self.rows.values())
        self._fold.setText(f"Advanced ({count}{f', {advanced} changed' if advanced else ''})")
        paths = {name for name, row in self.rows.items() if row.shape.kind == "path"}
        self._presets.show_match(self.values(), self.defaults(), paths)

    @Slot()
    def _validate(self, show_all: bool = False) -> None:
        self._timer.stop()
        found = dict(self._unreadable())
        for name, message in faults_of(self.config, self.values()):
            found.setdefault(name if name in self.rows else "", message)
        self._faults = [(name, found[name]) for name in (*self.rows, "") if name in found]
        self._show_faults(show_all)
        self.validated.emit(not self._faults)

    def _unreadable(self) -> Iterable[tuple[str, str]]:
        for name, row in self.rows.items():
            try:
                row.value()
            except Unreadable as fault:
                yield name, str(fault)

    def _show_faults(self, show_all: bool) -> None:
        found = dict(self._faults)
        focused = QApplication.focusWidget()
        for name, row in self.rows.items():
            message = found.get(name, "")
            busy = focused is not None and row.isAncestorOf(focused) and not row.fault
            if message and not show_all and (busy or name not in self._touched):
                continue
            row.show_fault(message)
        self._whole.setText(found.get("", ""))
        self._whole.setVisible(bool(found.get("")))

    @Slot(QWidget, QWidget)
    def _focus_moved(self, old: QWidget | None, _new: QWidget | None) -> None:
        if old is not None and self.isAncestorOf(old):
            self._history.close_step()
            self._show_faults(show_all=False)

    @Slot(bool)
    def _unfold(self, on: bool) -> None:
        self._advanced.setVisible(on or bool(self._search.text().strip()))
        self.set_theme(self._theme)

    @Slot(str)
    def _filter(self, text: str) -> None:
        found = {name for name, row in self.rows.items() if row.matches(text)}
        for name, row in self.rows.items():
            row.setVisible(name in found)
        for heading, members in self._headings:
            heading.setVisible(any(row.field.name in found for row in members))
        searching = bool(text.strip())
        self._advanced.setVisible(self._fold.isChecked() or searching)
        self._fold.setVisible(not searching and any(row.field.advanced for row in self.rows.values()))
        self._nothing.setText(f"No setting matches “{text.strip()}”.")
        self._nothing.setVisible(searching and not found)

    @staticmethod
    def _is_blank(row: FormRow, value: Any) -> bool:
        return row.field.required and value in ("", None)


def _apart(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return list(one) != list(other)
    return bool(one != other) or (type(one) is bool) != (type(other) is bool)
