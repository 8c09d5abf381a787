"""Sliders that cut again at once: budget, penalty per cut, rule, and the weights of the blend."""

import math

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from app.engines.video.cutting import Choices
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme

VMAX_LOW, VMAX_HIGH = 0.05, 5.0
VMAX_STEPS = 200


class Controls(QWidget):
    """Says which choice changed; shows the choices and what came of them."""

    changed = Signal(dict)
    recut = Signal(dict)
    write_pressed = Signal()
    undo_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._quiet = False
        self.budget = _slider(1, 60, "Budget in percent of the video")
        self._budget_words = Label("", theme, "caption", "text-2")
        self.vmax = _slider(0, VMAX_STEPS, "Penalty per cut")
        self._vmax_words = Label("", theme, "caption", "text-2")
        self.rule = QComboBox()
        self.rule.setAccessibleName("Worth of a shot")
        self.rule.addItem("Mean score", "mean")
        self.rule.addItem("Sum of scores", "sum")
        self.blend = QToolButton()
        self.blend.setText("Blend")
        self.blend.setToolTip("Weights of the parts that make the score")
        self.blend.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self.blend.setMenu(self._menu)
        self.weights: dict[str, QSlider] = {}
        self.write = QPushButton("Write film…")
        self.write.setToolTip("Write this selection as a film, with lists and a contact sheet")
        self.outcome = ElidedLabel("", theme, "strong")
        self.standing = ElidedLabel("", theme, "caption", "text-2")
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.space("field"), 2, theme.space("field"), theme.space("tight"))
        grid.setHorizontalSpacing(theme.space("field"))
        grid.setVerticalSpacing(2)
        sliders = QHBoxLayout()
        sliders.setSpacing(theme.space("tight"))
        for words, slider, value in (
            ("Budget", self.budget, self._budget_words),
            ("Penalty per cut", self.vmax, self._vmax_words),
        ):
            sliders.addWidget(Label(words, theme, "caption", "text-2"))
            sliders.addWidget(slider, 1)
            value.setMinimumWidth(40)
            sliders.addWidget(value)
        sliders.addWidget(self.rule)
        sliders.addWidget(self.blend)
        grid.addLayout(sliders, 0, 0, 1, 2)
        figures = QHBoxLayout()
        figures.addWidget(self.outcome, 2)
        figures.addWidget(self.standing, 5)
        grid.addLayout(figures, 1, 0)
        grid.addWidget(self.write, 1, 1)
        grid.setColumnStretch(0, 1)
        self.budget.valueChanged.connect(self._budget_moved)
        self.vmax.valueChanged.connect(self._vmax_moved)
        self.rule.activated.connect(self._rule_chosen)
        self.write.clicked.connect(self.write_pressed)
        self.set_ready(False)

    def set_ready(self, ready: bool) -> None:
        """Nothing can be cut or written while the video is still being looked at."""
        for part in (self.budget, self.vmax, self.rule, self.blend, self.write):
            part.setEnabled(ready)

    def show_choices(self, choices: Choices, names: tuple[str, ...]) -> None:
        """Bring the sliders to where the choices are, without telling anyone."""
        self._quiet = True
        self.set_ready(True)
        self.budget.setValue(round(100 * choices.budget))
        self.vmax.setValue(_to_steps(choices.vmax))
        self.vmax.setEnabled(choices.shots == "kts" and choices.shot_count is None)
        self.budget.setEnabled(choices.budget_seconds is None)
        self.rule.setCurrentIndex(self.rule.findData(choices.value))
        if tuple(self.weights) != (names if choices.weights else ()):
            self._build_blend(names if choices.weights else ())
        for name, weight in choices.weights:
            if name in self.weights:
                self.weights[name].setValue(round(100 * weight))
        self._budget_words.setText(f"{round(100 * choices.budget)} %")
        self._vmax_words.setText(f"{choices.vmax:.2f}")
        self._quiet = False

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    @Slot(int)
    def _budget_moved(self, percent: int) -> None:
        self._tell({"budget": percent / 100})

    @Slot(int)
    def _vmax_moved(self, steps: int) -> None:
        if not self._quiet:
            self.recut.emit({"vmax": _from_steps(steps)})

    @Slot(int)
    def _rule_chosen(self, _index: int) -> None:
        self._tell({"value": self.rule.currentData()})

    @Slot(int)
    def _weight_moved(self, _percent: int) -> None:
        self._tell({"weights": tuple((name, slider.value() / 100) for name, slider in self.weights.items())})

    def _tell(self, values: dict[str, object]) -> None:
        if not self._quiet:
            self.changed.emit(values)

    def _build_blend(self, names: tuple[str, ...]) -> None:
        self._menu.clear()
        self.weights = {}
        self.blend.setVisible(bool(names))
        holder = QWidget()
        grid = QGridLayout(holder)
        for row, name in enumerate(names):
            slider = _slider(0, 100, f"Weight of {name}")
            slider.setMinimumWidth(160)
            slider.valueChanged.connect(self._weight_moved)
            grid.addWidget(Label(name.capitalize(), self._theme), row, 0)
            grid.addWidget(slider, row, 1)
            self.weights[name] = slider
        action = QWidgetAction(self._menu)
        action.setDefaultWidget(holder)
        self._menu.addAction(action)


def _slider(low: int, high: int, name: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    slider.setMinimumWidth(80)
    return slider


def _to_steps(vmax: float) -> int:
    return round(VMAX_STEPS * math.log(vmax / VMAX_LOW) / math.log(VMAX_HIGH / VMAX_LOW))


def _from_steps(steps: int) -> float:
    return float(f"{VMAX_LOW * (VMAX_HIGH / VMAX_LOW) ** (steps / VMAX_STEPS):.3g}")
