"""Kernel temporal segmentation: the exact cuts of a row of features for every number of cuts at once.

Potapov, Douze, Harchaoui, Schmid, "Category-specific video summarization", ECCV 2014; spec videosum 2.3.
"""

from dataclasses import dataclass

import numpy as np

from app.core import AssayError

MOST_WORK = 800_000_000
"""Sums tried by default: all numbers of cuts for a few minutes of video, about 900 for an hour at two picks a second."""

_BLOCK = 256


@dataclass(frozen=True)
class Segmentation:
    """The best cuts of `n` picks for each number of cuts from 0 to `len(objective) - 1`.

    `objective` (k,) is the least scatter with so many cuts, infinite where the shot lengths forbid it. `starts` (k, n + 1)
    holds where the last segment of the best path to each end begins.
    """

    n: int
    objective: np.ndarray
    starts: np.ndarray

    def penalised(self, vmax: float = 1.0) -> np.ndarray:
        """(k,) what the automatic choice minimises: scatter per pick plus vmax k / 2n (ln(n / k) + 1)."""
        number = np.arange(1, len(self.objective))
        penalty = np.zeros(len(self.objective))
        penalty[1:] = vmax * number / (2 * self.n) * (np.log(self.n / number) + 1)
        return self.objective / self.n + penalty

    def best(self, vmax: float = 1.0) -> int:
        """The number of cuts that the penalty `vmax` chooses; the smaller one of equals."""
        return int(np.argmin(self.penalised(vmax)))

    def cuts(self, vmax: float = 1.0, *, number: int | None = None) -> np.ndarray:
        """(m,) rising pick indices, each the first pick of a new segment; `number` overrides `vmax`.

        Raises AssayError where `number` cuts are not possible within the lengths allowed.
        """
        count = self.best(vmax) if number is None else number
        if not 0 <= count < len(self.objective) or not np.isfinite(self.objective[count]):
            possible = np.flatnonzero(np.isfinite(self.objective))
            raise AssayError(
                f"{count + 1} shots are not possible",
                why=f"{self.n} pictures with the lengths allowed make {possible[0] + 1} to {possible[-1] + 1} shots",
                remedy="Ask for another number of shots, or change the shortest or longest shot.",
            )
        found = np.empty(count, np.int64)
        end = self.n
        for k in range(count, 0, -1):
            end = int(self.starts[k, end])
            found[k - 1] = end
        return found


def kts(
    features: np.ndarray, *, shortest: int = 1, longest: int | None = None, most_cuts: int | None = None
) -> Segmentation:
    """Segment `features` (n, d), n >= 1, with the linear kernel into parts of `shortest` to `longest` picks.

    Exact for every number of cuts up to `most_cuts` (default: what `MOST_WORK` sums allow). Lengths that cannot cover n
    are widened: a video shorter than `shortest` is one segment. Memory is n (longest - shortest + 1) float64 and a table
    of n × most_cuts starts. Raises AssayError for values that are not finite.
    """
    x = np.asarray(features, dtype=np.float64)
    n = len(x)
    if n == 0:
        raise ValueError("a segmentation needs at least one row of features")
    if not np.isfinite(x).all():
        rows = np.flatnonzero(~np.isfinite(x).all(axis=1))
        raise AssayError(
            "Features hold values that are no numbers",
            why=f"{len(rows)} of {n} rows, the first is row {rows[0]}",
            remedy="Compute the features again.",
        )
    shortest, longest = _feasible(n, shortest, n if longest is None else longest)
    fewest = -(-n // longest) - 1
    if most_cuts is None:
        most_cuts = max(2 * fewest, MOST_WORK // (n * (longest - shortest + 1)))
    most_cuts = max(fewest, min(most_cuts, n // shortest - 1))
    return _solve(_band(x, shortest, longest), n, shortest, longest, most_cuts)


def _feasible(n: int, shortest: int, longest: int) -> tuple[int, int]:
    shortest = max(1, min(shortest, n))
    longest = max(shortest, min(longest, n))
    while -(-n // longest) * shortest > n:  # no number of parts between the lengths adds up to n
        longest += 1
    return shortest, longest


def _band(x: np.ndarray, shortest: int, longest: int) -> np.ndarray:
    """(n + 1, longest - shortest + 1) scatter of the segment that ends before row e and begins at e - longest + column.

    J(a, b) = q_b - q_a - |S_b - S_a|² / (b - a) with S and q summed anew for every block of ends and around the mean of
    the block: scatter does not see the shift, and sums over hours would lose digits.
    """
    n, width = len(x), longest - shortest + 1
    windows = np.lib.stride_tricks.sliding_window_view
    band = np.full((n + 1, width), np.inf)
    lengths = longest - np.arange(width)
    for low in range(1, n + 1, _BLOCK):
        high = min(low + _BLOCK, n + 1)
        rows = high - low
        first = max(0, low - longest)
        missing = first - (low - longest)  # begins before the video; their places are kept so that columns line up
        local = x[first : high - 1] - x[first : high - 1].mean(axis=0)
        sums = np.zeros((missing + len(local) + 1, x.shape[1]))
        np.cumsum(local, axis=0, out=sums[missing + 1 :])
        squares = np.zeros(len(sums))
        np.cumsum(np.einsum("ij,ij->i", local, local), out=squares[missing + 1 :])
        norms = np.einsum("ij,ij->i", sums, sums)
        products = sums[longest:] @ sums.T
        down, right = products.strides
        diagonal = np.lib.stride_tricks.as_strided(products, (rows, width), (down + right, right), writeable=False)
        between = norms[longest:, None] + windows(norms, width)[:rows] - 2 * diagonal
        band[low:high] = squares[longest:, None] - windows(squares, width)[:rows] - between / lengths
    np.maximum(band, 0.0, out=band)
    for end in range(1, min(longest, n + 1)):
        band[end, : longest - end] = np.inf
    return band


def _solve(band: np.ndarray, n: int, shortest: int, longest: int, most_cuts: int) -> Segmentation:
    """I_k(e) = min over begin s of I_{k-1}(s) + J(s, e); the earliest of equal begins, as the reference takes it."""
    width = band.shape[1]
    rows = np.arange(n + 1)
    starts = np.zeros((most_cuts + 1, n + 1), dtype=np.min_scalar_type(n))
    objective = np.full(most_cuts + 1, np.inf)
    padded = np.full(n + 1 + longest, np.inf)  # padded[longest + s] is I(s)
    padded[longest:][shortest : longest + 1] = band[
        rows[shortest : longest + 1], longest - rows[shortest : longest + 1]
    ]
    objective[0] = padded[-1]
    trial = np.empty((_BLOCK, width))
    for k in range(1, most_cuts + 1):
        windows = np.lib.stride_tricks.sliding_window_view(padded, width)
        now = np.full_like(padded, np.inf)
        for low in range((k + 1) * shortest, n + 1, _BLOCK):
            high = min(low + _BLOCK, n + 1)
            sums = np.add(windows[low:high], band[low:high], out=trial[: high - low])
            chosen = sums.argmin(axis=1)
            now[longest + low : longest + high] = sums[rows[: high - low], chosen]
            starts[k, low:high] = np.maximum(rows[low:high] - longest + chosen, 0)
        padded = now
        objective[k] = padded[-1]
    return Segmentation(n, objective, starts)
