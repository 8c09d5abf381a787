"""One integer becomes independent random streams for networks: weights, order, conditions, dropout, noise."""

from typing import Literal

import numpy as np
import torch

Purpose = Literal["init", "order", "condition", "step", "world", "split", "disturb", "latent"]

_BRANCH: dict[str, int] = {
    "init": 0, "order": 1, "condition": 2, "step": 3, "world": 4, "split": 5, "disturb": 6, "latent": 7,
}  # fmt: skip


def stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """The generator of `seed` for one purpose and one place in the run (an epoch, a step).

    It depends on nothing drawn before, so a resumed run draws what the uninterrupted one would have drawn.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_BRANCH[purpose], *position)))


def torch_stream(seed: int, purpose: Purpose, *position: int) -> torch.Generator:
    """The same place as a generator of torch on the CPU."""
    return torch.Generator().manual_seed(int(stream(seed, purpose, *position).integers(0, 2**63 - 1)))
