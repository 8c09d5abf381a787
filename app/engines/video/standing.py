"""How a summary stands beside random selections from the same shots, with ratings and without."""

import numpy as np

from app.engines.video.chance import DRAWS, Chance, chance, random_summaries
from app.engines.video.cutting import Cut
from app.engines.video.rewards import drdsn_reward
from app.engines.video.selection import SelectionRule, frame_scores, select

MOST_LOOKS = 400
"""Picks compared with each other; a longer video is thinned evenly, which moves the reward by less than its spread."""


def reward_standing(cut: Cut, features: np.ndarray, picks: np.ndarray, frames: int, rng: np.random.Generator) -> Chance:
    """Diversity and representativeness (Zhou et al. 2018) of the summary's picks; needs no ratings.

    `features` (t, d) at `picks` (t,) of `frames` frames. The random selections come from the same shots and budget.
    """
    step = max(1, -(-len(picks) // MOST_LOOKS))
    described = _unit(np.asarray(features[::step], np.float64))
    at = np.asarray(picks[::step])
    rivals = random_summaries(cut.selection.parts, cut.budget, rng, DRAWS, frames=frames)
    observed = drdsn_reward(described, cut.selection.mask(frames)[at])
    draws = np.array([drdsn_reward(described, rival[at]) for rival in rivals])
    mean = float(draws.mean())
    low, high = np.quantile(draws, [0.025, 0.975])
    p = (1 + int((draws >= observed - 1e-12).sum())) / (len(draws) + 1)
    return Chance(observed, mean, float(low), float(high), observed / mean if mean else float("inf"), p, draws)


def rated_standing(cut: Cut, ratings: np.ndarray, picks: np.ndarray, frames: int, rng: np.random.Generator) -> Chance:
    """Mean F1 with people, each of whose summaries is the knapsack of their own `ratings` (U, t) at `picks` (t,)."""
    rule = SelectionRule(budget_frames=cut.budget)
    users = np.stack(
        [select(cut.selection.parts, frame_scores(row, picks, frames), rule).mask(frames) for row in ratings]
    )
    return chance(cut.selection.mask(frames), users, cut.selection.parts, cut.budget, rng)


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))
