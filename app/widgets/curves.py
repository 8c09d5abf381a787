"""The numbers behind one curve: growing arrays, thinning for the screen, and a debiased moving mean."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Axis = Literal["step", "time"] | str
BUCKET = 64
"""Points under one entry of the pyramid's lowest level; each further level covers as many entries of the one below."""


class Column:
    """A float array that grows at its end without copying each time."""

    def __init__(self, dtype: type = np.float64) -> None:
        self._room = np.empty(1024, dtype)
        self.size = 0

    @property
    def array(self) -> np.ndarray:
        return self._room[: self.size]

    def extend(self, values: np.ndarray) -> None:
        needed = self.size + len(values)
        if needed > len(self._room):
            room = np.empty(max(needed, 2 * len(self._room)), self._room.dtype)
            room[: self.size] = self.array
            self._room = room
        self._room[self.size : needed] = values
        self.size = needed

    def cut(self, size: int) -> None:
        self.size = min(self.size, size)


@dataclass
class Pyramid:
    """Smallest and largest value of each run of BUCKET points, level above level; only whole buckets are kept."""

    levels: list[tuple[Column, Column]] = field(default_factory=list)

    def grow(self, values: np.ndarray) -> None:
        """Bring the levels up to date with all `values` of the curve (n,)."""
        low = high = values
        for level in range(8):
            if len(low) < BUCKET:
                return
            if level == len(self.levels):
                self.levels.append((Column(), Column()))
            lows, highs = self.levels[level]
            whole = len(low) // BUCKET
            start = lows.size * BUCKET
            if whole > lows.size:
                with np.errstate(invalid="ignore"):
                    lows.extend(np.fmin.reduce(low[start : whole * BUCKET].reshape(-1, BUCKET), axis=1))
                    highs.extend(np.fmax.reduce(high[start : whole * BUCKET].reshape(-1, BUCKET), axis=1))
            low, high = lows.array, highs.array

    def cut(self, size: int) -> None:
        for lows, highs in self.levels:
            size //= BUCKET
            lows.cut(size)
            highs.cut(size)


class Curve:
    """All points of one metric of one run, in the order they were logged."""

    def __init__(self) -> None:
        self._seq, self._time, self._step, self._value = Column(), Column(), Column(), Column()
        self._pyramid = Pyramid()
        self._smooth_weight = 0.0
        self._smooth = Column()
        self._smooth_pyramid = Pyramid()
        self._carry = (0.0, 0)
        self._bad = Column(np.int64)
        self.sorted = True
        """Whether steps never go back, so that a range of steps is a range of points."""

    def __len__(self) -> int:
        return self._value.size

    @property
    def seq(self) -> np.ndarray:
        return self._seq.array

    @property
    def time(self) -> np.ndarray:
        return self._time.array

    @property
    def step(self) -> np.ndarray:
        return self._step.array

    @property
    def value(self) -> np.ndarray:
        return self._value.array

    def extend(self, seq: np.ndarray, time: np.ndarray, step: np.ndarray, value: np.ndarray) -> None:
        """Append points; all four have shape (n,)."""
        last = self.step[-1] if len(self) else -math.inf
        step = np.asarray(step, np.float64)
        if len(step) and (step[0] < last or np.any(np.diff(step) < 0)):
            self.sorted = False
        value = np.asarray(value, np.float64)
        self._bad.extend(len(self) + np.flatnonzero(~np.isfinite(value)))
        self._seq.extend(np.asarray(seq))
        self._time.extend(np.asarray(time))
        self._step.extend(step)
        self._value.extend(value)
        self._pyramid.grow(self.value)
        self._extend_smooth()

    def rewind(self, seq: int) -> None:
        """Forget the points logged after event `seq`."""
        size = int(np.searchsorted(self.seq, seq, side="right"))
        for column in (self._seq, self._time, self._step, self._value):
            column.cut(size)
        self._bad.cut(int(np.searchsorted(self._bad.array, size)))
        self._pyramid.cut(size)
        self.set_smoothing(self._smooth_weight)

    def set_smoothing(self, weight: float) -> None:
        """Weight of the past in [0, 1) for `smooth`; 0 is off."""
        self._smooth_weight = weight
        self._smooth.cut(0)
        self._smooth_pyramid = Pyramid()
        self._carry = (0.0, 0)
        self._extend_smooth()

    @property
    def smooth(self) -> np.ndarray:
        """The debiased moving mean of the values, or the values themselves when smoothing is off."""
        return self._smooth.array if self._smooth_weight > 0 else self.value

    @property
    def bad(self) -> np.ndarray:
        """Places (m,) of the values that are not finite."""
        return self._bad.array

    def abscissa(self, axis: Axis) -> np.ndarray:
        return self.time if axis == "time" else self.step

    def thinned(
        self, axis: Axis, low: float, high: float, most: int, smooth: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """At most about `most` points (x, y) that draw the curve between `low` and `high` of the axis as all would."""
        x = self.abscissa(axis)
        y = self.smooth if smooth else self.value
        if axis == "step" and not self.sorted:
            return _strided(x, y, most)
        first = max(int(np.searchsorted(x, low)) - 1, 0)
        last = min(int(np.searchsorted(x, high, side="right")) + 1, len(x))
        if last - first <= most:
            return x[first:last], y[first:last]
        pyramid = self._smooth_pyramid if smooth and self._smooth_weight > 0 else self._pyramid
        return _envelope(x, y, pyramid, first, last, most)

    def _extend_smooth(self) -> None:
        if self._smooth_weight <= 0:
            return
        fresh = self.value[self._smooth.size :]
        smoothed, self._carry = moving_mean(fresh, self._smooth_weight, self._carry)
        self._smooth.extend(smoothed)
        self._smooth_pyramid.grow(self._smooth.array)


def moving_mean(
    values: np.ndarray, weight: float, carry: tuple[float, int] = (0.0, 0)
) -> tuple[np.ndarray, tuple[float, int]]:
    """Exponential moving mean of `values` (n,), divided by 1 - weight^k so that it does not start near 0.

    Values that are not finite stay as they are and do not enter the mean. `carry` continues an earlier call.
    """
    out = np.array(values, np.float64)
    finite = np.isfinite(out)
    kept = out[finite]
    mean, count = carry
    if len(kept) == 0:
        return out, carry
    # Blocks short enough that weight^-block stays far from overflow: the sums inside are one cumulative sum each.
    block = max(1, min(len(kept), int(60 / -math.log(weight)))) if weight > 0 else 1
    blocks = -(-len(kept) // block)
    padded = np.zeros(blocks * block)
    padded[: len(kept)] = kept
    powers = weight ** np.arange(1, block + 1)
    inner = (1 - weight) * np.cumsum(padded.reshape(blocks, block) / powers, axis=1) * powers
    starts = np.empty(blocks)
    state = mean
    for k, total in enumerate(inner[:, -1]):
        starts[k] = state
        state = total + powers[-1] * state
    means = (inner + starts[:, None] * powers).ravel()[: len(kept)]
    counts = count + np.arange(1, len(kept) + 1)
    out[finite] = means / (1 - weight**counts)
    return out, (float(means[-1]), int(counts[-1]))


def _strided(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    stride = max(1, len(x) // max(most, 1))
    return x[::stride], y[::stride]


def _envelope(
    x: np.ndarray, y: np.ndarray, pyramid: Pyramid, first: int, last: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest y of about `most` / 2 equal runs of the points first..last."""
    scale, low, high = 1, y, y
    for lows, highs in pyramid.levels:
        if (last - first) // (scale * BUCKET) < most or lows.size == 0:
            break
        scale, low, high = scale * BUCKET, lows.array, highs.array
    start, stop = first // scale, max(min(last // scale, len(low)), first // scale + 1)
    span = max(1, (stop - start) // max(most // 2, 1))
    stop = start + (stop - start) // span * span
    with np.errstate(invalid="ignore"):
        bottom = np.fmin.reduce(low[start:stop].reshape(-1, span), axis=1)
        top = np.fmax.reduce(high[start:stop].reshape(-1, span), axis=1)
    left = np.minimum((start + span * np.arange(len(bottom))) * scale, len(x) - 1)
    edges = x[left]
    right = x[min(left[-1] + span * scale, len(x)) - 1] if len(left) else 0
    width = np.diff(np.append(edges, right)) / 2
    xs, ys = np.column_stack((edges, edges + width)).ravel(), np.column_stack((bottom, top)).ravel()
    rest = min(left[-1] + span * scale, last) if len(left) else first
    tail = slice(max(rest, last - most), last)
    return np.append(xs, x[tail]), np.append(ys, y[tail])
