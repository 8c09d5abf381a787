"""The assembled classifier: golden trained models, sizes, and what cannot be built."""

import json

import numpy as np
import pytest
import torch

from app.core.errors import AssayError
from app.engines.quantum.model import Model, build
from app.engines.quantum.model_files import from_bytes, load_model, save_model, to_bytes
from app.engines.quantum.preparation import Scaling, prepare


def trained(known):
    parts = {
        "core0": known["core0"],
        "core1": known["core1"].transpose(2, 0, 1),
        "bias": known["bias"],
        "theta0": known["theta0"],
        "theta1": known["theta1"],
        "log_temperature": np.log(known["temperature"]),
    }
    return Model(
        front="tt",
        input_shape=(8, 8),
        features=4,
        layers="SD",
        encoding="arcsin",
        loss="temperature",
        class_names=tuple(map(str, known["classes"])),
        parameters={name: torch.from_numpy(np.ascontiguousarray(part)) for name, part in parts.items()},
        scaling=Scaling(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)),
    )


@pytest.mark.parametrize("name", ["trained_digits_3_9.npz", "trained_digits_10class.npz"])
def test_trained_models_predict_every_digit_as_recorded(name, golden_numbers, digits):
    known = golden_numbers(name)
    model = trained(known)
    x = torch.from_numpy(digits[0][np.isin(digits[1], known["classes"])])
    assert np.abs(model.signals(x).numpy() - known["z"]).max() < 1e-9
    assert np.abs(model.angles_of(x).numpy() - known["angles"]).max() < 1e-9
    assert np.abs(model.fidelities_of(x).numpy() - known["F"]).max() < 1e-9
    names = np.array(known["classes"])
    ours = model.predict(x).numpy()
    assert np.array_equal(ours, known["pred"]) or np.array_equal(names[ours], known["pred"])


@pytest.mark.parametrize(
    ("options", "total"),
    [
        ({}, 193),
        ({"loss": "sum"}, 192),
        ({"front": "mps"}, 2181),
        ({"front": "mps", "bond": 8}, 8525),
        ({"front": "pca", "loss": "attract"}, 60),
        ({"front": "pca"}, 61),
    ],
)
def test_parameter_counts_are_those_of_the_method(options, total, digits):
    model = build(prepare(*digits, 0), 0, **options)
    assert model.counts()["total"] == total


def test_the_headline_of_the_predecessor_is_arithmetic(digits):
    part = prepare(*digits, 0, classes=("3", "9"))
    model = build(part, 0, front="pca", features=16, layers="S", loss="attract")
    assert model.counts()["quantum"] == 32
    assert 2 * model.qubits + 1 == 17


def test_attract_with_a_tensor_network_is_refused_with_the_cure(digits):
    with pytest.raises(AssayError, match="attract") as error:
        build(prepare(*digits, 0), 0, loss="attract")
    assert "temperature" in error.value.remedy


def test_more_features_than_pixels_are_refused(digits):
    values, labels, names = digits
    with pytest.raises(AssayError, match="has only 4"):
        build(prepare(values[:, 3:5, 3:5], labels, names, 0), 0, features=6)


def test_more_than_twelve_qubits_are_refused_with_the_memory(digits):
    with pytest.raises(AssayError, match="GB"):
        build(prepare(*digits, 0), 0, features=26)


def test_a_wide_table_without_a_front_end_is_refused(digits):
    values, labels, names = digits
    with pytest.raises(AssayError, match="64 features"):
        build(prepare(values.reshape(-1, 64), labels, names, 0), 0, front="none")


def test_more_classes_than_dimensions_are_noted_with_the_ceiling_of_the_sum_loss(digits):
    model = build(prepare(*digits, 0), 0, loss="sum")
    assert "0.4" in model.notices[0]


@pytest.mark.parametrize(
    "options",
    [{}, {"front": "mps", "loss": "power"}, {"front": "pca", "loss": "bce", "encoding": "pi"}, {"layers": "SDE"}],
)
def test_a_saved_model_comes_back_the_same(options, digits, tmp_path):
    part = prepare(*digits, 0)
    model = build(part, 0, **options)
    save_model(model, tmp_path / "digits.json")
    again = load_model(tmp_path / "digits.npz")
    assert torch.equal(model.fidelities_of(part.test_x), again.fidelities_of(part.test_x))
    assert again.class_names == model.class_names
    assert to_bytes(again)["model.json"] == to_bytes(model)["model.json"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d, n: (d, n[:100]),
        lambda d, n: (b"{}", n),
        lambda d, n: (b"not json", n),
        lambda d, n: (json.dumps({**json.loads(d), "layers": "SDE"}).encode(), n),
        lambda d, n: (json.dumps({**json.loads(d), "schema": 99}).encode(), n),
        lambda d, n: (json.dumps({**json.loads(d), "input_shape": [9, 8]}).encode(), n),
        lambda d, n: (json.dumps({**json.loads(d), "features": 26}).encode(), n),
        lambda d, n: (json.dumps({**json.loads(d), "class_names": ["a"]}).encode(), n),
    ],
)
def test_damaged_and_foreign_files_are_refused(spoil, digits):
    parts = to_bytes(build(prepare(*digits, 0), 0))
    description, numbers = spoil(parts["model.json"], parts["model.npz"])
    with pytest.raises(AssayError):
        from_bytes({"model.json": description, "model.npz": numbers})


def test_a_file_that_hides_a_pickle_is_refused(digits, tmp_path):
    parts = to_bytes(build(prepare(*digits, 0), 0))
    np.savez(tmp_path / "bad.npz", **{"parameter.bias": np.array([{"any": "object"}], dtype=object)})
    with pytest.raises(AssayError):
        from_bytes({**parts, "model.npz": (tmp_path / "bad.npz").read_bytes()})


def test_tables_pass_through_every_front_end():
    rng = np.random.default_rng(0)
    values, labels = rng.normal(size=(60, 13)), np.arange(60) % 3
    part = prepare(values, labels, ("a", "b", "c"), 0)
    for front in ("tt", "mps", "pca", "none"):
        model = build(part, 0, front=front)
        found = model.fidelities_of(part.test_x)
        assert found.shape == (18, 3) and (found >= 0).all() and (found <= 1 + 1e-12).all()


def test_large_images_are_averaged_before_a_matrix_product_state():
    rng = np.random.default_rng(0)
    part = prepare(rng.uniform(size=(20, 40, 40)), np.arange(20) % 2, ("a", "b"), 0)
    model = build(part, 0, front="mps")
    assert len(model.parameters["cores"]) == 400
    assert model.fidelities_of(part.test_x).isfinite().all()
