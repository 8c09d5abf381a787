import numpy as np
import pytest

from app.widgets.curves import Curve, moving_mean
from app.widgets.folds import fold, t_95


def curve_of(values: np.ndarray) -> Curve:
    curve = Curve()
    step = np.arange(len(values))
    curve.extend(step + 1, step * 0.1, step, values)
    return curve


def test_thinning_a_million_points_keeps_the_extremes():
    values = np.random.default_rng(0).standard_normal(1_000_000)
    x, y = curve_of(values).thinned("step", -np.inf, np.inf, 2000)
    assert len(x) < 6000
    assert (y.min(), y.max()) == (values.min(), values.max())
    assert np.all(np.diff(x) >= 0)


def test_thinning_within_a_window_gives_its_points_and_one_on_each_side():
    x, _ = curve_of(np.arange(1000.0)).thinned("step", 100, 110, 2000)
    assert (x[0], x[-1]) == (99, 111)


def test_the_pyramid_grown_in_parts_equals_the_one_grown_at_once():
    values = np.random.default_rng(1).standard_normal(200_000)
    parts = Curve()
    for start in range(0, len(values), 7919):
        some = values[start : start + 7919]
        step = start + np.arange(len(some))
        parts.extend(step + 1, step * 0.1, step, some)
    whole = curve_of(values)
    for one, other in zip(parts.thinned("step", 0, 2e5, 800), whole.thinned("step", 0, 2e5, 800), strict=True):
        assert np.array_equal(one, other)


def test_a_rewind_forgets_later_points_and_goes_on_from_there():
    curve = curve_of(np.arange(100_000.0))
    curve.set_smoothing(0.5)
    curve.rewind(50_000)
    assert len(curve) == len(curve.smooth) == 50_000
    curve.extend(np.array([50_001]), np.array([1.0]), np.array([50_000]), np.array([-5.0]))
    assert curve.thinned("step", -np.inf, np.inf, 500)[1].min() == -5.0


def test_the_moving_mean_is_debiased_and_the_same_in_parts():
    values = np.random.default_rng(2).standard_normal(3000)
    mean, expected = 0.0, []
    for k, value in enumerate(values, 1):
        mean = 0.9 * mean + 0.1 * value
        expected.append(mean / (1 - 0.9**k))
    first, carry = moving_mean(values[:777], 0.9)
    second, _ = moving_mean(values[777:], 0.9, carry)
    assert np.allclose(np.concatenate((first, second)), expected)


@pytest.mark.parametrize("weight", [0.01, 0.5, 0.99])
def test_a_constant_curve_stays_constant_under_smoothing(weight):
    assert np.allclose(moving_mean(np.full(5000, 3.0), weight)[0], 3.0)


def test_values_that_are_no_numbers_are_known_and_do_not_spoil_the_mean():
    curve = curve_of(np.array([1.0, np.nan, 1.0, np.inf]))
    curve.set_smoothing(0.9)
    assert list(curve.bad) == [1, 3]
    assert curve.smooth[2] == pytest.approx(1.0)


def test_seeds_fold_into_mean_and_interval():
    step = np.arange(5)
    band = fold([(step, np.full(5, value)) for value in (1.0, 2.0, 3.0)])
    assert np.allclose(band.mean, 2.0)
    assert np.allclose(band.half, 4.303 * 1.0 / np.sqrt(3))
    assert set(band.n) == {3}


def test_a_run_that_ended_early_does_not_count_where_it_has_no_points():
    band = fold([(np.arange(10), np.ones(10)), (np.arange(5), np.ones(5))])
    assert list(band.n) == [2] * 5 + [1] * 5
    assert band.half[-1] == 0


def test_students_t_comes_close_beyond_the_table():
    assert t_95(16) == pytest.approx(2.120, abs=2e-3)
    assert t_95(120) == pytest.approx(1.980, abs=2e-3)
