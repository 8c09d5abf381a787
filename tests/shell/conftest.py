"""Windows on a store of their own; whatever their runs started is gone after the test, and Qt has nothing to say."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from app.core import AssayError
from app.runs import processes
from app.shell.laboratory import Laboratory
from app.shell.main_window import MainWindow
from app.widgets.icons import GLYPHS
from app.widgets.theme import ThemeKeeper
from app.workspaces.declare import Workspace
from tests.shell.fake_tasks import FAKE

HARMLESS = ("propagateSizeHints", "plugin does not support raise", "does not support grabbing")

Open = Callable[..., MainWindow]


@pytest.fixture(autouse=True)
def quiet_qt() -> Iterator[list[str]]:
    """Any message of Qt fails the test, but for what the offscreen platform says of itself."""
    told: list[str] = []

    def hear(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if not any(known in message for known in HARMLESS):
            told.append(message)

    before = qInstallMessageHandler(hear)
    yield told
    qInstallMessageHandler(before)
    assert not told, told


@pytest.fixture(autouse=True)
def fake_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TASK_MODULES", "tests.shell.fake_tasks")
    monkeypatch.setenv("ASSAY_NO_TORCH", "1")
    monkeypatch.setitem(GLYPHS, "fake", "flask")


@pytest.fixture
def open_window(qapp: QApplication, tmp_path: Path) -> Iterator[Open]:
    """Opens windows, as start-up does; all share one store unless told otherwise."""
    windows: list[MainWindow] = []

    def open_(
        workspaces: dict[str, Workspace] | None = None, store: Path | None = None, mode: str = "light"
    ) -> MainWindow:
        laboratory = Laboratory(store or tmp_path / "store", warm=False)
        keeper = ThemeKeeper(qapp, mode)  # type: ignore[arg-type]
        window = MainWindow(workspaces or {"fake": FAKE}, laboratory, keeper)
        windows.append(window)
        window.show()
        window.after_paint()
        return window

    yield open_
    tokens = [_token(window, run) for window in windows for run in window.laboratory.store.ids()]
    for window in windows:
        window.leave()
    for token in filter(None, tokens):
        processes.end_tree(None, None, token, kill=True)
    for window in windows:
        window.deleteLater()
    windows.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(open_window: Open) -> MainWindow:
    return open_window()


def _token(window: MainWindow, run: str) -> str:
    try:
        return str(window.laboratory.store.run(run)["token"])
    except AssayError:
        return ""


def until(condition: Callable[[], object], limit: float = 30.0) -> object:
    """Let the window work until `condition()` is true; returns its value."""
    end = time.monotonic() + limit
    while not (value := condition()):
        QApplication.processEvents()
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.003)
    return value
