"""Rewards are those of the peers, and named for what they are."""

import json

import numpy as np
import pytest

from app.engines.video.rewards import drdsn_reward, pairwise_similarity


@pytest.mark.parametrize("case", range(4))
def test_rewards_are_those_of_the_peers(golden, case):
    held = np.load(golden / "videosum" / "reward.npz")
    expected = json.loads((golden / "videosum" / "reward_expected.json").read_text())[case]
    x, picked = held[f"x{case}"], held[f"a{case}"]
    assert drdsn_reward(x, picked) == pytest.approx(expected["reward_far_ignored"], abs=1e-5)
    assert drdsn_reward(x, picked, far_is_unlike=False) == pytest.approx(expected["reward_all"], abs=1e-5)
    assert pairwise_similarity(x, picked) == pytest.approx(expected["dsnet_diversity_raw"], abs=1e-5)


def test_nothing_picked_earns_nothing():
    assert drdsn_reward(np.ones((5, 2)), np.zeros(5)) == 0.0
    assert pairwise_similarity(np.ones((5, 2)), np.eye(5)[0]) == 0.0
