"""Angles of features, and the frozen principal components."""

import numpy as np
import pytest
import torch

from app.core.errors import AssayError
from app.engines.quantum import encoding
from app.engines.quantum.pca import fit_projection


def test_angles_equal_the_golden_ones(golden_numbers):
    known = golden_numbers("encoding.json")
    units = torch.tensor(known["x"], dtype=torch.float64)
    assert np.abs(encoding.angles_of_units(units).numpy() - known["angle_2arcsin_sqrt"]).max() < 1e-12
    assert np.abs(encoding.angles_of_units(units, "pi").numpy() - known["angle_pi_x"]).max() < 1e-12


def test_an_odd_number_of_features_is_padded_with_angle_zero(golden_numbers):
    known = golden_numbers("encoding.json")
    units = torch.tensor([known["odd_dims_input"]], dtype=torch.float64)
    found = encoding.by_qubit(encoding.angles_of_units(units))
    assert found.shape == (1, 2, 2)
    assert np.abs(found.reshape(-1).numpy() - known["odd_dims_angles_padded"]).max() < 1e-12


@pytest.mark.parametrize("kind", ["arcsin", "pi"])
def test_the_slope_of_logits_equals_finite_differences(kind):
    logits = torch.linspace(-6, 6, 13, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: encoding.angles_of_logits(z, kind), [logits])


def test_the_slope_stays_finite_for_extreme_logits():
    logits = torch.tensor([-800.0, 0.0, 800.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(encoding.angles_of_logits(logits).sum(), logits)
    assert slope.tolist() == [0.0, 0.5, 0.0]


def test_principal_components_equal_the_golden_ones(golden_numbers):
    known = golden_numbers("pca_encoding_digits_3_9.npz")
    projection, dropped = fit_projection(torch.from_numpy(known["train_images"]), 4)
    assert dropped == 0
    signs = np.sign((projection.components.numpy() * known["components"]).sum(axis=1))
    assert np.abs(projection.components.numpy() * signs[:, None] - known["components"]).max() < 1e-8
    assert np.abs(projection.mean.numpy() - known["mean"]).max() < 1e-8
    for part in ("train", "test"):
        units = projection.units(torch.from_numpy(known[f"{part}_images"]))
        aligned = torch.where(torch.from_numpy(signs > 0), units, 1 - units)
        inside = (known[f"{part}_unit"] > 0) & (known[f"{part}_unit"] < 1)  # a turned sign also turns what is clipped
        assert np.abs(aligned.numpy() - known[f"{part}_unit"])[inside].max() < 1e-8
        angles = encoding.angles_of_units(aligned).numpy()
        assert np.abs(angles - known[f"{part}_angles"])[inside].max() < 1e-8


def test_constant_components_are_dropped_and_counted():
    rng = np.random.default_rng(0)
    flat = np.outer(rng.normal(size=20), [1.0, 2.0, 0.0, 0.0])
    projection, dropped = fit_projection(torch.from_numpy(flat), 3)
    assert dropped == 2 and len(projection.components) == 1


def test_more_components_than_columns_are_refused():
    with pytest.raises(AssayError, match="principal components"):
        fit_projection(torch.rand(10, 3, dtype=torch.float64), 4)
