"""The row of buttons under a video: play, step, whole video or summary, speed, and where we are."""

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme

SPEEDS = (0.5, 1.0, 1.5, 2.0)


class Transport(QWidget):
    """Says what was pressed; shows what it is told."""

    play_pressed = Signal()
    stepped = Signal(int)
    """-1 or +1 frame."""
    shot_stepped = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons: list[tuple[QToolButton, str]] = []
        self.back_shot = self._button("back-shot", "Shot before (Page up)")
        self.back = self._button("previous", "One frame back (←)")
        self.play = self._button("run", "Play or pause (Space)")
        self.forward = self._button("next", "One frame on (→)")
        self.next_shot = self._button("next-shot", "Next shot (Page down)")
        self.what = QComboBox()
        self.what.setAccessibleName("What to play")
        self.what.addItem("Whole video", "whole")
        self.what.addItem("Summary", "summary")
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} ×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.sound = self._button("sound", "Sound on or off (M)", checkable=True)
        self.sound.setChecked(True)
        self._where = Label("", theme, "mono")
        self._sound = ElidedLabel("", theme, "caption", "text-2")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space("field"), 2, theme.space("field"), 2)
        row.setSpacing(theme.space("tight"))
        for button in (self.back_shot, self.back, self.play, self.forward, self.next_shot):
            row.addWidget(button)
        row.addSpacing(theme.space("field"))
        row.addWidget(self._where)
        row.addWidget(self._sound, 1)
        row.addWidget(self.sound)
        row.addWidget(self.what)
        row.addWidget(self.speed)
        self.play.clicked.connect(self.play_pressed)
        self.sound.toggled.connect(self._sound_toggled)
        self.back.clicked.connect(self._back)
        self.forward.clicked.connect(self._forward)
        self.back_shot.clicked.connect(self._back_shot)
        self.next_shot.clicked.connect(self._next_shot)

    def show_playing(self, playing: bool) -> None:
        self._icons = [(b, ("pause" if playing else "run") if b is self.play else m) for b, m in self._icons]
        self.set_theme(self._theme)

    def show_where(self, words: str) -> None:
        self._where.setText(words)

    def show_silence(self, why: str) -> None:
        """Why nothing is heard."""
        self._sound.setText(f"No sound: {why}" if why else "")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for button, meaning in self._icons:
            button.setIcon(icon(meaning, theme))

    @Slot()
    def _back(self) -> None:
        self.stepped.emit(-1)

    @Slot()
    def _forward(self) -> None:
        self.stepped.emit(1)

    @Slot()
    def _back_shot(self) -> None:
        self.shot_stepped.emit(-1)

    @Slot()
    def _next_shot(self) -> None:
        self.shot_stepped.emit(1)

    @Slot(bool)
    def _sound_toggled(self, on: bool) -> None:
        self._icons = [(b, ("sound" if on else "muted") if b is self.sound else m) for b, m in self._icons]
        self.set_theme(self._theme)

    def _button(self, meaning: str, words: str, *, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setCheckable(checkable)
        button.setIcon(icon(meaning, self._theme))
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(30, 28)
        button.setToolTip(words)
        button.setAccessibleName(words)
        self._icons.append((button, meaning))
        return button
