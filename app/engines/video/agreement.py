"""How far a summary or a curve of scores agrees with people, and how people agree with each other (spec 4)."""

from dataclasses import dataclass

import numpy as np

_PAIRS = 200_000


@dataclass(frozen=True)
class Agreement:
    """Mean Kendall tau-b and Spearman rho over the pairs where they are defined; NaN where none is.

    `undefined` of `pairs` pairs had a constant side.
    """

    tau: float
    rho: float
    pairs: int
    undefined: int


def f_scores(summary: np.ndarray, users: np.ndarray) -> np.ndarray:
    """(U,) F1 in [0, 1] of `summary` (n,) 0/1 against each of `users` (U, n): 2 |S ∩ G| / (|S| + |G|), 0 where both are
    empty. TVSum takes the mean of these, SumMe the largest."""
    return np.asarray(f_table(np.asarray(summary)[None], users)[0])


def f_table(summaries: np.ndarray, users: np.ndarray) -> np.ndarray:
    """(m, U) `f_scores` of each of `summaries` (m, n)."""
    # Counts below 2^24 frames (154 h at 30 fps) are exact in float32, and BLAS is 20 times faster than & and sum.
    machine, people = np.asarray(summaries, dtype=np.float32), np.asarray(users, dtype=np.float32)
    common = (machine @ people.T).astype(np.float64)
    total = machine.sum(axis=1, dtype=np.float64)[:, None] + people.sum(axis=1, dtype=np.float64)
    return np.asarray(np.divide(2 * common, total, out=np.zeros_like(common), where=total > 0))


def tau_b(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(m, k) Kendall's tau-b of each row of `first` (m, n) with each of `second` (k, n); NaN where a row is constant.

    (P - Q) / sqrt((P + Q + T1) (P + Q + T2)) over all pairs of entries (Kendall 1945), as products of sign rows.
    """
    first, second = np.atleast_2d(np.asarray(first, dtype=float)), np.atleast_2d(np.asarray(second, dtype=float))
    n = first.shape[1]
    agree = np.zeros((len(first), len(second)))
    free_first, free_second = np.zeros(len(first)), np.zeros(len(second))
    for low, high in _chunks(n):
        one, two = _signs(first, low, high), _signs(second, low, high)
        agree += one @ two.T
        free_first += np.einsum("ij,ij->i", one, one)
        free_second += np.einsum("ij,ij->i", two, two)
    scale = np.sqrt(np.outer(free_first, free_second))
    return np.asarray(np.divide(agree, scale, out=np.full_like(agree, np.nan), where=scale > 0))


def rho(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(m, k) Spearman's rho of each row of `first` (m, n) with each of `second` (k, n), ties at their mean rank; NaN where
    a row is constant."""
    one, two = _centred_ranks(first), _centred_ranks(second)
    scale = np.sqrt(np.outer((one**2).sum(axis=1), (two**2).sum(axis=1)))
    product = one @ two.T
    return np.asarray(np.divide(product, scale, out=np.full_like(product, np.nan), where=scale > 0))


def rank_agreement(prediction: np.ndarray, users: np.ndarray) -> Agreement:
    """`prediction` (n,) against each of `users` (U, n) at the same instants."""
    return _mean_agreement(tau_b(prediction, users)[0], rho(prediction, users)[0])


def human_reference(users: np.ndarray) -> Agreement:
    """How one of `users` (U >= 2, n) agrees with another: the mean over ordered pairs."""
    others = ~np.eye(len(users), dtype=bool)
    return _mean_agreement(tau_b(users, users)[others], rho(users, users)[others])


def best_possible(users: np.ndarray) -> Agreement:
    """What the mean of all `users` (U, n) reaches against each: a ceiling, as it has seen the answers."""
    return rank_agreement(np.mean(users, axis=0), users)


def cut_scores(found: np.ndarray, truth: np.ndarray, tolerance: int = 2) -> tuple[float, float]:
    """(precision, recall) of cuts `found` against `truth` within ± `tolerance` frames, each matched at most once; 1 where
    there was nothing to find or to be wrong about."""
    open_truth = sorted(int(cut) for cut in truth)
    matched = 0
    for cut in sorted(int(cut) for cut in found):
        # Both rise, so the earliest open truth in reach is never the wrong one to use up.
        hit = next((true for true in open_truth if abs(true - cut) <= tolerance), None)
        if hit is not None:
            open_truth.remove(hit)
            matched += 1
    return matched / len(found) if len(found) else 1.0, matched / len(truth) if len(truth) else 1.0


def coverage(features: np.ndarray, picked: np.ndarray, likeness: float = 0.7) -> float:
    """Share of shots `features` (S, d) with a chosen one (`picked` (S,) bool) of cosine at least `likeness`."""
    rows = _unit(features)
    if not picked.any():
        return 0.0
    return float(((rows @ rows[picked].T).max(axis=1) >= likeness).mean())


def diversity(features: np.ndarray, picked: np.ndarray) -> float:
    """1 less the mean cosine of pairs of chosen shots (`picked` (S,) bool); NaN with fewer than two."""
    return 1 - redundancy(features, picked)


def redundancy(features: np.ndarray, picked: np.ndarray) -> float:
    """Mean cosine of pairs of chosen shots (`picked` (S,) bool); NaN with fewer than two."""
    rows = _unit(np.asarray(features)[np.asarray(picked, dtype=bool)])
    count = len(rows)
    if count < 2:
        return float("nan")
    return float(((rows @ rows.T).sum() - (rows**2).sum()) / (count * (count - 1)))


def _mean_agreement(taus: np.ndarray, rhos: np.ndarray) -> Agreement:
    defined = np.isfinite(taus)
    if not defined.any():
        return Agreement(float("nan"), float("nan"), len(taus), len(taus))
    return Agreement(float(taus[defined].mean()), float(rhos[defined].mean()), len(taus), int((~defined).sum()))


def _chunks(n: int) -> list[tuple[int, int]]:
    step = max(1, _PAIRS // max(1, n))
    return [(low, min(low + step, n)) for low in range(0, n, step)]


def _signs(rows: np.ndarray, low: int, high: int) -> np.ndarray:
    """(m, pairs) sign of row[j] - row[i] for i in [low, high), j > i; pairs the wrong way round are 0."""
    width = rows.shape[1]
    signs = np.sign(rows[:, None, low + 1 :] - rows[:, low:high, None]).astype(np.float32)
    later = np.arange(low + 1, width)[None, :] > np.arange(low, high)[:, None]
    return np.asarray((signs * later).reshape(len(rows), -1))


def _centred_ranks(rows: np.ndarray) -> np.ndarray:
    rows = np.atleast_2d(np.asarray(rows, dtype=float))
    ranks = np.empty_like(rows)
    for row, values in enumerate(rows):
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks[row] = (ends - (counts - 1) / 2)[place]
    return np.asarray(ranks - (rows.shape[1] + 1) / 2)


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
