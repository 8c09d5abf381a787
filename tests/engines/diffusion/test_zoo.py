"""Real tiny models with known truth: what inversion and the rules without references find."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from app.engines.diffusion.detector import Evidence, Probe, judge
from app.engines.diffusion.features import measure
from app.engines.diffusion.inversion import RULES, Inversion
from app.engines.diffusion.metrics import attack_success
from app.engines.diffusion.paired_noise import PairedNoise, shift_energy
from app.engines.diffusion.schedules import VPSchedule
from app.models.diffusion import DiffusionModel, load_diffusion
from app.models.sampling import sample
from app.models.schedulers import sampler_named

pytestmark = [pytest.mark.slow, pytest.mark.shared_data]


def model_of(shared: Path, name: str) -> DiffusionModel:
    return load_diffusion(shared / "golden" / "elijah" / "zoo" / name)


def inverted(model: DiffusionModel, generator: torch.Generator) -> Tensor:
    inversion = Inversion(model.output, VPSchedule(model.alphas_cumprod), model.shape, RULES["baddiffusion"], generator)
    while not inversion.finished:
        inversion.advance()
    return inversion.tau


def pictures(model: DiffusionModel, tau: Tensor | float) -> Tensor:
    """Sixteen pictures by DDIM with eta 1, the same noise each time."""
    noise = torch.Generator().manual_seed(7)
    eps = torch.randn(16, *model.shape, generator=noise)
    made = sample(model, eps + tau, sampler_named("DDIM-SCHED"), steps=100, eta=1.0, generator=noise)
    return model.pictures(made)


@pytest.mark.parametrize("name", ["bad_sde_a", "bad_sde_b"])
def test_inversion_finds_the_trigger_of_a_stochastic_backdoor(shared: Path, name: str) -> None:
    model = model_of(shared, name)
    with np.load(shared / "golden" / "elijah" / "zoo" / "arrays.npz") as arrays:
        trigger, target = (torch.from_numpy(arrays[f"{name}_{role}"]) for role in ("trigger", "target"))
    tau = inverted(model, torch.Generator().manual_seed(0))
    assert torch.cosine_similarity(tau.flatten(), trigger.flatten(), dim=0).abs() >= 0.75
    forced = pictures(model, tau)
    assert attack_success(forced, target / 2 + 0.5, 0.05) >= 0.5
    probe = Probe("DDIM eta 1", "A", measure(pictures(model, 0.0)), measure(forced))
    assert judge(Evidence((probe,))).alarm


@pytest.mark.parametrize("name", ["clean_a", "clean_b", "clean_c"])
def test_a_clean_model_raises_no_alarm(shared: Path, name: str) -> None:
    model = model_of(shared, name)
    tau = inverted(model, torch.Generator().manual_seed(0))
    probe = Probe("DDIM eta 1", "A", measure(pictures(model, 0.0)), measure(pictures(model, tau)))
    assert not judge(Evidence((probe,))).alarm


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("bad_ode_a", 0.2, 1.0), ("clean_a", 0.0, 0.06), ("clean_b", 0.0, 0.06), ("clean_c", 0.0, 0.06)],
)
def test_paired_noise_tells_a_deterministic_backdoor_from_clean_models(
    shared: Path, name: str, low: float, high: float
) -> None:
    model = model_of(shared, name)
    search = PairedNoise(model.output, VPSchedule(model.alphas_cumprod), model.shape, torch.Generator().manual_seed(0))
    while not search.finished:
        search.advance()
    assert low <= shift_energy(search.tau) < high
