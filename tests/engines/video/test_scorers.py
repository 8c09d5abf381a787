"""Scores without training lie in [0, 1] and prefer what they say they prefer."""

import numpy as np
import pytest

from app.engines.video.rewards import drdsn_reward
from app.engines.video.scorers import (
    blend,
    diversity_representativeness,
    query_match,
    random_scores,
    time_ramp,
    uniform,
)


def test_every_scorer_stays_between_0_and_1():
    features = np.random.default_rng(0).normal(size=(70, 8))
    rows = [
        uniform(70),
        random_scores(70, np.random.default_rng(1)),
        time_ramp(70),
        diversity_representativeness(features),
        query_match(features, features[3]),
    ]
    assert all(row.shape == (70,) and row.min() >= 0 and row.max() <= 1 for row in rows)
    assert query_match(features, features[3]).argmax() == 3


def test_the_best_scenes_of_the_story_earn_more_reward_than_random_scenes():
    rng = np.random.default_rng(2)
    kinds, scenes = rng.normal(size=(6, 16)), rng.choice(6, 24, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1])
    features = np.repeat(kinds[scenes], 12, axis=0) + 0.1 * rng.normal(size=(288, 16))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    values = diversity_representativeness(features).reshape(24, 12).mean(axis=1)
    kept = np.zeros(24)
    kept[np.argsort(-values)[:5]] = 1
    chance = [drdsn_reward(features, np.repeat(rng.permutation(kept), 12)) for _ in range(50)]
    assert drdsn_reward(features, np.repeat(kept, 12)) > np.median(chance)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_short_videos_have_scores(count):
    assert diversity_representativeness(np.ones((count, 4))).shape == (count,)


def test_the_blend_is_a_weighted_mean_of_what_the_video_has():
    components = np.array([[0.0, 1.0], [1.0, 1.0]])
    assert blend(components, ("motion", "story"), {"motion": 3, "story": 1, "sound": 9}).tolist() == [0.25, 1.0]
    assert blend(components, ("motion", "story"), {}).tolist() == [0.5, 0.5]
