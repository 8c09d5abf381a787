"""What a removal shows of a model before and after it: every sampler, each from the same noise."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from app.core import Image, collect
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.tasks_remove import remove

TINY = {
    "steps": 10, "batch": 4, "warm_up": 2, "check_every": 5, "sampling_steps": 2, "images": 10, "quality_images": 16,
    "synthetic": 64, "rescan_seeds": 0, "device": "cpu",
}  # fmt: skip


def test_every_sampler_is_seen_before_and_after_and_the_most_forced_comes_first(tmp_path: Path):
    save_file({"tau": -torch.ones(1, 1, 16, 16)}, tmp_path / "shift.safetensors")
    events, _ = collect(remove, RemoveConfig(shift=str(tmp_path / "shift.safetensors"), **TINY))
    shown = [event for event in events if isinstance(event, Image)]
    for which in ("clean", "triggered"):
        before, after = (
            [event.name.rsplit("/", 1)[1] for event in shown if event.name.startswith(f"{when}/{which}/")]
            for when in ("before", "after")
        )
        assert before == after and set(before) == {"DDIM η 1", "DDIM η 0"}
