"""The knapsack is exact, its ties are settled, and it repeats what was published."""

import itertools
import json

import numpy as np
import pytest

from app.core import AssayError
from app.engines.video.chance import shown_frames
from app.engines.video.knapsack import knapsack, knapsacks, published_knapsacks


def test_golden_cases_have_the_best_value_within_capacity(golden):
    cases = json.loads((golden / "videosum" / "summary_eval_expected.json").read_text())["knapsack"]
    assert len(cases) == 18
    for case in cases:
        values, weights = np.array(case["values"], float), np.array(case["weights"])
        chosen = knapsack(values, weights, case["capacity"])
        assert weights[chosen].sum() <= case["capacity"]
        assert values[chosen].sum() == pytest.approx(case["best_value_pgl"], abs=1e-9)
        published = published_knapsacks(values[None], weights, case["capacity"])[0]
        assert np.flatnonzero(published).tolist() == case["pgl_selected"]


def test_ties_go_to_the_shorter_set_and_then_to_earlier_shots():
    rng = np.random.default_rng(0)
    for _ in range(60):
        values, weights = rng.integers(0, 4, 7) / 10, rng.integers(1, 5, 7)
        capacity = int(rng.integers(1, 14))
        sets = [np.array(bits, bool) for bits in itertools.product([1, 0], repeat=7)]
        fitting = [bits for bits in sets if weights[bits].sum() <= capacity]
        best = min(fitting, key=lambda bits: (-round(values[bits].sum(), 9), weights[bits].sum(), tuple(~bits)))
        assert knapsack(values, weights, capacity).tolist() == best.tolist()


def test_pins_are_settled_first():
    values, weights = np.array([9.0, 1.0, 5.0]), np.array([5, 5, 5])
    assert knapsack(values, weights, 10, keep=(1,), drop=(0,)).tolist() == [False, True, True]
    with pytest.raises(AssayError, match="they last 15 frames, the budget is 10"):
        knapsack(values, weights, 10, keep=(0, 1, 2))


def test_many_value_rows_at_once_equal_one_by_one():
    rng = np.random.default_rng(3)
    values, weights = rng.random((9, 30)), rng.integers(20, 90, 30)
    together = knapsacks(values, weights, 300)
    assert all((row == knapsack(each, weights, 300)).all() for row, each in zip(together, values, strict=True))


def test_very_long_videos_stay_within_the_budget():
    rng = np.random.default_rng(4)
    weights = rng.integers(30_000, 900_000, 900)
    chosen = knapsack(rng.random(900), weights, 1_000_000)
    assert chosen.any() and weights[chosen].sum() <= 1_000_000


def test_twenty_real_user_summaries_are_reproduced(golden):
    real = np.load(golden / "videosum" / "tvsum_user_summary_EE-bNr36nyA.npz")
    frames, shots = int(real["n_frames"]), real["shots"].astype(int)
    values = np.array([[row[a : b + 1].mean() for a, b in shots] for row in real["user_anno"].astype(float)])
    chosen = knapsacks(values, shots[:, 1] - shots[:, 0] + 1, int(0.15 * frames))
    truth = np.unpackbits(real["user_summary_packed"], axis=1)[:, :frames].astype(bool)
    assert (shown_frames(chosen, shots, frames) == truth).all(axis=1).sum() == 20
