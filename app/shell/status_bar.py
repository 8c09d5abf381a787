"""The last line of the window: processor, memory, disk, offline, awake, activity."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.data.text import size_in_words
from app.shell.laboratory import Laboratory
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.theme import Theme

EVERY_MS = 2_000
LITTLE_DISK = 2 * 1024**3


@dataclass(frozen=True)
class Reading:
    """How the computer stands; -1 where it cannot be told."""

    cpu: float
    used: int
    total: int
    free_disk: int


class StatusBar(QWidget):
    """Readings are taken in a worker thread: a sleeping disk must not hold the window."""

    offline_requested = Signal()
    activity_requested = Signal()

    def __init__(self, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._theme = theme
        self._busy = False
        self.setFixedHeight(26)
        self._machine = Label("", theme, "caption", "text-2")
        self._disk = Label("", theme, "caption", "text-2")
        self._awake = Label("", theme, "caption", "text-2")
        self.offline = QToolButton()
        self.offline.clicked.connect(self.offline_requested)
        self.activity = QToolButton()
        self.activity.setToolTip("What has happened")
        self.activity.clicked.connect(self.activity_requested)
        for button in (self.offline, self.activity):
            button.setAutoRaise(True)
            button.setFixedHeight(24)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), 0)
        layout.setSpacing(theme.space("group"))
        layout.addWidget(self._machine)
        layout.addWidget(self._disk)
        layout.addStretch(1)
        layout.addWidget(self._awake)
        layout.addWidget(self.offline)
        layout.addWidget(self.activity)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._ask)
        laboratory.settings_changed.connect(self._show_settings)
        self.set_theme(theme)
        self.set_activity(0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    @Slot(int)
    def set_activity(self, unseen: int) -> None:
        """How many things have happened that nobody has looked at."""
        self.activity.setText(f"Activity {unseen}" if unseen else "Activity")
        self.activity.setAccessibleName(f"Activity, {unseen} new")

    @Slot(bool)
    def set_awake(self, awake: bool) -> None:
        """Whether the computer is kept from falling asleep."""
        self._awake.setText("kept awake" if awake else "")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.activity.setIcon(icon("activity", theme))
        self._show_settings()

    @Slot()
    def _show_settings(self) -> None:
        off = self._laboratory.settings.offline
        self.offline.setText("Offline" if off else "Online")
        self.offline.setIcon(icon("offline" if off else "online", self._theme))
        tip = (
            "Nothing leaves this machine, from any process. Change it in Settings."
            if off
            else "Runs may reach the hosts that their settings name, and no others."
        )
        self.offline.setToolTip(tip)
        self.offline.setAccessibleName(f"{self.offline.text()}: {tip}")

    @Slot()
    def _ask(self) -> None:
        if self._busy or not self.isVisible():
            return
        self._busy = True
        errand = self._laboratory.background(_Read(self._laboratory.root))
        errand.done.connect(self._show)
        errand.failed.connect(self._failed)
        self._laboratory.send(errand)

    @Slot(object)
    def _show(self, reading: Reading) -> None:
        self._busy = False
        self._machine.setText(
            f"CPU {reading.cpu:.0f} %    RAM {size_in_words(reading.used)} of {size_in_words(reading.total)}"
        )
        if reading.free_disk >= 0:
            self._disk.setText(f"{size_in_words(reading.free_disk)} free")
            self._disk.set_token("danger" if reading.free_disk < LITTLE_DISK else "text-2")

    @Slot(object)
    def _failed(self, _error: object) -> None:
        self._busy = False
        self._disk.setText("disk not readable")


class _Read:
    """Take one reading."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self) -> Reading:
        memory = psutil.virtual_memory()
        place = next((folder for folder in (self._root, *self._root.parents) if folder.exists()), Path("/"))
        free = shutil.disk_usage(place).free
        return Reading(psutil.cpu_percent(None), memory.total - memory.available, memory.total, free)
