"""Step sizes over a run, averaged weights, and optimiser states that a checkpoint can hold."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def one_cycle(step: int, steps: int, rise: float = 0.3) -> float:
    """Share of the peak rate at `step` of `steps`: up from 1/25 for the share `rise` of the run, down to 0 after it.

    Smith & Topin 2017, with cosine halves.
    """
    top = max(1.0, rise * steps)
    if step < top:
        return 0.04 + 0.96 * _half_cosine(step / top)
    return 1 - _half_cosine(min(1.0, (step - top) / max(1.0, steps - top)))


def warm_cosine(step: int, steps: int, warm: int) -> float:
    """Share of the rate at `step`: a linear ramp over `warm` steps, then a cosine down to 0 at `steps`."""
    if step < warm:
        return step / max(1, warm)
    return 1 - _half_cosine(min(1.0, (step - warm) / max(1, steps - warm)))


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Let `optimiser` take its next steps at `rate`."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def optimiser_state(optimiser: Optimizer) -> dict[str, Any]:
    """What `optimiser` remembers, under plain names; copies, so that later steps leave it alone."""
    memory = optimiser.state_dict()["state"]
    return {
        str(place): {name: _copy(value) for name, value in entries.items() if value is not None}
        for place, entries in memory.items()
    }


def restore_optimiser(optimiser: Optimizer, state: Mapping[str, Any]) -> None:
    """Give `optimiser` what `optimiser_state` took from one over the same parameters."""
    record = optimiser.state_dict()
    record["state"] = {
        int(place): {name: _copy(torch.as_tensor(value)) for name, value in entries.items()}
        for place, entries in state.items()
    }
    optimiser.load_state_dict(record)


def trainable_copy(net: nn.Module) -> nn.Module:
    """A copy of `net` whose weights take gradients, but for the frequencies of a Fourier embedding of the noise level.

    Those are drawn once and kept (Song et al. 2021): they multiply the logarithm of sigma, so that a small step in
    them turns every phase.
    """
    copied = copy.deepcopy(net).requires_grad_(True)
    for name, weight in copied.named_parameters():
        if name.startswith("time_proj."):
            weight.requires_grad_(False)
    return copied


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """Copies of the weights and buffers of `net`."""
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def restore_weights(net: nn.Module, weights: Mapping[str, Any]) -> None:
    """Load what `weights_of` took, every tensor by name."""
    net.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()}, strict=True)


def average_into(average: dict[str, Tensor], net: nn.Module, decay: float) -> None:
    """Move the exponential mean `average` towards the weights of `net`, in place."""
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - decay)
            else:
                average[name].copy_(value)


def _half_cosine(share: float) -> float:
    return (1 - math.cos(math.pi * share)) / 2


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value
