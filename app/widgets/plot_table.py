"""The table behind a plot: the points of one curve as rows, read from the curve only where they are seen."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Slot
from PySide6.QtWidgets import QComboBox, QTableView, QVBoxLayout, QWidget

from app.runs.figures import number
from app.widgets.plot_data import Key, PlotData
from app.widgets.theme import Theme

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
COLUMNS = ("step", "time (s)", "value", "smoothed")


class CurveModel(QAbstractTableModel):
    """One row per point; nothing is copied, so a million rows cost what the visible ones cost."""

    def __init__(self, data: PlotData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = data
        self._key: Key | None = None
        self._rows = 0

    def show_curve(self, key: Key | None) -> None:
        self.beginResetModel()
        self._key = key
        curve = self._plot.curves.get(key) if key else None
        self._rows = len(curve) if curve is not None else 0
        self.endResetModel()

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(COLUMNS) - (self._plot.smoothing == 0)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        curve = self._plot.curves.get(self._key) if self._key else None
        if curve is None or index.row() >= len(curve):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            column = (curve.step, curve.time, curve.value, curve.smooth)[index.column()]
            return number(float(column[index.row()]))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class CurveTable(QWidget):
    """Choose a curve, see its points."""

    def __init__(self, data: PlotData, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = data
        self._keys: list[Key] = []
        self._choice = QComboBox()
        self._choice.setAccessibleName("Curve shown as a table")
        self._choice.currentIndexChanged.connect(self._show)
        self.model = CurveModel(data, self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName("Points of the curve")
        self.view.verticalHeader().hide()
        self.view.setShowGrid(False)
        self.view.setAlternatingRowColors(True)
        self.view.setTabKeyNavigation(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), theme.space("pane"))
        layout.addWidget(self._choice)
        layout.addWidget(self.view, 1)
        self.set_theme(theme)

    def refresh(self) -> None:
        """Follow the data: new curves in the list, new rows in the table."""
        keys = [key for key in self._plot.shown_keys() if key in self._plot.curves]
        if keys != self._keys:
            kept = (
                self._keys[self._choice.currentIndex()] if 0 <= self._choice.currentIndex() < len(self._keys) else None
            )
            self._keys = keys
            self._choice.blockSignals(True)
            self._choice.clear()
            self._choice.addItems([self._plot.label(key) for key in keys])
            if kept in keys:
                self._choice.setCurrentIndex(keys.index(kept))
            self._choice.blockSignals(False)
            self._choice.setVisible(len(keys) > 1)
        self._show()

    def set_theme(self, theme: Theme) -> None:
        self.view.setFont(theme.figures_font())
        self.view.horizontalHeader().setFont(theme.font("caption"))
        self.view.verticalHeader().setDefaultSectionSize(theme.height("row"))

    @Slot()
    def _show(self) -> None:
        at = self._choice.currentIndex()
        self.model.show_curve(self._keys[at] if 0 <= at < len(self._keys) else None)
