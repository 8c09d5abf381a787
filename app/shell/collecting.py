"""Python's garbage is collected in the window's thread only, a little at a time.

The collector runs in whichever thread happens to allocate, and what it frees may be widgets: a closed dialog, say. A widget
that is deleted outside the window's thread ends the process (seen: a segmentation fault in the thread that follows logs).
"""

import gc
import time

from PySide6.QtCore import QObject, QTimer, Slot

EVERY_MS = 500
WHOLE_EVERY_S = 30.0
"""Seconds between collections of everything: they cost tens of milliseconds."""


class Collector(QObject):
    """While one of these is at work, Python collects nothing by itself."""

    at_work = 0

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._working = False
        self._whole = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        if not self._working:
            self._working = True
            Collector.at_work += 1
            gc.disable()
            gc.freeze()  # what start-up made stays, and need not be looked through each time
            self._timer.start()

    def stop(self) -> None:
        if self._working:
            self._working = False
            self._timer.stop()
            Collector.at_work -= 1
            if not Collector.at_work:
                gc.unfreeze()
                gc.enable()

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        now = time.monotonic()
        for generation in (2, 1, 0):
            due = gc.get_count()[generation] > gc.get_threshold()[generation]
            if due and (generation < 2 or now - self._whole > WHOLE_EVERY_S):
                self._whole = now if generation == 2 else self._whole
                gc.collect(generation)
                return
