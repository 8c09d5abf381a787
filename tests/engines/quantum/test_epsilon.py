"""QuClassi's own training against the trace of its reference code."""

import numpy as np
import pytest
import torch

from app.core.errors import AssayError
from app.engines.quantum import epsilon, fidelity, states
from app.engines.quantum.model import build
from app.engines.quantum.preparation import prepare

KEYS = {"S": ("1", "2"), "D": ("1,2",), "E": ("1--2",)}


def in_layers(layers, record):
    return [np.array([[record[key] for key in KEYS[letter]]]) for letter in layers]


@pytest.mark.parametrize("style", ["Single", "Dual", "Controlled-Dual"])
def test_three_epochs_equal_the_reference(style, golden_numbers):
    known = golden_numbers("quclassi_epsilon_shift_training.json")[style]
    layers, angles = known["layers"], np.array(known["data_angles"]).reshape(-1, 2, 2)
    thetas = in_layers(layers, known["initial"])
    assert np.abs(fidelity.exact(angles, layers, thetas)[:, 0] - known["initial_fidelities"]).max() < 1e-8
    for epoch, wanted in enumerate(known["params_after_epoch_1_2_3"]):
        for state in states.product_states(angles):
            epsilon.train_sample(
                state[None], layers, thetas, np.array([True]), epsilon.shift_at(epoch), known["learning_rate"]
            )
        for ours, theirs in zip(thetas, in_layers(layers, wanted), strict=True):
            assert np.abs(ours - theirs).max() < 1e-8
    assert np.abs(fidelity.exact(angles, layers, thetas)[:, 0] - known["final_fidelities"]).max() < 1e-8


def test_classes_trained_together_do_not_disturb_each_other(digits):
    whole = prepare(*digits, 0, classes=("3", "9"), subset=60)
    model = build(whole, 0, front="pca", loss="attract")
    together = epsilon.EpsilonTrainer(model, (whole.train_x, whole.train_y), 0, epochs=1)
    together.advance()
    for label in (0, 1):
        alone = [theta.numpy()[label : label + 1].copy() for theta in model.thetas]
        own = whole.train_x[whole.train_y == label]
        for state in states.product_states(model.angles_of(own).numpy()):
            epsilon.train_sample(state[None], "SD", alone, np.array([True]), epsilon.shift_at(0), 0.01)
        for ours, theirs in zip(together.model.thetas, alone, strict=True):
            assert np.abs(ours[label].numpy() - theirs[0]).max() < 1e-12


def test_a_resumed_training_equals_the_uninterrupted_one(digits):
    part = prepare(*digits, 0, classes=("3", "9"), subset=60)
    model, data = build(part, 0, front="pca", loss="attract"), (part.train_x, part.train_y)
    straight = epsilon.EpsilonTrainer(model, data, 0, epochs=3)
    while not straight.finished:
        straight.advance()
    broken = epsilon.EpsilonTrainer(model, data, 0, epochs=3)
    broken.advance()
    resumed = epsilon.EpsilonTrainer.restore(broken.state(), model, data, 0, epochs=3)
    while not resumed.finished:
        resumed.advance()
    assert all(torch.equal(a, b) for a, b in zip(straight.model.thetas, resumed.model.thetas, strict=True))


def test_a_tensor_network_is_refused(digits):
    part = prepare(*digits, 0, classes=("3", "9"))
    with pytest.raises(AssayError, match="tensor network"):
        epsilon.EpsilonTrainer(build(part, 0), (part.train_x, part.train_y), 0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_3_and_9_reach_nine_tenths(seed, digits):
    part = prepare(*digits, seed, classes=("3", "9"))
    model = build(part, seed, front="pca", loss="attract", state_range="2pi")
    trainer = epsilon.EpsilonTrainer(model, (part.train_x, part.train_y), seed)
    while not trainer.finished:
        trainer.advance()
    assert (trainer.model.predict(part.test_x) == part.test_y).double().mean() >= 0.90
