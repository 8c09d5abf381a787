"""Training and removal losses against the reference code's numbers."""

import torch

from app.engines.diffusion import poisoning
from app.engines.diffusion.losses import denoise_through_shift, removal_terms, through_shift, training_loss
from app.engines.diffusion.poisoning import diffuse
from app.engines.diffusion.schedules import VESchedule, VPSchedule
from tests.engines.diffusion.golden_data import CLOSE, TinyNet, stored


def test_the_backdoor_training_loss_equals_the_reference() -> None:
    golden, schedule = stored("losses"), VPSchedule.linear()
    corruption = poisoning.baddiffusion(schedule)
    x_t, target = diffuse(corruption, golden["x_start"], golden["R"], golden["eps"], golden["t"])
    loss = training_loss(TinyNet(), schedule, x_t, target, golden["t"])
    torch.testing.assert_close(loss.detach(), golden["loss_backdoor_train"], **CLOSE)


def test_the_removal_loss_and_its_gradient_equal_the_reference() -> None:
    golden, schedule, net = stored("losses"), VPSchedule.linear(), TinyNet()
    x_t, target = diffuse(
        poisoning.clean(schedule), golden["x0"], torch.zeros_like(golden["x0"]), golden["eps"], golden["t"]
    )
    terms = removal_terms(
        net, TinyNet("tinynet_frozen"), schedule, golden["tau"], golden["eps"], x_t, target, golden["t"]
    )
    for ours, theirs in (
        (terms.shift, "removal_loss_dist_shift"),
        (terms.keep, "removal_loss_keep_clean"),
        (terms.diffusion, "removal_loss0"),
        (terms.total(), "removal_total"),
    ):
        torch.testing.assert_close(ours.detach(), golden[theirs], **CLOSE)
    terms.total().backward()
    norm = torch.stack([weight.grad.norm() for weight in net.parameters() if weight.grad is not None]).norm()
    torch.testing.assert_close(norm, golden["removal_grad_norm"], **CLOSE)
    torch.testing.assert_close(net.weights["c2_weight"].grad, golden["grad_c2_weight"], **CLOSE)


def test_the_score_model_losses_equal_the_reference() -> None:
    golden, schedule, net = stored("losses"), VESchedule.geometric(), TinyNet()
    x_t, target = diffuse(
        poisoning.villan_ve(schedule), golden["ve_x_start"], golden["ve_R"], golden["eps"], golden["ve_t"]
    )
    loss = training_loss(net, schedule, x_t, target, golden["ve_t"])
    torch.testing.assert_close(loss.detach(), golden["ve_loss"], **CLOSE)
    terms = removal_terms(
        net, TinyNet("tinynet_frozen"), schedule, golden["tau"], golden["eps"], x_t, target, golden["ve_t"]
    )
    torch.testing.assert_close(terms.shift.detach(), golden["ve_removal_dist_shift"], **CLOSE)
    torch.testing.assert_close(terms.keep.detach(), golden["ve_removal_keep_clean"], **CLOSE)


def test_denoising_through_a_shift_leads_back_to_the_picture() -> None:
    noise = torch.Generator().manual_seed(0)
    x0, eps, tau = (torch.randn(4, 1, 7, 7, generator=noise) for _ in range(3))
    psi, scale = torch.rand(4, generator=noise), torch.rand(4, generator=noise)
    for schedule in (VPSchedule.linear(), VESchedule.geometric()):
        t = torch.tensor([0, 10, 300, 900])
        x_t, _ = diffuse(poisoning.clean(schedule), x0, torch.zeros_like(x0), eps, t)
        moved, target = through_shift(schedule, tau, x_t, eps, t, psi, scale)
        signal, spread = (values[t].float().view(-1, 1, 1, 1) for values in (schedule.signal, schedule.spread))
        torch.testing.assert_close((moved - spread * target) / signal, x0, atol=2e-3, rtol=1e-3)
        if isinstance(schedule, VPSchedule):

            def perfect(x: torch.Tensor, t: torch.Tensor, answer: torch.Tensor = target) -> torch.Tensor:
                return answer

            assert denoise_through_shift(perfect, schedule, tau, x_t, eps, t, psi, scale) == 0
