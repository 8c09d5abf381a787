"""Splitting and scaling: stratified, seeded, and blind to the test part."""

import numpy as np
import pytest
import torch

from app.core.errors import AssayError
from app.engines.quantum.model import build
from app.engines.quantum.preparation import prepare, prepare_folds


def made(count=40, classes=2, shape=(3, 3), seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    return rng.uniform(size=(count, *shape)), labels, tuple("abcdefgh"[:classes])


def test_the_same_seed_gives_the_same_split_and_another_seed_another(digits):
    one, same, other = (prepare(*digits, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.test_rows, same.test_rows)
    assert not np.array_equal(one.test_rows, other.test_rows)


def test_every_class_keeps_its_share(digits):
    found = prepare(*digits, 0)
    whole, test = np.bincount(digits[1]), torch.bincount(found.test_y).numpy()
    assert np.abs(test / whole - 0.3).max() < 0.01


def test_parts_do_not_share_a_row(digits):
    found = prepare(*digits, 0, validation_share=0.2)
    parts = [set(rows.tolist()) for rows in (found.train_rows, found.validation_rows, found.test_rows)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(digits[1])


@pytest.mark.parametrize("shape", [(6,), (3, 3)], ids=["table", "images"])
@pytest.mark.parametrize("front", ["pca", "none", "tt", "mps"])
def test_changing_test_samples_never_changes_training_features(front, shape):
    values, labels, names = made(shape=shape)
    values = values * 50 - 20
    before = prepare(values, labels, names, 0)
    spoilt = values.copy()
    spoilt[before.test_rows] = 1e6
    after = prepare(spoilt, labels, names, 0)
    features = [build(part, 0, front=front).features_of(part.train_x).detach() for part in (before, after)]
    assert torch.equal(*features)


def test_images_beyond_one_are_scaled_by_the_training_part_with_a_notice():
    values, labels, names = made()
    found = prepare(values * 300 - 20, labels, names, 0)
    assert found.train_x.min() == 0 and found.train_x.max() == 1
    assert found.test_x.min() >= 0 and found.test_x.max() <= 1
    assert "scaled" in found.notices[0]


def test_unsigned_bytes_are_divided_by_255():
    values, labels, names = made()
    found = prepare((values * 100).astype(np.uint8), labels, names, 0)
    assert found.train_x.max() <= 100 / 255 and not found.notices


def test_a_test_set_that_came_with_the_data_is_used():
    values, labels, names = made()
    held_out = np.arange(40) >= 30
    assert np.array_equal(prepare(values, labels, names, 0, held_out=held_out).test_rows, np.arange(30, 40))


def test_chosen_classes_are_numbered_in_the_order_given(digits):
    found = prepare(*digits, 0, classes=("9", "3"))
    assert found.class_names == ("9", "3")
    assert set(digits[1][found.train_rows[found.train_y.numpy() == 0]]) == {9}


def test_a_subset_keeps_every_class(digits):
    found = prepare(*digits, 0, subset=200)
    assert abs(len(found.train_y) + len(found.test_y) - 200) <= 10
    assert len(torch.unique(found.train_y)) == 10


def test_folds_test_every_sample_once(digits):
    tested = np.concatenate([part.test_rows for part in prepare_folds(*digits, 0, folds=5)])
    assert np.array_equal(np.sort(tested), np.arange(len(digits[1])))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda v, y: (v, np.zeros_like(y)), "only one class"),
        (lambda v, y: (v, np.where(np.arange(40) < 3, 1, 0)), r"“b” \(3\)"),
        (lambda v, y: (np.where(v == v[4, 1, 2], np.nan, v), y), r"row 5, column 2, 3"),
        (lambda v, y: (v[:-1], y), "39 samples but 40 labels"),
    ],
)
def test_data_that_cannot_be_learnt_from_are_refused_in_words(spoil, said):
    values, labels, names = made()
    with pytest.raises(AssayError, match=said):
        prepare(*spoil(values, labels), names, 0)


def test_an_unknown_class_is_refused_by_name():
    with pytest.raises(AssayError, match="“z”"):
        prepare(*made(), 0, classes=("a", "z"))


def test_too_many_folds_are_refused():
    with pytest.raises(AssayError, match="folds"):
        list(prepare_folds(*made(count=10), 0, folds=6))


def test_a_class_missing_from_the_training_part_is_refused():
    values, labels, names = made()
    with pytest.raises(AssayError, match="no training samples"):
        prepare(values, labels, names, 0, held_out=labels == 1)
