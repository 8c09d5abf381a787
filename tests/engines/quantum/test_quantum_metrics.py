"""Scores against hand-made tables and scikit-learn."""

import numpy as np
import pytest

from app.engines.quantum import metrics


def test_scores_equal_those_of_scikit_learn():
    from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

    rng = np.random.default_rng(0)
    labels, guesses = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    found = metrics.score(labels, guesses, "abcd")
    assert found.accuracy == pytest.approx((labels == guesses).mean())
    assert found.balanced == pytest.approx(balanced_accuracy_score(labels, guesses))
    assert found.macro_f1 == pytest.approx(f1_score(labels, guesses, average="macro"))
    assert np.array_equal(found.confusion, confusion_matrix(labels, guesses))
    assert found.interval.low < found.accuracy < found.interval.high


def test_a_class_that_never_occurs_does_not_spoil_the_means():
    found = metrics.score(np.array([0, 0, 1]), np.array([0, 0, 1]), "abc")
    assert (found.balanced, found.macro_f1) == (1.0, 1.0)


def test_the_fidelity_matrix_averages_by_true_class():
    fidelity = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    assert np.allclose(metrics.fidelity_matrix(fidelity, np.array([0, 0, 1])), [[0.7, 0.3], [0.1, 0.9]])


def test_improvement_is_given_in_points_and_in_per_cent():
    assert metrics.improvement(0.9, 0.6) == pytest.approx((30.0, 50.0))


def test_seeds_are_summed_up_with_population_spread_and_a_t_interval():
    assert metrics.spread([0.9, 0.92]) == pytest.approx(0.01)
    assert metrics.across_seeds([0.9, 0.92]).half == pytest.approx(12.706 * 0.01, rel=1e-3)
