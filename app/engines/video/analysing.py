"""One pass over a video, chunk by chunk: differences of all frames, features of picked ones; then its sound."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.core import AssayError
from app.data.video import Frame, VideoInfo, open_video
from app.engines.video import descriptor
from app.engines.video.analysis import Analysis, Source
from app.engines.video.detectors import content_cuts
from app.engines.video.looking import Looks, provisional_score
from app.engines.video.small_pictures import Pictures
from app.engines.video.sound import Sound, at_picks, listen, waveform

COMPONENTS = ("motion", "sharpness", "colourfulness", "saliency", "sound")
THUMBNAILS = 240
CHUNK_PIXELS = 280_000_000
CHUNK_FRAMES = (8, 300)
SEEK_BACK = 10.0
"""s before the last frame of a checkpoint at which decoding begins again, so that no reference is missing."""


@dataclass(frozen=True)
class Chunk:
    """What came since the chunk before.

    `frames` (c, 2): time in s and difference, from frame number `first_frame`; `picks` (p, 3): frame number, time and
    provisional score in [0, 1], from pick number `first_pick`; `cuts`: what the content detector makes of all so far;
    `thumbnails` (s, 45, 80, 3) uint8 at `thumbnail_times`, from number `first_thumbnail`; `done` of `total` s.
    """

    first_frame: int
    frames: np.ndarray
    first_pick: int
    picks: np.ndarray
    cuts: np.ndarray
    first_thumbnail: int
    thumbnails: np.ndarray
    thumbnail_times: tuple[float, ...]
    done: float
    total: float


class Analyser:
    """Analyses the video at `path`; no frame is kept, so an hour fits in memory.

    `sampling` picks per second, or “all” frames. `model` describes picks instead of the built-in descriptor. `state`
    from `state()` of an analyser with the same arguments continues there: what comes is what would have come, bit for
    bit. Raises AssayError as `open_video` does, and where the state is of another video, sampling or model.
    """

    def __init__(
        self,
        path: Path,
        *,
        sampling: float | Literal["all"] = 2.0,
        model: "Any | None" = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self._path = path
        self._sampling = sampling
        self._video = open_video(path)
        self._stamps = array("q")
        self._times = array("d")
        self._difference = array("f")
        self._picks = array("q")
        self._grey: np.ndarray | None = None
        self._due = 0
        self._thumbnail_due = float("-inf")
        self._thumbnails = 0
        self._looks = Looks(self.info, model)
        self._sound: Sound | None = None
        self._plain = True
        if state is not None:
            self._restore(state)

    @property
    def info(self) -> VideoInfo:
        return self._video.info

    def chunks(self) -> Iterator[Chunk]:
        """Decode to the end. To stop earlier, close the generator; `result` then tells of what was seen, without sound.

        The sound comes last, in the same thread: beside the pictures it would make their decoder wait for the
        interpreter, which costs three times what it takes.
        """
        size = int(np.clip(CHUNK_PIXELS // max(1, self.info.width * self.info.height), *CHUNK_FRAMES))
        pictures = Pictures(self.info)
        with self._video:
            try:
                gathering = _Gathering(self)
                for frame in self._remaining(pictures):
                    self._take(frame, pictures, gathering)
                    if len(self._stamps) - gathering.first_frame >= size:
                        yield gathering.chunk()
                        gathering = _Gathering(self)
                self._plain = False
                if len(self._stamps) > gathering.first_frame:
                    yield gathering.chunk()
                self._sound = listen(self._path)
            finally:
                self._looks.pause()

    def state(self) -> dict[str, Any]:
        """Everything that `Analyser(…, state=…)` needs; valid between chunks."""
        plain = self._plain and not self._video.damaged and not self._video.made
        return {
            "stamps": np.array(self._stamps, np.int64),
            "times": np.array(self._times, np.float64),
            "difference": np.array(self._difference, np.float32),
            "picks": np.array(self._picks, np.int64),
            "grey": self._grey if self._grey is not None else np.empty((0, 0), np.uint8),
            "due": self._due,
            "thumbnail_due": self._thumbnail_due if self._thumbnails else -1e300,
            "thumbnails": self._thumbnails,
            "seek": int(plain),
            "size": self._path.stat().st_size,
            "sampling": str(self._sampling),
            **self._looks.state(),
        }

    def result(self) -> Analysis:
        """What was found. Raises AssayError where no frame was seen."""
        if not self._stamps:
            raise AssayError("No frame of the video was analysed", where=str(self._path))
        times = np.array(self._times, np.float64)
        difference = np.array(self._difference, np.float32)
        picks = np.array(self._picks, np.int64)
        step = float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1 / self.info.rate
        end = float(times[-1]) + step
        sound = self._sound
        features, side, qualities = self._looks.result()
        rows = [_typical_between(difference, picks), *qualities.T]
        names: tuple[str, ...] = COMPONENTS[:4]
        notes = list(self._video.notes)
        if sound is not None and len(sound.loudness):
            loudness, onset = at_picks(sound, times[picks], end)
            rows.append((stretched(loudness) + stretched(onset)) / 2)
            names = COMPONENTS
            if sound.duration > end + 1:
                notes.append(f"The sound lasts {sound.duration - end:.1f} s longer than the pictures")
        return Analysis(
            source=self._source(times, end, tuple(notes)),
            stamps=np.array(self._stamps, np.int64),
            times=times,
            difference=difference,
            picks=picks,
            features=features,
            side=side,
            components=np.stack([stretched(row) for row in rows]).astype(np.float32),
            component_names=names,
            waveform=waveform(sound, end) if sound is not None else np.empty((0, 2), np.float32),
            feature_kind=self._looks.kind,
        )

    def _source(self, times: np.ndarray, end: float, notes: tuple[str, ...]) -> Source:
        info, steps = self.info, np.diff(times)
        tick = info.time_base[0] / info.time_base[1]
        varies = len(steps) > 0 and float(steps.max()) - tick > 1.5 * (float(steps.min()) + tick)
        return Source(
            path=info.path,
            width=info.width,
            height=info.height,
            rotation=info.rotation,
            time_base=info.time_base,
            rate=len(steps) / float(times[-1] - times[0]) if len(steps) and varies else info.rate,
            variable_rate=bool(varies),
            duration=end,
            has_audio=info.has_audio,
            codec=info.codec,
            container=info.container,
            notes=notes,
        )

    def _take(self, frame: Frame, pictures: "Pictures", gathering: "_Gathering") -> None:
        grey = pictures.grey(frame.picture)
        before = self._grey if self._grey is not None else grey
        number = len(self._stamps)
        self._stamps.append(frame.stamp)
        self._times.append(frame.time)
        self._difference.append(mean_difference(before, grey))
        self._grey = grey
        if not self._is_due(frame.time, first=number == 0):
            return
        self._picks.append(number)
        shown = self._thumbnails < THUMBNAILS and frame.time >= self._thumbnail_due
        self._looks.add(frame.picture, before, grey, thumbnail=shown)
        if shown:
            gathering.thumbnail_times.append(frame.time)
            self._thumbnails += 1
            # A little less than the share of one, so that rounding does not cost the last ones.
            self._thumbnail_due = frame.time + self.info.duration / THUMBNAILS * 0.999

    def _is_due(self, time: float, *, first: bool) -> bool:
        if self._sampling == "all":
            return True
        passed = int(np.floor(time * self._sampling + 1e-6))
        if first or passed >= self._due:
            self._due = passed + 1
            return True
        return False

    def _remaining(self, pictures: "Pictures") -> Iterator[Frame]:
        """The frames after those that were seen before a checkpoint."""
        if not self._stamps:
            yield from self._video.frames()
            return
        if self._plain:
            back = int(SEEK_BACK * self.info.time_base[1] / self.info.time_base[0])
            frames = self._video.frames(near=max(self._stamps[0], self._stamps[-1] - back))
            if self._found(frames, pictures):
                self._video.damaged = 0
                yield from frames
                return
        frames = self._video.frames()
        for _ in range(len(self._stamps)):
            next(frames, None)
        yield from frames

    def _found(self, frames: Iterator[Frame], pictures: "Pictures") -> bool:
        """Whether `frames`, from a key frame on, comes past the last frame seen and it looks the same."""
        for frame in frames:
            if frame.stamp >= self._stamps[-1]:
                same = self._grey is not None and np.array_equal(pictures.grey(frame.picture), self._grey)
                return same and frame.stamp == self._stamps[-1]
        return False

    def _restore(self, state: Mapping[str, Any]) -> None:
        if int(state["size"]) != self._path.stat().st_size:
            raise AssayError(
                "The video has changed since the checkpoint",
                where=str(self._path),
                why=f"it had {int(state['size'])} bytes and has {self._path.stat().st_size}",
                remedy="Start the run again.",
            )
        if str(state["sampling"]) != str(self._sampling):
            raise AssayError(
                "The sampling has changed since the checkpoint",
                where=str(self._path),
                why=f"it was {state['sampling']} and is {self._sampling} per second",
                remedy="Choose the sampling it began with, or start the run again.",
            )
        self._looks.restore(state)
        for name in ("stamps", "times", "difference", "picks"):
            getattr(self, f"_{name}").frombytes(np.ascontiguousarray(state[name]).tobytes())
        self._grey = np.asarray(state["grey"], np.uint8)
        self._due = int(state["due"])
        self._thumbnail_due = float(state["thumbnail_due"])
        self._thumbnails = int(state["thumbnails"])
        self._plain = bool(state["seek"])


class _Gathering:
    """A chunk while it grows."""

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self.first_frame = len(analyser._stamps)
        self._first_pick = len(analyser._picks)
        self._first_thumbnail = analyser._thumbnails
        self.thumbnail_times: list[float] = []

    def chunk(self) -> Chunk:
        seen = self._analyser
        times = np.array(seen._times, np.float64)
        difference = np.array(seen._difference, np.float32)
        numbers = np.array(seen._picks[self._first_pick :], np.int64)
        qualities = seen._looks.qualities(self._first_pick)
        scores = [provisional_score(look, float(difference[n])) for n, look in zip(numbers, qualities, strict=True)]
        thumbnails = seen._looks.taken_thumbnails()
        strip = (descriptor.SMALL_HEIGHT, descriptor.SMALL_WIDTH, 3)
        return Chunk(
            first_frame=self.first_frame,
            frames=np.stack([times, difference], axis=1)[self.first_frame :],
            first_pick=self._first_pick,
            picks=np.stack([numbers, times[numbers], np.array(scores, np.float64)], axis=1),
            cuts=content_cuts(difference),
            first_thumbnail=self._first_thumbnail,
            thumbnails=np.stack(thumbnails) if thumbnails else np.empty((0, *strip), np.uint8),
            thumbnail_times=tuple(self.thumbnail_times),
            done=float(times[-1]),
            total=max(seen.info.duration, float(times[-1])),
        )


def mean_difference(before: np.ndarray, now: np.ndarray) -> float:
    """Mean absolute difference of two uint8 pictures of one shape, 0 to 255."""
    import cv2

    return float(cv2.norm(before, now, cv2.NORM_L1)) / now.size


def stretched(values: np.ndarray) -> np.ndarray:
    """`values` (t,) to [0, 1], from their 2nd to their 98th percentile; zeros where they do not differ."""
    low, high = np.percentile(values, [2, 98])
    if not high > low:
        low, high = float(values.min()), float(values.max())
    return np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros(len(values))


def _typical_between(difference: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """(t,) median difference of the frames from each pick to the next, so that a cut counts for nothing."""
    edges = np.append(picks, len(difference))
    return np.array([np.median(difference[first:end]) for first, end in pairwise(edges)])
