"""What the panel knows of a video: filled chunk by chunk while it is analysed, and whole when that is over."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtGui import QImage

from app.engines.video.cutting import Film
from app.runs.evidence import read_array
from app.runs.records import Record

LARGEST = 64_000_000


@dataclass
class Footage:
    """Times in s on the clock of the file. Arrays are empty until they are known."""

    source: str = ""
    seconds: float = 0.0
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    difference: np.ndarray = field(default_factory=lambda: np.empty(0))
    picks: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    features: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    components: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    names: tuple[str, ...] = ()
    scores: dict[str, np.ndarray] = field(default_factory=dict)
    raters: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    people: str = ""
    """Who the raters are, in words."""
    ratings: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    waveform: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    strip: list[tuple[float, QImage]] = field(default_factory=list)
    seen: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    """Picks while the video is analysed: frame number, time, provisional score."""
    cuts_seen: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    choices: dict[str, Any] = field(default_factory=dict)
    """What the run itself chose."""
    analysis: Path | None = None
    clip: Path | None = None
    """The video itself where the run made it."""

    @property
    def whole(self) -> bool:
        """Whether everything is here that a new cut needs."""
        t = len(self.picks)
        return bool(
            len(self.times) and t and len(self.features) == t and self.components.shape[1:] == (t,) and self.choices
        )

    @property
    def title(self) -> str:
        """What the video is called in a sentence."""
        return "the generated clip" if self.source.startswith("builtin:") else Path(self.source).name

    @property
    def path(self) -> str:
        """The file to play; "" where it is not there."""
        if self.clip is not None:
            return str(self.clip)
        return self.source if self.source and Path(self.source).is_file() else ""

    @property
    def absence(self) -> str:
        """Why there is no file to play."""
        if self.source.startswith("builtin:"):
            return "The generated clip can be played once it is written"
        return f"The video is no longer at {self.source}"

    @property
    def start(self) -> float:
        return float(self.times[0]) if len(self.times) else 0.0

    @property
    def end(self) -> float:
        """End of the last frame, or what is known of it."""
        if len(self.times) > 1:
            return float(self.times[-1]) + (float(self.times[-1]) - float(self.times[0])) / (len(self.times) - 1)
        return max(self.seconds, 0.001)

    def film(self) -> Film:
        """For the cutter; scores that come from a model or a file stay as they are."""
        given = None if self.choices.get("weights") else self.scores.get("score")
        return Film(
            self.times, self.difference, self.picks, self.features, self.components, self.names,
            given, self.scores.get("sd"),
        )  # fmt: skip

    def frame_at(self, time: float) -> int:
        """Number of the frame on the screen at `time`."""
        return int(np.clip(np.searchsorted(self.times, time + 1e-6, side="right") - 1, 0, max(0, len(self.times) - 1)))

    def time_after(self, frame: int) -> float:
        """When frame number `frame` gives way to the next."""
        return float(self.times[frame + 1]) if frame + 1 < len(self.times) else self.end

    def take(self, record: Record, folder: Path) -> bool:
        """Keep what one record says; whether anything has changed."""
        if record.kind == "artifact":
            return self._artifact(record, folder)
        values = read_array(folder, record.data.get("file"), LARGEST)
        if values is None:
            return False
        meta = record.data.get("meta") or {}
        match record.name:
            case "analysis/frames":
                self.source = str(meta.get("source", self.source))
                self.seconds = float(meta.get("seconds", self.seconds) or 0.0)
                self.times = _extended(self.times, record.step or 0, values[:, 0])
            case "analysis/picks":
                self.seen = _extended(self.seen, record.step or 0, values)
            case "analysis/cuts":
                self.cuts_seen = values
            case "analysis/strip":
                self._thumbnails(values, list(meta.get("times", ())))
            case "frames/times":
                self.times = values
                self.source = str(meta.get("source", self.source))
            case "frames/difference":
                self.difference = values
            case "scores":
                names = [str(name) for name in (record.data.get("labels") or [[]])[0]]
                self.scores = dict(zip(names, values))
            case "components":
                self.components = values
                self.names = tuple(str(name) for name in (record.data.get("labels") or [[]])[0])
            case "selection":
                self.choices = dict(meta.get("choices", {}))
            case "raters":
                self.raters = values
                self.people = str(meta.get("people", f"{len(values)} people"))
            case "waveform" | "picks" | "features" | "ratings":
                setattr(self, record.name, values)
            case _:
                return False
        return True

    def _artifact(self, record: Record, folder: Path) -> bool:
        path = folder / str(record.data.get("file", ""))
        if record.data.get("role") == "video-analysis":
            self.analysis = path
        elif record.data.get("role") == "video" and record.name == "clip.mp4":
            self.clip = path
        else:
            return False
        return True

    def _thumbnails(self, pixels: np.ndarray, times: list[float]) -> None:
        if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != np.uint8:
            return
        known = {time for time, _ in self.strip}
        for picture, time in zip(pixels, times):
            height, width = picture.shape[:2]
            if time not in known:
                data = np.ascontiguousarray(picture)
                image = QImage(data.data, width, height, width * 3, QImage.Format.Format_RGB888).copy()
                self.strip.append((float(time), image))


def _extended(known: np.ndarray, first: int, values: np.ndarray) -> np.ndarray:
    """`known` up to row `first`, then `values`: a chunk that is told again after a resume takes its own place."""
    return np.concatenate([known[:first], values]) if len(known) else np.asarray(values)
