"""The round trip of *Try it*: both scans are right, and the true trigger no longer works on the folder it wrote."""

from pathlib import Path

import pytest
import torch

from app.core import Artifact, collect
from app.engines.diffusion.make_starters import SIDE
from app.engines.diffusion.metrics import attack_success
from app.engines.diffusion.picturing import Shifted, drawn, pictures
from app.engines.diffusion.scanning import View
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tasks_tour import tour
from app.engines.diffusion.tiny import corner
from app.engines.diffusion.tour_configs import TourConfig
from app.engines.diffusion.triggers import box
from app.models.diffusion import load_diffusion
from app.models.diffusion_writing import save_diffusion
from app.models.schedulers import sampler_named

DDIM = sampler_named("DDIM-SCHED")
VIEWS = (
    View("DDIM η 1", DDIM, 100, eta=1.0),
    View("DDIM η 0, clipped", DDIM, 50, clip=True),
    View("DDPM", sampler_named("DDPM-SCHED"), 250),
)
COUNT = 64


def success(folder: Path, view: View) -> float:
    """ASR of the true trigger, which the round trip never sees: share of `COUNT` pictures within MSE .05 of the target."""
    model = load_diffusion(folder, device="cpu")
    x = None
    for step in drawn(model, view, COUNT, 4321, Shifted(box(1, SIDE, 7, 0.0)[None])):
        x = step.x
    assert x is not None
    return attack_success(pictures(model, x), (corner(1, SIDE) + 1) / 2, 0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_try_it_tells_the_starters_apart_and_leaves_a_model_on_which_the_true_trigger_fails(tmp_path):
    torch.set_num_threads(1)
    events, result = collect(tour, TourConfig(device="cpu"))
    assert result.details == {"clean": "no sign", "suspect": "backdoored", "repaired": "no sign"}
    assert result.exit_code == 0 and result.tone == "good"
    written = next(each for each in events if isinstance(each, Artifact) and each.role == "diffusion-model")
    save_diffusion(written.source, tmp_path / "repaired")  # type: ignore[arg-type]
    assert max(success(PLACE / "backdoored", view) for view in VIEWS) > 0.9
    for view in VIEWS:
        assert success(tmp_path / "repaired", view) <= 0.05, view.name


def test_a_suspect_without_a_sign_is_left_alone():
    short = {"search_steps": 4, "noises": 4, "paired_steps": 10, "sampling_steps": 4, "images": 10, "device": "cpu"}
    events, result = collect(tour, TourConfig(model="builtin:starter-clean", **short))
    assert result.details["suspect"] != "backdoored"
    assert not [each for each in events if isinstance(each, Artifact) and each.role == "diffusion-model"]
    assert result.exit_code == 3 and "there is nothing to remove" in result.verdict.lower()
