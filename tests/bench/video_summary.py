"""Segmentation, knapsack evaluation and rank correlation beside plain procedures, in one run on one machine.

`python -m tests.bench.video_summary`
"""

import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small products wait for each other on a busy machine

import numpy as np

from app.engines.video.agreement import human_reference
from app.engines.video.conventions import f_score, summary
from app.engines.video.detectors import shots_of
from app.engines.video.knapsack import knapsack
from app.engines.video.kts import kts
from tests.bench.lines import line, load


def main() -> int:
    """Print each figure beside its target; 0 when all are held."""
    load()
    held = [_segmentation(), _hour(), _evaluation(), _one_knapsack(), _rank()]
    return int(not all(held))


def _segmentation() -> bool:
    x, _ = _film(1200, 64)
    reference, plain = _timed(lambda: _plain_kts(x, 120))
    ours, found = _timed(lambda: kts(x, longest=120, most_cuts=120))
    whole, unlimited = _timed(lambda: kts(x, most_cuts=120))
    same = unlimited.cuts(1.0).tolist() == plain == found.cuts(1.0).tolist()
    line("KTS n=1200, up to 120 cuts, plain procedure", reference)
    line("KTS, shots of any length", whole, ratio=f"{reference / whole:.1f} x the plain procedure")
    fast = line("KTS, shots up to 60 s", ours, reference / 10, ratio=f"{reference / ours:.1f} x, cuts equal: {same}")
    return fast and same


def _hour() -> bool:
    x, _ = _film(7200, 447)
    seconds, found = _timed(lambda: kts(x, shortest=1, longest=120))
    tracemalloc.start()
    kts(x, shortest=1, longest=120, most_cuts=len(found.objective) - 1)
    grown = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    fast = line("KTS of an hour (n=7200, d=447)", seconds, 10, ratio=f"up to {len(found.objective) - 1} cuts")
    return line("its memory beyond the features", grown, 200, "MB") and fast


def _evaluation() -> bool:
    videos = [_rated(seed) for seed in range(50)]
    plain, slow = _timed(lambda: [_plain_evaluation(*video) for video in videos])
    ours, fast = _timed(lambda: [_evaluated(*video) for video in videos])
    same = bool(np.allclose(slow, fast, atol=1e-9))
    line("evaluation of 50 videos, plain Python", plain)
    held = line("evaluation of 50 videos", ours, plain / 30, ratio=f"{plain / ours:.0f} x, F1 equal: {same}")
    return held and same


def _one_knapsack() -> bool:
    rng = np.random.default_rng(0)
    values, weights = rng.random(200), rng.integers(100, 1000, 200)
    seconds, _ = _timed(lambda: knapsack(values, weights, 16_200))
    return line("knapsack of 200 shots, 16 200 frames", 1000 * seconds, 50, "ms")


def _rank() -> bool:
    rng = np.random.default_rng(1)
    ratings = [rng.integers(1, 6, (20, 140)).astype(float) for _ in range(50)]
    seconds, _ = _timed(lambda: [human_reference(each) for each in ratings])
    return line("tau-b and rho of 20 people, 50 videos", seconds, 2)


def _film(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    cuts = np.sort(rng.choice(np.arange(10, n - 10), n // 25, replace=False))
    scenes = np.searchsorted(cuts, np.arange(n), side="right")
    x = rng.normal(size=(len(cuts) + 1, d))[scenes] + 0.3 * rng.normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True), cuts


def _rated(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3000, 10_000))
    shots = shots_of(rng.choice(np.arange(1, n), n // 100, replace=False), n)
    picks = np.arange(0, n, 15)
    return rng.random(len(picks)), picks, shots, n, rng.random((20, n)) < 0.15


def _evaluated(scores: np.ndarray, picks: np.ndarray, shots: np.ndarray, n: int, users: np.ndarray) -> float:
    return f_score("pgl", summary("pgl", scores, picks, shots, n), users, "mean")


def _plain_evaluation(scores: np.ndarray, picks: np.ndarray, shots: np.ndarray, n: int, users: np.ndarray) -> float:
    """Frame scores, a knapsack table in Python, one F1 after the other, as benchmark code does it."""
    per_frame = np.zeros(n)
    for k, score in enumerate(scores):
        per_frame[picks[k] : picks[k + 1] if k + 1 < len(picks) else n] = score
    values = [per_frame[a : b + 1].mean() for a, b in shots]
    weights = [int(b - a + 1) for a, b in shots]
    room = int(n * 0.15)
    table = [[0.0] * (room + 1) for _ in range(len(values) + 1)]
    for i in range(1, len(values) + 1):
        for w in range(1, room + 1):
            if weights[i - 1] <= w:
                table[i][w] = max(values[i - 1] + table[i - 1][w - weights[i - 1]], table[i - 1][w])
            else:
                table[i][w] = table[i - 1][w]
    shown, left = np.zeros(n, dtype=int), room
    for i in range(len(values), 0, -1):
        if table[i][left] != table[i - 1][left]:
            shown[shots[i - 1][0] : shots[i - 1][1] + 1] = 1
            left -= weights[i - 1]
    marks = []
    for user in users.astype(int):
        both = int((shown & user).sum())
        precision, recall = both / shown.sum(), both / user.sum()
        marks.append(2 * precision * recall / (precision + recall) if both else 0.0)
    return float(np.mean(marks))


def _plain_kts(x: np.ndarray, most: int) -> list[int]:
    """Kernel and scatter of every segment, then a minimum per number of cuts and end: once for the objectives, and once
    more with the number chosen, as the reference goes about it."""
    n = len(x)
    objective, _ = _plain_pass(x @ x.T, most)
    count = np.arange(1, most + 1)
    penalty = np.concatenate(([0], count / (2 * n) * (np.log(n / count) + 1)))
    number = int(np.argmin(objective / n + penalty))
    _, begins = _plain_pass(x @ x.T, number)
    cuts, end = [], n
    for k in range(number, 0, -1):
        end = int(begins[k, end])
        cuts.append(end)
    return cuts[::-1]


def _plain_pass(kernel: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    n = len(kernel)
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = kernel.cumsum(0).cumsum(1)
    own = np.concatenate(([0], np.cumsum(np.diag(kernel))))
    scatter = np.full((n + 1, n + 1), np.inf)
    for a in range(n):
        b = np.arange(a + 1, n + 1)
        scatter[a, b] = own[b] - own[a] - (sums[b, b] - sums[a, b] - sums[b, a] + sums[a, a]) / (b - a)
    best, begins = np.full((most + 1, n + 1), np.inf), np.zeros((most + 1, n + 1), int)
    best[0] = scatter[0]
    for k in range(1, most + 1):
        for end in range(k + 1, n + 1):
            costs = scatter[k:end, end] + best[k - 1, k:end]
            best[k, end], begins[k, end] = costs.min(), k + costs.argmin()
    return best[:, n], begins


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    done = work()
    return time.perf_counter() - begin, done


if __name__ == "__main__":
    raise SystemExit(main())
