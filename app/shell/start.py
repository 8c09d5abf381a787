"""Starts the window: first something to see, then everything else."""

import faulthandler
import locale
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.shell.laboratory import Laboratory
from app.shell.main_window import MainWindow
from app.widgets.theme import ThemeKeeper
from app.workspaces import load_workspaces


def main(paths: list[Path] | None = None, store: Path | None = None) -> int:
    """Open the window and run until it is closed; `paths` are treated as dropped on it."""
    faulthandler.enable()
    app = make_application()
    window = open_window(app, store)
    if paths:
        window.take_paths(paths)
    return app.exec()


def make_application() -> QApplication:
    """The one QApplication, with numbers read and written in the C locale whatever the desktop says."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    # QApplication sets LC_NUMERIC from the environment; C parsers would then misread "0.5".
    locale.setlocale(locale.LC_NUMERIC, "C")
    app.setApplicationName("Assay")
    return app


def open_window(app: QApplication, store: Path | None = None, *, warm: bool = True, mode: str | None = None) -> MainWindow:
    """Build and show the window; the engine starts after the first paint."""
    laboratory = Laboratory(store, warm=warm)
    keeper = ThemeKeeper(app, mode or laboratory.settings.theme)  # type: ignore[arg-type]
    window = MainWindow(load_workspaces(), laboratory, keeper)
    first = FirstPaint(window)
    window.installEventFilter(first)
    window.show()
    return window


class FirstPaint(QObject):
    """Tells the window once that it has been painted."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._done = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._done:
            self._done = True
            QTimer.singleShot(1, self, self._window.after_paint)
        return False
