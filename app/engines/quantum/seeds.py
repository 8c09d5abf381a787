"""One integer becomes independent random streams: initial values, split, shuffling, shots, perturbations."""

from typing import Literal

import numpy as np

Purpose = Literal["init", "split", "shuffle", "shots", "perturb", "folds"]

_BRANCH: dict[str, int] = {"init": 0, "split": 1, "shuffle": 2, "shots": 3, "perturb": 4, "folds": 5}


def stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """The generator of `seed` for one purpose and one place in the run (an epoch, a step, a fold).

    Streams depend on nothing that happened before, so a resumed run draws what the uninterrupted one would have drawn.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_BRANCH[purpose], *position)))


def stream_seed(seed: int, purpose: Purpose, *position: int) -> int:
    """The same place as a number in [0, 2^31), for libraries that take only one."""
    return int(stream(seed, purpose, *position).integers(0, 2**31))
