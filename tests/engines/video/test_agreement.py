"""Agreement with people: F1, rank correlations against scipy and references, real ratings."""

import json

import numpy as np
import pytest
from scipy import stats

from app.engines.video import agreement


def test_tau_and_rho_are_those_of_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.integers(1, 6, (3, 80)), np.round(rng.random((4, 80)), 1)
    taus, rhos = agreement.tau_b(first, second), agreement.rho(first, second)
    for i in range(3):
        for j in range(4):
            assert taus[i, j] == pytest.approx(stats.kendalltau(first[i], second[j]).statistic, abs=1e-12)
            assert rhos[i, j] == pytest.approx(stats.spearmanr(first[i], second[j]).statistic, abs=1e-12)


def test_tau_of_long_rows_is_summed_in_parts(monkeypatch):
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 9, (1, 300)), rng.integers(0, 9, (2, 300))
    whole = agreement.tau_b(first, second)
    monkeypatch.setattr(agreement, "_PAIRS", 700)
    assert np.allclose(agreement.tau_b(first, second), whole, atol=1e-15)


def test_constant_rows_are_undefined_and_counted():
    found = agreement.rank_agreement(np.arange(5), np.array([[3, 3, 3, 3, 3], [1, 2, 3, 4, 5]]))
    assert (found.tau, found.undefined, found.pairs) == (1.0, 1, 2)
    assert np.isnan(agreement.rank_agreement(np.ones(5), np.eye(5)).tau)


@pytest.mark.parametrize("case", range(5))
def test_rank_correlations_are_those_of_the_reference(golden, case):
    held = np.load(golden / "videosum" / "summary_eval.npz")
    expected = json.loads((golden / "videosum" / "summary_eval_expected.json").read_text())["rank_correlation"][case]
    found = agreement.rank_agreement(held[f"r{case}_pred"], held[f"r{case}_users"])
    assert found.tau == pytest.approx(expected["tau"], abs=1e-9)
    assert found.rho == pytest.approx(expected["rho"], abs=1e-9)


@pytest.mark.shared_data
def test_real_ratings_agree_as_computed_independently(shared, golden):
    from app.data.annotations import load_annotations

    expected = json.loads((golden / "videosum" / "tvsum_subset_expected.json").read_text())
    by_id = {entry["video_id"]: entry for entry in expected.values() if isinstance(entry, dict)}
    for video in load_annotations(str(shared / "data" / "videosum" / "tvsum_annotations_subset.h5")):
        entry, ratings = by_id[video.video_id], video.user_anno[:, ::60].astype(float)
        human, best = agreement.human_reference(ratings), agreement.best_possible(ratings)
        ramp = agreement.rank_agreement(np.arange(ratings.shape[1]), ratings)
        for found, key in (
            (human.tau, "human_tau_step60"),
            (human.rho, "human_rho_step60"),
            (best.tau, "oracle_mean_tau_step60"),
            (best.rho, "oracle_mean_rho_step60"),
            (ramp.tau, "time_ramp_tau_step60"),
        ):
            assert found == pytest.approx(entry[key], abs=1e-9), (video.video_id, key)


def test_f1_counts_frames_that_both_chose():
    users = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]])
    assert agreement.f_scores(np.array([1, 1, 0, 0]), users).tolist() == [1.0, 0.0, 0.4]
    assert agreement.f_scores(np.zeros(4), np.zeros((1, 4))).tolist() == [0.0]


def test_a_true_cut_is_matched_at_most_once():
    assert agreement.cut_scores([99, 101, 200], [100, 300]) == (1 / 3, 1 / 2)
    assert agreement.cut_scores([], []) == (1.0, 1.0)


def test_alike_shots_are_redundant_and_cover_only_their_kind():
    features = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert agreement.redundancy(features, np.array([True, True, False])) == pytest.approx(1)
    assert agreement.diversity(features, np.array([True, False, True])) == pytest.approx(1)
    assert agreement.coverage(features, np.array([True, False, False])) == pytest.approx(2 / 3)
