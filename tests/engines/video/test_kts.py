"""Segmentation is exact: the reference's cuts and objectives, and sums that hold for long videos."""

import itertools

import numpy as np
import pytest

from app.core import AssayError
from app.engines.video.kts import kts


@pytest.fixture(scope="module")
def reference(golden):
    return np.load(golden / "videosum" / "kts.npz")


CASES = range(5)


@pytest.mark.parametrize("case", CASES)
def test_automatic_cuts_are_those_of_the_reference(reference, case):
    x = reference[f"k{case}_X"]
    (key,) = [key for key in reference if key.startswith(f"k{case}_auto_m")]
    most = int(key.split("_")[2][1:])
    found = kts(x, most_cuts=most)
    assert found.cuts(1.0).tolist() == reference[key].tolist()
    costs = reference[f"k{case}_auto_costs"]
    assert np.allclose(found.objective[: len(costs)], costs, rtol=1e-6, atol=0)


@pytest.mark.parametrize("case", CASES)
def test_every_number_of_cuts_may_be_allowed(reference, case):
    x = reference[f"k{case}_X"]
    assert kts(x, most_cuts=len(x) - 1).cuts(1.0).tolist() == reference[f"k{case}_auto_full_m"].tolist()


@pytest.mark.parametrize("case", CASES)
def test_a_small_penalty_cuts_as_the_reference_does(reference, case):
    x = reference[f"k{case}_X"]
    assert kts(x, most_cuts=min(60, len(x) - 1)).cuts(0.2).tolist() == reference[f"k{case}_auto_vmax0p2"].tolist()


@pytest.mark.parametrize("case", CASES)
def test_a_fixed_number_of_cuts_is_that_of_the_reference(reference, case):
    found = kts(reference[f"k{case}_X"])
    expected = reference[f"k{case}_fixed_m"]
    assert found.cuts(number=len(expected)).tolist() == expected.tolist()
    costs = reference[f"k{case}_fixed_obj"]
    assert np.allclose(found.objective[: len(costs)], costs, rtol=1e-6, atol=0)


@pytest.mark.parametrize("case", CASES)
def test_shots_of_at_least_four_picks_are_those_of_the_reference(reference, case):
    found = kts(reference[f"k{case}_X"], shortest=4)
    assert found.cuts(number=3).tolist() == reference[f"k{case}_m3_lmin4"].tolist()
    costs = reference[f"k{case}_m3_lmin4_obj"]
    reached = np.isfinite(
        costs
    )  # the reference's first row ends one short of its longest length, so no cut is infinite
    assert np.allclose(found.objective[: len(costs)][reached], costs[reached], rtol=1e-6, atol=0)


def test_no_segment_is_longer_or_shorter_than_allowed():
    x = np.random.default_rng(0).normal(size=(200, 6))
    found = kts(x, shortest=5, longest=20)
    edges = np.concatenate(([0], found.cuts(0.05), [200]))
    assert np.diff(edges).min() >= 5 and np.diff(edges).max() <= 20


def test_the_band_form_equals_a_kernel_summed_directly():
    rng = np.random.default_rng(1)
    x = np.repeat(rng.normal(size=(12, 9)), 50, axis=0) + 0.05 * rng.normal(size=(600, 9)) + 40
    found = kts(x, longest=100, most_cuts=20)
    cuts = found.cuts(number=11)
    kernel = (x - x.mean(axis=0)) @ (x - x.mean(axis=0)).T
    edges = [0, *cuts.tolist(), 600]
    direct = sum(np.trace(kernel[a:b, a:b]) - kernel[a:b, a:b].sum() / (b - a) for a, b in itertools.pairwise(edges))
    assert found.objective[11] == pytest.approx(direct, rel=1e-9)
    assert cuts.tolist() == list(range(50, 600, 50))


def test_a_static_video_has_no_cut():
    assert len(kts(np.ones((100, 8))).cuts(0.8)) == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_videos_have_a_segmentation(count):
    assert kts(np.eye(3)[:count], shortest=2, longest=120).cuts(1.0).max(initial=0) < count


def test_more_shots_than_possible_is_said_with_numbers():
    with pytest.raises(AssayError, match="1 to 4 shots"):
        kts(np.eye(8), shortest=2).cuts(number=6)


def test_features_that_are_no_numbers_are_refused():
    x = np.ones((10, 3))
    x[4, 1] = np.nan
    with pytest.raises(AssayError, match="first is row 4"):
        kts(x)
