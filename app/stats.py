"""Intervals and tests that every workspace uses, in plain Python so that the window may call them too."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True)
class Interval:
    """An estimate between `low` and `high` at the stated level, from `n` values."""

    centre: float
    low: float
    high: float
    n: int

    @property
    def half(self) -> float:
        """Half of the width: what is written behind ±."""
        return (self.high - self.low) / 2

    def excludes(self, value: float) -> bool:
        return not self.low <= value <= self.high


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Mean of `values` (n >= 1) with Student's t interval; one value has an infinitely wide one.

    Raises ValueError when there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("an interval needs at least one value")
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, -math.inf, math.inf, 1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = t_quantile(0.5 + level / 2, n - 1) * math.sqrt(variance / n)
    return Interval(mean, mean - half, mean + half, n)


def proportion_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of `successes` out of `n`, within [0, 1]; everything when n is 0.

    Wilson 1927, J. Am. Stat. Assoc. 22, 209: holds its level near 0 and 1, where the textbook interval does not.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes out of {n} cannot be")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half), n)


def paired_difference(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Interval:
    """Mean of `second - first`, pair by pair (same seeds, same items), with a t interval."""
    if len(first) != len(second):
        raise ValueError(f"pairs need equal lengths, not {len(first)} and {len(second)}")
    return mean_interval([b - a for a, b in zip(first, second, strict=True)], level)


def unpaired_difference(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Interval:
    """Mean of `second` less mean of `first` (each n >= 2), with Welch's interval for unequal variances.

    Welch 1947, Biometrika 34, 28.
    """
    spread_a, spread_b = (_squared_error(values) for values in (first, second))
    difference = math.fsum(second) / len(second) - math.fsum(first) / len(first)
    total = spread_a + spread_b
    n = len(first) + len(second)
    if total == 0:
        return Interval(difference, difference, difference, n)
    freedom = total**2 / (spread_a**2 / (len(first) - 1) + spread_b**2 / (len(second) - 1))
    half = t_quantile(0.5 + level / 2, freedom) * math.sqrt(total)
    return Interval(difference, difference - half, difference + half, n)


def permutation_test(
    first: Sequence[float],
    second: Sequence[float],
    rng: np.random.Generator,
    *,
    rounds: int = 9_999,
    statistic: Callable[[np.ndarray, np.ndarray], float] | None = None,
) -> float:
    """Two-sided p-value in (0, 1] that `first` and `second` come from one distribution.

    Labels are shuffled `rounds` times; the observed order counts as one of them, so p is never 0.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    measure = statistic or _mean_gap
    observed = abs(measure(a, b))
    pool = np.concatenate([a, b])
    extreme = 1
    for _ in range(rounds):
        rng.shuffle(pool)
        extreme += abs(measure(pool[: len(a)], pool[len(a) :])) >= observed - 1e-12
    return extreme / (rounds + 1)


def sign_flip_test(differences: Sequence[float], rng: np.random.Generator, *, rounds: int = 9_999) -> float:
    """Two-sided p-value in (0, 1] that paired `differences` are symmetric about 0, by flipping signs at random."""
    values = np.asarray(differences, dtype=float)
    observed = abs(values.mean())
    signs = rng.choice([-1.0, 1.0], size=(rounds, len(values)))
    extreme = int((np.abs((signs * values).mean(axis=1)) >= observed - 1e-12).sum())
    return (extreme + 1) / (rounds + 1)


def bootstrap_interval(
    values: Sequence[float],
    rng: np.random.Generator,
    *,
    statistic: Callable[[np.ndarray], float] = np.mean,
    rounds: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of any `statistic` of `values` (n >= 1), by drawing them again with replacement."""
    data = np.asarray(values, dtype=float)
    if not len(data):
        raise ValueError("an interval needs at least one value")
    draws = [float(statistic(data[rng.integers(0, len(data), len(data))])) for _ in range(rounds)]
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(statistic(data)), float(low), float(high), len(data))


def t_quantile(probability: float, freedom: float) -> float:
    """The value that Student's t with `freedom` > 0 stays below with `probability` in (0, 1).

    Inverts the distribution function by bisection (60 halvings, far below 1e-9 relative).
    """
    if not 0 < probability < 1 or freedom <= 0:
        raise ValueError(f"no t quantile for probability {probability}, {freedom} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < probability and high < 1e300:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        if t_probability(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_probability(value: float, freedom: float) -> float:
    """Distribution function of Student's t at `value`."""
    tail = 0.5 * _incomplete_beta(freedom / (freedom + value * value), freedom / 2, 0.5)
    return 1 - tail if value >= 0 else tail


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function by Lentz's continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    c, d = 1.0, 1 / max(1 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d, tiny)
            c = _away_from_zero(1 + term / c, tiny)
            change = c * d
            fraction *= change
        if abs(change - 1) < 1e-15:
            break
    return front * fraction / a


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def _squared_error(values: Sequence[float]) -> float:
    """Squared standard error of the mean of `values` (n >= 2)."""
    if len(values) < 2:
        raise ValueError("a difference with an interval needs at least two values on each side")
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)


def _mean_gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(b.mean() - a.mean())
