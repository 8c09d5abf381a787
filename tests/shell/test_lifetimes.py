"""What is closed is gone: pages, dialogs and whole windows leave nothing behind, nor a thread."""

import ast
import gc
import threading
import weakref
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.shell.workspace_page import WorkspacePage
from app.widgets.theme import load_theme
from app.workspaces import load_workspaces
from tests.shell.conftest import Open, until
from tests.shell.fake_tasks import FAKE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "app" / "shell").glob("*.py"), *(ROOT / "app" / "workspaces").rglob("*.py")])


def survivors(refs: list[weakref.ref[QWidget]]) -> list[QWidget]:
    for _ in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
    return [ref() for ref in refs if ref() is not None and shiboken6.isValid(ref())]


@pytest.mark.slow
@pytest.mark.parametrize("key", ["fake", "quantum"])
def test_a_page_opened_and_closed_twenty_times_leaves_nothing_behind(window, key):
    workspace = {"fake": FAKE, **load_workspaces()}[key]
    refs: list[weakref.ref[QWidget]] = []
    for _ in range(20):
        page = WorkspacePage(workspace, window.laboratory, load_theme("light"))
        page.show()
        QApplication.processEvents()
        refs.append(weakref.ref(page))
        page.close()
        page.deleteLater()
        del page
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not survivors(refs)


@pytest.mark.parametrize(
    "command",
    ["open_palette", "open_settings", "open_about", "open_trash", "open_activity", "sweep_now", "measure_now"],
)
def test_a_dialog_opened_and_closed_ten_times_leaves_nothing_behind(window, command):
    window.open_tab("fake")
    QApplication.processEvents()
    counts = []
    for _ in range(10):
        window.commands.perform(command)
        QApplication.processEvents()
        for dialog in [top for top in QApplication.topLevelWidgets() if top is not window and top.isVisible()]:
            dialog.close()
            del dialog
        survivors([])
        counts.append(len(window.findChildren(QWidget)))
    assert counts[-1] <= counts[1] + 5, counts


def test_a_window_that_is_closed_ends_its_threads(open_window: Open):
    before = set(threading.enumerate())
    window = open_window()
    window.open_tab("fake")
    window.leave()
    until(lambda: not [thread for thread in set(threading.enumerate()) - before if thread.is_alive()], 10)
    assert window.laboratory.following.isFinished()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_lambda_is_connected_to_a_signal(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
            assert not isinstance(node.args[0], ast.Lambda), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_module_is_one_thought_of_readable_length(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""') and len(text.splitlines()) <= 400, path.name
