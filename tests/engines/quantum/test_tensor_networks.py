"""Tensor trains and matrix product states against two independent libraries' numbers."""

import numpy as np
import pytest
import torch

from app.engines.quantum import tensor_networks as networks


def tensors(known, prefix):
    return [torch.from_numpy(known[f"{prefix}_core{i}"]) for i in range(4) if f"{prefix}_core{i}" in known]


@pytest.mark.parametrize("name", ["tt2_8x8_r4", "tt3_64_r3_2", "tt2_28x28_r4"])
def test_tensor_trains_equal_the_golden_ones(name, golden_numbers):
    known = golden_numbers("tensor_networks.npz")
    x = torch.from_numpy(known[f"{name}_x"])
    found = networks.train_linear(x, tensors(known, name)).numpy()
    assert np.abs(found - known[f"{name}_y"]).max() < 1e-10
    assert np.abs(found - known[f"{name}_x"] @ known[f"{name}_dense_matrix"]).max() < 1e-10


@pytest.mark.parametrize(("name", "side"), [("tt2_8x8_r4", 8), ("tt2_28x28_r4", 28)])
def test_the_fast_path_for_two_cores_equals_the_general_one(name, side, golden_numbers):
    known = golden_numbers("tensor_networks.npz")
    first, second = tensors(known, name)
    images = torch.from_numpy(known[f"{name}_x"]).reshape(-1, side, side)
    found = networks.two_core_linear(images, first[0], second[..., 0], torch.zeros(4, dtype=torch.float64))
    assert np.abs(found.numpy() - known[f"{name}_y"]).max() < 1e-10


@pytest.mark.parametrize("name", ["mps8", "mps64"])
def test_matrix_product_states_equal_the_golden_ones(name, golden_numbers):
    known = golden_numbers("tensor_networks.npz")
    x, cores, output = (torch.from_numpy(known[f"{name}_{part}"]) for part in ("x", "cores", "output_core"))
    end = torch.zeros(cores.shape[1], dtype=torch.float64)
    end[0] = 1
    found = networks.matrix_product(x, cores, output, end, end, networks.bright_then_dark)
    assert np.abs(found.numpy() - known[f"{name}_y"]).max() < 1e-10


def test_matrix_product_gradients_equal_finite_differences():
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.uniform(size=(2, 7)))
    parts = [part.requires_grad_(True) for part in networks.draw_matrix_product(7, 3, 2, rng)]
    assert torch.autograd.gradcheck(lambda *p: networks.matrix_product(pixels, *p), parts)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_long_chain_of_small_or_large_matrices_neither_vanishes_nor_overflows(factor):
    """1024 matrices of size 10^±3 pass through 10^±3072, which no float64 holds; the parts must stay finite."""
    rng = np.random.default_rng(0)
    cores, output, start, end = networks.draw_matrix_product(1024, 4, 4, rng)
    cores[:512] *= factor
    cores[512:] /= factor
    found = networks.matrix_product(torch.rand(2, 1024, dtype=torch.float64), cores, output, start, end)
    assert torch.isfinite(found).all() and (found != 0).all()


def test_features_are_split_as_evenly_as_they_can_be():
    assert [networks.split_output(k) for k in (2, 4, 6, 8, 16)] == [(2, 1), (2, 2), (3, 2), (4, 2), (4, 4)]


@pytest.mark.parametrize(("length", "modes"), [(30, (5, 6)), (13, (2, 7)), (4, (2, 2)), (3, (2, 2)), (64, (8, 8))])
def test_vectors_are_padded_to_a_product_of_two_modes(length, modes):
    assert networks.split_input(length) == modes


def test_initial_cores_have_the_stated_spread():
    first, second, bias = networks.draw_two_cores(64, 64, 16, 16, np.random.default_rng(0))
    assert first.std().item() == pytest.approx(64**-0.5, rel=0.05)
    assert second.std().item() == pytest.approx((64 * 16) ** -0.5, rel=0.05)
    assert bias.abs().max() == 0
