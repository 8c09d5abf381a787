"""The panel of live curves: legend, logarithms, smoothing, choice of the x axis, read-out, and a table behind it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from app.runs.figures import number
from app.widgets import declare
from app.widgets.labels import ElidedLabel, Label
from app.widgets.panels import Panel, ending, matches
from app.widgets.plot_canvas import PlotCanvas
from app.widgets.plot_data import MOST_COLOURED, Key, PlotData
from app.widgets.plot_legend import Legend
from app.widgets.plot_paint import PlotPainter
from app.widgets.plot_table import CurveTable
from app.widgets.speak import speak
from app.widgets.theme import Theme, load_theme

if TYPE_CHECKING:
    from app.runs.records import Points


class PlotPanel(Panel):
    """Curves of the declared metrics for one run or for several laid over each other."""

    point_chosen = Signal(str, str, object, object)
    """Metric, run, event number and step of a point that was clicked or entered."""

    formats = ("png", "svg", "csv:shown", "csv:raw", "csv:both")
    least_height = 210

    def __init__(self, declaration: declare.Plot, theme: Theme, parent: QWidget | None = None) -> None:
        words = declaration.empty or f"{declaration.title} appears here after the first {declaration.step_title}."
        super().__init__(declaration.title, theme, empty=words, parent=parent)
        self._declaration = declaration
        self.data = PlotData(declaration.log_x, declaration.log_y, declaration.parts)
        self.data.labels.update(declaration.labels)
        self.data.references.extend(declaration.references)
        self.canvas = PlotCanvas(self.data, theme, declaration.y_range)
        self.canvas.setAccessibleName(f"Plot of {declaration.title}")
        self.canvas.hovered.connect(self._hovered)
        self.canvas.left.connect(self._unhovered)
        self.canvas.chosen.connect(self._chosen)
        self.canvas.stepped.connect(self._stepped)
        self.canvas.key_pressed.connect(self._key_pressed)
        self._build_tools()
        self.set_body(self._build_body(theme))
        self.set_theme(theme)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "metric" and matches(self._declaration.metrics, name)

    def points_added(self, points: dict[str, "Points"], run: str = "") -> None:
        added = False
        for name, part in points.items():
            if self.wants("metric", name) and len(part.value):
                self.data.labels.setdefault(name, ending(self._declaration.metrics, name))
                self.data.add(run, name, part.seq, part.time, part.step, part.value)
                added = True
        if added:
            self._changed()

    def rewind(self, seq: int, run: str = "") -> None:
        self.data.rewind(seq, run)
        self._changed()

    def remove_run(self, run: str) -> None:
        """Take a run out of the overlay."""
        self.data.remove_run(run)
        self._changed()

    def clear(self) -> None:
        self.data.curves.clear()
        self.data.hidden.clear()
        self.data.folds.clear()
        self._changed()
        super().clear()

    def set_folds(self, folds: dict[str, list[str]]) -> None:
        """Fold runs that differ only in their seed: label of the fold to labels of its runs."""
        self.data.folds = dict(folds)
        self._changed()

    def set_titles(self, titles: dict[str, str]) -> None:
        """Words for metric names."""
        self.data.labels.update(titles)
        self._changed()

    def set_reference(self, name: str, value: float, text: str, source: str = "") -> None:
        if name and not self.wants("metric", name):
            return
        fresh = declare.Reference(value, text, source)
        self.data.references = [kept for kept in self.data.references if kept.text != text] + [fresh]
        self.canvas.touch()

    def view_state(self) -> dict[str, Any]:
        """How the plot is looked at, to be remembered."""
        data = self.data
        looked = {"axis": data.axis, "log_x": data.log_x, "log_y": data.log_y, "smoothing": data.smoothing}
        return looked | ({"part": data.part} if data.part else {})

    def restore_view(self, state: dict[str, Any]) -> None:
        self.data.axis = str(state.get("axis", self.data.axis))
        self.data.part = str(state.get("part", self.data.part))
        self._log_x.setChecked(bool(state.get("log_x", self.data.log_x)))
        self._log_y.setChecked(bool(state.get("log_y", self.data.log_y)))
        self._slider.setValue(round(100 * float(state.get("smoothing", self.data.smoothing))))
        self._name_axis()
        self._rescale()

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        columns: list[str] = ["curve"]
        rows: list[dict[str, Any]] = []
        for key in self.data.shown_keys():
            if key in self.data.hidden:
                continue
            names, lines = self.data.table(key, what != "raw", what != "shown")
            value = {name: ("value" + name[len(key[1]) :] if name.startswith(key[1]) else name) for name in names}
            columns += [value[name] for name in names if value[name] not in columns]
            label = " · ".join(part for part in (key[0], key[1]) if part)
            rows += [{"curve": label, **dict(zip(value.values(), line, strict=True))} for line in lines]
        return columns, [[row.get(column) for column in columns] for row in rows]

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        self.canvas.redraw()
        PlotPainter(self.data, self.canvas.shown_range, load_theme("light"), self._declaration.unit).paint(
            painter, room
        )

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_read_out"):
            self.canvas.set_theme(theme)
            for label in (self._read_out, self._badge, self._smooth_value, self._unit):
                label.set_theme(theme)
            for button in (self._axis_button, self._part_button):
                button.setFont(theme.font("caption"))
            self.legend.set_theme(theme)

    def _build_tools(self) -> None:
        self._log_y = self.add_tool("log-y", "Logarithmic y axis (L)", checkable=True)
        self._log_y.setChecked(self.data.log_y)
        self._log_y.toggled.connect(self._set_log_y)
        smooth = self.add_tool("smooth", "Smoothing")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 99)
        self._slider.setAccessibleName("Smoothing, 0 to 0.99")
        self._slider.setFixedWidth(160)
        self._slider.valueChanged.connect(self._set_smoothing)
        self._smooth_value = Label("off", self.theme, "caption", "text-2")
        self._smooth_value.setMinimumWidth(32)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(12, 6, 12, 6)
        row.addWidget(Label("Smoothing", self.theme, "caption", "text-2"))
        row.addWidget(self._slider)
        row.addWidget(self._smooth_value)
        popup = QMenu(self)
        action = QWidgetAction(popup)
        action.setDefaultWidget(holder)
        popup.addAction(action)
        smooth.setMenu(popup)
        smooth.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.addSeparator()
        self._fit_action = self.menu.addAction("Show everything\t0")
        self._fit_action.triggered.connect(self.canvas.fit)
        self._log_x = self.menu.addAction("Logarithmic x axis\tShift+L")
        self._log_x.setCheckable(True)
        self._log_x.setChecked(self.data.log_x)
        self._log_x.toggled.connect(self._set_log_x)
        self._table_action = self.menu.addAction("Show as a table")
        self._table_action.setCheckable(True)
        self._table_action.toggled.connect(self._show_table)

    def _build_body(self, theme: Theme) -> QWidget:
        self.legend = Legend(self.data, theme)
        self.legend.toggled.connect(self.canvas.touch)
        self._read_out = ElidedLabel("", theme, "caption", "text-2")
        self._badge = Label("", theme, "caption", "warning")
        self._badge.hide()
        self._unit = Label(f"in {self._declaration.unit}" if self._declaration.unit else "", theme, "caption", "text-2")
        self._axis_button, self._axis_menu = self._menu_button("What the x axis shows")
        self._axis_menu.aboutToShow.connect(self._fill_axis_menu)
        self._axis_menu.triggered.connect(self._axis_chosen)
        self._name_axis()
        self._part_button, self._part_menu = self._menu_button("Which curves are shown")
        self._part_menu.aboutToShow.connect(self._fill_part_menu)
        self._part_menu.triggered.connect(self._part_chosen)
        self._name_part()
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.space("pane"), 0, theme.space("tight"), theme.space("tight"))
        foot.setSpacing(theme.space("field"))
        foot.addWidget(self._unit)
        foot.addWidget(self._read_out, 1)
        foot.addWidget(self._badge)
        foot.addWidget(self._part_button)
        foot.addWidget(self._axis_button)
        picture = QWidget()
        layout = QVBoxLayout(picture)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("hair"))
        inset = QVBoxLayout()
        inset.setContentsMargins(theme.space("tight"), 0, theme.space("tight"), 0)
        inset.addWidget(self.legend)
        layout.addLayout(inset)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(foot)
        self._table = CurveTable(self.data, theme)
        self._pages = QStackedWidget()
        self._pages.addWidget(picture)
        self._pages.addWidget(self._table)
        return self._pages

    def _menu_button(self, words: str) -> tuple[QToolButton, QMenu]:
        button, menu = QToolButton(), QMenu(self)
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMenu(menu)
        return button, menu

    def _changed(self) -> None:
        self._name_part()
        self.set_filled(bool(self.data.curves))
        self.legend.sync()
        self.canvas.touch()
        if self._pages.currentWidget() is self._table:
            self._table.refresh()
        hidden = sum(series.dropped for series in self.canvas.drawn) if self.data.log_x or self.data.log_y else 0
        self._say_hidden(hidden)

    @Slot(bool)
    def _set_log_y(self, on: bool) -> None:
        self.data.log_y = on
        self._rescale()

    @Slot(bool)
    def _set_log_x(self, on: bool) -> None:
        self.data.log_x = on
        self._rescale()

    def _rescale(self) -> None:
        self.canvas.fit()
        self.canvas.redraw()
        self._changed()

    def _say_hidden(self, hidden: int) -> None:
        self._badge.setVisible(hidden > 0)
        self._badge.setText(f"{hidden} point{'s' * (hidden > 1)} ≤ 0 not shown")

    @Slot(int)
    def _set_smoothing(self, hundredths: int) -> None:
        self.data.set_smoothing(hundredths / 100)
        self._smooth_value.setText(f"{hundredths / 100:.2f}" if hundredths else "off")
        self._changed()

    @Slot()
    def _fill_axis_menu(self) -> None:
        self._axis_menu.clear()
        for axis, words in [("step", self._declaration.step_title), ("time", "time"), *self._other_axes()]:
            action = self._axis_menu.addAction(words)
            action.setData(axis)
            action.setCheckable(True)
            action.setChecked(axis == self.data.axis)

    def _other_axes(self) -> list[tuple[str, str]]:
        return (
            [(name, self.data.labels.get(name, name)) for name in self.data.metrics]
            if len(self.data.metrics) > 1
            else []
        )

    @Slot(QAction)
    def _axis_chosen(self, action: QAction) -> None:
        self.data.axis = str(action.data())
        self._name_axis()
        self._rescale()

    @Slot()
    def _fill_part_menu(self) -> None:
        self._part_menu.clear()
        for part, words in [("", f"all {len(self.data.curves)}"), *((part, part) for part in self.data.choices())]:
            action = self._part_menu.addAction(words)
            action.setData(part)
            action.setCheckable(True)
            action.setChecked(part == self.data.part)

    @Slot(QAction)
    def _part_chosen(self, action: QAction) -> None:
        self.show_part(str(action.data()))

    def show_part(self, part: str) -> None:
        """Show the curves whose words have this part, all of them where it is empty."""
        self.data.part = part
        self._rescale()

    def _name_part(self) -> None:
        choices = self.data.choices()
        alone = self.data.part in choices
        self._part_button.setVisible(len(choices) > 1)
        self._part_button.setText(f"{self.data.part if alone else f'all {len(self.data.curves)}'} ▾")

    def _name_axis(self) -> None:
        names = {"step": self._declaration.step_title, "time": "time (s)"}
        axis = self.data.axis
        self._axis_button.setText(f"{names.get(axis, self.data.labels.get(axis, axis))} ▾")

    @Slot(str)
    def _key_pressed(self, what: str) -> None:
        (self._log_y if what == "log-y" else self._log_x).toggle()

    @Slot(bool)
    def _show_table(self, on: bool) -> None:
        self._pages.setCurrentIndex(1 if on else 0)
        if on:
            self._table.refresh()

    @Slot(float, float)
    def _hovered(self, x: float, y: float) -> None:
        parts, snapped, closest = [], None, (np.inf, None)
        for series in self.canvas.drawn:
            places = np.flatnonzero(np.isfinite(series.y))
            if len(places) == 0:
                continue
            place = places[np.argmin(np.abs(series.x[places] - x))]
            if snapped is None or abs(series.x[place] - x) < abs(snapped - x):
                snapped = float(series.x[place])
            closest = min(closest, (abs(float(series.y[place]) - y), series.key), key=_distance)
            value = 10 ** series.y[place] if self.data.log_y else series.y[place]
            parts.append(
                f"{series.label} {number(float(value))}" if len(self.canvas.drawn) > 1 else number(float(value))
            )
        if len(parts) > MOST_COLOURED:
            parts = self._highlight(closest[1], parts)
        self.canvas.show_cursor(snapped)
        if snapped is not None:
            at = number(10**snapped if self.data.log_x else snapped)
            name = self._axis_button.text().removesuffix(" ▾")
            self._read_out.setText(f"{name} {at}:  {'  ·  '.join(parts)}")

    def _highlight(self, key: Key | None, parts: list[str]) -> list[str]:
        """Among too many curves to colour, colour the one under the pointer and speak of it alone."""
        if key != self.data.highlight:
            self.data.highlight = key
            self.canvas.touch()
            self.legend.repaint_chips()
        place = next(k for k, series in enumerate(self.canvas.drawn) if series.key == key)
        return parts[place : place + 1]

    @Slot()
    def _unhovered(self) -> None:
        self._read_out.setText("")
        if self.data.highlight is not None:
            self.data.highlight = None
            self.canvas.touch()

    @Slot(object, int)
    def _stepped(self, key: Key, place: int) -> None:
        curve = self.data.curves[key]
        words = f"{self.data.label(key)}, {self._declaration.step_title} {number(float(curve.step[place]))}: "
        words += number(float(curve.smooth[place]))
        self._read_out.setText(words)
        speak(self.canvas, words)

    @Slot(object, int)
    def _chosen(self, key: Key, place: int) -> None:
        self._stepped(key, place)
        curve = self.data.curves[key]
        self.point_chosen.emit(key[1], key[0], int(curve.seq[place]), int(curve.step[place]))


def _distance(pair: tuple[float, Key | None]) -> float:
    return pair[0]
