"""Verdicts claim no more than the figures show."""

import pytest
from pydantic import ValidationError

from app.core import Artifact, AssayError, Warn, collect
from app.engines.quantum import baselines
from app.engines.quantum.assembling import load, unlike_the_head
from app.engines.quantum.configs import CompareConfig, EvaluateConfig, TrainConfig
from app.engines.quantum.tasks import evaluate, train
from app.engines.quantum.verdicts import against_linear_head, comparison_result
from app.stats import Interval


def difference(centre, half):
    return Interval(centre, centre - half, centre + half, 40)


@pytest.mark.parametrize(
    ("hybrid", "head", "half", "words"),
    [
        (0.90, 0.91, 0.01, "ties"),
        (0.50, 0.50, 0.10, "could not show a difference below 0.10"),
        (0.90, 0.82, 0.12, "cannot be told apart"),
        (0.82, 0.90, 0.12, "cannot be told apart"),
        (0.90, 0.70, 0.05, "are ahead"),
        (0.70, 0.90, 0.05, "cost accuracy"),
    ],
)
def test_the_linear_head_is_read_with_the_interval(hybrid, head, half, words):
    assert words in against_linear_head(hybrid, head, difference(hybrid - head, half))


def test_another_way_of_training_is_named_beside_the_linear_head():
    assert unlike_the_head(TrainConfig()) == ""
    config = TrainConfig(optimiser="spsa", patience=3)
    words = unlike_the_head(config)
    assert "SPSA" in words and "stop early" in words
    assert against_linear_head(0.7, 0.9, difference(-0.2, 0.05), words).endswith(words)


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        ({"hybrid": [0.99, 0.99], "linear_head": [0.99, 0.98]}, "2 of 2 models tie at 0.990 over 2 seeds, this model"),
        ({"hybrid": [0.80, 0.82], "linear_head": [0.95, 0.95], "dnn": [0.94, 0.95]}, "is not among them"),
        ({"hybrid": [0.95], "linear_head": [0.80]}, "Hybrid reads best: 0.950 over 1 seed"),
    ],
)
def test_equal_models_are_called_a_tie(accuracies, words):
    titles = {"hybrid": "Hybrid", "linear_head": "Head", "dnn": "Network"}
    found = comparison_result("seeds", accuracies, titles, dict.fromkeys(titles, 1), False)
    assert words in found.verdict


def test_a_linear_head_on_a_frozen_front_end_is_trained_to_its_optimum():
    prepared = load(TrainConfig(data="builtin:iris", front_end="none")).prepared
    contest = baselines.compete("linear_head", prepared, 0, budget=19, front="none")
    while True:
        try:
            next(contest)
        except StopIteration as end:
            assert end.value.accuracy >= 0.93
            break


def test_a_circuit_too_large_for_the_device_costs_one_reading_and_not_the_run(tmp_path):
    config = TrainConfig(
        classes=("3", "9"), front_end="pca", features=6, epochs=1, noise="fake_manila", noisy_samples=10, shots=100
    )
    events, result = collect(train, config)
    assert [event.what for event in events if isinstance(event, Warn) and "left out" in event.what] == [
        "The ancilla test is left out",
        "The destructive test is left out",
    ]
    assert "read correctly" in result.verdict
    assert any(figure.name == "accuracy, fake_manila, inversion" for figure in result.figures)
    (model,) = [event for event in events if isinstance(event, Artifact) and event.name == "model"]
    for name, content in model.source.items():
        (tmp_path / name).write_bytes(content)
    _, read = collect(evaluate, EvaluateConfig(model=str(tmp_path), device="fake_manila", samples=10, shots=100))
    assert any(figure.name == "accuracy, inversion" for figure in read.figures)
    with pytest.raises(AssayError, match="needs 7 qubits"):
        collect(evaluate, EvaluateConfig(model=str(tmp_path), estimators=("ancilla",), samples=10, shots=100))


def test_an_evaluation_needs_an_estimator():
    with pytest.raises(ValidationError, match="at least one"):
        EvaluateConfig(model="somewhere", estimators=())


@pytest.mark.parametrize("settings", [{"patience": 3}, {"subset": 40}])
def test_folds_refuse_what_they_would_not_heed(settings):
    with pytest.raises(ValidationError, match="leave patience and subset empty"):
        CompareConfig(splits="folds", **settings)
