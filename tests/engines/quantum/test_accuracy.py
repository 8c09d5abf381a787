"""What the method must reach on real digits: its acceptance checks 3 and 4 (minutes, not seconds)."""

import time
from functools import cache

import numpy as np
import pytest
import torch

from app.engines.quantum import baselines
from app.engines.quantum.metrics import across_seeds
from app.engines.quantum.model import build
from app.engines.quantum.preparation import prepare
from app.engines.quantum.published import MNIST_ROWS
from app.engines.quantum.training import Recipe, Trainer

SEEDS = range(5)
MNIST_TESTED = {("3", "8"), ("0", "3", "6", "9"), ("0", "1", "2", "3", "4")}


def accuracy(prepared, seed, recipe, **options):
    torch.set_num_threads(1)
    model = build(prepared, seed, **options)
    trainer = Trainer(model, (prepared.train_x, prepared.train_y), recipe, seed)
    while not trainer.finished:
        trainer.advance()
    return (trainer.model.predict(prepared.test_x) == prepared.test_y).double().mean().item()


@pytest.fixture(scope="module")
def ten_classes(digits):
    """Test accuracy and processor seconds of the defaults, for five seeds; measured once for all checks."""

    @cache
    def measured():
        found = []
        for seed in SEEDS:
            start = time.process_time()
            found.append((accuracy(prepare(*digits, seed), seed, Recipe(epochs=60)), time.process_time() - start))
        return found

    return measured


def rival(key, digits, seed):
    contest = baselines.compete(key, prepare(*digits, seed), seed, budget=193, epochs=60)
    while True:
        try:
            next(contest)
        except StopIteration as end:
            return end.value


@pytest.mark.slow
def test_ten_classes_reach_their_target_in_time(ten_classes):
    """Measured: .9165 .8720 .9202 .9109 .8887, mean .9017; 2.2 to 3.1 s each on one thread of a busy machine."""
    reached = [share for share, _ in ten_classes()]
    assert np.mean(reached) >= 0.88
    assert min(reached) >= 0.86
    assert max(seconds for _, seconds in ten_classes()) <= 20


@pytest.mark.slow
def test_the_tuned_pixel_network_is_beaten_by_ten_points_with_no_more_parameters(ten_classes, digits):
    found = [rival("dnn", digits, seed) for seed in range(3)]  # a minute less than with all five
    assert all(outcome.parameters <= 193 for outcome in found)
    assert np.mean([share for share, _ in ten_classes()]) - np.mean([outcome.accuracy for outcome in found]) >= 0.10


@pytest.mark.slow
def test_the_same_tensor_network_with_a_plain_linear_head_ties(ten_classes, digits):
    """The honest reading: the quantum states add nothing that a linear head does not."""
    found = across_seeds([rival("linear_head", digits, seed).accuracy for seed in SEEDS])
    assert abs(found.centre - np.mean([share for share, _ in ten_classes()])) <= 0.02


@pytest.mark.parametrize("seed", [0, 1])
def test_three_and_nine_are_told_apart(seed, digits):
    assert accuracy(prepare(*digits, seed, classes=("3", "9")), seed, Recipe()) >= 0.97


@pytest.mark.slow
def test_a_matrix_product_state_does_better_still(digits):
    assert accuracy(prepare(*digits, 0), 0, Recipe(epochs=60, rate=0.01), front="mps") >= 0.93


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(
    "row", [row for row in MNIST_ROWS if row.classes in MNIST_TESTED], ids=lambda r: "".join(r.classes)
)
def test_mnist_subsets_reach_the_table_and_keep_up_with_seventeen_qubits(row, shared):
    """The whole table: tests/bench/quantum_tables.py."""
    from app.data.labelled import load_labelled

    data = load_labelled(str(shared / "data" / "cotenqu"))
    part = prepare(data.values, data.labels, data.class_names, 0, held_out=data.held_out, classes=row.classes)
    ours = accuracy(part, 0, Recipe(epochs=20, batch=64))
    wide = accuracy(part, 0, Recipe(epochs=20, batch=64), front="pca", features=16, layers="S")
    assert ours >= row.ours - 0.02
    assert ours >= wide - 0.01
