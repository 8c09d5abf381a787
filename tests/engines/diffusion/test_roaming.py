"""A roaming shift goes uphill, keeps its length, and stays within its reach of the one that was found."""

import pytest
import torch

from app.engines.diffusion.roaming import RATE, Roaming

FOUND = torch.stack([torch.full((1, 4, 4), -0.8), torch.linspace(-1, 1, 16).view(1, 4, 4)])
LENGTHS = FOUND.flatten(1).norm(dim=1)
UPHILL = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(3))


def moved(reach: float, count: int) -> Roaming:
    """After `count` updates of a loss that is the greater the more the shifts point along `UPHILL`."""
    roaming = Roaming(FOUND, reach)
    for _ in range(count):
        (roaming.shifts * UPHILL).sum().backward()  # type: ignore[no-untyped-call]
        roaming.move()
    return roaming


def climbed(roaming: Roaming) -> torch.Tensor:
    return ((roaming.shifts.detach() - FOUND) * UPHILL).sum((1, 2, 3))


@pytest.mark.parametrize("reach", [0.2, 0.5, 1.0])
def test_it_climbs_within_its_reach_and_keeps_its_length(reach: float) -> None:
    before = moved(reach, 5)
    for count in (20, 60, 200):
        after = moved(reach, count)
        assert (climbed(after) >= climbed(before) - 1e-5).all() and (climbed(after) > 0).all()
        assert torch.allclose(after.shifts.detach().flatten(1).norm(dim=1), LENGTHS, rtol=1e-5)
        away = (after.shifts.detach() - FOUND).flatten(1).norm(dim=1)
        # To bring a shift back to its length moves it a little, never beyond the chord of its reach.
        assert (away <= 1.05 * reach * LENGTHS).all()
        before = after


def test_one_update_goes_a_hundredth_of_its_length_whatever_the_size_of_the_gradient() -> None:
    for factor in (1e-6, 1.0, 1e6):
        roaming = Roaming(FOUND, 1.0)
        (factor * roaming.shifts * UPHILL).sum().backward()  # type: ignore[no-untyped-call]
        roaming.move()
        away = (roaming.shifts.detach() - FOUND).flatten(1).norm(dim=1)
        assert (away <= 1.001 * RATE * LENGTHS).all() and (away > 0.5 * RATE * LENGTHS).all()


def test_without_a_gradient_it_stays() -> None:
    roaming = Roaming(FOUND, 0.5)
    roaming.move()
    assert torch.equal(roaming.shifts.detach(), FOUND)


def test_it_goes_on_bit_for_bit_from_its_state() -> None:
    whole, second = moved(0.5, 12), Roaming(FOUND, 0.5)
    second.resume(moved(0.5, 7).state())
    for _ in range(5):
        (second.shifts * UPHILL).sum().backward()  # type: ignore[no-untyped-call]
        second.move()
    assert torch.equal(whole.shifts, second.shifts)
