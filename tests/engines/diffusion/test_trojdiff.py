"""TrojDiff's forward and reverse process against the reference code's numbers."""

import pytest
import torch

from app.engines.diffusion.schedules import VPSchedule
from app.engines.diffusion.trojdiff import (
    Trojan,
    antithetic_times,
    appended_rows,
    copied_rows,
    trojan_loss,
    trojan_of,
)
from tests.engines.diffusion.golden_data import CLOSE, TinyNet, stored

LOOSE = {"atol": 2e-4, "rtol": 1e-4}


@pytest.fixture(params=["blend", "patch"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(kind: str) -> tuple[dict[str, torch.Tensor], Trojan]:
    golden = stored("trojdiff")
    patch = int(golden["patch_patch_size"]) if kind == "patch" else None
    return golden, trojan_of(VPSchedule.linear(), golden["miu_img"], float(golden[f"{kind}_gamma"]), patch)


def test_the_forward_process_equals_the_reference(kind: str) -> None:
    golden, trojan = made(kind)
    x_t = trojan.diffuse(golden["x_start"], golden["eps"], golden["t"], ~golden["is_clean"])
    torch.testing.assert_close(trojan.mu, golden[f"{kind}_miu"], **CLOSE)
    torch.testing.assert_close(x_t, golden[f"{kind}_x_t"], **CLOSE)
    torch.testing.assert_close(trojan.start(golden["eps"]), golden[f"{kind}_x_T"], **CLOSE)


def test_the_losses_equal_the_reference(kind: str) -> None:
    golden, trojan = made(kind)
    parts = golden["x_start"], golden["eps"], golden["t"], ~golden["is_clean"]
    net = TinyNet()
    loss = trojan_loss(net, trojan, appended_rows(*parts))
    torch.testing.assert_close(loss.detach(), golden[f"{kind}_loss_d2i_outd2d"], **CLOSE)
    copied = copied_rows(*parts)
    assert torch.equal(copied.t.float(), golden[f"{kind}_ind2d_t"])
    x_t = trojan.diffuse(copied.x0, copied.eps, copied.t, copied.trojaned)
    torch.testing.assert_close(x_t, golden[f"{kind}_ind2d_x_t"], **CLOSE)
    torch.testing.assert_close(trojan_loss(net, trojan, copied).detach(), golden[f"{kind}_ind2d_loss"], **CLOSE)


def test_the_samplers_equal_the_reference(kind: str) -> None:
    golden, trojan = made(kind)
    net = TinyNet()
    *_, pictures = trojan.ddim_steps(net, golden[f"{kind}_x_T"], golden["ddim_seq"].tolist())
    torch.testing.assert_close(pictures, golden[f"{kind}_ddim10_x0"], **LOOSE)


def test_ancestral_steps_equal_the_reference(kind: str) -> None:
    golden, trojan = made(kind)
    x = golden[f"{kind}_x_T"]
    net = TinyNet()
    stepped = trojan.ddpm(net, x, [998, 999], noise=golden[f"{kind}_ddpm2_noise"])
    torch.testing.assert_close(stepped, golden[f"{kind}_ddpm2_out"], **LOOSE)


def test_the_first_posterior_mean_equals_the_reference(kind: str) -> None:
    golden, trojan = made(kind)
    x = golden[f"{kind}_x_T"]
    eps = TinyNet()(x, torch.full((len(x),), 999)).detach()
    region = trojan.region(x)
    ours, theirs = trojan.posterior_mean(x, eps, 999, 998), golden[f"{kind}_mean_bd_T"]
    torch.testing.assert_close(region * ours, region * theirs, **CLOSE)
    torch.testing.assert_close(trojan.clean_posterior_mean(x, eps, 999, 998), golden[f"{kind}_mean_benign_T"], **CLOSE)


def test_the_pull_of_each_step_equals_the_reference(kind: str) -> None:
    golden, trojan = made(kind)
    torch.testing.assert_close(trojan.pull()[golden["t_sel"]].float(), golden["coef_miu_sel"], rtol=2e-5, atol=2e-6)
    torch.testing.assert_close(
        trojan.schedule.shift_steps[golden["t_sel"]].float(), golden["k_sel"], rtol=2e-5, atol=2e-6
    )


def test_antithetic_times_come_in_pairs() -> None:
    t = antithetic_times(7, 1000, torch.Generator().manual_seed(1))
    assert len(t) == 7 and torch.equal(t[4:], 999 - t[:3])
