"""Checkpoints: what a task gave comes back equal, without a pickle anywhere."""

import json
import math

import numpy as np
import pytest

from app.core import AssayError
from app.runs.checkpoints import checkpoint_files, restore


def back(state):
    return restore(*checkpoint_files(state))


def test_a_state_comes_back_equal_in_value_and_type():
    state = {
        "int": 3,
        "big": 2**200,
        "float": 0.1,
        "none": None,
        "true": True,
        "text": "ü\n",
        "bytes": b"\x00\xff",
        "list": [1, [2, (3, "x")]],
        "tuple": (1, 2),
        "nested": {"a": {"b": [1.5]}},
        "keys": {0: "zero", (1, 2): "pair"},
        "dollar": {"$array": "no array"},
        "empty": {},
        "inf": math.inf,
        "scalar": np.float32(1.5),
    }
    again = back(state)
    assert again == state
    assert isinstance(again["tuple"], tuple) and isinstance(again["scalar"], np.float32)
    assert math.isnan(back({"nan": math.nan})["nan"])


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array(5),
        np.zeros((0, 3), np.int8),
        np.array([1 + 2j]),
        np.array([True]),
        np.array(["a", "bc"]),
        np.arange(12).reshape(3, 4).T,
        np.arange(10)[::2],
        np.arange(3, dtype=">i4"),
        np.array([1.5], np.float16),
        np.array(["2026-01-01"], "datetime64[D]"),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_of_all_kinds_come_back_equal(array):
    again = back({"x": array})["x"]
    assert again.shape == array.shape and again.dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(again, array)


def test_a_random_generator_goes_on_where_it_was():
    rng = np.random.default_rng(1)
    state = back({"rng": rng.bit_generator.state})["rng"]
    other = np.random.default_rng(2)
    other.bit_generator.state = state
    assert rng.normal() == other.normal()


def test_tensors_come_back_as_tensors():
    torch = pytest.importorskip("torch")
    optimiser = {"state": {0: {"step": torch.tensor(1.0)}}}
    state = {"w": torch.randn(2, 3), "half": torch.randn(4).bfloat16(), "optimiser": optimiser}
    again = back(state)
    assert torch.equal(again["w"], state["w"]) and torch.equal(again["half"], state["half"])
    assert again["half"].dtype == torch.bfloat16 and again["optimiser"]["state"][0]["step"] == 1


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()]), lambda: 0])
def test_what_would_need_a_pickle_is_refused_by_name(value):
    with pytest.raises(AssayError) as caught:
        checkpoint_files({"outer": {"inner": value}})
    assert "outer.inner" in caught.value.where


def test_damage_is_an_error_with_words_at_every_byte():
    """Fault 9 on checkpoints."""
    tensors, tree = checkpoint_files({"a": np.arange(3), "b": (1, "x")})
    for cut in range(len(tree)):
        with pytest.raises(AssayError):
            restore(tensors, tree[:cut])
    for cut in range(len(tensors)):
        with pytest.raises(AssayError):
            restore(tensors[:cut], tree)


@pytest.mark.parametrize(
    "state",
    [
        {"$array": "missing", "shape": [1], "dtype": "<f8"},
        {"$array": "0:a", "shape": [99], "dtype": "<f8"},
        {"$array": "0:a", "shape": [3], "dtype": "O"},
        {"$float": "x"},
        {"$bytes": "a"},
        {"$pairs": [[1]]},
        [1],
        7,
        {"$pairs": [[[1], 2]]},
        {"$tuple": 3},
    ],
)
def test_a_hostile_checkpoint_is_refused(state):
    """Fault 67: made by somebody else."""
    tensors, _ = checkpoint_files({"a": np.arange(3)})
    tree = {"format": 1, "state": {"x": state} if isinstance(state, dict) else state}
    with pytest.raises(AssayError):
        restore(tensors, json.dumps(tree).encode())
