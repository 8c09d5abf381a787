"""Write the summary film: exactly the kept frames in order, with their own timing, and sound that does not click."""

import errno
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.core import AssayError
from app.data.text import plain, size_in_words
from app.data.video import VideoInfo, open_video, upright
from app.data.video_sound import LAYOUTS
from app.engines.video.clip_world import BITS, read_barcode
from app.engines.video.film_sound import sound_blocks
from app.engines.video.self_check import checked

Codec = Literal["h264", "vp9", "av1"]

CONTAINERS: dict[Codec, tuple[str, str, str, str]] = {
    "h264": ("libx264", "aac", "mp4", ".mp4"),
    "vp9": ("libvpx-vp9", "libopus", "webm", ".webm"),
    "av1": ("libsvtav1", "aac", "mp4", ".mp4"),
}
"""Picture codec, sound codec, container and suffix."""

OPTIONS: dict[Codec, dict[str, str]] = {
    # Without B-frames the order in the file is the order of showing, so the last length is that of the last frame.
    # The macroblock tree of x264 (core 165) reads motion vectors that nothing has set: the same frames give other bytes.
    "h264": {"preset": "veryfast", "bf": "0", "mbtree": "0"},
    "vp9": {"deadline": "realtime", "cpu-used": "6", "b:v": "0", "row-mt": "1"},
    "av1": {"preset": "10"},
}
THREADS = 1
"""Of the encoder: their number changes the bytes, and decoding keeps the other cores busy anyway."""

AAC_RATES = (44_100, 48_000)
HIGHEST_RATE = 48_000
"""Other rates become this one: a packet of AAC at 22 050 Hz alone lasts longer than sound and picture may differ."""


@dataclass(frozen=True)
class FilmClip:
    """One clip: inclusive frame numbers and times of the source in s, and where it begins in the film."""

    first: int
    last: int
    start: float
    end: float
    film_start: float


@dataclass(frozen=True)
class FilmReport:
    """What was written. Durations in s; `size` in bytes.

    The film was read again: `checked` frames, none off its time by more than `late` s; `numbered` where the pictures carry
    their frame number (barcode of the test clips) and each was found in its place.
    """

    path: Path
    clips: tuple[FilmClip, ...]
    frames: int
    checked: int
    picture_seconds: float
    sound_seconds: float | None
    size: int
    late: float = 0.0
    numbered: bool = False

    @property
    def sound_less_picture(self) -> float:
        """s by which the sound is longer; 0 without sound."""
        return 0.0 if self.sound_seconds is None else self.sound_seconds - self.picture_seconds


def suffix_of(codec: Codec) -> str:
    return CONTAINERS[codec][3]


def with_handles(clips: Sequence[tuple[int, int]], times: np.ndarray, seconds: float) -> tuple[tuple[int, int], ...]:
    """Inclusive frame ranges widened by `seconds` on both sides within the video; those that then touch are joined."""
    wide: list[tuple[int, int]] = []
    for first, last in sorted(clips):
        low = int(np.searchsorted(times, times[first] - seconds - 1e-9)) if seconds else first
        high = int(np.searchsorted(times, times[last] + seconds + 1e-9, side="right")) - 1 if seconds else last
        if wide and low <= wide[-1][1] + 1:
            wide[-1] = (wide[-1][0], max(high, wide[-1][1]))
        else:
            wide.append((low, high))
    return tuple(wide)


def write_film(
    source: Path,
    clips: Sequence[tuple[int, int]],
    stamps: np.ndarray,
    target: Path,
    *,
    codec: Codec = "h264",
    crf: int = 20,
    fade: float = 0.01,
) -> Generator[tuple[int, int], None, FilmReport]:
    """Write `clips` (inclusive, rising, disjoint frame ranges) of `source` to `target`; yields (written, all) frames.

    `stamps` (n,) are those of every frame of the source as analysed: a source that has changed is refused. Each frame
    keeps its own duration. Raises AssayError, and leaves no file, when the source differs, cannot be read to the last
    clip, or the film cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    plan = None
    try:
        with open_video(source) as video:
            plan = _Plan(tuple(clips), stamps, Fraction(*video.info.time_base))
            yield from _write(source, video, plan, part, codec, crf, fade)
        numbers = plan.numbers() if plan.numbered else None
        found = checked(part, plan.times(), numbers, rotation=video.info.rotation, name=target.name)
        report = FilmReport(
            target, plan.rows(), plan.frames, found.frames, plan.seconds, found.sound_seconds, part.stat().st_size,
            found.late, plan.numbered,
        )  # fmt: skip
        part.replace(target)
    except OSError as error:
        raise _unwritten(error, target, part, plan) from error
    finally:
        part.unlink(missing_ok=True)
    return report


class _Plan:
    """Where each kept frame goes in the film, in ticks of the source's time base."""

    def __init__(self, clips: tuple[tuple[int, int], ...], stamps: np.ndarray, base: Fraction) -> None:
        if not clips:
            raise AssayError("The summary holds no clip", remedy="Raise the budget, or pin a shot.")
        self.clips = clips
        self.stamps = np.asarray(stamps, np.int64)
        self.base = base
        steps = np.diff(self.stamps)
        # The last frame of a video lasts as long as most others: nothing follows that would tell.
        usual = int(np.median(steps)) if len(steps) else max(1, round(1 / (25 * base)))
        self.ends = np.append(self.stamps[1:], self.stamps[-1] + usual)
        self.frames = sum(last - first + 1 for first, last in clips)
        self.starts: list[int] = []
        at = 0
        for first, last in clips:
            self.starts.append(at)
            at += int(self.ends[last] - self.stamps[first])
        self.ticks = at
        self.written = 0
        self.numbered = True
        """Whether every picture so far carries its frame number as a barcode."""

    @property
    def seconds(self) -> float:
        return float(self.ticks * self.base)

    def numbers(self) -> list[int]:
        """The frame numbers that are kept, in order."""
        return [number for first, last in self.clips for number in range(first, last + 1)]

    def ticks_of(self, number: int, clip: int) -> int:
        """Where frame `number` of clip `clip` stands in the film."""
        return self.starts[clip] + int(self.stamps[number] - self.stamps[self.clips[clip][0]])

    def times(self) -> np.ndarray:
        """(frames,) s at which each kept frame is shown in the film."""
        ticks = [
            self.ticks_of(number, clip)
            for clip, (first, last) in enumerate(self.clips)
            for number in range(first, last + 1)
        ]
        return np.array(ticks) * float(self.base)

    def spans(self) -> list[tuple[float, float]]:
        """(start, end) of each clip in s on the source's clock."""
        return [
            (float(self.stamps[first] * self.base), float(self.ends[last] * self.base)) for first, last in self.clips
        ]

    def rows(self) -> tuple[FilmClip, ...]:
        return tuple(
            FilmClip(first, last, start, end, float(at * self.base))
            for (first, last), (start, end), at in zip(self.clips, self.spans(), self.starts, strict=True)
        )


def _write(
    source: Path, video: Any, plan: _Plan, part: Path, codec: Codec, crf: int, fade: float
) -> Iterator[tuple[int, int]]:
    import av
    from av.video.frame import PictureType

    info: VideoInfo = video.info
    name, sound_name, container_format, _ = CONTAINERS[codec]
    with av.open(str(part), "w", format=container_format, options={"fflags": "+bitexact"}) as container:
        pictures: Any = container.add_stream(name, rate=_rate(info), options={**OPTIONS[codec], "crf": str(crf)})
        pictures.width, pictures.height = info.width - info.width % 2, info.height - info.height % 2
        pictures.pix_fmt = "yuv420p"
        pictures.codec_context.thread_count = THREADS
        pictures.codec_context.time_base = plan.base
        if info.pixel_aspect != (1, 1):
            pictures.codec_context.sample_aspect_ratio = Fraction(*info.pixel_aspect)
        sound = _Sound(source, container, plan, sound_name, info, fade) if info.has_audio else None
        lengths: dict[int, int] = {}
        for clip, number, picture in _kept(video, plan):
            plan.numbered = plan.numbered and _carries(picture, number)
            frame = _prepared(picture, info)
            frame.pts, frame.time_base = plan.ticks_of(number, clip), plan.base
            lengths[frame.pts] = int(plan.ends[number] - plan.stamps[number])
            # A clip begins with a whole picture, so that players jump to it at once.
            frame.pict_type = PictureType.I if number == plan.clips[clip][0] else PictureType.NONE
            _mux(container, pictures.encode(frame), lengths)
            plan.written += 1
            if sound is not None:
                sound.write(until=plan.ticks_of(number, clip))
            if plan.written % 25 == 0 or plan.written == plan.frames:
                yield plan.written, plan.frames
        _mux(container, pictures.encode(None), lengths)
        if sound is not None:
            sound.write(until=plan.ticks)
            sound.finish()
    if plan.written < plan.frames:
        raise AssayError(
            f"Only {plan.written} of {plan.frames} frames of the summary could be read again",
            where=plain(source.name),
            why="; ".join(video.notes),
            remedy="Analyse the video again: it has changed or is damaged.",
        )


def _mux(container: Any, packets: list[Any], lengths: dict[int, int]) -> None:
    """Write packets with the length of their frame: encoders forget it, and the last frame has no successor to tell."""
    for packet in packets:
        packet.duration = lengths.pop(packet.pts, packet.duration)
        container.mux(packet)


def _carries(picture: Any, number: int) -> bool:
    return bool(read_barcode(picture.to_ndarray(format="gray")) == number % 2**BITS)


def _kept(video: Any, plan: _Plan) -> Iterator[tuple[int, int, Any]]:
    """(clip, frame number, picture) of each kept frame."""
    clip = 0
    first, last = plan.clips[0]
    for frame in video.frames():
        if frame.number >= len(plan.stamps) or frame.stamp != plan.stamps[frame.number]:
            raise AssayError(
                "The video is not the one that was analysed",
                where=f"frame {frame.number}",
                why="its frames have other time stamps now",
                remedy="Analyse it again.",
            )
        if frame.number < first:
            continue
        yield clip, frame.number, frame.picture
        if frame.number == last:
            clip += 1
            if clip == len(plan.clips):
                return
            first, last = plan.clips[clip]


class _Sound:
    """The sound track of the film, written beside its pictures a second at a time."""

    def __init__(self, source: Path, container: Any, plan: _Plan, codec: str, info: VideoInfo, fade: float) -> None:
        self._rate = info.audio_rate if codec == "aac" and info.audio_rate in AAC_RATES else HIGHEST_RATE
        channels = 1 if info.audio_channels == 1 else 2
        self._layout = LAYOUTS[channels]
        self._container = container
        self._stream = container.add_stream(codec, rate=self._rate, layout=self._layout)
        self._stream.codec_context.thread_count = 1
        edges = [round(tick * plan.base * self._rate) for tick in (*plan.starts, plan.ticks)]
        begins = [round(start * self._rate) for start, _ in plan.spans()]
        spans = [
            (begin, begin + after - before) for begin, (before, after) in zip(begins, pairwise(edges), strict=True)
        ]
        self._blocks = sound_blocks(source, spans, rate=self._rate, channels=channels, fade=fade)
        self._base = plan.base
        self._done = 0

    def write(self, *, until: int) -> None:
        """Encode blocks of sound until `until`, in ticks of the film, is covered."""
        from av.audio.frame import AudioFrame

        while self._done < round(until * self._base * self._rate):
            samples = next(self._blocks)
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
            frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._done
            self._done += samples.shape[1]
            for packet in self._stream.encode(frame):
                self._container.mux(packet)

    def finish(self) -> None:
        for packet in self._stream.encode(None):
            self._container.mux(packet)


def _prepared(picture: Any, info: VideoInfo) -> Any:
    """The frame upright, 8 bits, with even sides."""
    from av.video.frame import VideoFrame

    width, height = info.width - info.width % 2, info.height - info.height % 2
    if info.rotation == 0 and (picture.width, picture.height) == (width, height):
        return picture.reformat(format="yuv420p")
    if info.rotation == 0 and (picture.width, picture.height) != (info.width, info.height):
        # Some files change their size on the way: the film keeps that of the first frame.
        return picture.reformat(width=width, height=height, format="yuv420p")
    pixels = upright(picture.to_ndarray(format="rgb24"), info.rotation)[:height, :width]
    return VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(format="yuv420p")


def _rate(info: VideoInfo) -> Fraction:
    return Fraction(info.rate).limit_denominator(1001) or Fraction(25)


def _unwritten(error: OSError, target: Path, part: Path, plan: "_Plan | None") -> AssayError:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return AssayError(
            "The film could not be written",
            where=plain(str(target)),
            why=plain(error.strerror or str(error)),
            remedy="Choose another place.",
        )
    size = part.stat().st_size if part.exists() else 0
    share = max(1, plan.written) / plan.frames if plan is not None else 1.0
    return AssayError(
        "The disk is full, so the film could not be written",
        where=plain(str(target)),
        why=f"the whole film needs about {size_in_words(round(size / share))}",
        remedy="Free some space and resume; nothing half written is left.",
    )
