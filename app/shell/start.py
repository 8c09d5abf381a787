"""Starts the window: first something to see, then everything else."""

import faulthandler
import locale
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app.runs.settings import FILE as SETTINGS_FILE
from app.runs.settings import config_folder, load_settings, store_folder
from app.runs.startguard import StartGuard
from app.shell.laboratory import Laboratory
from app.shell.main_window import MainWindow
from app.widgets.theme import ThemeKeeper
from app.workspaces import load_workspaces


def main(paths: list[Path] | None = None, store: Path | None = None) -> int:
    """Open the window and run until it is closed; `paths` are treated as dropped on it."""
    faulthandler.enable()
    app = make_application()
    window = open_window(app, store)
    leave = Leave(window)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, leave)
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
    # Logs are parsed in a thread; by default it would keep the window waiting 5 ms each time both want to go on.
    sys.setswitchinterval(0.001)
    return app


def open_window(
    app: QApplication, store: Path | None = None, *, warm: bool = True, mode: str | None = None
) -> MainWindow:
    """Build and show the window; the engine starts after the first paint."""
    config = config_folder()
    guard = StartGuard(store_folder(load_settings().settings, store), config / SETTINGS_FILE)
    aside = guard.begin()
    laboratory = Laboratory(store, warm=warm)
    keeper = ThemeKeeper(app, mode or laboratory.settings.theme, laboratory.settings.density)  # type: ignore[arg-type]
    window = MainWindow(load_workspaces(), laboratory, keeper)
    app.commitDataRequest.connect(window.session_ends)
    if aside is not None:
        parts = [f"{len(aside.runs)} runs" if aside.runs else "", "the settings" if aside.settings else ""]
        laboratory.problems += (
            f"Assay did not start well the last times, so {' and '.join(filter(None, parts))} were set aside in "
            f"{aside.folder}. Nothing was deleted.",
        )
    first = FirstPaint(window, guard)
    window.installEventFilter(first)
    window.show()
    return window


class Leave:
    """A polite kill closes the window; runs go on."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, _number: int, _frame: object) -> None:
        self._window.leave()


class FirstPaint(QObject):
    """Tells the window once that it has been painted."""

    def __init__(self, window: MainWindow, guard: StartGuard) -> None:
        super().__init__(window)
        self._window = window
        self._guard = guard
        self._done = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._done:
            self._done = True
            QTimer.singleShot(1, self, self._begin)
        return False

    @Slot()
    def _begin(self) -> None:
        self._window.after_paint()
        self._guard.succeeded()
