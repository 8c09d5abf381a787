"""Write a generated clip as a video file: the same bytes each time."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.core import AssayError
from app.engines.video.clip_world import Clip

CODECS = {
    ".mp4": ("libx264", "aac", 44_100),
    ".mov": ("libx264", "aac", 44_100),
    ".mkv": ("libx264", "aac", 44_100),
    ".ts": ("libx264", "aac", 44_100),
    ".webm": ("libvpx-vp9", "libopus", 48_000),
    ".avi": ("mpeg4", "libmp3lame", 44_100),
}
"""Picture codec, sound codec and sound rate by suffix."""

OPTIONS = {
    # The macroblock tree of x264 (core 165) reads motion vectors that nothing has set: the same frames give other bytes.
    "libx264": {"preset": "veryfast", "crf": "20", "mbtree": "0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b:v": "0"},
    "mpeg4": {"q:v": "3"},
}


def write_clip(clip: Clip, path: Path, *, rotation: int = 0) -> None:
    """Write `clip` to `path` in the container that its suffix names (`CODECS`).

    `rotation` is written as side data: players turn the picture counter-clockwise by so many degrees. Raises
    AssayError for another suffix or a place that cannot be written; then no file is left.
    """
    import av

    codecs = CODECS.get(path.suffix.lower())
    if codecs is None:
        raise AssayError(f"A clip cannot be written as “{path.suffix}”", remedy=f"Use one of {', '.join(CODECS)}.")
    try:
        with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
            for packet in _packets(clip, container, *codecs, rotation):
                container.mux(packet)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, (av.FFmpegError, OSError)):
            raise AssayError("The clip could not be written", where=str(path), why=str(error)) from error
        raise


def _packets(
    clip: Clip, container: Any, picture_codec: str, sound_codec: str, sound_rate: int, rotation: int
) -> Iterator[Any]:
    from av.video.frame import VideoFrame

    pictures = container.add_stream(picture_codec, rate=clip.rate, options=dict(OPTIONS[picture_codec]))
    pictures.width, pictures.height, pictures.pix_fmt = clip.width, clip.height, "yuv420p"
    # The number of threads changes the bytes, and machines differ.
    pictures.codec_context.thread_count = 1
    pictures.codec_context.time_base = 1 / clip.rate
    if rotation:
        pictures.set_display_rotation(rotation)
    tones = _Tones(clip, container, sound_codec, sound_rate) if clip.sound else None
    for number in range(clip.frames):
        frame = VideoFrame.from_ndarray(clip.picture(number), format="rgb24")
        frame.pts, frame.time_base = int(clip.stamps[number]), 1 / clip.rate
        yield from pictures.encode(frame)
        if tones is not None:
            end = float((clip.stamps[number] - clip.start + clip.steps[number]) / clip.rate)
            yield from tones.until(end, last=number == clip.frames - 1)
    yield from pictures.encode(None)


class _Tones:
    """The sound of a clip, encoded about a second at a time, so that it lies beside its pictures in the file."""

    def __init__(self, clip: Clip, container: Any, codec: str, rate: int) -> None:
        self._clip = clip
        self._rate = rate
        self._stream = container.add_stream(codec, rate=rate, layout="mono")
        self._stream.codec_context.thread_count = 1
        self._done = 0.0

    def until(self, end: float, *, last: bool) -> Iterator[Any]:
        from av.audio.frame import AudioFrame

        if end - self._done < 1 and not last:
            return
        samples = self._clip.samples(self._done, end, self._rate)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts = round((self._done + float(self._clip.start / self._clip.rate)) * self._rate)
        self._done = end
        yield from self._stream.encode(frame)
        if last:
            yield from self._stream.encode(None)
