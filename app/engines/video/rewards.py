"""How unlike and how representative chosen frames are: two published formulas, named for what they compute."""

import numpy as np

FAR = 20
"""Steps beyond which DR-DSN takes two frames as wholly unlike."""


def drdsn_reward(features: np.ndarray, picked: np.ndarray, *, far_is_unlike: bool = True) -> float:
    """(Rdiv + Rrep) / 2 of `features` (n, d) with `picked` (n,) 0/1; 0 where nothing is picked.

    Zhou, Qiao, Xiang, AAAI 2018, equations 3 to 6: Rdiv is the mean of 1 - cosine over picked pairs, those more than 20
    steps apart set to 1; Rrep = exp(- mean squared distance of each frame to its nearest picked one).
    """
    x = np.asarray(features, dtype=np.float64)
    at = np.flatnonzero(picked)
    if not len(at):
        return 0.0
    diverse = 0.0
    if len(at) > 1:
        unlike = 1 - _cosines(x[at])
        if far_is_unlike:
            unlike[np.abs(at[:, None] - at) > FAR] = 1.0
        np.fill_diagonal(unlike, 0.0)
        diverse = float(unlike.sum()) / (len(at) * (len(at) - 1))
    norms = (x**2).sum(axis=1)
    distances = np.maximum(norms[:, None] + norms[at] - 2 * x @ x[at].T, 0.0)
    return (diverse + float(np.exp(-distances.min(axis=1).mean()))) / 2


def pairwise_similarity(features: np.ndarray, picked: np.ndarray) -> float:
    """Mean cosine of picked pairs, 0 with fewer than two: DSNet's code calls this “diversity”, though higher means alike."""
    x = np.asarray(features, dtype=np.float64)[np.flatnonzero(picked)]
    if len(x) < 2:
        return 0.0
    cosines = _cosines(x)
    return float((cosines.sum() - np.trace(cosines)) / (len(x) * (len(x) - 1)))


def _cosines(rows: np.ndarray) -> np.ndarray:
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit @ unit.T)
