"""Scores without training: baselines, diversity with representativeness, a query, and the weighted blend."""

from collections.abc import Mapping, Sequence

import numpy as np

CANDIDATES, STORY_PICKS = 600, 60
FAR = 20
"""Picks farther apart than this count as wholly unlike (DR-DSN)."""


def uniform(count: int) -> np.ndarray:
    """(count,) the same score everywhere."""
    return np.full(count, 0.5)


def random_scores(count: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) in [0, 1)."""
    return rng.random(count)


def time_ramp(count: int) -> np.ndarray:
    """(count,) rising from 0 to 1: later matters more."""
    return np.linspace(0.0, 1.0, count)


def diversity_representativeness(features: np.ndarray) -> np.ndarray:
    """(t,) in [0, 1] for `features` (t, d): how early greedy maximisation of the DR-DSN reward picks a frame like this.

    Facility location on at most 600 evenly spread candidates and 60 picks (Zhou, Qiao, Xiang, AAAI 2018, for the
    reward). The first pick scores 1, later ones less; other frames take the score of the most similar pick, times
    the cosine, less with distance in time: of a scene that comes back, the one that stands for it scores highest.
    """
    x = np.asarray(features, dtype=np.float32)
    count = len(x)
    if count == 0:
        return np.empty(0)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    pool = np.unique(np.linspace(0, count - 1, min(count, CANDIDATES)).astype(int))
    cosine = np.clip(x @ x[pool].T, -1, 1)
    distance = 2 - 2 * cosine
    picked: list[int] = []
    nearest = np.full(count, np.inf, dtype=np.float32)
    unlike, spread = np.zeros(len(pool)), 0.0
    for _ in range(min(STORY_PICKS, max(1, len(pool) // 4))):
        k = len(picked)
        representative = np.exp(-np.minimum(nearest[:, None], distance).mean(axis=0, dtype=np.float64))
        diverse = 2 * (spread + unlike) / (k * (k + 1)) if k else np.zeros(len(pool))
        gain = representative + diverse
        gain[picked] = -np.inf
        best = int(np.argmax(gain))
        spread += float(unlike[best])
        picked.append(best)
        nearest = np.minimum(nearest, distance[:, best])
        apart = 1 - cosine[pool, best].astype(np.float64)
        unlike += np.where(np.abs(pool - pool[best]) > FAR, 1.0, apart)
    rank = 1 - np.arange(len(picked)) / len(picked)
    away = np.abs(np.arange(count)[:, None] - pool[picked])
    near = 0.5 + 0.5 * np.exp(-away / FAR)
    return _stretched((np.maximum(cosine[:, picked], 0) * near * rank).max(axis=1))


def query_match(features: np.ndarray, query: np.ndarray) -> np.ndarray:
    """(t,) in [0, 1]: cosine of image `features` (t, d) with the text embedding `query` (d,), stretched over the video."""
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(query)
    return _stretched(features @ query / np.maximum(lengths, 1e-12))


def blend(components: np.ndarray, names: Sequence[str], weights: Mapping[str, float]) -> np.ndarray:
    """(t,) in [0, 1]: weighted mean of `components` (c, t) in [0, 1] called `names`.

    A weight whose component the video lacks (no sound) counts for nothing; with no weight left every score is 0.5.
    """
    amounts = np.asarray([max(0.0, weights.get(name, 0.0)) for name in names])
    if not amounts.sum() > 0:
        return uniform(np.shape(components)[1])
    return np.asarray(amounts @ np.asarray(components, dtype=np.float64) / amounts.sum())


def _stretched(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return np.full(len(values), 0.5)
    return np.asarray((values - low) / (high - low), dtype=np.float64)
