"""Trigger inversion against the reference code's numbers, and what ours adds to it."""

import pytest
import torch
from torch import Tensor

from app.core.errors import AssayError
from app.engines.diffusion.inversion import RULES, Inversion, check_alive, frozen
from app.engines.diffusion.schedules import VESchedule, VPSchedule
from tests.engines.diffusion.golden_data import TinyNet, stored

SHAPE = (3, 16, 16)
ROWS = {"bad": "baddiffusion", "ncsn": "ncsn", "ddim": "villan-ode"}
START = {"bad": (-1, 0), "ncsn": (1, 0), "ddim": (2, -1)}


def made(name: str, chunk: int | None = None) -> tuple[dict[str, Tensor], Inversion]:
    golden = stored("trigger_inversion")
    draw = golden["bad_rand01" if name == "bad" else f"{name}_rand01"]
    factor, offset = START[name]
    schedule = VESchedule.geometric() if name == "ncsn" else VPSchedule.linear()
    net = TinyNet("tinynet_inversion").requires_grad_(False)
    inversion = Inversion(
        net,
        schedule,
        SHAPE,
        RULES[ROWS[name]],
        torch.Generator(),
        noise=golden["noise"],
        tau=factor * draw + offset,
        chunk=chunk,
    )
    return golden, inversion


@pytest.mark.parametrize("name", ["bad", "ddim", "ncsn"])
@pytest.mark.parametrize("chunk", [None, 7])
def test_every_step_equals_the_reference(name: str, chunk: int | None) -> None:
    golden, inversion = made(name, chunk)
    stored_taus = dict(zip(golden[f"{name}_steps"].tolist(), golden[f"{name}_tau"], strict=True))
    for expected in golden[f"{name}_losses"].tolist():
        step = inversion.advance()
        chaotic = name == "ncsn" and step.step > 20
        assert step.loss == pytest.approx(expected, rel=0.3 if chaotic else 1e-4)
        if step.step in stored_taus:
            atol = 0.25 if chaotic else 2e-4
            torch.testing.assert_close(inversion.tau[0], stored_taus[step.step], atol=atol, rtol=0)
    assert inversion.finished


def fresh(seed: int = 3, redraw: bool = True) -> Inversion:
    net = TinyNet("tinynet_inversion").requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    return Inversion(net, VPSchedule.linear(), SHAPE, RULES["baddiffusion"], generator, redraw=redraw)


def test_a_resumed_inversion_equals_the_uninterrupted_one() -> None:
    whole, first, second = fresh(), fresh(), fresh(seed=99)
    for _ in range(9):
        whole.advance()
    for _ in range(4):
        first.advance()
    second.resume(first.state())
    for _ in range(5):
        second.advance()
    assert torch.equal(whole.tau, second.tau)
    assert whole.losses == second.losses


def test_a_loss_that_is_not_finite_starts_over_once_and_then_counts_as_diverged() -> None:
    def broken(x: Tensor, t: Tensor) -> Tensor:
        return x * float("nan")

    inversion = Inversion(broken, VPSchedule.linear(), SHAPE, RULES["baddiffusion"], torch.Generator().manual_seed(0))
    inversion.advance()
    assert not inversion.diverged
    inversion.advance()
    assert inversion.diverged and inversion.finished
    assert inversion.tau.isfinite().all()


def test_a_network_that_ignores_its_input_is_named() -> None:
    with pytest.raises(AssayError, match="does not depend on its input"):
        check_alive(lambda x, t: torch.zeros_like(x), VPSchedule.linear(), SHAPE, torch.Generator())


def test_the_loss_on_other_noise_can_be_told() -> None:
    inversion = fresh()
    other = torch.randn(20, *SHAPE, generator=torch.Generator().manual_seed(8))
    before = inversion.held_out(other)
    for _ in range(30):
        inversion.advance()
    assert inversion.held_out(other) < before


def test_freezing_a_network_is_undone_afterwards() -> None:
    net = TinyNet()
    with frozen(net):
        assert not any(weight.requires_grad for weight in net.parameters()) and not net.training
    assert all(weight.requires_grad for weight in net.parameters()) and net.training
