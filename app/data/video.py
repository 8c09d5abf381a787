"""Read a video by its time stamps: what it is, then every frame once, in the order it is shown."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.video.frame import VideoFrame

from app.data.text import plain
from app.data.video_container import open_container, picture_stream, refused, sound_stream
from app.data.video_stamps import RisingStamps, step_of

PACKETS_LOOKED_AT = 600
"""How many packets tell rate and variable rate before decoding; the rest may differ, and decoding measures it."""

LARGEST_SIDE = 16_384
LIMITED_RATE = 1000.0


@dataclass(frozen=True)
class VideoInfo:
    """What is known before all frames are decoded.

    `width` and `height` in pixels as shown; `rotation` in degrees counter-clockwise that turns a decoded picture
    upright (0, 90, 180 or 270); `pixel_aspect` width to height of one pixel; `rate` frames per second, measured from
    the stamps of the first packets where there are enough; `duration` s, as the container says or its packets show.
    """

    path: str
    container: str
    codec: str
    width: int
    height: int
    rotation: int
    pixel_aspect: tuple[int, int]
    time_base: tuple[int, int]
    rate: float
    variable_rate: bool
    duration: float
    has_audio: bool
    audio_codec: str
    audio_rate: int
    audio_channels: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame: counted from 0, its stamp in the time base of the video, its time in s, the picture itself."""

    number: int
    stamp: int
    time: float
    picture: VideoFrame


def probe(path: Path) -> VideoInfo:
    """What the video at `path` is, from its headers, first packets and first frame.

    Raises AssayError for what is no video, has no picture that can be decoded (the codec is named), or is a playlist.
    """
    with open_video(path) as video:
        return video.info


def decode(path: Path) -> Iterator[Frame]:
    """Every frame of the video at `path`, in the order it is shown. Raises AssayError as `probe` does."""
    with open_video(path) as video:
        yield from video.frames()


def open_video(path: Path) -> "Video":
    """The video at `path`, to be used in a `with` statement. Raises AssayError as `probe` does."""
    return Video(path, _probe(path))


class Video:
    """An open video. `notes` grows when a pass ends; `damaged` pieces and `made` stamps are counted on the way."""

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self.info = info
        self.notes = list(info.notes)
        self.damaged = 0
        self.made = 0
        self._path = path
        self._container: Any = None

    def __enter__(self) -> "Video":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def frames(self, *, near: int | None = None, threads: str = "AUTO") -> Iterator[Frame]:
        """All frames in one sequential pass; with `near`, from a key frame some time before that stamp.

        Numbers count what is yielded, so a pass that began with `near` counts from where it began. A damaged packet
        is left out and noted; a file that ends early ends the pass with a note. Raises AssayError where no frame at
        all can be decoded.
        """
        self.close()
        self._container = open_container(self._path)
        stream = picture_stream(self._container)
        if stream is None:
            raise refused(self._path, "It has no video track any more")
        stream.thread_type = threads
        ticks, per_second = self.info.time_base
        time_base = Fraction(ticks, per_second)
        stamps = RisingStamps(step_of(self.info.rate, time_base), time_base)
        if near is not None:
            self._container.seek(near, stream=stream, backward=True, any_frame=False)
        number = self.damaged = self.made = 0
        for pictures in self._batches(stream):
            if pictures is None:
                self.damaged += 1
                continue
            for picture in pictures:
                self.damaged += picture.is_corrupt
                stamp = stamps.next(picture.pts)
                self.made = stamps.made
                yield Frame(number, stamp, stamp * ticks / per_second, picture)
                number += 1
        if not number and near is None:
            raise refused(self._path, f"No frame of its {self.info.codec} track can be decoded")
        self._note(float(stamps.last * time_base) if stamps.last is not None else 0.0)

    def _batches(self, stream: Any) -> Iterator[list[VideoFrame] | None]:
        """The pictures that each packet completes; None for a packet that could not be decoded."""
        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, ValueError) as error:
                self.notes.append(f"Reading stopped early: {plain(str(error))}")
                yield _decoded(stream, None)
                return
            yield _decoded(stream, packet)

    def _note(self, end: float) -> None:
        if self.damaged:
            self.notes.append(f"{self.damaged} pieces of the video are damaged; what could be decoded is shown")
        if self.made:
            self.notes.append(f"{self.made} frames had no usable time stamp and got one from the frame rate")
        promised = self.info.duration
        if promised > 0 and end < promised - max(1.0, 3 / self.info.rate):
            self.notes.append(f"The pictures end at {end:.2f} s although the file promises {promised:.2f} s")


def upright(pixels: Any, rotation: int) -> Any:
    """(h, w, …) turned counter-clockwise by `rotation` degrees, a multiple of 90."""
    import numpy as np

    return np.ascontiguousarray(np.rot90(pixels, rotation // 90 % 4)) if rotation % 360 else pixels


def _decoded(stream: Any, packet: Any) -> list[VideoFrame] | None:
    """The pictures that one packet completes, or None where it is damaged; no packet means that there are no more."""
    try:
        return list(stream.codec_context.decode(packet))
    except av.EOFError:
        return []
    except (av.FFmpegError, ValueError):
        return None


def _probe(path: Path) -> VideoInfo:
    with open_container(path) as container:
        stream = picture_stream(container)
        if stream is None:
            heard = "; it holds sound only" if sound_stream(container) is not None else ""
            raise refused(path, f"It has no video track{heard}")
        sound = sound_stream(container)
        notes: list[str] = []
        if sound is None and container.streams.audio:
            notes.append("There is no decoder for its sound: it is taken as silent")
        width, height = _size(path, stream)
        stamps, duration = _first_stamps(container, stream)
        rate, variable = _rate(stream, stamps)
        info = VideoInfo(
            path=str(path),
            container=container.format.name,
            codec=stream.codec_context.name,
            width=width,
            height=height,
            rotation=0,
            pixel_aspect=_aspect(stream),
            time_base=stream.time_base.as_integer_ratio(),
            rate=rate,
            variable_rate=variable,
            duration=duration,
            has_audio=sound is not None,
            audio_codec=sound.codec_context.name if sound is not None else "",
            audio_rate=int(sound.codec_context.sample_rate or 0) if sound is not None else 0,
            audio_channels=int(sound.codec_context.channels or 0) if sound is not None else 0,
        )
    return _with_first_frame(path, info, notes)


def _size(path: Path, stream: Any) -> tuple[int, int]:
    width, height = int(stream.codec_context.width or 0), int(stream.codec_context.height or 0)
    if max(width, height) > LARGEST_SIDE:
        raise refused(path, f"Its pictures are {width} × {height} pixels; the limit is {LARGEST_SIDE} a side")
    return width, height


def _first_stamps(container: Any, stream: Any) -> tuple[list[int], float]:
    """The sorted stamps of the first packets, and the duration in s: the container's word, or all packets read."""
    promised = container.duration / av.time_base if container.duration else 0.0
    if not promised and stream.duration:
        promised = float(stream.duration * stream.time_base)
    stamps: list[int] = []
    last = 0
    # A fault ends the reading here: the pass over all frames meets the same place and tells of it.
    with suppress(av.FFmpegError, ValueError):
        for packet in container.demux(stream):
            stamp = packet.pts
            if stamp is not None:
                last = max(last, stamp)
                if len(stamps) < PACKETS_LOOKED_AT:
                    stamps.append(stamp)
            if promised > 0 and len(stamps) >= PACKETS_LOOKED_AT:
                break
        return sorted(stamps), promised or float(last * stream.time_base)
    return sorted(stamps), max(promised, float(last * stream.time_base))


def _rate(stream: Any, stamps: list[int]) -> tuple[float, bool]:
    """Frames per second and whether their spacing varies (largest over 1.5 times the smallest, spec 2.2)."""
    base = float(stream.time_base)
    words = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    said = [float(word) for word in words if word and 0.01 <= float(word) <= LIMITED_RATE]
    # The last packets of a cut stretch may still wait for earlier ones that are stored behind them.
    settled = stamps[: max(2, len(stamps) - 16)] if len(stamps) >= PACKETS_LOOKED_AT else stamps
    steps = [after - before for before, after in pairwise(settled) if after > before]
    if steps:
        measured = min(1 / (sum(steps) / len(steps) * base), LIMITED_RATE)
        # Stamps in whole milliseconds make 23.9997 of 24: the container's word counts where it agrees that far.
        near = [rate for rate in said if abs(rate - measured) < 1e-3 * measured]
        return near[0] if near else measured, (max(steps) - 1) > 1.5 * (min(steps) + 1)
    return (said[0] if said else 25.0), False


def _aspect(stream: Any) -> tuple[int, int]:
    said = stream.sample_aspect_ratio
    return said.as_integer_ratio() if said and 0.1 <= said <= 10 else (1, 1)


def _with_first_frame(path: Path, info: VideoInfo, notes: list[str]) -> VideoInfo:
    """`info` with what only a decoded picture tells: rotation, depth, alpha, interlace."""
    with Video(path, info) as video:
        frames = video.frames(threads="NONE")  # several threads would each decode a frame of their own
        first = next(frames)
        frames.close()  # type: ignore[attr-defined]
    picture = first.picture
    rotation = _quarter(picture.rotation, notes)
    width, height = picture.width, picture.height
    if max(width, height) > LARGEST_SIDE:
        raise refused(path, f"Its pictures are {width} × {height} pixels; the limit is {LARGEST_SIDE} a side")
    if picture.format.components and max(part.bits for part in picture.format.components) > 8:
        notes.append("More than 8 bits per colour: read as 8 bits, without tone mapping")
    if picture.format.name.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")):
        notes.append("The pictures have transparency, which is left out")
    if picture.interlaced_frame:
        notes.append("The pictures are interlaced and are taken as they are")
    if width % 2 or height % 2:
        notes.append("Width or height is odd: films written from it lose one row or column of pixels")
    if abs(first.time) > 1e-9:
        notes.append(f"The first frame is shown at {first.time:.3f} s")
    if rotation in (90, 270):
        width, height = height, width
    return replace(info, width=width, height=height, rotation=rotation, notes=tuple(notes))


def _quarter(degrees: int, notes: list[str]) -> int:
    """The display rotation as a multiple of 90, counter-clockwise."""
    turned = round(degrees / 90) * 90
    if abs(turned - degrees) > 1:
        notes.append(f"The file asks for a rotation by {degrees}°; only quarter turns are made")
    return turned % 360
