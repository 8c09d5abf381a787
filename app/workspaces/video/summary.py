"""The panel of a video: player above, timelines below, and controls that cut again at once."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QHideEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.core import AssayError
from app.engines.video.chance import Chance
from app.engines.video.cutting import Choices, Cut, choices_from
from app.runs.records import Record
from app.widgets.panels import Panel
from app.widgets.theme import Theme
from app.widgets.video_playback import Playback
from app.widgets.video_surface import VideoSurface
from app.workspaces.video.bench import Bench
from app.workspaces.video.controls import Controls
from app.workspaces.video.decisions import Decisions
from app.workspaces.video.footage import Footage
from app.workspaces.video.rating import RatingBar
from app.workspaces.video.shot_menu import ShotMenu
from app.workspaces.video.time_words import clock
from app.workspaces.video.timeline import Timeline
from app.workspaces.video.transport import Transport

WANTED = {
    "waveform", "picks", "features", "components", "scores", "raters", "selection", "frames/times", "frames/difference",
    "ratings",
}  # fmt: skip
FRAME_WISH_MS = 30
SURE = 0.05


class SummaryPanel(Panel):
    """Follows a run of `video.summarise`; every change of mind is solved here and written by `video.write`."""

    run_requested = Signal(str, object, str)
    command_requested = Signal(dict)

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(
            title, theme, empty="Drop a video, or press Try it: shots and scores appear here while it is looked at.",
            parent=parent,
        )  # fmt: skip
        self.footage = Footage()
        self.bench = Bench(self)
        self.playback = Playback(self)
        self.surface = VideoSurface(theme)
        self.transport = Transport(theme)
        self.timeline = Timeline(theme)
        self.controls = Controls(theme)
        self.rating = RatingBar(theme)
        self.playing = False
        self.decisions = Decisions()
        self._given: Choices | None = None
        """What the run chose; None while there is nothing to decide about."""
        self._wish = QTimer(self, singleShot=True, interval=FRAME_WISH_MS)
        self._wish.timeout.connect(self._ask_frame)
        self._build(theme)
        self._connect()

    def wants(self, kind: str, name: str) -> bool:
        return kind == "artifact" or (kind == "array" and (name in WANTED or name.startswith("analysis/")))

    def record_added(self, record: Record, folder: Path) -> None:
        if not self.footage.take(record, folder):
            return
        self.set_filled(True)
        if record.kind == "artifact" or record.name in ("analysis/frames", "frames/times"):
            self._open()
        if record.name == "selection" and self.footage.whole:
            self._begin()
        self.timeline.show_footage(self.footage)
        self.rating.show_ratings(self.footage.ratings)
        self._show_where()

    def rewind(self, seq: int, run: str = "") -> None:
        """What came later is told again and takes its own place."""

    def clear(self) -> None:
        self.pause()
        self.playback.close()
        self._remember()
        self._given = None
        self.bench.forget()
        self.footage = Footage()
        self.timeline.show_cut(None)
        self.timeline.show_footage(self.footage)
        self.surface.show_words("The video appears here")
        self.controls.set_ready(False)
        self.controls.outcome.setText("")
        self.controls.standing.setText("")
        super().clear()

    def forget_choices(self) -> None:
        self.timeline.head = 0.0

    def view_state(self) -> dict[str, Any]:
        """What was decided about each video, and how they are looked at."""
        self._remember()
        return {
            "decisions": self.decisions.as_state(),
            "otherwise": self._curves.isChecked(),
            "sound": self.transport.sound.isChecked(),
        }

    def restore_view(self, state: dict[str, Any]) -> None:
        """Decisions wait for the video that they were made about."""
        self.decisions.restore(state.get("decisions"))
        self._curves.setChecked(bool(state.get("otherwise", False)))
        self.transport.sound.setChecked(bool(state.get("sound", True)))
        if self._given is not None:
            self._begin()

    def _begin(self) -> None:
        """Cut as the run did, then as was decided when this video was last looked at."""
        self._given = choices_from(self.footage.choices)
        self.bench.begin(self.footage, self._given)
        self.bench.change(**self.decisions.of(self.footage.analysis, self._given))

    def _remember(self) -> None:
        if self._given is not None:
            self.decisions.keep(self.footage.analysis, self._given, self.bench.choices)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        for part in ("surface", "transport", "timeline", "controls"):
            if hasattr(self, part):
                getattr(self, part).set_theme(theme)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody watches: the process ends, and starts again with the next wish."""
        self.pause()
        self.playback.close()
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shot = self.timeline.shot_at(self.timeline.head)
        match event.key():
            case Qt.Key.Key_Space:
                self.toggle()
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                self.step(-1 if event.key() == Qt.Key.Key_Left else 1)
            case Qt.Key.Key_PageUp | Qt.Key.Key_PageDown:
                self.step_shot(-1 if event.key() == Qt.Key.Key_PageUp else 1)
            case Qt.Key.Key_K | Qt.Key.Key_D | Qt.Key.Key_U if shot >= 0:
                wish = {Qt.Key.Key_K: "keep", Qt.Key.Key_D: "drop", Qt.Key.Key_U: "free"}
                self.bench.pin(shot, wish[Qt.Key(event.key())])
            case Qt.Key.Key_M:
                self.transport.sound.toggle()
            case Qt.Key.Key_Z if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                redo = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                self.bench.redo() if redo else self.bench.undo()
            case key if Qt.Key.Key_1 <= key <= Qt.Key.Key_5 and self.rating.isVisible():
                self.rating.give(key - Qt.Key.Key_0)
            case _:
                super().keyPressEvent(event)

    @Slot()
    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        if not self._there() or not len(self.footage.times) or not (spans := self._spans()):
            return
        self.playing = True
        self.transport.show_playing(True)
        self.playback.play(spans, *self.surface.pixels(), float(self.transport.speed.currentData()))

    @Slot()
    def pause(self) -> None:
        if self.playing:
            self._ended()
            self.playback.pause()

    @Slot(int)
    def step(self, count: int) -> None:
        """One frame back or on, exactly."""
        self.pause()
        if len(self.footage.times):
            frame = self.footage.frame_at(self.timeline.head) + count
            self.go(float(self.footage.times[max(0, min(frame, len(self.footage.times) - 1))]))

    @Slot(int)
    def step_shot(self, count: int) -> None:
        cut, shot = self.bench.cut, self.timeline.shot_at(self.timeline.head)
        if cut is not None and shot >= 0:
            first = int(cut.shots[max(0, min(shot + count, len(cut.shots) - 1)), 0])
            self.pause()
            self.go(float(self.footage.times[first]))

    @Slot(float)
    def go(self, time: float) -> None:
        """Show the frame at `time`; while playing, play on from there."""
        self.timeline.show_head(time)
        self._show_where()
        if self.playing:
            self.play()
        else:
            self._wish.start()

    def _spans(self) -> list[tuple[float, float]]:
        head = self.timeline.head
        if self.transport.what.currentData() != "summary" or self.bench.cut is None:
            start = head if head < self.footage.end - 0.1 else self.footage.start
            return [(start, self.footage.end)]
        times = self.footage.times
        spans = [(float(times[first]), self.footage.time_after(last)) for first, last in self.bench.cut.clips]
        return [(max(start, head), end) for start, end in spans if end > head + 0.05] or spans

    def _there(self) -> bool:
        """Whether there is a file to play; the picture says where there is none."""
        if self.footage.source and not self.footage.path:
            self.surface.show_words(self.footage.absence)
        return bool(self.footage.path)

    def _open(self) -> None:
        if self._there():
            self.playback.open(self.footage.path)
            if self.surface.image is None:
                self._wish.start()

    @Slot()
    def _ask_frame(self) -> None:
        if self.playing:
            self.play()
        elif self.isVisible() and self._there():
            self.playback.show_frame(self.timeline.head, *self.surface.pixels())

    @Slot(QImage, float)
    def _shown(self, image: QImage, time: float) -> None:
        self.surface.show_image(image)
        if self.playing:
            self.timeline.show_head(time)
        self._show_where()

    @Slot()
    def _ended(self) -> None:
        self.playing = False
        self.transport.show_playing(False)

    @Slot(object)
    def _playback_failed(self, error: AssayError) -> None:
        self._ended()
        self.surface.show_words(str(error))
        self.failed.emit(error)

    @Slot(object)
    def _solved(self, cut: Cut) -> None:
        choices = self.bench.choices
        self.controls.show_choices(choices, self.footage.names)
        self.timeline.show_cut(cut, choices.keep, choices.drop)
        seconds = sum(self.footage.time_after(last) - float(self.footage.times[first]) for first, last in cut.clips)
        share = 100 * seconds / max(1e-9, self.footage.end - self.footage.start)
        words = f"{int(cut.chosen.sum())} of {len(cut.shots)} shots, {seconds:.1f} s, {share:.1f} %"
        self.controls.outcome.setText(words if not cut.selection.notices else f"{words} · {cut.selection.notices[0]}")
        self.controls.standing.setText("Comparing with random selections…")

    @Slot(str, object)
    def _stood(self, measure: str, chance: Chance) -> None:
        better = "Better than chance" if chance.p <= SURE else "Not shown to be better than chance"
        self.controls.standing.setText(
            f"{better}: {measure} {chance.observed:.2f}, random {chance.random:.2f}, "
            f"ratio {chance.ratio:.2f}, p = {chance.p:.2g}"
        )

    @Slot(object)
    def _not_solved(self, error: AssayError) -> None:
        self.controls.outcome.setText(str(error))
        self.controls.standing.setText("Undo with Ctrl+Z")

    @Slot(int)
    def _shot_clicked(self, shot: int) -> None:
        """Free → stays → goes → free."""
        choices = self.bench.choices
        wish = "drop" if shot in choices.keep else "free" if shot in choices.drop else "keep"
        self.bench.pin(shot, wish)

    @Slot(int, object)
    def _shot_menu(self, shot: int, at: QPoint) -> None:
        menu = ShotMenu(shot, self)
        menu.triggered.connect(self._menu_chosen)
        menu.popup(at)

    @Slot(QAction)
    def _menu_chosen(self, action: QAction) -> None:
        self.bench.pin(*action.data())

    @Slot(dict)
    def _changed(self, values: dict[str, Any]) -> None:
        self.bench.change(merge=True, **values)

    @Slot(dict)
    def _recut(self, values: dict[str, Any]) -> None:
        self.bench.recut(**values)

    @Slot()
    def _write(self) -> None:
        if self.footage.analysis is None or self.bench.cut is None:
            self.failed.emit(AssayError("There is nothing to write yet", remedy="Wait until the video is analysed."))
            return
        clips = [f"{first}-{last}" for first, last in self.bench.cut.clips]
        source = {} if self.footage.clip is None else {"video": str(self.footage.clip)}
        values = {"analysis": str(self.footage.analysis), "clips": clips, **source}
        self.run_requested.emit("video.write", values, f"Film of {self.footage.title}")

    @Slot(bool)
    def _rate_toggled(self, on: bool) -> None:
        self.rating.setVisible(on)

    @Slot(int)
    def _rated(self, score: int) -> None:
        start = self.footage.start + 2.0 * int((self.timeline.head - self.footage.start) // 2)
        end = min(start + 2.0, self.footage.end)
        span = {"start": start - self.footage.start, "end": end - self.footage.start}
        self.command_requested.emit({"name": "rate", **span, "score": score})
        if not self.playing:
            self.go(min(end, float(self.footage.times[-1])))

    @Slot()
    def _rating_undone(self) -> None:
        self.command_requested.emit({"name": "undo"})

    @Slot()
    def _rating_finished(self) -> None:
        self.command_requested.emit({"name": "finish"})

    def _show_where(self) -> None:
        if not len(self.footage.times):
            self.transport.show_where("")
            return
        frame = self.footage.frame_at(self.timeline.head)
        self.transport.show_where(f"{clock(self.timeline.head - self.footage.start, 0.01)}  frame {frame}")

    def _build(self, theme: Theme) -> None:
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.surface, 1)
        column.addWidget(self.transport)
        below = QWidget()
        rows = QVBoxLayout(below)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.space("tight"))
        rows.addWidget(self.rating)
        rows.addWidget(self.timeline)
        rows.addWidget(self.controls)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(above)
        splitter.addWidget(below)
        splitter.setStretchFactor(0, 1)
        self.rating.hide()
        self.set_body(splitter)
        self._rate = self.add_tool("star", "Rate while watching: keys 1 to 5", checkable=True)
        self._curves = self.add_tool(
            "plot", "Show what the score would be otherwise (picture disturbed, no query)", checkable=True
        )

    def _connect(self) -> None:
        self.surface.clicked.connect(self.toggle)
        self.surface.resized.connect(self._wish.start)
        self.transport.play_pressed.connect(self.toggle)
        self.transport.sound.toggled.connect(self._sound_toggled)
        self.transport.stepped.connect(self.step)
        self.transport.shot_stepped.connect(self.step_shot)
        self.timeline.sought.connect(self.go)
        self.timeline.shot_clicked.connect(self._shot_clicked)
        self.timeline.menu_wanted.connect(self._shot_menu)
        self.controls.changed.connect(self._changed)
        self.controls.recut.connect(self._recut)
        self.controls.write_pressed.connect(self._write)
        self.bench.solved.connect(self._solved)
        self.bench.stood.connect(self._stood)
        self.bench.failed.connect(self._not_solved)
        self.playback.shown.connect(self._shown)
        self.playback.ended.connect(self._ended)
        self.playback.silent.connect(self.transport.show_silence)
        self.playback.failed.connect(self._playback_failed)
        self._rate.toggled.connect(self._rate_toggled)
        self._curves.toggled.connect(self._curves_toggled)
        self.rating.given.connect(self._rated)
        self.rating.undone.connect(self._rating_undone)
        self.rating.finished.connect(self._rating_finished)

    @Slot(bool)
    def _sound_toggled(self, on: bool) -> None:
        self.playback.set_volume(1.0 if on else 0.0)

    @Slot(bool)
    def _curves_toggled(self, on: bool) -> None:
        self.timeline.counterfactual = on
        self.timeline.redraw()
