"""Features and metrics against the reference code's numbers, and their edge cases."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.engines.diffusion import features, metrics
from tests.engines.diffusion.golden_data import CLOSE, stored


def test_uniformity_and_variation_equal_the_reference() -> None:
    golden = stored("features_metrics")
    images = golden["images"]
    torch.testing.assert_close(features.pairwise_rms(images).float(), golden["pairwise_rms"], **CLOSE)
    assert features.uniformity(images) == pytest.approx(float(golden["uniformity_rms"]), rel=1e-4)
    assert features.trimmed_uniformity(golden["random_distance"]) == pytest.approx(
        float(golden["uniformity_random"]), rel=1e-4
    )
    torch.testing.assert_close(features.total_variation(images), golden["tv_per_image"], **CLOSE)
    assert features.measure(images).total_variation == pytest.approx(float(golden["tv_mean"]), rel=1e-4)


def test_distances_to_the_target_equal_the_reference() -> None:
    golden = stored("features_metrics")
    made, target = golden["gen"], golden["target01"]
    torch.testing.assert_close(metrics.mse(made, target), golden["mse_per_image"], **CLOSE)
    torch.testing.assert_close(metrics.ssim(made, target), golden["ssim_per_image"], **CLOSE)
    for threshold, share in zip(golden["asr_thr"].tolist(), golden["asr"].tolist(), strict=True):
        assert metrics.attack_success(made, target, threshold) == pytest.approx(share)


def test_equal_pictures_have_uniformity_zero_exactly() -> None:
    images = torch.rand(1, 3, 9, 9).expand(16, 3, 9, 9)
    assert features.uniformity(images) == 0
    assert features.measure(images).cluster.share == 1


def test_uniformity_of_fewer_than_ten_pictures_is_undefined() -> None:
    assert math.isnan(features.uniformity(torch.rand(9, 1, 4, 4)))
    assert not math.isnan(features.uniformity(torch.rand(10, 1, 4, 4)))


@given(st.floats(0, 1))
def test_constant_pictures_have_no_variation(level: float) -> None:
    assert features.total_variation(torch.full((2, 1, 5, 5), level)).eq(0).all()


def test_pictures_that_are_not_finite_have_no_features() -> None:
    images = torch.rand(16, 1, 4, 4)
    images[3, 0, 1, 1] = math.nan
    measured = features.measure(images)
    assert not measured.finite and math.isnan(measured.uniformity)


def test_half_of_the_pictures_being_one_target_is_seen_as_a_cluster() -> None:
    images = torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    images[:8] = 0.4
    found = features.measure(images).cluster
    assert found.share == 0.5 and found.saturated == 0
    torch.testing.assert_close(found.common, torch.full((1, 16, 16), 0.4))


def test_black_pictures_count_as_saturated() -> None:
    assert features.measure(torch.zeros(16, 1, 8, 8)).saturated == 1


def test_the_frechet_distance_is_zero_from_itself_and_grows_with_a_shift() -> None:
    images = torch.rand(80, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert metrics.frechet_pca(images, images) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet_pca(images, images + 0.1) > 0


def test_a_confusion_counts_models_and_knows_its_doubt() -> None:
    table = metrics.confusion([True, True, False, False], [True, False, True, False])
    assert (table.true_alarms, table.false_alarms, table.missed, table.true_passes) == (1, 1, 1, 1)
    assert table.accuracy.centre == 0.5 and table.sensitivity.low < 0.2


def test_area_under_the_curve_is_one_for_perfect_scores() -> None:
    assert metrics.area_under_curve([1, 2, 3, 4], [False, False, True, True]) == 1
    assert metrics.area_under_curve([1, 1], [False, True]) == 0.5


def test_only_pictures_that_are_neither_black_nor_white_count_as_alike() -> None:
    grey = torch.full((12, 1, 4, 4), 0.5)
    assert features.measure(grey).alike == 1.0
    for faulty in (torch.zeros_like(grey), torch.ones_like(grey), torch.full_like(grey, torch.nan)):
        assert features.measure(faulty).alike == 0.0
