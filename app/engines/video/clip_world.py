"""The video world: clips with known cuts, importance, tones and a number in every frame, at any length (spec 3.4)."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from app.core import AssayError

NARROWEST = 208
"""Pixels that the barcode needs across."""

SMALLEST_HEIGHT = 48
BITS = 16
SHORTEST_SHOT, LONGEST_SHOT = 1.6, 4.0
FIRST_TONE, NEXT_TONE = 400.0, 150.0
LOUDNESS = 0.3
RAMP = 0.005
"""s over which a tone rises and falls, so that it does not click."""

GOLDEN_ANGLE = 0.61803398875
VARIABLE_SHARE = 1 / 3
"""Share of frames that last two ticks in a clip of variable rate."""


@dataclass(frozen=True)
class Clip:
    """A clip of S shots and n frames, made on demand.

    `shot_lengths` in frames; `importance` of each shot in [0, 1]; `steps` (n,) ticks that each frame lasts, a tick
    being 1 / `rate` s; the first frame is shown at tick `start`.
    """

    shot_lengths: tuple[int, ...]
    importance: tuple[float, ...]
    steps: tuple[int, ...]
    width: int
    height: int
    rate: Fraction
    sound: bool
    seed: int
    start: int = 0

    @property
    def frames(self) -> int:
        return len(self.steps)

    @property
    def duration(self) -> float:
        """s from the first frame to the end of the last."""
        return float(sum(self.steps) / self.rate)

    @cached_property
    def cuts(self) -> np.ndarray:
        """(S - 1,) numbers of the first frame of each new shot."""
        return np.cumsum(self.shot_lengths)[:-1].astype(np.int64)

    @cached_property
    def stamps(self) -> np.ndarray:
        """(n,) ticks at which each frame is shown."""
        return self.start + np.concatenate([[0], np.cumsum(self.steps[:-1])]).astype(np.int64)

    @cached_property
    def tones(self) -> np.ndarray:
        """(S,) Hz."""
        return FIRST_TONE + NEXT_TONE * np.arange(len(self.shot_lengths))

    @cached_property
    def shot_of_frame(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.shot_lengths)), self.shot_lengths)

    def picture(self, number: int) -> np.ndarray:
        """(h, w, 3) uint8 RGB of frame `number`."""
        import cv2

        shot = int(self.shot_of_frame[number])
        importance = self.importance[shot]
        pixels = _background(self.seed, shot, self.width, self.height).copy()
        start, colour = _ball(self.seed, shot)
        radius = max(3, round((0.07 + 0.16 * importance) * self.height))
        seconds = float((self.stamps[number] - self.start) / self.rate)
        way = start + seconds * (0.05 + 0.9 * importance) * np.array([1.0, 0.61])
        room = np.array([self.width, self.height]) - 2 * radius
        at = radius + room * np.abs((way % 2) - 1)
        centre = (round(float(at[0])), round(float(at[1])))
        cv2.circle(pixels, centre, radius, colour, -1, cv2.LINE_AA)
        cv2.circle(pixels, (centre[0] - radius // 3, centre[1] - radius // 4), max(1, radius // 6), (10, 10, 10), -1)
        _draw_barcode(pixels, number)
        return pixels

    def samples(self, begin: float, end: float, rate: int) -> np.ndarray:
        """Mono float32 sound in [-1, 1] from `begin` to `end` s after the first frame, at `rate` Hz."""
        first, last = round(begin * rate), round(end * rate)
        time = np.arange(first, last) / rate
        shot = np.clip(np.searchsorted(self._shot_times, time, side="right") - 1, 0, len(self.shot_lengths) - 1)
        inside = np.minimum(time - self._shot_times[shot], self._shot_times[shot + 1] - time)
        envelope = LOUDNESS * np.clip(inside / RAMP, 0, 1)
        return np.asarray(envelope * np.sin(2 * np.pi * self.tones[shot] * time), dtype=np.float32)

    @cached_property
    def _shot_times(self) -> np.ndarray:
        edges = np.concatenate([[0], np.cumsum(self.shot_lengths)])
        ticks = np.concatenate([[0], np.cumsum(self.steps)])
        return np.asarray(ticks[edges] / float(self.rate))


def make_clip(
    seconds: float = 30.0,
    *,
    width: int = 320,
    height: int = 180,
    rate: Fraction | int = 30,
    variable: bool = False,
    sound: bool = True,
    shots: int | None = None,
    start: int = 0,
    seed: int = 0,
) -> Clip:
    """A clip of about `seconds`, with `shots` shots or shots of 1.6 to 4 s. Raises AssayError for what is too small."""
    rate = Fraction(rate)
    if width < NARROWEST or height < SMALLEST_HEIGHT:
        raise AssayError(
            f"A generated clip of {width} × {height} pixels is too small",
            why=f"the barcode needs {NARROWEST} × {SMALLEST_HEIGHT}",
        )
    random = np.random.default_rng(seed)
    steps = _steps(max(1, round(seconds * rate)), variable, random)
    lengths = _lengths(len(steps), shots, float(rate), random)
    importance = random.permutation(np.linspace(0.1, 0.95, len(lengths))) if len(lengths) > 1 else np.array([0.5])
    return Clip(
        shot_lengths=lengths,
        importance=tuple(round(float(value), 3) for value in importance),
        steps=steps,
        width=width,
        height=height,
        rate=rate,
        sound=sound,
        seed=seed,
        start=start,
    )


def builtin_clip() -> Clip:
    """The clip behind `builtin:clip`: 60 s, 320 × 180, 30 frames per second, with sound."""
    return make_clip(60.0, seed=7)


def simulated_raters(clip: Clip, count: int = 12) -> np.ndarray:
    """(count, S) int ratings 1 to 5 of each shot by simulated people: its importance, their leaning, and chance."""
    random = np.random.default_rng((clip.seed, 1))
    leaning = random.normal(0, 0.1, (count, 1))
    noise = random.normal(0, 0.15, (count, len(clip.importance)))
    return np.clip(np.round(1 + 4 * (np.asarray(clip.importance) + leaning + noise)), 1, 5).astype(np.int64)


def read_barcode(grey: np.ndarray) -> int | None:
    """The frame number (modulo 65536) in (h, w) uint8 luma, or None where the parity does not fit."""
    if grey.shape[0] < 14 or grey.shape[1] < NARROWEST:
        return None
    bits = [int(grey[6:12, 6 + 12 * k : 12 + 12 * k].mean() > 126) for k in range(BITS + 1)]
    number = sum(bit << k for k, bit in enumerate(bits[:BITS]))
    return number if sum(bits[:BITS]) % 2 == bits[BITS] else None


def _draw_barcode(pixels: np.ndarray, number: int) -> None:
    bits = [(number >> k) & 1 for k in range(BITS)]
    for k, bit in enumerate([*bits, sum(bits) % 2]):
        pixels[4:14, 4 + 12 * k : 14 + 12 * k] = 235 if bit else 16


def _steps(ticks: int, variable: bool, random: np.random.Generator) -> tuple[int, ...]:
    if not variable:
        return (1,) * ticks
    steps = 1 + (random.random(ticks) < VARIABLE_SHARE).astype(np.int64)
    return tuple(int(step) for step in steps[: int(np.searchsorted(np.cumsum(steps), ticks)) + 1])


def _lengths(frames: int, shots: int | None, rate: float, random: np.random.Generator) -> tuple[int, ...]:
    if shots is not None:
        edges = np.linspace(0, frames, min(shots, frames) + 1).round().astype(int)
        return tuple(int(length) for length in np.diff(edges))
    lengths: list[int] = []
    shortest = max(1, round(SHORTEST_SHOT * rate))
    while (left := frames - sum(lengths)) > 0:
        length = max(shortest, round(float(random.uniform(SHORTEST_SHOT, LONGEST_SHOT)) * rate))
        lengths.append(left if left - length < shortest else length)
    return tuple(lengths)


@lru_cache(maxsize=4)
def _background(seed: int, shot: int, width: int, height: int) -> np.ndarray:
    """(h, w, 3) uint8 soft blotches around a hue that differs from the shot before."""
    import cv2

    random = np.random.default_rng((seed, 2, shot))
    hue = ((seed * 0.37 + shot * GOLDEN_ANGLE) % 1) * 180
    coarse = random.random((7, 11, 3)) * np.array([40.0, 110.0, 120.0]) + np.array([hue, 110.0, 70.0])
    coarse[..., 0] %= 180
    colours = cv2.cvtColor(coarse.astype(np.uint8), cv2.COLOR_HSV2RGB)
    return np.asarray(cv2.resize(colours, (width, height), interpolation=cv2.INTER_CUBIC))


@lru_cache(maxsize=64)
def _ball(seed: int, shot: int) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Where the ball starts, in [0, 2) each way, and its colour."""
    random = np.random.default_rng((seed, 3, shot))
    red, green, blue = (int(value) for value in random.integers(120, 256, 3))
    return random.random(2) * 2, (red, green, blue)
