"""The four ways in which published code turns scores into a summary and an F1, kept with their differences.

Read in PGL-SUM (@81d0d6d), DR-DSN (@041606f: "reinforce", and "rank" for its greedy variant) and DSNet (@1804176); spec
videosum 2.4. For comparison with published figures only: `selection.select` is the app's own rule.
"""

from typing import Literal

import numpy as np

from app.engines.video.knapsack import knapsack, published_knapsacks
from app.engines.video.selection import frame_scores

Convention = Literal["pgl", "reinforce", "rank", "dsnet"]
CONVENTIONS: tuple[Convention, ...] = ("pgl", "reinforce", "rank", "dsnet")


def summary(
    convention: Convention, scores: np.ndarray, picks: np.ndarray, change_points: np.ndarray, frames: int
) -> np.ndarray:
    """(n,) bool of the `frames` n: the shots of `change_points` (S, 2) inclusive that `convention` keeps.

    `scores` (t,) belong to `picks` (t,).
    """
    shots = np.asarray(change_points, dtype=np.int64)
    if convention == "pgl":
        frames = int(shots[-1, 1]) + 1
    per_frame = frame_scores(scores, picks, frames)
    if convention in ("reinforce", "rank"):
        per_frame = per_frame.astype(np.float32)
    lengths = shots[:, 1] - shots[:, 0] + 1
    values = np.array([np.add.reduce(per_frame[first : last + 1]) for first, last in shots.tolist()]) / lengths
    budget = int(frames * 0.15)
    if convention == "rank":
        chosen = _ranked(values, lengths, budget)
    elif convention == "dsnet":
        chosen = knapsack((1000 * values).astype(int), lengths, budget)
    else:
        chosen = published_knapsacks(values[None], lengths, budget)[0]
    shown = np.zeros(frames, dtype=bool)
    for first, last in shots[chosen]:
        shown[first : last + 1] = True
    return shown


def f_score(convention: Convention, shown: np.ndarray, users: np.ndarray, over: Literal["mean", "max"]) -> float:
    """F1 in [0, 1] of the summary `shown` (n,) against `users` (U, m) 0/1 as `convention` computes it.

    PGL-SUM pads the shorter one with zeros; the others cut or pad the summary to the users. DR-DSN adds 1e-8 to the
    denominators; its precision and recall are the reason for small differences in the sixth digit.
    """
    users = np.asarray(users, dtype=bool)
    length = max(len(shown), users.shape[1]) if convention == "pgl" else users.shape[1]
    machine = _sized(np.asarray(shown, dtype=bool)[None], length)[0]
    users = _sized(users, length)
    # Products of float32 rows are exact below 2^24 frames, and faster than & and sum.
    people = users.astype(np.float32)
    common = (people @ machine.astype(np.float32)).astype(float)
    sizes = (people @ np.ones(length, np.float32)).astype(float)
    if convention in ("reinforce", "rank"):
        precision, recall = common / (machine.sum() + 1e-8), common / (sizes + 1e-8)
        both = precision + recall
        scores = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    else:
        total = machine.sum() + sizes
        scores = np.divide(2 * common, total, out=np.zeros(len(users)), where=total > 0)
    return float(scores.max() if over == "max" else scores.mean())


def _ranked(values: np.ndarray, lengths: np.ndarray, budget: int) -> np.ndarray:
    """Best first, as long as the summary stays strictly below the budget."""
    chosen, used = np.zeros(len(values), dtype=bool), 0
    for shot in np.argsort(values)[::-1]:
        if used + lengths[shot] < budget:
            chosen[shot] = True
            used += int(lengths[shot])
    return chosen


def _sized(rows: np.ndarray, length: int) -> np.ndarray:
    if rows.shape[1] == length:
        return rows
    return np.pad(rows[:, :length], ((0, 0), (0, max(0, length - rows.shape[1]))))
