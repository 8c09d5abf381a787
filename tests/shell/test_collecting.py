"""Widgets in cycles are freed in the window's thread, whatever other threads do."""

import gc
import threading
import weakref

from PySide6.QtWidgets import QWidget

from app.shell.collecting import Collector
from tests.shell.conftest import Open, until


class Cycle(QWidget):
    """A widget that only the collector can free; remembers in which thread that happened."""

    def __init__(self) -> None:
        super().__init__()
        self.me = self


def test_no_thread_collects_while_a_window_is_open(open_window: Open):
    window = open_window()
    assert not gc.isenabled()
    window.leave()
    assert gc.isenabled()


def test_a_forgotten_widget_is_freed_by_the_window_and_not_by_a_busy_thread(window):
    freed: list[int] = []
    ref = weakref.ref(Cycle(), lambda _ref: freed.append(threading.get_ident()))

    def allocate() -> None:
        made = [[k] for k in range(100_000)]
        assert made

    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert not freed
    kept = [[] for _ in range(5_000)]  # enough to make a collection due
    until(lambda: ref() is None, 20)
    assert kept and freed == [threading.get_ident()]


def test_two_windows_share_the_collector(open_window: Open):
    first, second = open_window(), open_window()
    first.leave()
    assert not gc.isenabled() and Collector.at_work == 1
    second.leave()
    assert gc.isenabled() and Collector.at_work == 0
