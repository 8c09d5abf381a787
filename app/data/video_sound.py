"""Decode the sound of a video piece by piece, each in its place on the clock of the file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.data.video_container import open_container, sound_stream

LAYOUTS = {1: "mono", 2: "stereo"}
MOST_DAMAGED = 1000


def sound_pieces(
    path: Path, *, rate: int, channels: int, near: float | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """(number of the first sample, (channels, n) float32), in order; nothing where the file has no sound.

    Sample k is heard k / `rate` s after the zero of the file's clock. With `near` in s decoding begins somewhat before.
    """
    import av

    with open_container(path) as container:
        stream = sound_stream(container)
        if stream is None:
            return
        if near is not None:
            container.seek(max(0, int(near / stream.time_base)), stream=stream, backward=True)
        resampler = av.AudioResampler(format="fltp", layout=LAYOUTS[channels], rate=rate)
        clock = _Clock(rate)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                frames = stream.codec_context.decode(packet) if packet.size else stream.codec_context.decode(None)
            except (StopIteration, av.EOFError):
                break
            except (av.FFmpegError, ValueError):
                # A damaged piece of sound is silence of its length: the next stamp puts the rest in place.
                if clock.failures > MOST_DAMAGED:
                    break
                clock.failures += 1
                continue
            for frame in frames:
                start = clock.place(frame)
                for piece in resampler.resample(frame):
                    yield clock.take(start, piece.to_ndarray())
                    start = None


class _Clock:
    """Where decoded sound belongs: by its stamps, which small gaps of rounding do not disturb."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next: int | None = None
        self.failures = 0

    def place(self, frame: Any) -> int | None:
        return None if frame.pts is None else round(float(frame.pts * frame.time_base) * self._rate)

    def take(self, start: int | None, samples: np.ndarray) -> tuple[int, np.ndarray]:
        tolerance = self._rate // 50
        if self._next is None:
            self._next = start or 0
        elif start is not None and abs(start - self._next) > tolerance:
            self._next = start
        at = self._next
        self._next = at + samples.shape[1]
        return at, samples
