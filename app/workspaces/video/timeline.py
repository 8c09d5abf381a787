"""Two linked timelines: the whole video above, the summary below; thumbnails, sound, scores and shots under one clock."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.engines.video.cutting import Cut
from app.widgets.theme import Theme
from app.workspaces.video.footage import Footage
from app.workspaces.video.time_words import clock, step_of

AXIS, STRIP, WAVE, CURVE, SHOTS, GAP, SUMMARY = 18, 34, 24, 56, 26, 6, 26
LEFT = 62
"""Room for the words of the rows."""

NEAREST = 2.0
"""s that can fill the whole width."""

MARKS = {"keep": "●", "drop": "✗", "kept": "✓"}


class Timeline(QWidget):
    """Knows the footage and the cut; says where the user wants to go and which shot was clicked."""

    sought = Signal(float)
    """Time in s on the clock of the file."""
    shot_clicked = Signal(int)
    menu_wanted = Signal(int, object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.footage = Footage()
        self.cut: Cut | None = None
        self.keep: frozenset[int] = frozenset()
        self.drop: frozenset[int] = frozenset()
        self.head = 0.0
        self.counterfactual = False
        self._low, self._high = 0.0, 0.0
        self._dragging = ""
        self._layer: QPixmap | None = None
        """Everything but the play-head, which moves with every frame."""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription("Click to go there; click a shot to pin or drop it; the wheel zooms")

    def sizeHint(self) -> QSize:
        return QSize(800, AXIS + STRIP + WAVE + CURVE + SHOTS + 2 * GAP + SUMMARY + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, self.sizeHint().height())

    def show_footage(self, footage: Footage) -> None:
        self.footage = footage
        if self._high <= self._low or not footage.whole:
            self.fit()
        self.redraw()

    def show_cut(self, cut: Cut | None, keep: tuple[int, ...] = (), drop: tuple[int, ...] = ()) -> None:
        self.cut, self.keep, self.drop = cut, frozenset(keep), frozenset(drop)
        self.redraw()

    def redraw(self) -> None:
        """Draw all rows anew."""
        self._layer = None
        self.update()

    def show_head(self, time: float) -> None:
        """Move the play-head; the view follows where it is zoomed in."""
        self.head = time
        if not self._low <= time <= self._high:
            span = self._high - self._low
            self._low = max(self.footage.start, min(time - span / 4, self._end - span))
            self._high = self._low + span
            self._layer = None
        self.update()

    def fit(self) -> None:
        """Show the whole video."""
        self._low, self._high = self.footage.start, self._end
        self.redraw()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.redraw()

    def shot_at(self, time: float) -> int:
        """Number of the shot at `time`, from 0; -1 where there is none."""
        if self.cut is None or not len(self.footage.times):
            return -1
        frame = self.footage.frame_at(time)
        return int(np.searchsorted(self.cut.shots[:, 0], frame, side="right")) - 1

    def shot_room(self, shot: int) -> QRectF:
        """Where a shot is drawn in the row of shots."""
        assert self.cut is not None
        first, last = self.cut.shots[shot]
        left, right = self._x(float(self.footage.times[first])), self._x(self.footage.time_after(int(last)))
        top = self._tops()["shots"]
        return QRectF(left, top, max(1.0, right - left), SHOTS)

    @property
    def _end(self) -> float:
        return max(self.footage.end, self.footage.seconds + self.footage.start, self.footage.start + 0.001)

    def _x(self, time: float) -> float:
        return LEFT + (time - self._low) / max(1e-9, self._high - self._low) * (self.width() - LEFT - 4)

    def _time(self, x: float) -> float:
        time = self._low + (x - LEFT) / max(1, self.width() - LEFT - 4) * (self._high - self._low)
        return float(min(max(time, self.footage.start), self._end))

    def _tops(self) -> dict[str, float]:
        heights = (("axis", AXIS), ("strip", STRIP), ("wave", WAVE), ("curve", CURVE), ("shots", SHOTS))
        tops, at = {}, 2.0
        for name, height in heights:
            tops[name] = at
            at += height + (1 if name != "axis" else 0)
        tops["summary"] = at + GAP
        return tops

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        tops = self._tops()
        shot = self.shot_at(self._time(x))
        if tops["shots"] <= y < tops["shots"] + SHOTS and shot >= 0:
            if event.button() == Qt.MouseButton.RightButton:
                self.menu_wanted.emit(shot, event.globalPosition().toPoint())
            else:
                self.shot_clicked.emit(shot)
            return
        self._dragging = "summary" if y >= tops["summary"] else "whole"
        self._seek(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._seek(event.position().x())
            return
        shot = self.shot_at(self._time(event.position().x()))
        if shot >= 0 and self.cut is not None:
            QToolTip.showText(event.globalPosition().toPoint(), self._words(shot), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = ""

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        span = self._high - self._low
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(delta.x()) > abs(delta.y()):
            shift = -(delta.x() or delta.y()) / 1200 * span
            low = min(max(self._low + shift, self.footage.start), self._end - span)
            self._low, self._high = low, low + span
        else:
            at = self._time(event.position().x())
            span = min(max(span * 0.8 ** (delta.y() / 120), NEAREST), self._end - self.footage.start)
            share = (at - self._low) / max(1e-9, self._high - self._low)
            low = min(max(at - share * span, self.footage.start), self._end - span)
            self._low, self._high = low, low + span
        self.redraw()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._layer is None or self._layer.size() != self.size() * ratio:
            self._layer = self._drawn(ratio)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._layer)
        tops = self._tops()
        painter.setPen(QPen(self._theme.color("danger"), 1.5))
        if LEFT <= (x := self._x(self.head)) <= self.width():
            painter.drawLine(QPointF(x, tops["axis"]), QPointF(x, tops["shots"] + SHOTS))
        self._summary_head(painter, tops["summary"])
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _drawn(self, ratio: float) -> QPixmap:
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(self._theme.color("canvas"))
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tops = self._tops()
        self._rows(painter, tops)
        painter.setClipRect(QRectF(LEFT, 0, self.width() - LEFT - 4, self.height()))
        self._axis(painter, tops["axis"])
        self._thumbnails(painter, tops["strip"])
        self._sound(painter, tops["wave"])
        self._scores(painter, tops["curve"])
        self._shots(painter, tops["shots"])
        self._summary(painter, tops["summary"])
        painter.end()
        return layer

    def _seek(self, x: float) -> None:
        if self._dragging == "summary" and self.cut is not None and self.cut.clips:
            time = self._in_summary((x - LEFT) / max(1, self.width() - LEFT - 4))
        else:
            time = self._time(x)
        self.show_head(time)
        self.sought.emit(time)

    def _in_summary(self, share: float) -> float:
        """The time in the video of a share of the summary."""
        spans = self._spans()
        left = min(max(share, 0.0), 0.9999) * sum(end - start for start, end in spans)
        for start, end in spans:
            if left < end - start:
                return start + left
            left -= end - start
        return spans[-1][1]

    def _spans(self) -> list[tuple[float, float]]:
        assert self.cut is not None
        times = self.footage.times
        return [(float(times[first]), self.footage.time_after(last)) for first, last in self.cut.clips]

    def _words(self, shot: int) -> str:
        assert self.cut is not None
        first, last = self.cut.shots[shot]
        seconds = self.footage.time_after(int(last)) - float(self.footage.times[first])
        state = "must stay" if shot in self.keep else "must go" if shot in self.drop else ""
        kept = "in the summary" if self.cut.chosen[shot] else "left out"
        return f"Shot {shot + 1}: {seconds:.1f} s, score {self.cut.values[shot]:.2f}, {state or kept}"

    def _rows(self, painter: QPainter, tops: dict[str, float]) -> None:
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.color("text-2"))
        words = (("strip", "Video", STRIP), ("wave", "Sound", WAVE), ("curve", "Score", CURVE))
        for name, text, height in (*words, ("shots", "Shots", SHOTS), ("summary", "Summary", SUMMARY)):
            room = QRectF(6, tops[name], LEFT - 8, height)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
            painter.fillRect(QRectF(LEFT, tops[name], self.width() - LEFT - 4, height), self._theme.color("sunken"))

    def _axis(self, painter: QPainter, top: float) -> None:
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.color("text-2"))
        step = step_of((self._high - self._low) * 90 / max(1, self.width() - LEFT))
        mark = np.ceil(self._low / step) * step
        while mark <= self._high + 1e-9:
            x = self._x(float(mark))
            painter.drawLine(QPointF(x, top + AXIS - 5), QPointF(x, top + AXIS - 1))
            painter.drawText(QPointF(x + 3, top + AXIS - 5), clock(float(mark), step))
            mark += step

    def _thumbnails(self, painter: QPainter, top: float) -> None:
        strip = self.footage.strip
        if not strip:
            return
        wide = STRIP * 80 / 45
        times = np.array([time for time, _ in strip])
        order = np.argsort(times)
        x = self._x(self.footage.start) if self._low <= self.footage.start else float(LEFT)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        while x < self.width() and self._time(x) <= times.max() + 1e-6:
            at = int(np.searchsorted(times[order], self._time(x + wide / 2), side="right")) - 1
            painter.drawImage(QRectF(x, top, wide, STRIP), strip[int(order[max(0, at)])][1])
            x += wide
            if x > self._x(self._end):
                break

    def _sound(self, painter: QPainter, top: float) -> None:
        wave = self.footage.waveform
        if not len(wave):
            return
        edges = self.footage.start + np.arange(len(wave)) * (self._end - self.footage.start) / len(wave)
        low, high = np.searchsorted(edges, (self._low, self._high))
        middle, loud = top + WAVE / 2, max(1e-6, float(np.abs(wave).max()))
        painter.setPen(QPen(self._theme.color("text-2", 0.7), 1))
        step = max(1, (high - low) // max(1, self.width()))
        for at in range(max(0, low - 1), min(len(wave), high + 1), step):
            part = wave[at : at + step]
            x = self._x(float(edges[at]))
            up, down = float(part.max()) / loud, float(part.min()) / loud
            painter.drawLine(QPointF(x, middle - up * WAVE / 2), QPointF(x, middle - down * WAVE / 2))

    def _scores(self, painter: QPainter, top: float) -> None:
        footage = self.footage
        self._own_ratings(painter, top)
        if not len(footage.picks):
            if len(footage.seen):
                self._curve(painter, top, footage.seen[:, 1], footage.seen[:, 2], self._theme.series(0), 1.0)
            return
        times = footage.times[footage.picks]
        score = self.cut.scores if self.cut is not None else footage.scores.get("score")
        if len(footage.raters):
            rated = footage.raters.mean(axis=0)
            span = float(rated.max() - rated.min()) or 1.0
            self._curve(painter, top, times, (rated - rated.min()) / span, self._theme.reference(), 1.5, dashed=True)
        if self.counterfactual:
            for place, name in enumerate(("clean", "disturbed", "without query", "picture disturbed"), 1):
                if name in footage.scores:
                    self._curve(painter, top, times, footage.scores[name], self._theme.series(place), 1.2)
        if score is None or len(score) != len(times):
            return
        deviation = footage.scores.get("sd")
        if deviation is not None and len(deviation) == len(times):
            self._band(painter, top, times, score - deviation, score + deviation)
        self._curve(painter, top, times, score, self._theme.series(0), 2.0)

    def _own_ratings(self, painter: QPainter, top: float) -> None:
        """What has been given while watching: a step for each stretch, 1 at the bottom and 5 at the top."""
        painter.setPen(QPen(self._theme.series(1), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for start, end, score in self.footage.ratings:
            y = _y(top, (float(score) - 1) / 4)
            left, right = (self._x(self.footage.start + float(time)) for time in (start, end))
            painter.drawLine(QPointF(left + 1, y), QPointF(right - 1, y))

    def _curve(
        self, painter: QPainter, top: float, times: np.ndarray, values: np.ndarray, color: QColor, width: float, *,
        dashed: bool = False,
    ) -> None:  # fmt: skip
        points = QPolygonF([QPointF(self._x(float(t)), _y(top, float(v))) for t, v in zip(times, values)])
        painter.setPen(QPen(color, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)

    def _band(self, painter: QPainter, top: float, times: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        there = [QPointF(self._x(float(t)), _y(top, float(v))) for t, v in zip(times, high)]
        back = [QPointF(self._x(float(t)), _y(top, float(v))) for t, v in zip(times, low)]
        color = QColor(self._theme.series(0))
        color.setAlphaF(0.18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([*there, *reversed(back)]))

    def _shots(self, painter: QPainter, top: float) -> None:
        painter.setFont(self._theme.font("caption"))
        if self.cut is None:
            painter.setPen(QPen(self._theme.color("text-2"), 1))
            for cut in self.footage.cuts_seen:
                if int(cut) < len(self.footage.times):
                    x = self._x(float(self.footage.times[int(cut)]))
                    painter.drawLine(QPointF(x, top), QPointF(x, top + SHOTS))
            return
        for shot in range(len(self.cut.shots)):
            room = self.shot_room(shot).adjusted(0.5, 0.5, -1, -0.5)
            if room.right() < LEFT or room.left() > self.width():
                continue
            chosen = bool(self.cut.chosen[shot])
            wish = "keep" if shot in self.keep else "drop" if shot in self.drop else ""
            outline = {"keep": "text", "drop": "danger"}.get(wish, "control")
            painter.setPen(QPen(self._theme.color(outline), 2 if wish else 1))
            painter.setBrush(self._theme.color("accent") if chosen else self._theme.color("surface"))
            painter.drawRoundedRect(room, 3, 3)
            sign = MARKS.get(wish, MARKS["kept"] if chosen else "")
            wide, wordings = room.width() - 4, (f"{sign} {shot + 1}".strip(), sign)
            text = next((each for each in wordings if painter.fontMetrics().horizontalAdvance(each) <= wide), "")
            painter.setPen(self._theme.color("on-accent" if chosen else "danger" if wish == "drop" else "text"))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), text)

    def _summary(self, painter: QPainter, top: float) -> None:
        if self.cut is None or not self.cut.clips:
            return
        painter.setFont(self._theme.font("caption"))
        spans = self._spans()
        whole = sum(end - start for start, end in spans) or 1.0
        wide, at = self.width() - LEFT - 4, 0.0
        for start, end in spans:
            share = (end - start) / whole
            room = QRectF(LEFT + at * wide, top, share * wide, SUMMARY).adjusted(0.5, 0.5, -1, -0.5)
            painter.setPen(QPen(self._theme.color("accent"), 1))
            painter.setBrush(self._theme.color("accent-soft"))
            painter.drawRoundedRect(room, 3, 3)
            if room.width() > 56:
                painter.setPen(self._theme.color("text"))
                painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), f"{clock(start, 1)}  {end - start:.1f} s")
            at += share

    def _summary_head(self, painter: QPainter, top: float) -> None:
        if self.cut is None or not self.cut.clips:
            return
        spans = self._spans()
        before, whole = 0.0, sum(end - start for start, end in spans) or 1.0
        for start, end in spans:
            if start <= self.head < end:
                x = LEFT + (before + self.head - start) / whole * (self.width() - LEFT - 4)
                painter.drawLine(QPointF(x, top), QPointF(x, top + SUMMARY))
            before += end - start


def _y(top: float, value: float) -> float:
    return top + CURVE - 3 - min(max(value, 0.0), 1.0) * (CURVE - 6)
