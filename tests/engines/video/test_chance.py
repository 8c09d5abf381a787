"""Chance is drawn on the same shots; p-values and intervals behave as they should."""

import numpy as np
import pytest

from app.engines.video.chance import chance, compare, holm, over_videos, random_summaries, shown_frames
from app.engines.video.detectors import shots_of

SHOTS = shots_of(np.arange(10, 400, 10), 400)


def test_random_summaries_are_whole_shots_within_the_budget():
    rows = random_summaries(SHOTS, 60, np.random.default_rng(0), 30)
    assert rows.shape == (30, 400) and (rows.sum(axis=1) == 60).all()
    assert len(np.unique(rows, axis=0)) > 20


def test_a_summary_that_everyone_made_is_better_than_chance():
    users = shown_frames(np.arange(40)[None] < 6, SHOTS)[[0, 0, 0]]
    found = chance(users[0], users, SHOTS, 60, np.random.default_rng(1))
    assert found.observed == 1.0 and found.p == pytest.approx(1 / 101) and found.ratio > 3
    assert found.low <= found.random <= found.high


def test_random_summaries_are_seldom_called_better_than_chance():
    rng = np.random.default_rng(2)
    users = random_summaries(SHOTS, 60, rng, 8)
    ps = [chance(row, users, SHOTS, 60, rng).p for row in random_summaries(SHOTS, 60, rng, 60)]
    assert np.mean(np.array(ps) < 0.05) < 0.15


def test_the_same_seed_gives_the_same_draws():
    first, second = (random_summaries(SHOTS, 60, np.random.default_rng(5), 4) for _ in range(2))
    assert (first == second).all()


def test_an_interval_over_videos_leaves_out_what_is_undefined():
    found = over_videos([0.1, 0.2, float("nan"), 0.3], np.random.default_rng(0))
    assert found.n == 3 and found.low <= found.centre == pytest.approx(0.2) and found.high <= 0.3


def test_a_steady_gain_over_the_same_videos_is_found():
    base = np.random.default_rng(0).random(20)
    found = compare(list(base), list(base + 0.05), np.random.default_rng(1))
    assert found.difference.centre == pytest.approx(0.05) and found.p < 0.001


def test_holm_adjusts_in_the_order_given():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
