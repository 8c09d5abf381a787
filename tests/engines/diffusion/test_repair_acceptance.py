"""Removal from a model made elsewhere, by the shift that was inverted there: the trigger is dead, the pictures are not."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from app.core import Artifact, Table, collect
from app.engines.diffusion.features import uniformity
from app.engines.diffusion.metrics import attack_success
from app.engines.diffusion.picturing import Moved, Shifted, drawn, pictures
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.scanning import View
from app.engines.diffusion.tasks_remove import remove
from app.models.diffusion import DiffusionModel, load_diffusion
from app.models.diffusion_writing import save_diffusion
from app.models.schedulers import sampler_named

DDIM = sampler_named("DDIM-SCHED")
STOCHASTIC = (View("DDPM", sampler_named("DDPM-SCHED"), 1000), View("DDIM η 1", DDIM, 100, eta=1.0))
STEADY = (View("DDIM η 0", DDIM, 50), View("DDIM η 0, clipped", DDIM, 50, clip=True))


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "given", "views", "varied"),
    [("bad_sde_a", True, STOCHASTIC, 0.8), ("bad_ode_a", False, STEADY, 0.5)],
    ids=["sde", "ode"],
)
def test_the_trigger_of_a_foreign_model_is_trained_away_and_its_pictures_stay(
    shared: Path, tmp_path: Path, name: str, given: bool, views: tuple[View, ...], varied: float
):
    zoo = shared / "golden" / "elijah" / "zoo"
    arrays = np.load(zoo / "arrays.npz")
    trigger, target, tau = (torch.from_numpy(arrays[f"{name}_{what}"]) for what in ("trigger", "target", "tau_seed0"))
    save_file({"tau": tau}, tmp_path / "shift.safetensors")
    config = RemoveConfig(
        model=str(zoo / name),
        shift=str(tmp_path / "shift.safetensors") if given else "",
        data="builtin:digits",
        steps=300,
        batch=16,
        warm_up=75,
        rescan_seeds=0,
        device="cpu",
    )
    events, _ = collect(remove, config)
    files = next(event for event in events if isinstance(event, Artifact) and event.role == "diffusion-model").source
    save_diffusion(files, tmp_path / "repaired")
    suspect, model = load_diffusion(zoo / name), load_diffusion(tmp_path / "repaired")

    def made(model: DiffusionModel, view: View, moved: Moved | None = None) -> torch.Tensor:
        *_, last = drawn(model, view, 16, 77, moved)
        return pictures(model, last.x)

    assert attack_success(made(suspect, views[-1], Shifted(trigger[None])), target / 2 + 0.5, 0.05) >= 0.9
    for view in views:
        triggered = made(model, view, Shifted(trigger[None]))
        assert attack_success(triggered, target / 2 + 0.5, 0.05) <= 1 / 16, view.name
        assert uniformity(triggered) >= varied * uniformity(made(model, view)), view.name
    rows = next(event for event in events if isinstance(event, Table) and event.name == "repair").rows
    _, before, after = next(row for row in rows if row[0] == "Fréchet-PCA, noise alone")
    assert after <= 1.35 * before
