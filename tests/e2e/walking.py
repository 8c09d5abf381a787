"""What a person does in a window on a real X server, and what they wait for: shared by the walks through the rooms."""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import shiboken6
from PySide6.QtCore import QCoreApplication, QPoint, QRect
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from app.runs.states import OVER
from app.runs.summary import RunSummary
from app.shell.main_window import MainWindow
from app.shell.workspace_page import WorkspacePage
from tests.e2e.screen import SIZE, Hands

RUN_LIMIT, LIMIT = 240_000, 60_000
"""ms for a run, and for an answer of the window, on a machine that has much else to do."""

CLICKS = 6
"""Tries before a click counts as without effect."""

MOVED = 3_000
"""ms after which a message that is still there is clicked again."""

WIDE = QRect(0, 0, SIZE[0], SIZE[1] - 30)
NARROW = (1100, 700)


class Walk:
    """One person in one room."""

    room = ""

    def __init__(self, qtbot, hands: Hands, window: MainWindow) -> None:
        self.qtbot, self.hands, self.window = qtbot, hands, window
        self.until(lambda: window.ready)
        window.open_tab(self.room)

    @property
    def page(self) -> WorkspacePage:
        return self.window.pages[self.room]

    def until(self, condition, limit: int = LIMIT) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=limit)

    def click(self, widget: QWidget, at: QPoint | None = None, button: int = 1) -> None:
        """Once the widget feels the pointer: a window that has just opened may still be moved by its manager."""

        def place() -> tuple[int, int]:
            point = widget.mapToGlobal(at or widget.rect().center())
            return point.x(), point.y()

        def felt() -> bool:
            self.hands.do("mousemove", *place())
            QCoreApplication.processEvents()
            return widget.underMouse()

        self.until(felt)
        self.hands.click(*place(), button)

    def click_for(self, widget: QWidget, at: Callable[[], QPoint], condition: Callable[[], object]) -> None:
        """Click where `at` says until `condition` holds: what is painted may move while the pointer is on its way."""
        for _ in range(CLICKS):
            self.click(widget, at())
            with contextlib.suppress(self.qtbot.TimeoutError):
                self.until(condition, LIMIT // CLICKS)
                return
        self.until(condition, 0)

    def press(self, parent: QWidget, words: str) -> None:
        def shown() -> list[QPushButton]:
            buttons = parent.findChildren(QPushButton)
            return [each for each in buttons if each.text() == words and each.isVisible() and each.isEnabled()]

        self.until(shown)
        self.click(shown()[0])

    def drop(self, path: Path) -> None:
        """Drag a file or folder out of another program; the window works meanwhile."""
        centre = self.window.mapToGlobal(self.window.rect().center())
        with ThreadPoolExecutor(1) as pool:
            dragging = pool.submit(self.hands.drag, [path], centre.x(), centre.y())
            self.until(dragging.done)
        assert dragging.result() == "dropped CopyAction"
        self.until(lambda: self.window.drops.card is not None and self.window.drops.card.isVisible())

    def close_messages(self) -> None:
        """What lies over the lower right corner is read and closed."""
        end = time.monotonic() + LIMIT / 1000
        while closers := [each for each in self.window.toasts.findChildren(QToolButton) if each.isVisible()]:
            assert time.monotonic() < end, "a message does not close"
            self.click(closers[0])
            # A message that comes or goes meanwhile moves the others away from the pointer: then it is clicked again.
            with contextlib.suppress(self.qtbot.TimeoutError):
                self.until(lambda closer=closers[0]: not shiboken6.isValid(closer) or not closer.isVisible(), MOVED)

    def over(self, task: str) -> RunSummary:
        """The newest run of a task, once it is over and shown."""
        store = self.window.laboratory.store

        def newest() -> list[RunSummary]:
            return [each for each in store.summaries() if each.task == task and each.state in OVER]

        self.until(newest, RUN_LIMIT)
        self.until(lambda: not self.window.laboratory.following.busy and not self.page.view.busy)
        return newest()[0]

    def show(self, name: str, *, narrow: bool = True) -> None:
        """Keep pictures: large and light, small and dark."""
        self._shoot(f"{name}-light")
        if narrow:
            self.window.keeper.set_mode("dark")
            self.window.resize(*NARROW)
            self.until(lambda: self.window.width() == NARROW[0])
            self._shoot(f"{name}-dark")
            self.window.keeper.set_mode("light")
            self.window.setGeometry(WIDE)
            self.until(lambda: self.window.width() == SIZE[0])
            # Qt believes in the new size before the window manager has given it.
            self.until(lambda: f"WIDTH={SIZE[0]}" in self._on_screen())

    def _on_screen(self) -> str:
        """Where the window stands, as the X server has it."""
        return self.hands.do("getwindowgeometry", "--shell", int(self.window.winId()))

    def _shoot(self, name: str) -> None:
        self.qtbot.waitExposed(self.window)
        QCoreApplication.processEvents()
        self.window.grab().save(str(self.hands.folder / f"{name}.png"))
