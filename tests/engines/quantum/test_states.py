"""States of data and classes against the golden amplitudes, and what must hold for any of them."""

import numpy as np
import pytest

from app.core.errors import AssayError
from app.engines.quantum import states

BLOCKS = ("m1_S", "m2_S", "m2_SD", "m2_SDE", "m3_SD", "m3_SDE", "m4_SD")


@pytest.mark.parametrize("block", BLOCKS)
def test_amplitudes_equal_the_golden_ones(block, golden_numbers):
    known = golden_numbers("fidelity_and_gradients.npz")
    layers = block.split("_")[1]
    thetas = [known[f"{block}_theta{i}"] for i in range(len(layers))]
    assert np.abs(states.class_states(layers, thetas) - known[f"{block}_class_state"]).max() < 1e-10
    assert np.abs(states.product_states(known[f"{block}_x"]) - known[f"{block}_data_state"]).max() < 1e-10


@pytest.mark.parametrize("layers", ["S", "D", "E", "SDE", "ESD", "SDSDSE"])
def test_states_have_length_one_for_any_layer_string(layers):
    thetas = states.draw_angles(layers, 3, 5, np.random.default_rng(0), "2pi")
    assert np.allclose(np.linalg.norm(states.class_states(layers, thetas), axis=1), 1)


def test_single_precision_stays_single_and_close():
    thetas = states.draw_angles("SDE", 3, 4, np.random.default_rng(1))
    double = states.class_states("SDE", thetas)
    single = states.class_states("SDE", [theta.astype(np.float32) for theta in thetas])
    assert single.dtype == np.complex64
    assert np.abs(single - double).max() < 2e-6


def test_arrows_of_a_product_state_have_length_one_and_point_where_it_was_turned():
    angles = np.array([[[0.3, 1.1], [2.0, -0.4]]])
    arrows = states.bloch_vectors(states.product_states(angles))
    assert np.allclose(np.linalg.norm(arrows, axis=2), 1)
    a, b = angles[0, 1]
    assert np.allclose(arrows[0, 1], [np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)])


def test_arrows_shrink_to_nothing_when_a_pair_is_fully_entangled():
    quarter = np.pi / 2
    state = states.class_states("D", [np.array([[[quarter, 0.0]]])])
    assert np.allclose(states.bloch_vectors(state), 0)


def test_the_first_qubit_is_the_most_significant_bit():
    flipped = states.product_states(np.array([[[np.pi, 0.0], [0.0, 0.0], [0.0, 0.0]]]))
    assert np.argmax(np.abs(flipped[0])) == 4


@pytest.mark.parametrize(("reach", "top"), [("pi", np.pi), ("2pi", 2 * np.pi)])
def test_initial_angles_fill_their_range(reach, top):
    drawn = states.draw_angles("S", 8, 100, np.random.default_rng(0), reach)[0]
    assert drawn.min() > 0 and 0.98 * top < drawn.max() < top


def test_more_than_twelve_qubits_are_refused_with_the_memory_needed():
    with pytest.raises(AssayError, match="GB"):
        states.check_size(13, 1000)
    states.check_size(12, 1000)
