"""Intervals and tests agree with an independent library and with arithmetic done by hand."""

import math

import numpy as np
import pytest

from app import stats


@pytest.mark.parametrize("freedom", [1, 2, 3.7, 9, 40, 1000])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.9, 0.975, 0.9995, 0.025])
def test_the_t_quantile_agrees_with_scipy(probability, freedom):
    from scipy.special import stdtrit

    assert stats.t_quantile(probability, freedom) == pytest.approx(stdtrit(freedom, probability), rel=1e-9, abs=1e-9)


def test_the_mean_interval_of_five_values_is_the_textbook_one():
    interval = stats.mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval.centre == 3.0
    assert interval.half == pytest.approx(2.7764451 * math.sqrt(2.5 / 5), rel=1e-6)
    assert interval.n == 5


def test_one_value_says_nothing_about_its_spread():
    assert stats.mean_interval([0.9]).half == math.inf


def test_no_values_are_refused():
    with pytest.raises(ValueError):
        stats.mean_interval([])


@pytest.mark.parametrize("successes, n", [(0, 10), (10, 10), (7, 10), (489, 500)])
def test_wilsons_interval_agrees_with_scipy(successes, n):
    from scipy.stats import binomtest

    ours = stats.proportion_interval(successes, n)
    theirs = binomtest(successes, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_proportion_of_nothing_could_be_anything():
    interval = stats.proportion_interval(0, 0)
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_welchs_interval_agrees_with_scipy():
    from scipy.stats import ttest_ind

    first, second = [1.0, 2.0, 4.0, 3.5], [2.5, 3.0, 6.0]
    theirs = ttest_ind(second, first, equal_var=False).confidence_interval()
    ours = stats.unpaired_difference(first, second)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_pairing_narrows_the_interval_where_seeds_share_their_luck():
    first = [0.80, 0.90, 0.70, 0.85]
    second = [0.82, 0.925, 0.72, 0.868]
    assert stats.paired_difference(first, second).excludes(0)
    assert not stats.unpaired_difference(first, second).excludes(0)


def test_equal_values_on_both_sides_give_an_interval_of_no_width():
    assert stats.unpaired_difference([1.0, 1.0], [2.0, 2.0]).half == 0


def test_the_permutation_test_counts_every_order_of_a_tiny_sample():
    # 3 + 3 distinct values, fully separated: 2 of the 20 splits are as extreme.
    p = stats.permutation_test([1, 2, 3], [10, 11, 12], np.random.default_rng(0), rounds=20_000)
    assert p == pytest.approx(0.1, abs=0.01)


def test_the_sign_flip_test_of_five_equal_signs_is_two_in_thirty_two():
    p = stats.sign_flip_test([1, 2, 3, 4, 5], np.random.default_rng(0), rounds=40_000)
    assert p == pytest.approx(2 / 32, abs=0.006)


def test_the_bootstrap_covers_the_mean_of_a_wide_sample():
    rng = np.random.default_rng(1)
    values = rng.normal(3.0, 1.0, 200)
    interval = stats.bootstrap_interval(list(values), rng)
    assert interval.low < 3.0 < interval.high
    assert interval.half == pytest.approx(1.96 / math.sqrt(200), rel=0.2)
