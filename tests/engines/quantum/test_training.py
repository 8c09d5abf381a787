"""Training: the golden trace, agreement with torch's own optimiser, stopping and going on, and what goes wrong."""

import math

import numpy as np
import pytest
import torch

from app.core.errors import AssayError
from app.engines.quantum import fidelity, health
from app.engines.quantum.losses import loss_of
from app.engines.quantum.model import Model, build
from app.engines.quantum.optimisers import Adam, one_cycle
from app.engines.quantum.preparation import Scaling, prepare
from app.engines.quantum.training import Recipe, Trainer


@pytest.fixture(scope="module")
def three_nine(digits):
    return prepare(*digits, 0, classes=("3", "9"), subset=120, validation_share=0.2)


def samples(prepared):
    return prepared.train_x, prepared.train_y


def validation(prepared):
    return prepared.validation_x, prepared.validation_y


def finished(trainer):
    while not trainer.finished:
        trainer.advance()
    return trainer


def golden_model(known):
    unit = Scaling(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))
    parts = {
        "core0": known["core0"],
        "core1": known["core1"].transpose(2, 0, 1),
        "bias": known["bias"],
        "theta0": known["theta0"],
        "theta1": known["theta1"],
    }
    return Model(
        front="tt",
        input_shape=(8, 8),
        features=4,
        layers="SD",
        encoding="arcsin",
        loss="sum",
        class_names=("a", "b"),
        parameters={name: torch.from_numpy(np.ascontiguousarray(part)) for name, part in parts.items()},
        scaling=unit,
    )


def test_ten_steps_of_plain_descent_equal_the_golden_trace(golden_numbers):
    known = golden_numbers("end_to_end_sgd.npz")
    model = golden_model(known)
    x, y = torch.from_numpy(known["X"]), torch.from_numpy(known["y"])
    assert np.abs(model.signals(x).numpy() - known["z0"]).max() < 1e-8
    assert np.abs(model.angles_of(x).numpy() - known["angles0"]).max() < 1e-8
    assert np.abs(model.fidelities_of(x).numpy() - known["F0"]).max() < 1e-8
    trainer = Trainer(model, (x, y), Recipe(epochs=11, batch=6, rate=0.1, optimiser="sgd", schedule="constant"), 0)
    recorded = []
    for step in range(11):
        recorded.append(trainer.advance().loss)
        if step == 9:
            after = trainer.model.parameters
    assert np.abs(np.array(recorded) - known["losses_sgd_lr0.1"]).max() < 1e-8
    for name in ("core0", "bias", "theta0", "theta1"):
        assert np.abs(after[name].numpy() - known[f"after10_{name}"]).max() < 1e-8
    assert np.abs(after["core1"].numpy().transpose(1, 2, 0) - known["after10_core1"]).max() < 1e-8


def test_gradients_of_the_whole_chain_equal_the_golden_ones(golden_numbers):
    known = golden_numbers("end_to_end_sgd.npz")
    model = golden_model(known)
    leaves = {name: part.clone().requires_grad_(True) for name, part in model.parameters.items()}
    found = model.with_parameters(leaves).fidelities_of(torch.from_numpy(known["X"]))
    slopes = torch.autograd.grad(loss_of("sum", found, torch.from_numpy(known["y"])), list(leaves.values()))
    for name, slope in zip(leaves, slopes, strict=True):
        ours = slope.numpy().transpose(1, 2, 0) if name == "core1" else slope.numpy()
        assert np.abs(ours - known[f"grad0_{name}"]).max() < 1e-8


def test_our_adam_and_one_cycle_rule_equal_those_of_torch():
    rng = np.random.default_rng(0)
    start, slopes = rng.normal(size=7), rng.normal(size=(40, 7))
    ours, adam = start.copy(), Adam(7)
    theirs = torch.tensor(start, requires_grad=True)
    optimiser = torch.optim.Adam([theirs], lr=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.02, total_steps=40)
    for step, slope in enumerate(slopes):
        adam.update(ours, slope, *one_cycle(step, 40, 0.02))
        theirs.grad = torch.tensor(slope)
        optimiser.step()
        if step < 39:
            schedule.step()
    assert np.abs(ours - theirs.detach().numpy()).max() < 1e-12


def test_the_same_seed_repeats_bit_for_bit(three_nine):
    ends = [
        finished(Trainer(build(three_nine, 4), samples(three_nine), Recipe(epochs=3), 4))._parameters.copy()
        for _ in range(2)
    ]
    assert np.array_equal(*ends)


@pytest.mark.parametrize("front", ["tt", "mps", "pca"])
@pytest.mark.parametrize("optimiser", ["adam", "sgd", "spsa"])
def test_a_resumed_training_equals_the_uninterrupted_one_bit_for_bit(front, optimiser, three_nine):
    recipe = Recipe(epochs=4, rate=0.01, optimiser=optimiser, patience=50, balanced=True)
    model = build(three_nine, 1, front=front)
    straight = finished(Trainer(model, samples(three_nine), recipe, 1, validation=validation(three_nine)))
    broken = Trainer(model, samples(three_nine), recipe, 1, validation=validation(three_nine))
    broken.advance()
    broken.advance(batches=1)  # in the middle of an epoch
    resumed = finished(
        Trainer.restore(broken.state(), model, samples(three_nine), recipe, 1, validation=validation(three_nine))
    )
    kept, again = straight.state(), resumed.state()
    assert np.array_equal(kept["parameters"], again["parameters"])
    assert np.array_equal(kept["best"], again["best"])
    assert np.array_equal(kept["recent"], again["recent"])


def test_alternating_training_moves_one_side_at_a_time(three_nine):
    trainer = Trainer(build(three_nine, 0), samples(three_nine), Recipe(turns=(2, 1), batch=16), 0)
    moved = []
    for _ in range(3):
        before = trainer.model.parameters
        trainer.advance(batches=1)
        after = trainer.model.parameters
        moved.append({name for name in before if not torch.equal(before[name], after[name])})
    quantum, front = {"theta0", "theta1", "log_temperature"}, {"core0", "core1", "bias"}
    assert moved == [quantum, quantum, front]


def test_shift_gradients_train_like_automatic_ones(three_nine):
    ends = [
        finished(Trainer(build(three_nine, 0), samples(three_nine), Recipe(epochs=1, gradients=kind), 0)).model
        for kind in ("autograd", "shift")
    ]
    for name in ends[0].parameters:
        assert torch.allclose(ends[0].parameters[name], ends[1].parameters[name], atol=1e-9)


def test_training_goes_on_with_fidelities_from_shots(three_nine):
    rng = np.random.default_rng(0)

    def by_shots(angles, layers, thetas):
        return 2 * rng.binomial(200, (1 + fidelity.exact(angles, layers, thetas)) / 2) / 200 - 1

    recipe = Recipe(epochs=6, rate=0.05, gradients="shift")
    first = Trainer(build(three_nine, 0), samples(three_nine), recipe, 0, estimate=by_shots)
    losses = []
    while not first.finished:
        losses.append(first.advance().loss)
    assert losses[-1] < 0.6 * losses[0]


def test_shots_without_shift_rules_are_refused(three_nine):
    with pytest.raises(AssayError, match="automatic gradients"):
        Trainer(build(three_nine, 0), samples(three_nine), Recipe(), 0, estimate=fidelity.exact)


def test_spsa_lowers_the_loss(three_nine):
    trainer = Trainer(build(three_nine, 0), samples(three_nine), Recipe(epochs=30, rate=0.02, optimiser="spsa"), 0)
    first = trainer.advance().loss
    while not trainer.finished:
        last = trainer.advance().loss
    assert last < first


def test_patience_ends_training_and_the_best_model_is_kept(three_nine):
    recipe = Recipe(epochs=200, patience=5)
    trainer = Trainer(build(three_nine, 0), samples(three_nine), recipe, 0, validation=validation(three_nine))
    seen = []
    while not trainer.finished:
        seen.append(trainer.advance().validation_accuracy)
    assert trainer.ended_by == "patience" and len(seen) < 200
    x, y = validation(three_nine)
    assert (trainer.best.predict(x) == y).double().mean().item() == pytest.approx(max(seen))


def test_patience_without_validation_samples_is_refused(three_nine):
    with pytest.raises(AssayError, match="validation"):
        Trainer(build(three_nine, 0), samples(three_nine), Recipe(patience=3), 0)


def test_a_loss_that_is_not_finite_ends_training_with_the_last_good_model(three_nine):
    trainer = Trainer(build(three_nine, 0), samples(three_nine), Recipe(), 0)
    trainer.advance()
    good = trainer.model.parameters
    trainer._x = trainer._x * math.nan
    assert math.isnan(trainer.advance().loss)
    assert trainer.ended_by == "not finite"
    assert all(torch.equal(good[name], part) for name, part in trainer.model.parameters.items())


def test_balanced_weights_make_rare_classes_count_as_much(digits):
    values, labels, names = digits
    rows = np.concatenate([np.flatnonzero(labels == 3), np.flatnonzero(labels == 9)[:20]])
    part = prepare(values[rows], labels[rows], names, 0, classes=("3", "9"))
    trainer = Trainer(build(part, 0), samples(part), Recipe(epochs=1, balanced=True), 0)
    totals = [trainer._weights[label] * (part.train_y == label).sum() for label in (0, 1)]
    assert totals[0] == pytest.approx(totals[1].item())


def test_a_front_end_that_maps_all_to_one_state_is_noticed(three_nine):
    model = build(three_nine, 0)
    flat = dict(model.parameters, core0=model.parameters["core0"] * 1e-6)
    record = Trainer(model.with_parameters(flat), samples(three_nine), Recipe(rate=1e-9), 0).advance()
    assert health.COLLAPSED in record.notices


def test_a_plateau_needs_twenty_steps_of_small_fidelities_and_a_loss_that_stands():
    assert health.is_on_plateau([0.69] * 20, [1e-3] * 20)
    assert not health.is_on_plateau([0.69] * 19, [1e-3] * 19)
    assert not health.is_on_plateau([0.69] * 20, [0.2] * 20)
    assert not health.is_on_plateau(list(np.linspace(0.7, 0.6, 20)), [1e-3] * 20)


def test_a_plateau_is_said_once(three_nine):
    model = build(three_nine, 0, front="pca", features=20, layers="S", encoding="pi")
    far = {"theta0": torch.zeros_like(model.parameters["theta0"]), "log_temperature": model.log_temperature}
    far["theta0"][..., 0] = math.pi + (1 - 2 * model.angles_of(three_nine.train_x)[:1, :, 0] / math.pi) * 0.5
    trainer = Trainer(model.with_parameters(far), samples(three_nine), Recipe(rate=1e-9, epochs=20), 0)
    said = []
    while not trainer.finished:
        said += [what for what, _ in trainer.advance().notices]
    assert said.count(health.PLATEAU[0]) == 1
