"""The names of the curves or of their families above a plot; a click hides and shows one."""

from PySide6.QtCore import QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

from app.widgets.flow import FlowLayout
from app.widgets.plot_data import GREY, Key, PlotData
from app.widgets.theme import Theme

MOST = 24
LONGEST = 40
SAMPLE = QSize(24, 12)


class Legend(QWidget):
    """One chip per curve or family of curves, hidden while there is only one to name."""

    toggled = Signal()
    """Another set of curves is hidden now."""

    def __init__(self, data: PlotData, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = data
        self._theme = theme
        self._flow = FlowLayout(self, theme.space("tight"))
        self._known: dict[Key, list[Key]] = {}
        self.chips: dict[Key, QToolButton] = {}
        self.hide()

    def sync(self) -> None:
        """Follow the curves there are."""
        known = self._data.entries()
        if known == self._known:
            return
        self._known, keys = known, list(known)
        for key in [key for key in self.chips if key not in keys[:MOST]]:
            chip = self.chips.pop(key)
            self._flow.removeWidget(chip)
            chip.setParent(None)
            chip.deleteLater()
        for key in keys[:MOST]:
            if key not in self.chips:
                self._add(key)
        self.repaint_chips()
        self.setVisible(len(keys) > 1)

    def repaint_chips(self) -> None:
        """Colours, dashes and words as they are now."""
        for key in self.chips:
            self._paint(key)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.repaint_chips()

    def _add(self, key: Key) -> None:
        chip = QToolButton()
        chip.setProperty("mark", True)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIconSize(SAMPLE)
        chip.setCheckable(True)
        chip.setChecked(key not in self._data.hidden)
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.clicked.connect(self._clicked)
        self.chips[key] = chip
        self._flow.addWidget(chip)

    def _paint(self, key: Key) -> None:
        chip, style, shown = self.chips[key], self._data.entry_style(key), key not in self._data.hidden
        label = self._data.entry_label(key)
        chip.setText(label if len(label) <= LONGEST else label[: LONGEST - 1] + "…")
        chip.setAccessibleName(f"{label}, {'shown' if shown else 'hidden'}")
        chip.setFont(self._theme.font("caption"))
        color = self._theme.reference() if style == GREY else self._theme.series(style)
        ratio = self.devicePixelRatioF()
        picture = QPixmap(SAMPLE * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setOpacity(1.0 if shown else 0.25)
        painter.setPen(QPen(color, 2, self._theme.dash(self._data.split(key))))
        painter.drawLine(QPointF(1, 6), QPointF(23, 6))
        painter.end()
        chip.setIcon(picture)

    @Slot()
    def _clicked(self) -> None:
        for key, chip in self.chips.items():
            if chip.isChecked() == (key in self._data.hidden):
                if chip.isChecked():
                    self._data.hidden.difference_update(self._known[key])
                else:
                    self._data.hidden.update(self._known[key])
                self._paint(key)
        self.toggled.emit()
