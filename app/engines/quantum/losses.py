"""What training makes small, from fidelities F (n, classes) and labels y (n,) (method 2.6).

Each loss takes one non-negative weight per sample and returns the weighted mean. F is clamped inside logarithms only,
at 1e-9 for exact values.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

LossName = Literal["attract", "sum", "bce", "temperature", "power"]

FLOOR = 1e-9

START_LOG_TEMPERATURE: dict[str, float] = {"temperature": 2.302585092994046, "power": 0.0}
"""τ at the start, for the two losses that learn it: ln 10 and 0."""

PROBABILITY_MEANING: dict[str, str] = {
    "attract": "F divided by its sum over the classes",
    "sum": "F divided by its sum over the classes",
    "bce": "F of each class by itself; the classes need not add to 1",
    "temperature": "softmax of e^τ F",
    "power": "softmax of e^τ log F",
}


def learns_temperature(name: LossName) -> bool:
    return name in START_LOG_TEMPERATURE


def loss_of(
    name: LossName,
    fidelity: Tensor,
    labels: Tensor,
    log_temperature: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """The loss called `name`; `log_temperature` τ is needed by temperature and power only."""
    if name == "temperature":
        return temperature(fidelity, labels, _needed(log_temperature), weights)
    if name == "power":
        return power(fidelity, labels, _needed(log_temperature), weights)
    plain: dict[str, Callable[[Tensor, Tensor, Tensor | None], Tensor]] = {
        "attract": attract,
        "sum": share_of_sum,
        "bce": binary,
    }
    return plain[name](fidelity, labels, weights)


def attract(fidelity: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean -log F_y: each class state is drawn to its own samples alone."""
    return _mean(-_log(_own(fidelity, labels)), weights)


def share_of_sum(fidelity: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean -log(F_y / Σ_c F_c)."""
    return _mean(_log(fidelity.sum(dim=1)) - _log(_own(fidelity, labels)), weights)


def binary(fidelity: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over samples of the sum over classes of -[y = c] log F_c - [y ≠ c] log(1 - F_c)."""
    own = functional.one_hot(labels, fidelity.shape[1]).to(torch.bool)
    return _mean(-_log(torch.where(own, fidelity, 1 - fidelity)).sum(dim=1), weights)


def temperature(fidelity: Tensor, labels: Tensor, log_temperature: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of the logits e^τ F_c."""
    return _cross_entropy(log_temperature.exp() * fidelity, labels, weights)


def power(fidelity: Tensor, labels: Tensor, log_temperature: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of the logits e^τ log F_c."""
    return _cross_entropy(log_temperature.exp() * _log(fidelity), labels, weights)


def probabilities(name: LossName, fidelity: Tensor, log_temperature: Tensor | None = None) -> Tensor:
    """The loss's own class probabilities (n, classes); `PROBABILITY_MEANING` says in words what they are."""
    if name == "temperature":
        return torch.softmax(_needed(log_temperature).exp() * fidelity, dim=1)
    if name == "power":
        return torch.softmax(_needed(log_temperature).exp() * _log(fidelity), dim=1)
    if name == "bce":
        return fidelity.clamp(0, 1)
    positive = fidelity.clamp_min(FLOOR)
    return positive / positive.sum(dim=1, keepdim=True)


def _log(value: Tensor) -> Tensor:
    return value.clamp_min(FLOOR).log()


def _own(fidelity: Tensor, labels: Tensor) -> Tensor:
    return fidelity.gather(1, labels[:, None])[:, 0]


def _mean(each: Tensor, weights: Tensor | None) -> Tensor:
    return each.mean() if weights is None else (each * weights).sum() / weights.sum()


def _cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    if weights is None:
        return functional.cross_entropy(logits, labels)
    return _mean(functional.cross_entropy(logits, labels, reduction="none"), weights)


def _needed(log_temperature: Tensor | None) -> Tensor:
    if log_temperature is None:
        raise ValueError("this loss learns a temperature and none was given")
    return log_temperature
