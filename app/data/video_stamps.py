"""Make the time stamps of decoded frames rise strictly, whatever the file says."""

from fractions import Fraction

LARGEST_JUMP = 600
"""s between two frames that is still believed. Beyond it the clock was reset or damaged."""

SMALLEST_RESET = 10
"""s backwards that count as a new beginning of the clock; less is one frame that is late."""


def step_of(rate: float, time_base: Fraction) -> int:
    """Ticks between two frames at `rate` frames per second, at least one."""
    return max(1, round(1 / (rate * time_base)))


class RisingStamps:
    """Gives each frame its stamp. `made` counts those that the file did not give or that could not be right.

    A missing stamp follows its predecessor by one frame; one that does not rise, by one tick; after a reset of the
    clock all later stamps are shifted, so that time goes on.
    """

    def __init__(self, step: int, time_base: Fraction) -> None:
        self.last: int | None = None
        self.made = 0
        self._step = step
        self._jump = int(LARGEST_JUMP / time_base)
        self._reset = int(SMALLEST_RESET / time_base)
        self._shift = 0

    def next(self, said: int | None) -> int:
        if said is None or self.last is None:
            self.made += said is None
            stamp = said if said is not None else (0 if self.last is None else self.last + self._step)
        else:
            stamp = said + self._shift
            if stamp > self.last + self._jump or stamp < self.last - self._reset:
                self.made += 1
                self._shift = self.last + self._step - said
                stamp = self.last + self._step
            elif stamp <= self.last:
                self.made += 1
                stamp = self.last + 1
        self.last = stamp
        return stamp
