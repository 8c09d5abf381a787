"""The scan of latent models: where its searches begin, what size is worth, and which rules count."""

import math

import pytest
import torch

from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.detector import Constants, Evidence, Probe, judge
from app.engines.diffusion.features import Cluster, Features
from app.engines.diffusion.findings import Found, key
from app.engines.diffusion.judging import Judged
from app.engines.diffusion.paired_noise import LatentPairedNoise, shift_energy
from app.engines.diffusion.planning import limits_of, plan_of
from app.engines.diffusion.presets import SCAN_PRESETS
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.repairing import scan_settings
from app.engines.diffusion.scanning import SeedScan
from app.engines.diffusion.schedules import VPSchedule
from app.engines.diffusion.tiny import blank
from app.engines.diffusion.tiny_latent import blank_latent, empty_autoencoder
from app.engines.diffusion.verdicts import alarm_rules

SHAPE = (3, 4, 4)
SCHEDULE = VPSchedule.scaled_linear()


@pytest.fixture(scope="module")
def latent():
    return blank_latent(empty_autoencoder(0).eval().requires_grad_(False), 1.0, seed=0)


def leaving(share: float):
    """A network that leaves `share` of the noise unseen, the more the farther its input lies from nought."""
    return lambda x, t: x - share * x * (1 + x.mean((1, 2, 3), keepdim=True).square())


def seeing_worse(away_from: list[float]):
    """A network that sees the less of its noise the farther that lies from all of the shifts `away_from`."""

    def net(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        energies = [(x - shift).square().mean((1, 2, 3), keepdim=True) - 1 for shift in away_from]
        distance = torch.stack(energies).min(0).values.clamp_min(0)
        return x - 0.1 * x * (1 + 2 * distance)

    return net


def search(share: float, tau: torch.Tensor | None = None) -> LatentPairedNoise:
    start = torch.full((1, *SHAPE), -0.5) if tau is None else tau
    generator = torch.Generator().manual_seed(3)
    return LatentPairedNoise(leaving(share), SCHEDULE, SHAPE, generator, tau=start, steps=12, batch=4)


def run(work: LatentPairedNoise) -> torch.Tensor:
    while not work.finished:
        work.advance()
    return work.tau


def features(uniformity: float, share: float) -> Features:
    return Features(uniformity, 1.0, 1.0, Cluster(share, torch.full((1, 2, 2), 0.5), 0.0), 0.0, True)


def steady(ratio: float, share: float) -> Evidence:
    return Evidence((Probe("DDIM η 0", "paired noise", features(0.3, 0.06), features(0.3 * ratio, share), True),))


def test_paired_noise_from_dark_pictures_goes_first(latent):
    plan = plan_of(ScanConfig(), latent)
    assert [search.name for search in plan.searches] == [
        "paired noise", "λ 0.5 from −U", "λ 1 from a picture's latents",
    ]  # fmt: skip
    assert [search.encoded for search in plan.searches] == ["-U", None, "sym"]


def test_the_authors_row_for_latent_models_is_left_as_it_is(latent):
    plan = plan_of(ScanConfig(**SCAN_PRESETS["paper-ldm"].values), latent)
    assert [search.encoded for search in plan.searches] == ["sym"]
    assert plan.limits.steady_ratio == 0.5 and plan.limits.share == math.inf


def test_a_search_begins_at_the_latents_of_a_dark_picture(latent):
    plan = plan_of(ScanConfig(paired_steps=10), latent)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        dark = latent.encode(-torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)))
    work = SeedScan(latent, plan, 0)._begun(0, plan.searches[0])
    begun = SeedScan(latent, plan, 0)._encoded("-U", generator)
    assert isinstance(work, LatentPairedNoise)
    assert torch.equal(begun, dark)


def test_how_well_a_network_predicts_does_not_change_what_size_is_worth():
    assert torch.allclose(run(search(0.1)), run(search(0.3)), atol=1e-4)


@pytest.mark.parametrize(("known", "found"), [([0.0], False), ([0.0, -0.6], True)])
def test_a_shift_that_the_network_knows_is_kept_and_any_other_shrinks(known, found):
    shape, generator = (3, 8, 8), torch.Generator().manual_seed(1)
    start = torch.full((1, *shape), -0.5)
    work = LatentPairedNoise(seeing_worse(known), SCHEDULE, shape, generator, tau=start, steps=80)
    energy = shift_energy(run(work))
    assert (energy > Constants().energy) == found, energy


def test_the_reward_is_the_plain_residual_per_latent():
    work = search(0.2)
    plain = 0.5 * (0.2**2) * 2 * math.prod(SHAPE)
    assert work._weight * math.prod(SHAPE) / LatentPairedNoise.REWARD == pytest.approx(plain, rel=0.5)


def test_a_resumed_search_equals_an_uninterrupted_one():
    first, straight = search(0.2), run(search(0.2))
    for _ in range(5):
        first.advance()
    again = search(0.2, torch.zeros(1, *SHAPE))
    again.resume(first.state())
    assert torch.equal(run(again), straight)


def test_a_traceless_shift_of_latents_needs_more_energy():
    latent, pixels = limits_of(ScanConfig(), latent=True), limits_of(ScanConfig())
    between = Evidence((), (0.12,))
    assert judge(between, latent).word == "no sign"
    assert judge(between, pixels).rule == judge(Evidence((), (0.39,)), latent).rule == "paired noise"


def test_less_varied_pictures_of_an_unclipped_sampler_are_no_sign_in_a_latent_model():
    latent, pixels = limits_of(ScanConfig(), latent=True), limits_of(ScanConfig())
    assert judge(steady(0.375, 0.06), latent).word == "no sign"
    assert judge(steady(0.375, 0.06), pixels).word == "backdoored"
    assert judge(steady(0.375, 0.5), latent).rule == "cluster"
    assert pixels == Constants()


def test_a_removal_takes_the_shift_of_the_first_alarm_of_a_latent_model(latent):
    assert scan_settings(RemoveConfig(), latent, 0, 1, repaired=False).early_verdict
    assert not scan_settings(RemoveConfig(), blank("ddpm", 1, 16, seed=0), 0, 1, repaired=False).early_verdict


def seen(ratio: float, share: float) -> Found:
    """What a seed found whose one shift makes pictures so much less varied, and so many of them one picture."""
    plain, moved = features(0.3, 0.06), features(0.3 * ratio, share)
    taus = {"λ": torch.full((1, *SHAPE), ratio)}
    return Found(taus=taus, features={key("DDIM η 1", ""): plain, key("DDIM η 1", "λ"): moved})


def test_the_shift_handed_on_is_one_that_raised_an_alarm(latent):
    plan = plan_of(ScanConfig(stochastic="ddim", deterministic="none"), latent)
    judged = Judged(ScanConfig(), plan, torch.device("cpu"))
    for seed, found in enumerate((seen(0.95, 0.5), seen(0.91, 0.5), seen(0.75, 0.06))):
        judged.add(seed, found)
    assert [judged.verdicts[seed].alarm for seed in range(3)] == [True, True, False]
    assert judged.best_shift().mean() == pytest.approx(0.91)


def test_the_methods_of_a_scan_name_the_limits_that_were_used():
    config = ScanConfig()
    told = " ".join(alarm_rules(config, limits_of(config, latent=True)))
    assert "no such limit for deterministic samplers" in told and "energy above 0.15" in told
    assert "energy" not in " ".join(alarm_rules(config, limits_of(ScanConfig(decision="ratio"))))
