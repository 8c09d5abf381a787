"""Fidelities and their gradients against the golden ones, finite differences, shift rules and closed forms."""

import numpy as np
import pytest
import torch

from app.engines.quantum import fidelity, shift, states
from app.engines.quantum.unentangled import unentangled, unentangled_fidelities

BLOCKS = ("m1_S", "m2_S", "m2_SD", "m2_SDE", "m3_SD", "m3_SDE", "m4_SD")


def drawn(layers, qubits, samples=5, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, np.pi, (samples, qubits, 2)), states.draw_angles(layers, qubits, classes, rng, "2pi")


def gradients(layers, angles, thetas, weight, fidelities=fidelity.fidelities):
    leaves = [torch.tensor(part, requires_grad=True) for part in (angles, *thetas)]
    found = (fidelities(leaves[0], layers, leaves[1:]) * torch.from_numpy(weight)).sum()
    return [part.numpy() for part in torch.autograd.grad(found, leaves)]


@pytest.mark.parametrize("block", BLOCKS)
def test_fidelities_and_gradients_equal_the_golden_ones(block, golden_numbers):
    known = golden_numbers("fidelity_and_gradients.npz")
    layers, x = block.split("_")[1], known[f"{block}_x"]
    thetas = [known[f"{block}_theta{i}"] for i in range(len(layers))]
    found = fidelity.exact(x, layers, thetas)
    pairs = np.eye(len(x))  # sample i is meant for class i
    assert np.abs(np.diag(found) - known[f"{block}_F_qiskit"]).max() < 1e-10
    assert np.abs((1 + np.diag(found)) / 2 - known[f"{block}_p0_swaptest"]).max() < 1e-10
    by_data, *by_class = gradients(layers, x, thetas, pairs)
    assert np.abs(by_data - known[f"{block}_dF_dx"]).max() < 1e-10
    for letter, slope in enumerate(by_class):
        assert np.abs(slope - known[f"{block}_dF_dtheta{letter}"]).max() < 1e-10


@pytest.mark.parametrize(("layers", "qubits"), [("SD", 2), ("SDE", 3), ("D", 3), ("ESD", 2), ("SS", 2), ("S", 4)])
def test_gradients_equal_central_differences(layers, qubits):
    angles, thetas = drawn(layers, qubits)
    weight = np.random.default_rng(9).normal(size=(5, 3))
    exact = gradients(layers, angles, thetas, weight)
    step = 1e-5
    for position, part in enumerate((angles, *thetas)):
        for place in np.ndindex(part.shape):
            kept = part[place]
            sides = []
            for sign in (1, -1):
                part[place] = kept + sign * step
                sides.append(float((fidelity.exact(angles, layers, thetas) * weight).sum()))
            part[place] = kept
            assert abs((sides[0] - sides[1]) / (2 * step) - exact[position][place]) < 1e-6


@pytest.mark.parametrize(("layers", "qubits"), [("SD", 2), ("SDE", 3), ("E", 2)])
def test_shift_rules_give_the_exact_gradient_from_fidelities_alone(layers, qubits):
    angles, thetas = drawn(layers, qubits)
    weight = np.random.default_rng(3).normal(size=(5, 3))
    for ours, shifted in zip(
        gradients(layers, angles, thetas, weight),
        gradients(layers, angles, thetas, weight, shift.fidelities_by_shift),
        strict=True,
    ):
        assert np.abs(ours - shifted).max() < 1e-10


def test_shift_rules_ask_the_estimator_as_often_as_announced():
    angles, thetas = drawn("SDE", 2)
    calls = []

    def counted(*arguments):
        calls.append(1)
        return fidelity.exact(*arguments)

    gradients("SDE", angles, thetas, np.ones((5, 3)), lambda a, b, c: shift.fidelities_by_shift(a, b, c, counted))
    assert len(calls) == shift.evaluations("SDE", thetas, 2, front_is_trained=True)


def test_without_entangling_layers_bloch_vectors_give_the_same_fidelity_and_gradient():
    angles, thetas = drawn("S", 5)
    assert np.abs(unentangled(angles, thetas[0]) - fidelity.exact(angles, "S", thetas)).max() < 1e-12
    leaves = [torch.tensor(part, requires_grad=True) for part in (angles, thetas[0])]
    assert torch.autograd.gradcheck(unentangled_fidelities, leaves)


def test_the_closed_form_survives_a_qubit_with_no_overlap_at_all():
    angles, theta = np.zeros((1, 2, 2)), np.array([[[np.pi, 0.0], [0.3, 0.2]]])
    leaves = [torch.tensor(part, requires_grad=True) for part in (angles, theta)]
    slopes = torch.autograd.grad(unentangled_fidelities(*leaves).sum(), leaves)
    assert all(torch.isfinite(slope).all() for slope in slopes)


def test_a_state_overlaps_fully_with_itself():
    angles, _ = drawn("S", 3, samples=4)
    assert np.allclose(np.diag(fidelity.exact(angles, "S", [angles])), 1)
