"""Solve an hour of video again at each change of mind: from the call that a click makes until the cut is there.

`python -m tests.bench.video_resolve`
"""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small products wait for each other on a busy machine

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer, SignalInstance

from app.engines.video.cutting import Choices
from app.workspaces.video.bench import Bench
from app.workspaces.video.footage import Footage
from tests.bench.lines import line, load

FRAMES, PICKS, SCENES, FEATURES = 108_000, 7_200, 700, 447
"""An hour at 30 frames and 2 picks per second, with the width of the built-in descriptor."""

PARTS = ("motion", "novelty", "story")
BUDGET_MS = 50.0
CHANGES = 8
NEXT_CLICK_MS = 100
"""After which an impatient hand clicks again, while the last cut is still compared with random ones."""


def main() -> int:
    """Print each figure beside its target; 0 when all are held."""
    load()
    application = QCoreApplication([])
    bench = Bench()
    choices = Choices(weights=tuple((part, 1.0) for part in PARTS))
    first = _solved(bench, partial(bench.begin, _hour(choices), choices))
    cut = bench.cut
    assert cut is not None
    line(f"first cut of an hour into {len(cut.shots)} shots, with KTS", first)
    begin = time.perf_counter()
    _wait(bench.stood)
    line("comparing it with random selections, in the background", time.perf_counter() - begin)
    random = np.random.default_rng(1)
    short = np.diff(cut.shots, axis=1).ravel() < cut.budget / (2 * CHANGES)
    keep, drop = random.permutation(np.flatnonzero(~cut.chosen & short)), random.permutation(np.flatnonzero(cut.chosen))
    held = [
        _changes("a shot is pinned", bench, [partial(bench.pin, int(shot), "keep") for shot in keep[:CHANGES]]),
        _changes("a shot is dropped", bench, [partial(bench.pin, int(shot), "drop") for shot in drop[:CHANGES]]),
        _changes("the budget is moved", bench, [partial(bench.change, budget=0.1 + k / 100) for k in range(CHANGES)]),
        _changes("the penalty (vmax) is moved", bench, _moves(bench, 0.3, 3.0)),
        _changes("the penalty, before the comparison is over", bench, _moves(bench, 2.9, 0.4), at_once=True),
    ]
    bench.close()
    application.processEvents()
    return int(not all(held))


def _changes(words: str, bench: Bench, changes: list[Callable[[], Any]], *, at_once: bool = False) -> bool:
    """Hold the median against the budget; the slowest is printed beside it."""
    took = []
    for change in changes:
        took.append(1000 * _solved(bench, change))
        if at_once:
            loop = QEventLoop()
            QTimer.singleShot(NEXT_CLICK_MS, loop.quit)
            loop.exec()
        else:
            _wait(bench.stood)
    return line(words, float(np.median(took)), BUDGET_MS, "ms", f"slowest of {len(took)}: {max(took):.0f} ms")


def _moves(bench: Bench, first: float, last: float) -> list[Callable[[], Any]]:
    return [partial(bench.recut, vmax=float(vmax)) for vmax in np.geomspace(first, last, CHANGES)]


def _solved(bench: Bench, change: Callable[[], Any]) -> float:
    """s from the call until the new cut has been told."""
    before, begin = bench.cut, time.perf_counter()
    change()
    _wait(bench.solved, bench.failed)
    took = time.perf_counter() - begin
    assert bench.cut is not before, "the change was refused"
    return took


def _wait(*signals: SignalInstance) -> None:
    loop = QEventLoop()
    for signal in signals:
        signal.connect(loop.quit)
    loop.exec()


def _hour(choices: Choices) -> Footage:
    """What the window would know of a film of 700 scenes with soft scores."""
    random = np.random.default_rng(0)
    edges = np.sort(random.choice(np.arange(2, PICKS - 2), SCENES - 1, replace=False))
    scenes = np.searchsorted(edges, np.arange(PICKS), side="right")
    features = random.normal(size=(SCENES, FEATURES))[scenes] + 0.3 * random.normal(size=(PICKS, FEATURES))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    components = np.clip(random.random((len(PARTS), SCENES))[:, scenes] + 0.1 * random.normal(size=PICKS), 0, 1)
    return Footage(
        times=np.arange(FRAMES) / 30,
        difference=random.random(FRAMES).astype(np.float32),
        picks=np.arange(PICKS) * (FRAMES // PICKS),
        features=features.astype(np.float32),
        components=components.astype(np.float32),
        names=PARTS,
        choices={"weights": choices.weights},
    )


if __name__ == "__main__":
    raise SystemExit(main())
