"""Schedules and corruptions against the reference code's numbers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.engines.diffusion import poisoning
from app.engines.diffusion.poisoning import diffuse, poison_rows, stamp
from app.engines.diffusion.schedules import VESchedule, VPSchedule
from tests.engines.diffusion.golden_data import CLOSE, stored

TIGHT = {"rtol": 2e-5, "atol": 2e-6}
SCHEDULES = {"vp": VPSchedule.linear(), "ldm": VPSchedule.scaled_linear()}


def close(ours: torch.Tensor, theirs: torch.Tensor, **tolerance: float) -> None:
    torch.testing.assert_close(ours.to(theirs.dtype), theirs, **(tolerance or CLOSE))


@pytest.mark.parametrize("name", ["vp", "ldm"])
def test_schedules_equal_the_reference(name: str) -> None:
    golden, schedule = stored("coefficients"), SCHEDULES[name]
    t = golden["timesteps_vp"]
    close(schedule.alphas_cumprod[t], golden[f"{name}_alphas_cumprod"], **TIGHT)
    close(schedule.shift_steps[t], golden[f"{name}_h"], **TIGHT)


@pytest.mark.parametrize("name", ["vp", "ldm"])
@pytest.mark.parametrize("psi", [1.0, 0.0, 0.5])
@pytest.mark.parametrize("solver", ["sde", "ode"])
def test_villan_coefficients_equal_the_reference(name: str, psi: float, solver: poisoning.Solver) -> None:
    golden, schedule = stored("coefficients"), SCHEDULES[name]
    t = golden["timesteps_vp"]
    corruption = poisoning.villan(schedule, psi, solver)
    close(corruption.shift[t], golden[f"{name}_psi{psi:g}_{solver}_step"], **TIGHT)
    theirs = golden[f"{name}_psi{psi:g}_{solver}_coef"].double()
    # 1 - sqrt(a) magnifies the last float32 digit of the root, which some processors' math libraries round otherwise.
    last_digit = 2**-24 * (schedule.spread / (1 - schedule.alphas))[t] * (2 if solver == "ode" else 1)
    allowed = TIGHT["atol"] + TIGHT["rtol"] * theirs + last_digit
    assert ((corruption.correction[t] - theirs).abs() <= allowed).all()


@pytest.mark.parametrize("solver", ["sde", "ode"])
def test_ve_coefficients_equal_the_reference(solver: poisoning.Solver) -> None:
    golden, schedule = stored("coefficients"), VESchedule.geometric()
    t = golden["timesteps_ve"]
    corruption = poisoning.villan_ve(schedule, solver)
    close(schedule.sigmas[t], golden["ve_sigmas_ascending"], **TIGHT)
    close(corruption.shift[t], golden[f"ve_{solver}_step"], **TIGHT)
    close(corruption.correction[t], golden[f"ve_{solver}_coef"], **TIGHT)


@pytest.mark.parametrize("name", ["vp", "ldm"])
@pytest.mark.parametrize("psi", [1.0, 0.0, 0.5])
@pytest.mark.parametrize("solver", ["sde", "ode"])
def test_villan_inputs_and_targets_equal_the_reference(name: str, psi: float, solver: poisoning.Solver) -> None:
    golden = stored("qsample")
    corruption = poisoning.villan(SCHEDULES[name], psi, solver)
    x, target = diffuse(corruption, golden["x_start"], golden["R"], golden["eps"], golden["t"])
    close(x, golden[f"villan_{name}_psi{psi:g}_{solver}_x"])
    close(target, golden[f"villan_{name}_psi{psi:g}_{solver}_target"])


def test_baddiffusion_inputs_and_targets_equal_the_reference() -> None:
    golden = stored("qsample")
    corruption = poisoning.baddiffusion(SCHEDULES["vp"])
    x, target = diffuse(corruption, golden["x_start"], golden["R"], golden["eps"], golden["t"])
    close(x, golden["bad_x"])
    close(target, golden["bad_target"])


def test_ve_inputs_and_targets_equal_the_reference() -> None:
    golden = stored("qsample")
    corruption = poisoning.villan_ve(VESchedule.geometric())
    x, target = diffuse(corruption, golden["ve_x_start"], golden["ve_R"], golden["eps"], golden["ve_t"])
    close(x, golden["ve_x"])
    close(target, golden["ve_target"])


def test_poisoned_rows_are_stamped_and_led_to_the_target() -> None:
    golden = stored("qsample")
    made = poison_rows(golden["x0"], golden["target"], golden["trigger"], ~golden["is_clean"], low=-1)
    close(made.x0, golden["x_start"])
    close(made.shift, golden["R"])


def test_trigger_only_rows_carry_the_trigger_whole() -> None:
    golden = stored("qsample")
    made = poison_rows(golden["x0"], golden["target"], golden["trigger"], ~golden["is_clean"], -1, trigger_only=True)
    assert torch.equal(made.shift[~golden["is_clean"]][0], golden["trigger"])
    assert not made.shift[golden["is_clean"]].any()


@given(st.integers(0, 999), st.integers(1, 3), st.integers(1, 9))
def test_a_clean_row_is_ordinary_diffusion_whatever_the_attack(t: int, channels: int, size: int) -> None:
    noise = torch.Generator().manual_seed(t)
    x0, eps = (torch.randn(2, channels, size, size, generator=noise) for _ in range(2))
    times = torch.full((2,), t)
    zero = torch.zeros_like(x0)
    plain = diffuse(poisoning.clean(SCHEDULES["vp"]), x0, zero, eps, times)
    attacked = diffuse(poisoning.villan(SCHEDULES["vp"], 0.3, "ode"), x0, zero, eps, times)
    assert torch.equal(plain[0], attacked[0]) and torch.equal(plain[1], attacked[1])


def test_stamping_keeps_the_picture_where_the_trigger_is_background() -> None:
    trigger = torch.full((1, 5, 5), -1.0)
    trigger[0, 1, 1] = 0.5
    stamped = stamp(torch.zeros(1, 1, 5, 5), trigger, low=-1)
    assert stamped.sum() == 0.5


def test_at_pure_noise_the_correction_is_what_inversion_assumes() -> None:
    schedule = SCHEDULES["vp"]
    assert float(poisoning.villan(schedule, 1, "sde").correction[-1]) == pytest.approx(0.5025, abs=1e-4)
    assert float(poisoning.villan(schedule, 1, "ode").correction[-1]) == pytest.approx(1.005, abs=1e-3)
