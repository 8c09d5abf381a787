"""The 0/1 knapsack over whole frames, exact and vectorised over capacity and over many sets of values."""

from collections.abc import Iterable, Sequence
from math import gcd

import numpy as np

from app.core import AssayError

_CELLS = 30_000_000
_LONGEST_TABLE = 400_000_000


def knapsack(
    values: np.ndarray, weights: np.ndarray, capacity: int, *, keep: Sequence[int] = (), drop: Sequence[int] = ()
) -> np.ndarray:
    """(S,) bool: the set with the largest sum of `values` (S,) whose `weights` (S,), whole and >= 1, fit `capacity`.

    Of equal sums the shorter set wins, then the one with earlier shots. `keep` and `drop` are settled before. Sums equal
    to 2^-45 of the largest value count as equal. Tables above 400 million cells count lengths in ticks of several
    frames, rounded up, so the capacity always holds. Raises AssayError where `keep` alone exceeds the capacity.
    """
    values, weights = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.int64)
    chosen = np.zeros(len(values), dtype=bool)
    chosen[list(keep)] = True
    room = capacity - int(weights[chosen].sum())
    if room < 0:
        raise AssayError(
            "The shots that must stay are longer than the summary may be",
            why=f"they last {capacity - room} frames, the budget is {capacity}",
            remedy="Raise the budget or release a shot.",
        )
    free = ~chosen
    free[list(drop)] = False
    chosen[free] = knapsacks(values[None, free], weights[free], room)[0]
    return chosen


def knapsacks(values: np.ndarray, weights: np.ndarray, capacity: int) -> np.ndarray:
    """(m, S) bool: `knapsack` for each row of `values` (m, S) over the same `weights` (S,) and `capacity`."""
    values, weights = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.int64)
    if len(weights) and weights.min() < 1:
        raise ValueError("a shot has at least one frame")
    chosen = np.zeros(values.shape, dtype=bool)
    fits = np.flatnonzero((weights <= capacity) & (values > 0).any(axis=0))
    if not len(fits):
        return chosen
    lengths = weights[fits]
    if lengths.sum() <= capacity:
        chosen[:, fits] = values[:, fits] > 0
        return chosen
    tick = gcd(*lengths.tolist())
    while len(fits) * (capacity // tick) > _LONGEST_TABLE:
        tick += 1
    lengths, room = -(-lengths // tick), capacity // tick
    largest = np.maximum(values.max(axis=1, keepdims=True), np.finfo(float).tiny)
    whole = np.rint(np.maximum(values[:, fits], 0) / largest * 2.0**45).astype(np.int64)
    step = max(1, _CELLS // (len(fits) * (room + 1)))
    for row in range(0, len(values), step):
        chosen[row : row + step, fits] = _table(whole[row : row + step], lengths, room)
    return chosen


def published_knapsacks(values: np.ndarray, weights: np.ndarray, capacity: int) -> np.ndarray:
    """(m, S) bool: `knapsacks` with the ties of published evaluation code, to repeat published figures.

    Sums are floats added from the first shot on, and a shot is taken only where it makes the sum strictly larger. Ratings
    from 1 to 5 tie often: which of the tied sets comes out moves the F1 of one video by up to half a percentage point.
    """
    values, weights = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.int64)
    chosen = np.zeros(values.shape, dtype=bool)
    step = max(1, _CELLS // (max(1, len(weights)) * (capacity + 1)))
    for row in range(0, len(values), step):
        chosen[row : row + step] = _published_table(values[row : row + step], weights, capacity)
    return chosen


def _published_table(values: np.ndarray, weights: np.ndarray, capacity: int) -> np.ndarray:
    """Best sums within each capacity, shots from the first to the last; then read from the last back."""
    m, count = values.shape
    best = np.zeros((m, capacity + 1))
    taken = np.zeros((count, m, capacity + 1), dtype=bool)
    for shot, weight in enumerate(weights.tolist()):
        if weight <= capacity:
            before = best[:, weight:]
            trial = best[:, : capacity + 1 - weight] + values[:, shot, None]
            np.greater(trial, before, out=taken[shot, :, weight:])
            np.maximum(trial, before, out=before)
    return _read(taken, weights, [capacity] * m, range(count - 1, -1, -1))


def _table(values: np.ndarray, weights: np.ndarray, capacity: int) -> np.ndarray:
    """Best sums for each exact total length, shots from the last to the first; then read from the first on.

    Values are whole numbers, so sums do not depend on their order and ties are true ties.
    """
    m, count = values.shape
    best = np.full((m, capacity + 1), -(2**62), dtype=np.int64)
    best[:, 0] = 0
    taken = np.zeros((count, m, capacity + 1), dtype=bool)
    for shot in range(count - 1, -1, -1):
        weight = int(weights[shot])
        before = best[:, weight:]
        trial = best[:, : capacity + 1 - weight] + values[:, shot, None]
        np.greater_equal(trial, before, out=taken[shot, :, weight:])
        np.maximum(trial, before, out=before)
    return _read(taken, weights, best.argmax(axis=1).tolist(), range(count))


def _read(taken: np.ndarray, weights: np.ndarray, left: list[int], order: Iterable[int]) -> np.ndarray:
    """(m, S) bool: follow `taken` (S, m, capacity + 1) through the shots in `order`, from the room `left` (m,)."""
    chosen = np.zeros((len(left), len(weights)), dtype=bool)
    shots = list(zip(order, weights[list(order)].tolist(), strict=True))
    for row, room in enumerate(left):
        for shot, weight in shots:
            if taken[shot, row, room]:
                chosen[row, shot] = True
                room -= weight
    return chosen
