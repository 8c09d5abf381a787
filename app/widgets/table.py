"""Tables of a run: sorted by a click, copied by a key, with the best value of a column bold and marked."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.runs.evidence import read_json
from app.runs.figures import number
from app.widgets import declare
from app.widgets.labels import plain_tooltip
from app.widgets.panels import Panel, matches
from app.widgets.theme import Theme, load_theme

if TYPE_CHECKING:
    from app.runs.records import Record

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
SORT_ROLE = Qt.ItemDataRole.UserRole
BEST_MARK = "★ "
KEPT = 64
"""Earlier tables kept, for a run that is resumed from before the latest."""
LONGEST, LONGEST_WRAPPED = 300, 2000
"""Characters of a cell that are shown; the whole text is in the tooltip."""
SORT_MARK, PADDING = 20, 12
"""Logical pixels beside a column's words: for the arrow of the sorted one, and for air."""


class TableModel(QAbstractTableModel):
    """Rows under named columns; `better` says which columns have a best value and whether it is the highest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: list[str] = []
        self.rows: list[list[Any]] = []
        self._best: dict[int, float] = {}
        self.numeric: set[int] = set()
        self.bold = QFont()
        self.longest = LONGEST

    def set_table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], better: Mapping[str, str] | None = None
    ) -> None:
        self.beginResetModel()
        self.columns = [str(column) for column in columns]
        self.rows = [list(row)[: len(columns)] + [None] * (len(columns) - len(row)) for row in rows]
        numbers = [[row[k] for row in self.rows if _is_number(row[k])] for k in range(len(columns))]
        others = [any(row[k] is not None and not _is_number(row[k]) for row in self.rows) for k in range(len(columns))]
        self.numeric = {k for k, values in enumerate(numbers) if values and not others[k]}
        self._best = {}
        for k, column in enumerate(self.columns):
            finite = [value for value in numbers[k] if math.isfinite(value)]
            if better and column in better and len(finite) > 1:
                self._best[k] = max(finite) if better[column] == "higher" else min(finite)
        self.endResetModel()

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        value, column = self.rows[index.row()][index.column()], index.column()
        best = column in self._best and _is_number(value) and value == self._best[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return (BEST_MARK if best else "") + cell_words(value, longest=self.longest)
        if role == SORT_ROLE:
            return _sortable(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in self.numeric:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and best:
            return self.bold
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(("Best value of this column: " if best else "") + cell_words(value, full=True))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.columns[column]}: {cell_words(value)}{', best' if best else ''}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in self.numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


class DataTable(QTableView):
    """A table that sorts, filters and copies; `row_chosen` gives the row in the order it was set."""

    row_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, wrap: bool = False) -> None:
        super().__init__(parent)
        self.source = TableModel(self)
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.source)
        self.sorted.setSortRole(SORT_ROLE)
        self.sorted.setFilterKeyColumn(-1)
        self.sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self.sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(wrap)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        if wrap:
            self.source.longest = LONGEST_WRAPPED
            self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.activated.connect(self._activated)
        self.clicked.connect(self._activated)
        self.set_theme(theme)

    def set_table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], better: Mapping[str, str] | None = None
    ) -> None:
        """Show other rows; columns are as wide as their content, or as they were where that is wider."""
        changed = list(columns) != self.source.columns
        self.source.set_table(columns, rows, better)
        heads = QFontMetrics(self.horizontalHeader().font())
        # Numbers that are compared stay together: only words take what room is left.
        self.horizontalHeader().setStretchLastSection(len(columns) - 1 not in self.source.numeric)
        for k, column in enumerate(columns):
            wide = max(self.sizeHintForColumn(k), heads.horizontalAdvance(column) + SORT_MARK) + PADDING
            wide = min(max(wide, 56), 320)
            self.setColumnWidth(k, wide if changed else max(wide, self.columnWidth(k)))

    def set_theme(self, theme: Theme) -> None:
        self.setFont(theme.figures_font())
        self.horizontalHeader().setFont(theme.font("caption"))
        self.verticalHeader().setDefaultSectionSize(theme.height("row"))
        self.verticalHeader().setMinimumSectionSize(theme.height("row"))
        bold = theme.figures_font()
        bold.setWeight(QFont.Weight.Bold)
        self.source.bold = bold
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    @Slot()
    def copy(self) -> None:
        """The selected rows, or all, as tab-separated text with the column names."""
        chosen = sorted({index.row() for index in self.selectionModel().selectedIndexes()})
        shown = chosen or range(self.sorted.rowCount())
        rows = [self.source.rows[self.sorted.mapToSource(self.sorted.index(row, 0)).row()] for row in shown]
        lines = ["\t".join(self.source.columns)]
        lines += ["\t".join(cell_words(cell, full=True).replace("\t", " ") for cell in row) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        self.row_chosen.emit(self.sorted.mapToSource(index).row())


class TablePanel(Panel):
    """The latest table of one name."""

    row_chosen = Signal(int)
    formats = ("csv:shown", "png")

    def __init__(self, declaration: declare.TableOf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(declaration.title, theme, empty=declaration.empty, parent=parent)
        self._declaration = declaration
        self._history: list[tuple[int, list[str], list[list[Any]]]] = []
        self.view = DataTable(theme, wrap=declaration.wrap)
        self.view.setAccessibleName(declaration.title)
        self.view.row_chosen.connect(self.row_chosen)
        self.menu.addSeparator()
        self.menu.addAction("Copy the table").triggered.connect(self.view.copy)
        self.set_body(self.view)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "table" and matches(self._declaration.name, name)

    def record_added(self, record: "Record", folder: Path) -> None:
        found = table_of(record, folder)
        if found is not None:
            self._history.append((record.seq, *found))
            del self._history[:-KEPT]
            self._show_latest()

    def rewind(self, seq: int, run: str = "") -> None:
        self._history = [entry for entry in self._history if entry[0] <= seq]
        self._show_latest()

    def clear(self) -> None:
        self._history.clear()
        self.view.set_table([], [])
        super().clear()

    def _show_latest(self) -> None:
        if self._history:
            self.view.set_table(*self._history[-1][1:], dict(self._declaration.better))
        self.set_filled(bool(self._history))

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        order = range(self.view.sorted.rowCount())
        rows = [self.view.sorted.mapToSource(self.view.sorted.index(row, 0)).row() for row in order]
        return self.view.source.columns, [self.view.source.rows[row] for row in rows]

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        columns, rows = self.table("shown")
        paint_table(painter, room, columns, rows, load_theme("light"))


def table_of(record: "Record", folder: Path) -> tuple[list[str], list[list[Any]]] | None:
    """Columns and rows of a table event, read from its file if it has one; None if they are damaged."""
    found = read_json(folder, record.data["file"]) if "file" in record.data else record.data
    if not isinstance(found, dict) or not isinstance(found.get("columns"), list):
        return None
    rows = found.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    return [str(column) for column in found["columns"]], rows


def cell_words(value: Any, full: bool = False, longest: int = LONGEST) -> str:
    """A cell as a person reads it: three significant digits unless `full`, yes and no, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(value) if full else number(value)
    text = str(value)
    return text if full or len(text) <= longest else text[: longest - 1] + "…"


def paint_table(painter: QPainter, room: QRectF, columns: list[str], rows: list[list[Any]], theme: Theme) -> None:
    """As much of a table as fits into `room`, and a line that says how much does not."""
    painter.setFont(theme.figures_font())
    height = painter.fontMetrics().height() + 8
    fit = max(int(room.height() // height) - 2, 0)
    width = room.width() / max(len(columns), 1)
    lines = [columns, *[[cell_words(cell) for cell in row] for row in rows[:fit]]]
    for at, line in enumerate(lines):
        painter.setPen(theme.color("text-2" if at == 0 else "text"))
        for k, cell in enumerate(line):
            box = QRectF(room.left() + k * width, room.top() + at * height, width - 8, height)
            shown = painter.fontMetrics().elidedText(cell, Qt.TextElideMode.ElideRight, int(width - 8))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    if len(rows) > fit:
        painter.setPen(theme.color("text-2"))
        box = QRectF(room.left(), room.top() + len(lines) * height, room.width(), height)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"and {len(rows) - fit} more rows")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sortable(value: Any) -> Any:
    """Something that Qt can compare: numbers among numbers, everything else as text; nothing comes first."""
    if value is None:
        return -math.inf
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else -math.inf if value != math.inf else math.inf
    return str(value).casefold()
