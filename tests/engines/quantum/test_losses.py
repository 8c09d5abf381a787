"""Losses against the golden values and slopes, and their behaviour at the edges."""

import math

import numpy as np
import pytest
import torch

from app.engines.quantum import losses
from app.engines.quantum.fidelity import overlaps

FIXED = {"softmax_T1": 0.0, "softmax_T10": math.log(10), "power_beta4": math.log(4)}


@pytest.mark.parametrize("block", ["a", "b", "c"])
@pytest.mark.parametrize("name", ["attract", "sum", "bce", *FIXED])
def test_value_and_slope_equal_the_golden_ones(block, name, golden_numbers):
    known = golden_numbers("losses.json")[block]
    found = torch.tensor(known["F"], dtype=torch.float64, requires_grad=True)
    ours = name if name not in FIXED else "power" if name.startswith("power") else "temperature"
    heat = torch.tensor(FIXED.get(name, 0.0), dtype=torch.float64)
    loss = losses.loss_of(ours, found, torch.tensor(known["y"]), heat)
    assert abs(loss.item() - known[name]) < 1e-10
    (slope,) = torch.autograd.grad(loss, found)
    assert np.abs(slope.numpy() - np.array(known[f"{name}_dF"])).max() < 1e-10
    assert found.argmax(dim=1).tolist() == known["argmax"]


@pytest.mark.parametrize("name", losses.PROBABILITY_MEANING)
def test_a_fidelity_of_zero_or_one_gives_a_finite_loss_and_slope(name):
    found = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    loss = losses.loss_of(name, found, torch.tensor([0, 0]), torch.tensor(1.0, dtype=torch.float64))
    (slope,) = torch.autograd.grad(loss, found)
    assert math.isfinite(loss.item()) and torch.isfinite(slope).all()


@pytest.mark.parametrize("name", ["attract", "sum", "temperature", "power"])
def test_probabilities_add_to_one(name):
    found = torch.rand(6, 4, dtype=torch.float64)
    chances = losses.probabilities(name, found, torch.tensor(1.0, dtype=torch.float64))
    assert torch.allclose(chances.sum(dim=1), torch.ones(6, dtype=torch.float64))


@pytest.mark.parametrize("name", losses.PROBABILITY_MEANING)
def test_equal_weights_change_nothing(name):
    found, labels = torch.rand(6, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1, 2])
    heat = torch.tensor(1.0, dtype=torch.float64)
    weighted = losses.loss_of(name, found, labels, heat, torch.full((6,), 2.0, dtype=torch.float64))
    assert torch.allclose(weighted, losses.loss_of(name, found, labels, heat))


def test_the_sum_loss_cannot_give_ten_classes_on_two_qubits_more_than_four_tenths_on_a_tight_frame():
    """A tight frame of ten unit vectors in four dimensions has Σ_c |ψ_c><ψ_c| = 10/4, so Σ_c F_c = 2.5 always."""
    place = np.arange(10)[:, None] * np.arange(4)
    frame = np.exp(2j * np.pi * place / 10) / 2
    rng = np.random.default_rng(0)
    data = rng.normal(size=(500, 4)) + 1j * rng.normal(size=(500, 4))
    data = np.concatenate([data / np.linalg.norm(data, axis=1, keepdims=True), frame])  # the best case is in it
    found = torch.from_numpy(overlaps(data, frame))
    assert torch.allclose(found.sum(dim=1), torch.tensor(2.5, dtype=torch.float64))
    assert losses.probabilities("sum", found).max().item() == pytest.approx(0.4)
    best = losses.share_of_sum(found[500:], torch.arange(10)).item()
    assert best == pytest.approx(-math.log(0.4))
