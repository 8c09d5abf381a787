"""Making a panel from its declaration."""

import importlib

from PySide6.QtWidgets import QWidget

from app.widgets import declare
from app.widgets.panels import Panel
from app.widgets.theme import Theme


def build_panel(declaration: declare.Declaration, theme: Theme, parent: QWidget | None = None) -> Panel:
    """The panel that shows what `declaration` says, empty and ready for events."""
    match declaration:
        case declare.Plot():
            from app.widgets.plot import PlotPanel

            return PlotPanel(declaration, theme, parent)
        case declare.Images():
            from app.widgets.images import ImagesPanel

            return ImagesPanel(declaration, theme, parent)
        case declare.PictureTable():
            from app.widgets.picture_table import PictureTablePanel

            return PictureTablePanel(declaration, theme, parent)
        case declare.Wipe():
            from app.widgets.wipe import WipePanel

            return WipePanel(declaration, theme, parent)
        case declare.TableOf():
            from app.widgets.table import TablePanel

            return TablePanel(declaration, theme, parent)
        case declare.Heatmap():
            from app.widgets.heatmap import HeatmapPanel

            return HeatmapPanel(declaration, theme, parent)
        case declare.Bars():
            from app.widgets.bars import BarsPanel

            return BarsPanel(declaration, theme, parent)
        case declare.TextOf():
            from app.widgets.text import TextPanel

            return TextPanel(declaration, theme, parent)
        case declare.LogOf():
            from app.widgets.log import LogPanel

            return LogPanel(declaration, theme, parent)
        case declare.Custom():
            module, _, name = declaration.factory.partition(":")
            panel = getattr(importlib.import_module(module), name)(declaration.title, theme, parent)
            assert isinstance(panel, Panel), f"{declaration.factory} makes no Panel"
            return panel
