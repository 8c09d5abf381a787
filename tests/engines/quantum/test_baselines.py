"""Rivals: they keep the budget, repeat with the seed, and say when they cannot take part."""

import numpy as np
import pytest

from app.core.errors import AssayError
from app.engines.quantum import baselines, classical, published
from app.engines.quantum.preparation import prepare


def outcome(contest):
    steps = []
    while True:
        try:
            steps.append(next(contest))
        except StopIteration as end:
            return end.value, steps


@pytest.fixture(scope="module")
def few(digits):
    return prepare(*digits, 0, classes=("3", "9"), subset=80)


@pytest.mark.parametrize(
    ("inputs", "classes", "budget", "units"), [(64, 2, 145, 2), (64, 10, 193, 2), (784, 2, 465, 1)]
)
def test_the_pixel_network_is_the_largest_within_the_budget(inputs, classes, budget, units):
    assert classical.hidden_units(inputs, classes, budget) == units


@pytest.mark.parametrize("key", ["linear_head", "softmax", "quclassi_attract", "quclassi_epsilon", "pca_dnn"])
def test_a_rival_repeats_with_its_seed_and_reports_its_progress(key, few):
    (first, steps), (again, _) = (outcome(baselines.compete(key, few, 3, budget=145, epochs=3)) for _ in range(2))
    assert np.array_equal(first.predictions, again.predictions)
    assert steps[-1].done == steps[-1].total
    assert 0 <= first.accuracy <= 1 and first.parameters > 0


@pytest.mark.parametrize(
    ("key", "parameters", "qubits"),
    [("linear_head", 142, 0), ("softmax", 130, 0), ("quclassi_attract", 12, 5), ("quclassi_17", 33, 17)],
)
def test_sizes_are_those_of_the_method(key, parameters, qubits, few):
    found, _ = outcome(baselines.compete(key, few, 0, budget=145, epochs=1))
    assert (found.parameters, found.qubits) == (parameters, qubits)


def test_a_rival_that_needs_more_columns_says_so():
    rng = np.random.default_rng(0)
    table = prepare(rng.normal(size=(40, 4)), np.arange(40) % 2, ("a", "b"), 0)
    assert "16 principal components" in baselines.unavailable("quclassi_17", table)
    with pytest.raises(AssayError, match="cannot take part"):
        baselines.compete("quclassi_17", table, 0, budget=50)


def test_an_unknown_rival_is_refused(few):
    with pytest.raises(AssayError, match="Known"):
        baselines.compete("oracle", few, 0, budget=1)


def test_published_figures_carry_their_source():
    rows = published.published_rows(("3", "6"))
    assert all(row[3] for row in rows)
    assert ["MNIST 3, 6", "QuantumFlow QF-pNet", 0.917, published.QUANTUMFLOW] in rows
    assert {claim.kind for claim in published.CLAIMS} == {"abstract"}
