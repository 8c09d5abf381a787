"""“Send to…” in the strip of a run: what it made goes into the form of a task that takes it; or its folder is shown."""

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.shell.run_view import RunView
from app.widgets.icons import icon
from app.widgets.theme import Theme


class SendMenu(QPushButton):
    """The menu is made when it opens: what there is to send changes while a run goes on."""

    sent = Signal(str, str, str)
    """Task, setting, and the path that it gets."""
    folder_requested = Signal(str)

    def __init__(self, view: RunView, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Send to…", parent)
        self._view = view
        self.setToolTip("Use what this run made in another task, or show its folder")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self.fill)
        self._menu.triggered.connect(self._triggered)
        self.setMenu(self._menu)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.setIcon(icon("send", theme))

    @Slot()
    def fill(self) -> None:
        """Offer what the shown run made; what it has not made stays visible with the reason."""
        self._menu.clear()
        for role, targets in self._view.workspace.send_to.items():
            path: Path | None = self._view.artifact(role)
            for words, task, field in targets:
                action = self._menu.addAction(words)
                action.setData((task, field, str(path)))
                action.setEnabled(path is not None)
                action.setToolTip("" if path is not None else "This run has made no model yet.")
        self._menu.addSeparator()
        self._menu.addAction("Show in folder").setData(())

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        if action.data():
            self.sent.emit(*action.data())
        else:
            self.folder_requested.emit(self._view.run)
