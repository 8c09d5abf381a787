"""The demonstration of Otani et al. (CVPR 2019): how long shots are decides F1 as much as how good the scores are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from app.engines.video.agreement import Agreement, f_table, human_reference
from app.engines.video.chance import random_values
from app.engines.video.knapsack import published_knapsacks
from app.engines.video.selection import budget_of

SHARE = 0.15
STEP = 60
"""Frames between the ratings compared by rank: TVSum's raters gave one value per 2 s."""


def uniform_lengths(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Shots of 60 frames."""
    return np.full(-(-frames // 60), 60)


def poisson_lengths(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Shots of Poisson(60) frames."""
    return rng.poisson(60, frames)


def two_peak_lengths(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Shots of Poisson(30) or Poisson(90) frames, equally often."""
    return rng.poisson(rng.choice([30, 90], frames))


def log_normal_lengths(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Shots of log-normal length, median 120 frames, sigma 0.8: the long tail of real shots."""
    return np.rint(np.exp(rng.normal(np.log(120), 0.8, frames))).astype(np.int64)


SHOT_RULES: Mapping[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "uniform": uniform_lengths,
    "Poisson": poisson_lengths,
    "two-peak": two_peak_lengths,
    "log-normal": log_normal_lengths,
}


@dataclass(frozen=True)
class Scores:
    """F1 in [0, 1] of one video under one way of cutting: a person against the others, the mean of `draws` random scores,
    and the mean of all people's ratings (which has seen the answers)."""

    human: float
    random: float
    oracle: float


@dataclass(frozen=True)
class RaterWorld:
    """A simulated video: `user_anno` (U, n) int8 from 1 to 5, constant over 2 s at 30 frames per second."""

    video_id: str
    user_anno: np.ndarray
    user_summary: np.ndarray | None = None


def random_shots(rule: str, frames: int, rng: np.random.Generator) -> np.ndarray:
    """(S, 2) inclusive ranges that cover `frames`, lengths drawn by the rule of that name in `SHOT_RULES`."""
    lengths = np.maximum(1, SHOT_RULES[rule](frames, rng))
    begins = np.concatenate(([0], np.cumsum(lengths)))
    begins = begins[begins < frames]
    return np.stack([begins, np.concatenate((begins[1:] - 1, [frames - 1]))], axis=1)


def scores_on(
    shots: np.ndarray,
    ratings: np.ndarray,
    rng: np.random.Generator,
    draws: int,
    *,
    summaries: np.ndarray | None = None,
) -> Scores:
    """F1 on `shots` (S, 2) for `ratings` (U >= 2, n): every person's summary is the knapsack of the mean ratings per shot.

    `summaries` (U, n) 0/1 stand for the people's own where they cut them by hand (SumMe). Knapsack and ties as in the
    published evaluation (spec 2.4), budget 15 %.
    """
    frames = ratings.shape[1]
    lengths = shots[:, 1] - shots[:, 0] + 1
    budget = budget_of(frames, SHARE)
    count = len(ratings)
    means = np.concatenate([ratings, ratings.mean(axis=0)[None]]).astype(float)
    values = np.add.reduceat(means, shots[:, 0], axis=1) / lengths
    chosen = published_knapsacks(np.concatenate([values, random_values(shots, rng, draws)]), lengths, budget)
    people = chosen[:count] * lengths if summaries is None else np.add.reduceat(summaries, shots[:, 0], axis=1)
    table = _f_table(chosen[count:], lengths, people.astype(float))
    others = ~np.eye(count, dtype=bool)
    if summaries is None:
        human = _f_table(chosen[:count], lengths, people.astype(float))[others].mean()
    else:
        human = f_table(summaries, summaries)[others].mean()
    return Scores(float(human), float(table[1:].mean()), float(table[0].mean()))


def raters_agree(ratings: np.ndarray) -> Agreement:
    """Rank agreement of each person with each other one, at every 60th frame of `ratings` (U, n)."""
    return human_reference(ratings[:, ::STEP].astype(float))


def simulated_raters(seed: int = 0, videos: int = 20, people: int = 20) -> list[RaterWorld]:
    """Videos of 98 to 300 s rated by people who lean up or down and waver, agreeing about as little as TVSum's do."""
    rng = np.random.default_rng(seed)
    return [_rated(f"simulated {number + 1}", people, rng) for number in range(videos)]


def _rated(name: str, people: int, rng: np.random.Generator) -> RaterWorld:
    steps = int(rng.integers(49, 151))
    scenes = np.repeat(rng.random(steps), rng.integers(2, 9, steps))[:steps]
    smooth = np.convolve(scenes, np.ones(3) / 3, mode="same")
    leaning, wavering = rng.normal(0, 0.12, (people, 1)), rng.normal(0, 0.30, (people, steps))
    level = np.clip(0.1 + 0.75 * smooth + leaning + wavering, 0, 1)
    ratings = np.clip(np.rint(1 + 4 * level), 1, 5).astype(np.int8)
    frames = steps * STEP - int(rng.integers(0, STEP))
    return RaterWorld(name, np.repeat(ratings, STEP, axis=1)[:, :frames])


def _f_table(chosen: np.ndarray, lengths: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(m, U) F1 of whole shots `chosen` (m, S) against `people` (U, S) chosen frames per shot."""
    common = chosen.astype(float) @ people.T
    total = (chosen @ lengths)[:, None] + people.sum(axis=1)
    return np.asarray(np.divide(2 * common, total, out=np.zeros_like(common), where=total > 0))
