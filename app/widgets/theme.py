"""The look of the application: colours, fonts, spaces and plot style read from one token file."""

import gc
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette, QPen
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from app.widgets.stylesheet import stylesheet

Mode = Literal["light", "dark", "system"]
TextRole = Literal["caption", "body", "strong", "heading", "title", "verdict", "mono"]
Split = Literal["train", "validation", "test"]

TOKENS = Path(__file__).resolve().parents[2] / "resources" / "theme.toml"
SEMIBOLD = {"strong", "heading", "title", "verdict"}
DASHES: dict[Split, Qt.PenStyle] = {
    "train": Qt.PenStyle.SolidLine,
    "validation": Qt.PenStyle.DashLine,
    "test": Qt.PenStyle.DotLine,
}


Density = Literal["compact", "normal", "touch"]


@dataclass(frozen=True)
class Theme:
    """One of the two looks. `tokens` is the whole token file; colours are asked for by name."""

    name: Literal["light", "dark"]
    tokens: dict[str, Any] = field(repr=False, compare=False)
    density: Density = "normal"

    @property
    def dark(self) -> bool:
        return self.name == "dark"

    def color(self, token: str, opacity: float = 1.0) -> QColor:
        """The colour of a token such as "text-2"; raises KeyError for a name the file does not have."""
        color = QColor(self.tokens[self.name][token])
        color.setAlphaF(opacity)
        return color

    def space(self, name: str) -> int:
        """Pixels of one of the steps hair, tight, field, pane, group, wide, vast, page (2 to 48)."""
        return int(self.tokens["space"][name])

    def height(self, name: Literal["control", "row"] = "control") -> int:
        return int(self.tokens["density"][self.density][name])

    def series(self, k: int) -> QColor:
        """Colour of the k-th series (from 0); from the eighth on the series share the reference grey."""
        colors = self.tokens["series"]["colors"]
        return QColor(colors[k]) if k < len(colors) else self.reference()

    def reference(self) -> QColor:
        return QColor(self.tokens["series"]["reference"])

    def marker(self, k: int) -> str:
        markers = self.tokens["series"]["markers"]
        return str(markers[k % len(markers)])

    def dash(self, split: Split) -> Qt.PenStyle:
        return DASHES[split]

    def pen(self, k: int, width: float | None = None, split: Split = "train") -> QPen:
        """A cosmetic pen in the colour of series `k`."""
        pen = QPen(self.series(k), self.plot("curve") if width is None else width, DASHES[split])
        pen.setCosmetic(True)
        return pen

    def plot(self, name: str) -> float:
        """A number of the plot style (curve, dense_curve, raw_opacity, band_opacity, grid_opacity, …)."""
        return float(self.tokens["plot"][name])

    def font(self, role: TextRole = "body") -> QFont:
        """The application's font at the size of `role`, relative to the system's own size."""
        font = QFont(QApplication.font())
        factor = 1.0 if role == "mono" else float(self.tokens["type"][role])
        font.setPointSizeF(base_size() * factor)
        if role == "mono":
            font.setFamilies(self.tokens["type"]["mono"])
            font.setStyleHint(QFont.StyleHint.Monospace)
        if role in SEMIBOLD:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def figures_font(self) -> QFont:
        """The body font with figures of equal width, for columns of numbers."""
        font = self.font("body")
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def palette(self) -> QPalette:
        palette = QPalette()
        roles = QPalette.ColorRole
        for role, token in {
            roles.Window: "window",
            roles.WindowText: "text",
            roles.Base: "surface",
            roles.AlternateBase: "window",
            roles.Text: "text",
            roles.Button: "surface",
            roles.ButtonText: "text",
            roles.BrightText: "danger",
            roles.Highlight: "accent-soft",
            roles.HighlightedText: "text",
            roles.Link: "accent",
            roles.LinkVisited: "accent",
            roles.Accent: "accent",
            roles.PlaceholderText: "text-2",
            roles.ToolTipBase: "surface",
            roles.ToolTipText: "text",
            roles.Light: "surface",
            roles.Midlight: "border",
            roles.Mid: "border",
            roles.Dark: "control",
            roles.Shadow: "control",
        }.items():
            palette.setColor(role, self.color(token))
        for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.HighlightedText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("disabled"))
        return palette

    def apply(self, app: QApplication) -> None:
        """Give the whole running application this look; every widget with a `set_theme` is told."""
        # A second setStyle would delete the style that open widgets still hold through the style sheet.
        if not app.property("assay_styled"):
            app.setStyle("Fusion")
            app.setProperty("assay_styled", True)
        font = QFont(app.font())
        base_size()
        font.setFamilies([*self.tokens["type"]["families"], *_system_families()])
        app.setFont(font)
        app.setPalette(self.palette())
        rules = stylesheet(self.tokens[self.name], self.tokens["radius"], self.height(), self.name)
        if rules != app.styleSheet():
            app.setStyleSheet(rules)
        for widget in _all_widgets(app):
            retheme = getattr(widget, "set_theme", None)
            if callable(retheme) and isValid(widget):
                retheme(self)


def _all_widgets(app: QApplication) -> list[QWidget]:
    """Every widget there is. While PySide makes wrappers for them, a collection could delete a widget whose address
    it has already taken, and the process ends; so Python's collector waits. Goes when `allWidgets` bears that.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return app.allWidgets()
    finally:
        if collecting:
            gc.enable()


def load_theme(mode: Mode = "system", density: Density = "normal") -> Theme:
    """The light or the dark look; "system" asks the desktop and falls back to light."""
    if mode == "system":
        mode = "dark" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"
    return Theme(mode, _tokens(), density)


class ThemeKeeper(QObject):
    """Holds the chosen mode for the running application and follows the desktop when it is "system"."""

    changed = Signal(object)

    def __init__(self, app: QApplication, mode: Mode = "system", density: Density = "normal") -> None:
        super().__init__(app)
        self._app = app
        self._mode: Mode = mode
        self._density: Density = density
        self.theme = load_theme(mode, density)
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self.theme.apply(app)

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        self._mode = mode
        self.theme = load_theme(mode, self._density)
        self.theme.apply(self._app)
        self.changed.emit(self.theme)

    @Slot(str)
    def set_density(self, density: Density) -> None:
        """Heights of controls and rows, at once."""
        self._density = density
        self.set_mode(self._mode)

    @Slot(Qt.ColorScheme)
    def _follow(self, _scheme: Qt.ColorScheme) -> None:
        if self._mode == "system" and load_theme("system", self._density) != self.theme:
            self.set_mode("system")


def base_size() -> float:
    """The system's own font size in points, remembered from before the first theme was applied."""
    app = QApplication.instance()
    known = app.property("assay_base_size") if app else None
    if known is None:
        known = QApplication.font().pointSizeF()
        known = known if known > 0 else 10.0
        if app:
            app.setProperty("assay_base_size", known)
            app.setProperty("assay_families", QApplication.font().families())
    return float(known)


def _system_families() -> list[str]:
    app = QApplication.instance()
    return list((app.property("assay_families") if app else None) or [])


@cache
def _tokens() -> dict[str, Any]:
    return tomllib.loads(TOKENS.read_text(encoding="utf-8"))
