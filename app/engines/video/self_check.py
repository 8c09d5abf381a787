"""Read a written film again: every frame, its time, the sound, and the numbers in the pictures where they have some."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.core import AssayError
from app.data.text import plain
from app.data.video import open_video, upright
from app.data.video_container import open_container, sound_stream
from app.engines.video.clip_world import BITS, read_barcode

LATEST = 0.0015
"""s by which a frame may be off: WebM and MKV keep times in whole milliseconds."""


@dataclass(frozen=True)
class Check:
    """What was found: frames, the largest error of a time in s, and the length of the sound in s (None without)."""

    frames: int
    late: float
    sound_seconds: float | None


def checked(film: Path, times: np.ndarray, numbers: Sequence[int] | None, *, name: str, rotation: int = 0) -> Check:
    """Decode `film` and compare: as many frames as `times` (n,), each at its time in s from 0.

    `numbers` (n,) are the frame numbers that the pictures carry as a barcode, None where the source has none; they
    lie as in the source, whose pictures were turned by `rotation` degrees for the film. Raises AssayError, with the first difference, for a film that is not what it should be.
    """
    with open_video(film) as video:
        found = [
            (frame.time, None if numbers is None else _number(frame.picture, rotation)) for frame in video.frames()
        ]
    if len(found) != len(times):
        raise _wrong(name, f"it holds {len(found)} frames instead of {len(times)}")
    errors = np.abs(np.array([time for time, _ in found]) - times)
    if errors.max() > LATEST:
        place = int(errors.argmax())
        raise _wrong(name, f"frame {place} is shown at {found[place][0]:.4f} s instead of {times[place]:.4f} s")
    for place, number in enumerate(numbers or ()):
        if found[place][1] != number % 2**BITS:
            raise _wrong(name, f"frame {place} shows number {found[place][1]} instead of {number}")
    return Check(len(found), float(errors.max()), _sound_seconds(film))


def _number(picture: Any, rotation: int) -> int | None:
    return read_barcode(upright(picture.to_ndarray(format="gray"), -rotation % 360))


def _sound_seconds(path: Path) -> float | None:
    with open_container(path) as container:
        stream = sound_stream(container)
        if stream is None:
            return None
        samples = sum(frame.samples for frame in container.decode(stream))
        return float(samples) / float(stream.codec_context.sample_rate)


def _wrong(name: str, why: str) -> AssayError:
    return AssayError(
        f"The film “{plain(name)}” is not what it should be, so it is not kept",
        why=why,
        remedy="Try another codec, and please report it: the film was read again after it was written.",
    )
