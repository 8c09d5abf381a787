"""One tiny set of settings per task, with which the contract test runs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TINY = {
    "classes": ["3", "9"],
    "subset": 80,
    "epochs": 3,
}


@dataclass(frozen=True)
class Case:
    """Settings, and for sessions the commands to send; `model` asks for the folder of a trained model first."""

    values: Mapping[str, Any]
    commands: Sequence[Mapping[str, Any]] = ()
    needs: tuple[str, Mapping[str, Any], str] | None = None
    """(task, settings, artifact role): run that first and put its artifact into `model`."""
    reaches: str = ""
    """Why the task cannot run here, where it needs a machine that tests do not have."""
    adapt: Callable[[dict[str, Any], Path], dict[str, Any]] | None = field(default=None)


def with_a_clip(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings with a small clip of known cuts as the video."""
    from app.engines.video.clip_world import make_clip
    from app.engines.video.clip_writing import write_clip

    path = folder / "clip.mp4"
    if not path.exists():
        write_clip(make_clip(8.0, width=208, height=118, rate=10, shots=4, seed=3), path)
    return {**values, "video": str(path)}


def with_its_analysis(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings with the analysis of the small clip."""
    from tests.contract import made

    folder.mkdir(parents=True, exist_ok=True)
    settings = with_a_clip({"film": False}, folder)
    analysis = made("video.summarise", settings, "video-analysis", folder)
    return {**values, "analysis": str(analysis)}


def with_a_shift(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings with a shift of the starter's size in the place of a search."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tau = -torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    save_file({"tau": tau}, folder / "shift.safetensors")
    return {**values, "shift": str(folder / "shift.safetensors")}


CASES: dict[str, Case] = {
    "diffusion.scan": Case(
        {
            "model": "builtin:starter-backdoored",
            "attack": "sde",
            "steps": 30,
            "batch": 4,
            "paired_steps": 10,
            "seeds": 2,
            "images": 10,
            "stochastic_steps": 4,
            "deterministic_steps": 3,
            "device": "cpu",
        }
    ),
    "diffusion.remove": Case(
        {
            "model": "builtin:starter-backdoored",
            "steps": 10,
            "batch": 4,
            "warm_up": 2,
            "check_every": 5,
            "sampling_steps": 3,
            "images": 10,
            "quality_images": 16,
            "synthetic": 64,
            "rescan_seeds": 1,
            "scan_steps": 10,
            "device": "cpu",
        },
        adapt=with_a_shift,
    ),
    "diffusion.tour": Case(
        {
            "clean": "builtin:starter-backdoored",
            "search_steps": 40,
            "noises": 4,
            "paired_steps": 10,
            "sampling_steps": 6,
            "images": 10,
            "steps": 10,
            "batch": 4,
            "device": "cpu",
        }
    ),
    "diffusion.attack": Case(
        {"steps": 12, "batch": 4, "check_every": 5, "sampling_steps": 2, "images": 10, "device": "cpu"}
    ),
    "diffusion.zoo": Case(
        {
            "villan_ode": False,
            "clean_per_kind": 1,
            "reference_scan": False,
            "base_updates": 3,
            "updates": 10,
            "batch": 4,
            "scan_seeds": 1,
            "scan_images": 10,
            "scan_steps": 2,
            "sampling_steps": 2,
            "images": 10,
            "quality_images": 16,
            "removal_updates": 10,
            "device": "cpu",
        }
    ),
    "video.summarise": Case({"budget": 30.0}, adapt=with_a_clip),
    "video.write": Case({"budget": 30.0, "preview": True, "features": True}, adapt=with_its_analysis),
    "video.otani": Case({"draws": 5}),
    "video.train": Case({"epochs": 2, "hidden": 8, "hidden_factors": 4, "samples": 2, "draws": 10}),
    "video.evaluate": Case({"epochs": 2, "hidden": 8, "samples": 2, "draws": 5, "folds": 2, "disturbed": True}),
    "video.rate": Case(
        {},
        commands=(
            {"name": "rate", "start": 0.0, "end": 2.0, "score": 4},
            {"name": "rate", "start": 2.0, "end": 4.0, "score": 1},
            {"name": "undo"},
            {"name": "finish"},
        ),
        adapt=with_its_analysis,
    ),
    "quantum.train": Case(TINY | {"noise": "ideal", "noisy_samples": 10, "shots": 100}),
    "quantum.compare": Case(TINY | {"repeats": 2, "models": "quick"}),
    "quantum.evaluate": Case(
        {"device": "ideal", "samples": 10, "shots": 100},
        needs=("quantum.train", TINY, "quantum-model"),
    ),
    "quantum.probe": Case(
        {},
        commands=(
            {"name": "sample"},
            {"name": "evaluate", "estimator": "inversion", "device": "", "shots": 100},
        ),
        needs=("quantum.train", TINY, "quantum-model"),
    ),
    "quantum.hardware": Case({}, reaches="it needs an IBM Quantum account; tests/engines/quantum/test_ibm*.py run it"),
    "quantum.machines": Case({}, reaches="it needs an IBM Quantum account; tests/engines/quantum/test_ibm*.py run it"),
}
