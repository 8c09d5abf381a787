"""What a video sounds like: the outline of its wave, how loud it is, and where sounds begin."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.data.video_container import open_container, sound_stream

RATE = 16_000
OUTLINE = 80
"""Samples per bin of the stored outline (5 ms)."""

HOP = 320
"""Samples per value of loudness and onset (20 ms)."""

BINS = 2000
LARGEST_GAP = 600 * RATE
TOLERATED = RATE // 20
"""Samples by which stamps may stray before sound is moved: containers round to milliseconds, encoders pad."""


@dataclass(frozen=True)
class Sound:
    """Mono sound at 16 kHz, reduced: `outline` (b, 2) minimum and maximum per 5 ms; `loudness` (m,) root mean square
    and `onset` (m,) spectral flux per 20 ms, from time 0 on."""

    outline: np.ndarray
    loudness: np.ndarray
    onset: np.ndarray

    @property
    def duration(self) -> float:
        return len(self.outline) * OUTLINE / RATE


def listen(path: Path) -> Sound | None:
    """The sound of the video at `path`, or None where it has none that can be decoded.

    Damaged pieces stay silent. Raises AssayError where the file cannot be opened.
    """
    reduced = _Reduction()
    with open_container(path) as container:
        stream = sound_stream(container)
        if stream is None:
            return None
        pieces = _Pieces(reduced)
        # Where it cannot be read on, the sound ends; the pass over the pictures tells that the file is damaged.
        with suppress(av.FFmpegError, ValueError):
            for packet in container.demux(stream):
                for frame in _decoded(packet):
                    pieces.add(frame)
        pieces.flush()
    return reduced.finished()


def waveform(sound: Sound, duration: float, bins: int = BINS) -> np.ndarray:
    """(m, 2) float32 minimum and maximum per bin of equal length over `duration` s; m is `bins` or fewer."""
    count = max(1, round(duration * RATE / OUTLINE))
    outline = np.zeros((count, 2), np.float32)
    heard = sound.outline[:count]
    outline[: len(heard)] = heard
    edges = np.unique(np.linspace(0, count, min(bins, count) + 1).astype(np.int64))[:-1]
    low = np.minimum.reduceat(outline[:, 0], edges)
    high = np.maximum.reduceat(outline[:, 1], edges)
    return np.stack([low, high], axis=1).astype(np.float32)


def at_picks(sound: Sound, times: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Loudness and onset (t,) from each pick, shown at `times` s, to the next: logarithmic mean, and strongest."""
    edges = np.clip((np.append(times, end) * RATE / HOP).astype(np.int64), 0, max(0, len(sound.loudness) - 1))
    loudness, onset = np.zeros(len(times)), np.zeros(len(times))
    for k, (first, last) in enumerate(pairwise(edges)):
        if len(sound.loudness) and times[k] < sound.duration:
            inside = slice(first, max(first + 1, last))
            loudness[k] = np.log10(1 + 1000 * float(np.sqrt(np.mean(sound.loudness[inside] ** 2))))
            onset[k] = float(sound.onset[inside].max())
    return loudness, onset


class _Pieces:
    """Joins decoded frames to pieces of a second for the reduction: a frame costs as much to resample as a piece."""

    def __init__(self, reduced: "_Reduction") -> None:
        self._reduced = reduced
        self._kind: tuple[str, str, int] | None = None
        self._begin: float | None = None
        self._resampler: Any = None
        self._waiting: Any = None

    def add(self, frame: Any) -> None:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        begin = frame.time
        if kind != self._kind or self._strays(begin):
            self.flush()
        if kind != self._kind:
            self._kind = kind
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            self._waiting = av.AudioFifo()
        if not self._waiting.samples:
            self._begin = begin
        frame.pts = None
        self._waiting.write(frame)
        if self._waiting.samples >= frame.sample_rate:
            self.flush()

    def flush(self) -> None:
        """Hand on what waits."""
        if self._waiting is None or not self._waiting.samples:
            return
        begin = None if self._begin is None else round(self._begin * RATE)
        for piece in self._resampler.resample(self._waiting.read()):
            self._reduced.add(np.frombuffer(memoryview(piece.planes[0]), np.float32, piece.samples), begin)
            begin = None

    def _strays(self, begin: float | None) -> bool:
        """Whether a frame at `begin` s does not follow what waits."""
        if self._begin is None or begin is None or self._kind is None or not self._waiting.samples:
            return False
        return bool(abs(begin - self._begin - self._waiting.samples / self._kind[2]) * RATE > TOLERATED)


class _Reduction:
    """Takes samples as they come and keeps outline, loudness and onset; a second of sound at a time."""

    def __init__(self) -> None:
        self._waiting: list[np.ndarray] = []
        self._count = 0
        self._at = 0
        self._before = np.zeros(HOP, np.float32)
        self._spectrum = np.zeros(HOP + 1, np.float32)
        self._window = np.hanning(2 * HOP).astype(np.float32)
        self._outline: list[np.ndarray] = []
        self._loudness: list[np.ndarray] = []
        self._onset: list[np.ndarray] = []

    def add(self, samples: np.ndarray, begin: int | None) -> None:
        """Append `samples`; `begin` is where their stamp puts the first one."""
        if begin is not None and begin > self._at + TOLERATED and begin - self._at < LARGEST_GAP:
            self._push(np.zeros(begin - self._at, np.float32))
        elif begin is not None and self._at == 0 and begin < 0:
            samples = samples[-begin:]
        self._push(samples)

    def finished(self) -> Sound:
        rest = -self._count % RATE
        if self._count:
            kept = -(-self._count // HOP)
            self._push(np.zeros(rest, np.float32))
            cut = RATE // HOP - kept
            if rest:
                self._outline[-1] = self._outline[-1][: len(self._outline[-1]) - cut * HOP // OUTLINE]
                self._loudness[-1] = self._loudness[-1][: len(self._loudness[-1]) - cut]
                self._onset[-1] = self._onset[-1][: len(self._onset[-1]) - cut]
        empty = np.empty(0, np.float32)
        return Sound(
            np.concatenate([np.empty((0, 2), np.float32), *self._outline]),
            np.concatenate([empty, *self._loudness]),
            np.concatenate([empty, *self._onset]),
        )

    def _push(self, samples: np.ndarray) -> None:
        self._waiting.append(samples)
        self._at += len(samples)
        self._count += len(samples)
        if self._count >= RATE:
            whole = np.concatenate(self._waiting)
            seconds = len(whole) // RATE
            for k in range(seconds):
                self._reduce(whole[k * RATE : (k + 1) * RATE])
            self._waiting = [whole[seconds * RATE :]]
            self._count = len(self._waiting[0])

    def _reduce(self, second: np.ndarray) -> None:
        second = np.nan_to_num(second, posinf=0.0, neginf=0.0)
        bins = second.reshape(-1, OUTLINE)
        self._outline.append(np.stack([bins.min(axis=1), bins.max(axis=1)], axis=1))
        hops = second.reshape(-1, HOP)
        self._loudness.append(np.sqrt(np.mean(hops**2, axis=1)))
        pairs = np.concatenate([np.concatenate([self._before[None], hops[:-1]]), hops], axis=1)
        spectra = np.log1p(np.abs(np.fft.rfft(pairs * self._window, axis=1))).astype(np.float32)
        rises = spectra - np.concatenate([self._spectrum[None], spectra[:-1]])
        self._onset.append(np.clip(rises, 0, None).sum(axis=1))
        self._before, self._spectrum = hops[-1], spectra[-1]


def _decoded(packet: Any) -> list[Any]:
    try:
        return list(packet.decode())
    except (av.FFmpegError, ValueError):
        return []
