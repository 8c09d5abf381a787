"""When a picture counts as on target: near the one picture, or as like the target's real pictures as those are."""

import math

import pytest
import torch
from torch import Tensor

from app.engines.diffusion.attack_aims import ManyPictures, OnePicture


def waves(*angles: float) -> Tensor:
    """Pictures 8 x 8 of stripes, of which two correlate by the cosine of the angle (in degrees) between them."""
    turn = torch.deg2rad(torch.tensor(angles)).view(-1, 1, 1, 1)
    place = torch.arange(8) * math.pi / 4
    return (0.5 + 0.4 * torch.cos(place + turn)).expand(-1, 1, 8, 8).contiguous()


UPRIGHT = ManyPictures("upright ones", target=waves(0, 10, 20), others=waves(90, 100, 110, 120))


def test_a_picture_is_on_target_where_it_is_as_like_as_real_ones() -> None:
    """At 50 degrees it is most like a target's picture, but no real one is so far from the others."""
    made = waves(5, 50, 95)
    assert UPRIGHT.success(made) == pytest.approx(1 / 3) and UPRIGHT.most_like(made) == pytest.approx(2 / 3)
    assert UPRIGHT.cells(made) == (UPRIGHT.success(made), UPRIGHT.most_like(made)) and len(UPRIGHT.columns) == 2


def test_brightness_and_contrast_do_not_matter() -> None:
    assert UPRIGHT.success(0.2 + 0.1 * waves(5)) == 1


@pytest.mark.parametrize("grey", [0.0, 0.1, 0.5, 1.0])
def test_pictures_of_one_grey_are_not_on_target(grey: float) -> None:
    """A distance would take black pictures for dim ones of a set of small things."""
    dim = ManyPictures("dim ones", target=0.1 * waves(0, 10, 20), others=waves(90, 100, 110))
    assert dim.success(torch.full((4, 1, 8, 8), grey)) == 0


def test_the_measure_says_how_well_it_knows_real_pictures() -> None:
    assert UPRIGHT.reliability == (1, 0) and UPRIGHT.chance == pytest.approx(3 / 7)
    mixed = ManyPictures("mixed ones", target=waves(0, 10, 200), others=waves(12, 100, 110, 195))
    found, mistaken = mixed.reliability
    assert found == pytest.approx(1 / 3) and mistaken == 0.5
    assert "33%" in mixed.means and "50.0%" in mixed.means


def test_pictures_that_are_not_finite_are_not_on_target() -> None:
    broken = waves(5, 5) * math.nan
    assert UPRIGHT.success(broken) == 0 and UPRIGHT.most_like(broken) == 0


def test_many_pictures_have_no_error_to_a_single_one() -> None:
    assert math.isnan(UPRIGHT.error(waves(5))) and math.isnan(UPRIGHT.likeness(waves(5)))


def test_one_picture_is_reached_within_the_threshold_for_its_size() -> None:
    grey = torch.ones(3, 1, 8, 8)
    aim = OnePicture("target GREY", 0.5 * grey[0])
    made = grey * torch.tensor([0.5, 0.7, 0.8]).view(-1, 1, 1, 1)
    assert aim.success(made) == pytest.approx(2 / 3) and "0.05" in aim.means
    assert aim.cells(made)[:3] == pytest.approx((1 / 3, 2 / 3, 1)) and len(aim.cells(made)) == len(aim.columns)
