"""Any frame of a video by its time, exactly, and the ones after it; small copies of what was seen last are kept."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from app.core.errors import AssayError
from app.data.video import Frame, open_video, upright

KEPT = 48
"""Frames kept so that a step back needs no new decoding."""

AHEAD = 2.0
"""s that decoding may run on to reach a frame before seeking is tried."""

LARGEST = 4096


@dataclass
class Shown:
    """A frame to be shown. `time` in s on the clock of the file."""

    time: float
    picture: VideoFrame
    rotation: int
    scaler: VideoReformatter = field(default_factory=VideoReformatter)

    def pixels(self, width: int, height: int) -> np.ndarray:
        """(h, w, 3) uint8 RGB, upright, as large as fits into `width` × `height` with its proportions kept."""
        turned = self.rotation in (90, 270)
        own = (self.picture.height, self.picture.width) if turned else (self.picture.width, self.picture.height)
        scale = min(max(16, min(width, LARGEST)) / own[0], max(16, min(height, LARGEST)) / own[1])
        size = (max(2, round(own[0] * scale)), max(2, round(own[1] * scale)))
        wide, tall = (size[1], size[0]) if turned else size
        frame = self.scaler.reformat(self.picture, wide, tall, "rgb24")
        return np.asarray(upright(frame.to_ndarray(), self.rotation))


class Frames:
    """Raises AssayError for a file that is no video."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._video = open_video(path)
        self.info = self._video.info
        self._tick = self.info.time_base[0] / self.info.time_base[1]
        self._kept: OrderedDict[float, VideoFrame] = OrderedDict()
        self._pass: Iterator[Frame] | None = None
        self._ahead: Frame | None = None
        self.last = 0.0
        """s of the frame that was shown last."""

    def close(self) -> None:
        self._video.close()

    def at(self, time: float) -> Shown:
        """The frame that is on the screen at `time`: the last one that is not later. Raises AssayError where none is."""
        known = [kept for kept in self._kept if kept <= time + self._tick / 2]
        near = max(known, default=None)
        if near is not None and time - near < self._tick:
            return self._shown(near, self._kept[near])
        self._go_to(time)
        best: Frame | None = None
        while self._ahead is not None and self._ahead.time <= time + self._tick / 2:
            best = self._ahead
            self._take()
        if best is None:
            best = self._ahead
        if best is None:
            raise AssayError("This frame cannot be read", where=f"{self.path.name}, {time:.3f} s")
        return self._shown(best.time, best.picture)

    def start(self, time: float) -> None:
        """Make `next` begin with the frame that is on the screen at `time`."""
        self._go_to(time)
        while self._ahead is not None and self._ahead.time < time - self._tick / 2:
            self._take()

    def peek(self) -> float | None:
        """Time in s of the frame that `next` would give; None at the end."""
        return None if self._ahead is None else self._ahead.time

    def next(self, *, decode_only: bool = False) -> Shown | None:
        """The next frame; with `decode_only` it is passed over, to catch up."""
        frame = self._ahead
        if frame is None:
            return None
        self._take()
        shown = self._shown(frame.time, frame.picture)
        return None if decode_only else shown

    def _go_to(self, time: float) -> None:
        running = self._pass is not None and self._ahead is not None
        if (
            running
            and self._ahead is not None
            and self._ahead.time <= time + self._tick / 2 <= self._ahead.time + AHEAD
        ):
            return
        for back in (0.0, 10.0, time + 1.0):
            stamp = int((time - back) / self._tick)
            self._pass = self._video.frames(near=stamp) if time - back > 0 else self._video.frames()
            self._take()
            if self._ahead is not None and self._ahead.time <= time + self._tick / 2:
                return

    def _take(self) -> None:
        assert self._pass is not None
        if self._ahead is not None:
            self._keep(self._ahead.time, self._ahead.picture)
        self._ahead = next(self._pass, None)

    def _shown(self, time: float, picture: VideoFrame) -> Shown:
        self._keep(time, picture)
        self.last = time
        return Shown(time, picture, self.info.rotation)

    def _keep(self, time: float, picture: Any) -> None:
        self._kept[time] = picture
        self._kept.move_to_end(time)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
