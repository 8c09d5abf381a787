"""Time left, honestly: none too early, a robust rate of the same stage, pauses left out, and calm on the screen."""

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

WINDOW = 30.0
"""Seconds of the same stage from which the rate is taken."""
QUIET_SHARE, QUIET_SECONDS = 0.03, 10.0
"""Nothing is said before both this share of the work and this time are behind us."""
CALM = 0.10
"""The shown time moves by less than this share per second, beyond the time that passes."""
TURN = 0.30
"""A change of rate beyond this share is taken over at once and said."""


@dataclass
class Eta:
    """Feed it with the clock's seconds and the progress; ask it for `seconds_left`, `words` and `rate`."""

    _stage: str = ""
    _total: int = 0
    _offset: int | None = None
    _done: int = 0
    _points: deque[tuple[float, int]] = field(default_factory=deque)
    _active: float = 0.0
    _last: float | None = None
    _paused: bool = False
    _shown: float | None = None
    _shown_at: float = 0.0
    _told_rate: float | None = None
    _pace: str = ""
    _pace_until: float = 0.0

    def update(self, now: float, stage: str, done: int, total: int) -> None:
        """`done` of `total` units of `stage` at second `now`. A new stage, or going back, starts the rate anew.

        The first `done` of a stage is its offset: work that an earlier start did does not count for the rate.
        """
        if stage != self._stage or done < self._done or self._offset is None or total != self._total:
            self._begin(now, stage, done, total)
        self._tick(now)
        if done > self._done or not self._points:
            self._points.append((self._active, done))
        self._done = done
        while len(self._points) > 2 and self._points[0][0] < self._active - WINDOW:
            self._points.popleft()

    def pause(self, now: float) -> None:
        """The clock stops: a checkpoint, an evaluation, a pause, or sleep."""
        self._tick(now)
        self._paused = True

    def proceed(self, now: float) -> None:
        """The clock goes on; the time since `pause` counts for nothing."""
        self._last = now
        self._paused = False

    def rate(self) -> float | None:
        """Units per second of active time: the median of the rates between points of the window."""
        if len(self._points) < 2:
            return None
        points = list(self._points)
        stride = max(1, len(points) // 20)
        chosen = points[::stride] if points[-1] in points[::stride] else [*points[::stride], points[-1]]
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(chosen) if b[0] > a[0]]
        if not slopes:
            return None
        whole = (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0])
        # The median shrugs off a stutter; the mean is right where steps come in bursts.
        return median(slopes) if len(slopes) >= 8 and median(slopes) > 0 else whole

    def seconds_left(self, now: float) -> float | None:
        """Calmed estimate in seconds, or None while nothing honest can be said."""
        rate = self.rate()
        if self._offset is None or not rate or self._total <= 0:
            return None
        share = (self._done - self._offset) / max(self._total - self._offset, 1)
        if share < QUIET_SHARE or self._active < QUIET_SECONDS:
            return None
        raw = (self._total - self._done) / rate
        turned = self._told_rate is not None and abs(rate - self._told_rate) > TURN * self._told_rate
        if self._shown is None or turned or self._told_rate is None:
            if turned and self._told_rate is not None:
                self._pace = "slower than before" if rate < self._told_rate else "faster than before"
                self._pace_until = now + 15
            self._shown, self._told_rate = raw, rate
        else:
            passed = max(now - self._shown_at, 0.0)
            expected = self._shown - passed
            room = CALM * passed * max(self._shown, 1.0)
            self._shown = min(max(raw, expected - room), expected + room)
        self._shown_at = now
        self._shown = max(self._shown, 0.0)
        return self._shown

    def words(self, now: float, wall: datetime | None = None) -> str:
        """“about 4 min left”, with a remark after a change of pace; "" while nothing can be said."""
        left = self.seconds_left(now)
        if left is None:
            return ""
        pace = f" · {self._pace}" if self._pace and now < self._pace_until else ""
        return f"{duration_words(left, wall)}{pace}"

    def rate_words(self, unit: str = "step") -> str:
        """“4.1 steps/s”, or the time of one when that is longer; "" without a rate."""
        rate = self.rate()
        if not rate or not math.isfinite(rate):
            return ""
        if rate >= 1:
            return (
                f"{rate:.3g} {unit}{'' if unit.endswith('s') else 's'}/s"
                if rate < 1000
                else f"{rate:,.0f} {unit}s/s".replace(",", "\u2009")
            )
        return f"{1 / rate:.3g} s per {unit}"

    def _begin(self, now: float, stage: str, done: int, total: int) -> None:
        self._stage, self._total, self._offset, self._done = stage, total, done, done
        self._points.clear()
        self._active, self._last, self._paused = 0.0, now, False
        self._shown, self._told_rate, self._pace = None, None, ""

    def _tick(self, now: float) -> None:
        if self._last is not None and not self._paused:
            self._active += max(now - self._last, 0.0)
        if not self._paused:
            self._last = now


def duration_words(seconds: float, wall: datetime | None = None) -> str:
    """“about 12 s left”, “about 4 min left”, “2 h 10 min left”; beyond a day the date and hour it will be done."""
    if seconds < 1:
        return "almost done"
    if seconds < 55:
        return f"about {max(round(seconds), 1) if seconds < 20 else 5 * round(seconds / 5)} s left"
    minutes = max(round(seconds / 60), 1)
    if minutes < 60:
        return f"about {minutes} min left"
    if seconds < 86_400:
        hours, rest = divmod(10 * round(seconds / 600), 60)
        return f"{hours} h {rest} min left" if rest else f"{hours} h left"
    end = (wall or datetime.now()) + timedelta(seconds=seconds)
    return f"until {end.day} {end:%B}, {end:%H}:00"
