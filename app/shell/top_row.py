"""The first line of the window: the tabs, the search, the runs, help and settings."""

from collections.abc import Mapping

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTabBar, QToolButton, QWidget

from app.widgets.icons import icon
from app.widgets.theme import Theme
from app.workspaces.declare import Workspace

SIDE = 30


class TopRow(QWidget):
    """`tabs` holds the key of a workspace as data of each tab, "" for the start page."""

    def __init__(self, workspaces: Mapping[str, Workspace], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Workspaces")
        for key, title in (("", "Start"), *((w.key, w.title) for w in workspaces.values())):
            position = self.tabs.addTab(title)
            self.tabs.setTabData(position, key)
            self.tabs.setTabToolTip(position, f"{title} (Ctrl+{position})")
        self.search = QPushButton("Search   Ctrl+K")
        self.search.setToolTip("Tasks, runs, settings and help (Ctrl+K)")
        self.search.setMinimumWidth(180)
        self.runs = _tool("Show or hide the runs (Ctrl+B)")
        self.runs.setCheckable(True)
        self.runs.setChecked(True)
        self.help = _tool("Help (F1)")
        self.settings = _tool("Settings (Ctrl+,)")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space("field"), theme.space("tight"), theme.space("field"), theme.space("tight"))
        row.addWidget(self.tabs)
        row.addStretch(1)
        for widget in (self.search, self.help, self.settings, self.runs):
            row.addWidget(widget)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        for position in range(self.tabs.count()):
            self.tabs.setTabIcon(position, icon(self.tabs.tabData(position) or "home", theme))
        self.search.setIcon(icon("search", theme))
        self.runs.setIcon(icon("queue", theme))
        self.help.setIcon(icon("help", theme))
        self.settings.setIcon(icon("settings", theme))


def _tool(words: str) -> QToolButton:
    button = QToolButton()
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setFixedSize(SIDE, SIDE)
    return button
