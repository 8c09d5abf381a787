"""The sound of the kept clips: cut to the sample, faded at each end so that it does not click."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app.data.video_sound import sound_pieces


def sound_blocks(
    path: Path, spans: Sequence[tuple[int, int]], *, rate: int, channels: int, fade: float
) -> Iterator[np.ndarray]:
    """(channels, at most `rate` samples) float32 arrays that make up the spans [first, end), in samples, in order.

    Samples count from time 0 of the file at `rate` Hz; spans are rising, and overlap by rounding only. `fade` in s is a
    raised cosine at both ends of each span. Where the file has no sound the samples are 0.
    """
    pieces = sound_pieces(path, rate=rate, channels=channels)
    held: tuple[int, np.ndarray] | None = next(pieces, None)
    for first, end in spans:
        count = min(round(fade * rate), (end - first) // 2)
        for low in range(first, end, rate):
            high = min(low + rate, end)
            block = np.zeros((channels, high - low), np.float32)
            while held is not None:
                at, samples = held
                left, right = max(low, at), min(high, at + samples.shape[1])
                if left < right:
                    block[:, left - low : right - low] = samples[:, left - at : right - at]
                if at + samples.shape[1] > high:
                    break
                held = next(pieces, None)
            yield block * _envelope(np.arange(low, high), first, end, count)


def _envelope(samples: np.ndarray, first: int, end: int, count: int) -> np.ndarray:
    """Loudness in [0, 1] at `samples`: it rises over `count` samples from `first` and falls as many before `end`."""
    if not count:
        return np.ones(len(samples), np.float32)
    inside = np.minimum(samples - first, end - 1 - samples) + 0.5
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(inside / count, 0, 1)), np.float32)
