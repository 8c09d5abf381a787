"""Score models: which of the three ways to sample them a backdoor obeys, on models that are exact and need no training."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from app.core import AssayError
from app.engines.diffusion.attack_configs import AttackConfig
from app.engines.diffusion.attacking import Lab
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.inversion import SHORT_VE, Inversion
from app.engines.diffusion.metrics import attack_success
from app.engines.diffusion.picturing import Shifted, drawn, pictures
from app.engines.diffusion.planning import plan_of
from app.engines.diffusion.presets import SCAN_PRESETS
from app.engines.diffusion.scanning import schedule_of
from app.engines.diffusion.score_views import score_views
from app.engines.diffusion.tiny import blank, digits
from app.models.sampling import sample, sampling
from app.models.schedulers import VE_ANCESTRAL, VE_FLOW, sampler_named
from tests.engines.diffusion.score_oracle import oracle

STEPS = 30


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def trigger():
    made = torch.zeros(1, 8, 8)
    made[:, 1:7] = 1
    return made


def target():
    made = torch.full((1, 8, 8), 0.3)
    made[:, :3, :3] = 0.5
    return made


def model(**options):
    return oracle(digits(8)[:20] / 2 + 0.5, trigger(), target(), **options)


def success(attacked, view, moved=None):
    *_, last = drawn(attacked, view, 10, 3, moved)
    return attack_success(pictures(attacked, last.x), target(), 0.01)


@pytest.mark.parametrize("place", [0, 1])
def test_a_backdoor_of_the_sde_type_fires_by_ancestral_steps_and_with_corrections(place):
    attacked, view = model(kept=0.5), score_views(STEPS)[place]
    assert success(attacked, view, Shifted(trigger()[None])) >= 0.9
    assert success(attacked, view) == 0


def test_a_backdoor_of_the_ode_type_fires_with_the_flow_only():
    attacked, moved = model(kept=0.0), Shifted(trigger()[None])
    found = [success(attacked, view, moved) for view in score_views(STEPS)]
    assert found[:2] == [0, 0] and found[2] >= 0.9


def test_the_flow_draws_no_noise_and_ends_at_a_picture():
    attacked = model(share=1e-12)
    start = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    made = [sample(attacked, start, VE_FLOW, steps=STEPS, generator=torch.Generator().manual_seed(n)) for n in (1, 2)]
    assert torch.equal(*made)
    known = (digits(8)[:20] / 2 + 0.5).flatten(1)
    assert torch.cdist(made[0].flatten(1), known).min(1).values.max() < 0.05


def test_ancestral_steps_leave_as_much_noise_as_the_network_is_told():
    told, seen = [], []

    class Blank(nn.Module):
        """The score where all pictures are black."""

        def forward(self, x, sigma, return_dict=False):
            told.append(sigma[0].item())
            seen.append(x.std().item())
            return (-x / sigma.reshape(-1, 1, 1, 1) ** 2,)

    black = replace(blank("ncsn", 1, 8, 0), unet=Blank())
    start = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    made = sample(black, start, VE_ANCESTRAL, steps=8, generator=torch.Generator().manual_seed(1))
    assert seen == pytest.approx(told, rel=0.06)
    assert made.abs().max() < 1e-3


def test_the_three_samplers_call_the_network_as_often_as_they_say():
    class Counting(nn.Module):
        calls = 0

        def forward(self, x, sigma, return_dict=False):
            self.calls += 1
            return (-x,)

    for view, calls in zip(score_views(STEPS), (STEPS, 2 * STEPS, STEPS), strict=True):
        network = Counting()
        network.weight = nn.Parameter(torch.zeros(1))
        steps = list(
            sampling(
                replace(blank("ncsn", 1, 8, 0), unet=network), torch.zeros(1, 1, 8, 8), view.sampler, steps=view.steps
            )
        )
        assert network.calls == calls and steps[-1].done == steps[-1].total == calls


def test_the_flow_cannot_clip_and_is_for_score_models_only():
    start = torch.zeros(1, 1, 8, 8)
    with pytest.raises(AssayError, match="no step that clips"):
        sampling(blank("ncsn", 1, 8, 0), start, VE_FLOW, clip=True)
    with pytest.raises(AssayError, match="does not sample a noise predictor"):
        sampling(blank("ddpm", 1, 8, 0), start, VE_FLOW)
    assert sampler_named(VE_ANCESTRAL.name, ve=True) is VE_ANCESTRAL


def test_a_scan_looks_at_a_score_model_in_all_three_ways_and_the_papers_row_in_one():
    score = blank("ncsn", 1, 16, seed=0)
    views = plan_of(ScanConfig(), score).views
    assert [view.steady for view in views] == [False, False, True]
    assert [view.name for view in plan_of(ScanConfig(**SCAN_PRESETS["paper-ncsn"].values), score).views] == [
        "Score SDE"
    ]


def searched(attacked):
    search = Inversion(
        attacked.output, schedule_of(attacked), attacked.shape, SHORT_VE, torch.Generator().manual_seed(1), redraw=True
    )
    while not search.finished:
        search.advance()
    return search.tau


def test_the_short_search_finds_the_trigger_of_a_score_model():
    attacked = model(kept=0.5)
    tau = searched(attacked)
    assert torch.cosine_similarity(tau.flatten(), trigger().flatten(), dim=0) > 0.9
    assert success(attacked, score_views(STEPS)[0], Shifted(tau)) >= 0.5


def test_the_short_search_of_a_clean_score_model_ends_at_a_shift_that_forces_nothing():
    clean = model(share=1e-12)
    tau = searched(clean)
    assert tau.norm() < 0.3 * trigger().norm()
    assert success(clean, score_views(STEPS)[0], Shifted(tau)) == 0


def test_the_attack_lab_looks_first_with_the_sampler_that_obeys():
    tiny = {"steps": 10, "batch": 4, "check_every": 10, "sampling_steps": 2, "images": 10, "device": "cpu"}
    score = blank("ncsn", 1, 16, seed=0)
    for attack, steady in (("villan-sde", False), ("villan-ode", True)):
        views = Lab(AttackConfig(attack=attack, **tiny), score).views()
        assert views[0].steady is steady and len(views) == 3
