"""Train every network on the made-up feature world and print the table of spec 2.1: tau-b, clean and disturbed.

`python -m tests.bench.video_world [seeds, default 5] [epochs, default 30]`; 40 videos teach, 10 test, one thread.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small products wait for each other on a busy machine

import numpy as np
import torch

from app.data.feature_sets import FeatureVideo
from app.engines.video.agreement import human_reference, rank_agreement
from app.engines.video.chance import compare
from app.engines.video.disturbance import throw_entries
from app.engines.video.feature_world import TEST_VIDEOS, make_world
from app.engines.video.learning import amplitude, examples_of, preparation_of, recipe_of, scores_of, shape_of
from app.engines.video.learning_data import load_videos, ratings_of
from app.engines.video.model_files import Saved
from app.engines.video.network_seeds import stream, torch_stream
from app.engines.video.train_configs import TrainConfig
from app.engines.video.training import Trainer
from tests.bench.lines import load

ROWS = {
    "plain, clean training": ("plain", False),
    "plain, augmented": ("plain", True),
    "conditional, no helpers": ("no-helpers", True),
    "conditional, full": ("conditional", True),
}
SPEC = {
    "random": (0.00, 0.00),
    "plain, clean training": (0.396, 0.138),
    "plain, augmented": (0.407, 0.162),
    "conditional, no helpers": (0.312, 0.061),
    "conditional, full": (0.411, 0.171),
    "one rater vs the others": (0.415, np.nan),
    "noise-free score": (0.553, np.nan),
}


def main() -> int:
    """Print the table and the four conditions of spec 5; 0 when all hold."""
    torch.set_num_threads(1)
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    load()
    # (clean, disturbed) mean tau of the test videos by row, one pair per seed
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in seeds:
        for row, pair in _world(seed, epochs):
            found.setdefault(row, []).append(pair)
    load()
    print(f"{'tau-b, mean over seeds':<26} {'clean':>7} {'spec':>7} {'disturbed':>10} {'spec':>7}")
    for row, pairs in found.items():
        clean, disturbed = np.mean(pairs, axis=0)
        print(f"{row:<26} {clean:7.3f} {SPEC[row][0]:7.3f} {disturbed:10.3f} {SPEC[row][1]:7.3f}")
    return int(not all(_conditions({row: np.asarray(pairs) for row, pairs in found.items()})))


def _world(seed: int, epochs: int) -> list[tuple[str, tuple[float, float]]]:
    config = TrainConfig(seed=seed, epochs=epochs)
    videos = load_videos(config.data, seed)
    learners, test = videos[:-TEST_VIDEOS], videos[-TEST_VIDEOS:]
    amount = amplitude(config, learners)
    spoilt = [
        replace(
            v, features=throw_entries(torch.from_numpy(v.features), amount, torch_stream(seed, "disturb", k)).numpy()
        )
        for k, v in enumerate(test)
    ]
    rng = stream(seed, "latent", 1)
    guesses = [[_tau(rng.random(len(v.picks)), v) for v in test] for _ in range(2)]
    rows = [("random", (float(np.mean(guesses[0])), float(np.mean(guesses[1]))))]
    people = float(np.mean([human_reference(ratings_of(v)).tau for v in test]))
    truths = make_world(seed)[-TEST_VIDEOS:]
    ceiling = float(np.mean([_tau(w.truth, v) for w, v in zip(truths, test, strict=True)]))
    rows += [("one rater vs the others", (people, np.nan)), ("noise-free score", (ceiling, np.nan))]
    taus: dict[str, list[float]] = {}
    for row, (kind, augmented) in ROWS.items():
        begin = time.perf_counter()
        size = test[0].features.shape[1]
        recipe = replace(recipe_of(config, size), disturb_plain=augmented)
        trainer = Trainer(shape_of(config, kind, size), examples_of(config, learners), amount, recipe, seed)
        while not trainer.ended:
            trainer.advance()
        saved = Saved(trainer.shape, trainer.network, preparation_of(config, learners))
        taus[row] = _taus(config, saved, test)
        pair = (float(np.mean(taus[row])), float(np.mean(_taus(config, saved, spoilt))))
        seconds = time.perf_counter() - begin
        print(f"seed {seed}  {row:<26} clean {pair[0]:.3f}  disturbed {pair[1]:.3f}  {seconds:5.1f} s", flush=True)
        rows.append((row, pair))
    gap = compare(taus["plain, augmented"], taus["conditional, full"], rng)
    print(f"seed {seed}  full less plain augmented, clean: {gap.difference.centre:+.3f} (p = {gap.p:.2g})", flush=True)
    return rows


def _taus(config: TrainConfig, saved: Saved, videos: Sequence[FeatureVideo]) -> list[float]:
    return [_tau(scores_of(saved, video, "", config.samples, config.seed), video) for video in videos]


def _tau(scores: np.ndarray, video: FeatureVideo) -> float:
    return rank_agreement(scores, ratings_of(video)).tau


def _conditions(found: dict[str, np.ndarray]) -> list[bool]:
    full, bare, plain = (
        found[row][:, 0] for row in ("conditional, full", "conditional, no helpers", "plain, augmented")
    )
    means = [found[row][:, 0].mean() for row in ROWS]
    checks = {
        f"full less no helpers >= 0.04 on every seed: {np.round(full - bare, 3).tolist()}": (full - bare).min() >= 0.04,
        f"full within 0.03 of plain augmented: {full.mean() - plain.mean():+.3f}": abs(full.mean() - plain.mean())
        <= 0.03,
        f"every network above 0.25: lowest {min(means):.3f}": min(means) > 0.25,
        f"|random| below 0.03: {found['random'][:, 0].mean():+.3f}": abs(found["random"][:, 0].mean()) < 0.03,
    }
    for words, held in checks.items():
        print(f"{'ok    ' if held else 'MISSED'} {words}")
    return [bool(held) for held in checks.values()]


if __name__ == "__main__":
    raise SystemExit(main())
