import io
import pickle
import zipfile

import numpy as np
import pytest

from app.core import AssayError
from app.data.arrays import read_arrays
from app.data.labelled import load_labelled, unit_range
from tests.data import making


def test_x_and_y_are_read(tmp_path):
    data = load_labelled(str(making.npz(tmp_path / "a.npz")))
    assert data.images.dtype == np.float32
    assert data.images.max() <= 1
    assert data.labels.tolist() == making.labels().tolist()


@pytest.mark.parametrize(
    "values",
    [
        np.asfortranarray(making.pictures()),
        making.pictures().astype(">u2").astype(np.uint8),
        (making.pictures() / 255).astype(">f8"),
        (making.pictures() / 255).astype("<f4"),
        making.pictures().astype(np.int64),
        making.pictures()[..., None],
        np.repeat(making.pictures()[..., None], 3, axis=-1),
        np.repeat(making.pictures()[:, None], 3, axis=1),
    ],
    ids=["fortran", "bytes", "big endian", "float32", "int64", "one colour", "three colours", "colours first"],
)
def test_order_of_bytes_axes_and_types_makes_no_difference(tmp_path, values):
    data = load_labelled(str(making.npz(tmp_path / "a.npz", X=values, y=making.labels())))
    assert np.allclose(data.images, making.pictures() / 255, atol=1e-5)
    assert data.images.dtype.isnative


def test_two_dimensions_are_features(tmp_path):
    rows = np.arange(40.0).reshape(10, 4)
    data = load_labelled(str(making.npz(tmp_path / "a.npz", X=rows, y=np.array(list("ab" * 5)))))
    assert np.array_equal(data.features, rows)
    assert data.class_names == ("a", "b")


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
@pytest.mark.parametrize("shape", ["pictures", "rows"])
def test_published_names_of_train_and_test_parts_are_known(tmp_path, names, shape):
    values = making.pictures() if shape == "pictures" else making.pictures().reshape(making.COUNT, -1)
    arrays = dict(zip(names, (values, making.labels(), values[:9], making.labels(9)[:, None]), strict=True))
    data = load_labelled(str(making.npz(tmp_path / "a.npz", **arrays)))
    assert data.count == making.COUNT + 9
    assert data.held_out.tolist() == [False] * making.COUNT + [True] * 9


def test_pictures_out_of_range_are_left_for_the_training_statistics(tmp_path):
    values = making.pictures().astype(float) * 3 - 1
    data = load_labelled(str(making.npz(tmp_path / "a.npz", X=values, y=making.labels())))
    assert data.needs_scaling
    assert "training part" in data.notices[0]
    train = np.arange(data.count) < 10
    scaled = unit_range(data.images, train)
    assert scaled.min() == 0
    assert scaled.max() == 1
    other = data.images.copy()
    other[~train] += 5
    assert np.array_equal(unit_range(other, train)[train], scaled[train])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.zeros((4, 2)), "b": np.zeros(4)}, "no arrays X and y"),
        ({"X": np.zeros((5000, 2)), "y": np.zeros(4998)}, "5000 samples but 4998 labels"),
        ({"X": np.full((4, 2), "text"), "y": np.zeros(4)}, "no array of samples"),
        ({"X": np.zeros((4, 2), complex), "y": np.zeros(4)}, "no array of samples"),
        ({"X": np.zeros(4), "y": np.zeros(4)}, "no array of samples"),
        ({"X": np.zeros((4, 5, 5, 7)), "y": np.zeros(4)}, "no array of pictures"),
        ({"X": np.zeros((0, 3, 3)), "y": np.zeros(0)}, "no samples"),
        ({"X": np.zeros((8, 2)), "y": np.full(8, 0.5)}, "Label 1 is 0.5"),
        ({"X": np.zeros((8, 2)), "y": np.array([1, 0, np.nan, 1, 0, 1, 0, 1])}, "Label 3 is nan"),
        ({"X": np.zeros((8, 2)), "y": np.zeros((8, 2, 2))}, "labels of shape"),
        ({"X": np.zeros((8, 2)), "y": np.zeros(8)}, "only one class"),
        ({"X": np.array([[0, np.nan]] * 8), "y": np.arange(8) % 2}, "NaN or infinite value in sample 1"),
    ],
)
def test_what_is_wrong_with_arrays_is_said(tmp_path, arrays, message):
    with pytest.raises(AssayError, match=message):
        load_labelled(str(making.npz(tmp_path / "a.npz", **arrays)))


def test_samples_with_nan_are_left_out_on_demand(tmp_path):
    rows = np.arange(40.0).reshape(10, 4)
    rows[3, 2] = np.inf
    path = making.npz(tmp_path / "a.npz", X=rows, y=np.arange(10) % 2)
    data = load_labelled(str(path), on_bad_file="skip")
    assert data.count == 9
    assert "sample 4" in data.skipped[0]


def test_one_hot_labels_are_classes(tmp_path):
    data = load_labelled(str(making.npz(tmp_path / "a.npz", X=making.pictures(), y=np.eye(3)[making.labels()])))
    assert data.labels.tolist() == making.labels().tolist()


def npz_of(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def npy_bytes(values):
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def header(text):
    padded = text.encode().ljust(118 - 10) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


def test_an_object_array_is_refused_and_never_unpickled(tmp_path):
    canary = tmp_path / "canary"
    path = tmp_path / "a.npz"
    np.savez(path, X=np.array([making.Canary(canary)], dtype=object), y=np.zeros(1))
    with pytest.raises(AssayError, match="object array"):
        load_labelled(str(path))
    assert not canary.exists()


def test_a_pickle_behind_an_innocent_header_is_not_reached(tmp_path):
    canary = tmp_path / "canary"
    evil = header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }") + pickle.dumps(making.Canary(canary))
    path = npz_of(tmp_path / "a.npz", X=evil, y=npy_bytes(np.zeros(1)))
    with pytest.raises(AssayError, match="object array"):
        load_labelled(str(path))
    assert not canary.exists()


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 4), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (4,), }",
        "{'descr': '<f8', 'shape': (4,), }",
        "(((((((((",
        "__import__('os').system('touch canary')",
    ],
)
def test_a_lying_header_is_refused_before_memory_is_taken(tmp_path, text):
    path = npz_of(tmp_path / "a.npz", X=header(text) + bytes(64), y=npy_bytes(np.zeros(4)))
    with pytest.raises(AssayError, match=r"cut short|no valid array header"):
        load_labelled(str(path))


def test_a_long_header_and_a_newer_format_are_refused(tmp_path):
    long = b"\x93NUMPY\x02\x00" + (50_000_000).to_bytes(4, "little") + b" " * 1000
    for data in (long, b"\x93NUMPY\x09\x00" + bytes(100)):
        path = npz_of(tmp_path / "a.npz", X=data, y=npy_bytes(np.zeros(4)))
        with pytest.raises(AssayError, match="no valid array header"):
            load_labelled(str(path))


def test_two_members_of_one_name_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", npy_bytes(np.zeros((4, 2))))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("X.npy", npy_bytes(np.ones((4, 2))))
    with pytest.raises(AssayError, match="two of one name"):
        load_labelled(str(path))


def test_a_missing_array_is_named(tmp_path):
    with pytest.raises(AssayError, match="no array “z”"):
        read_arrays(making.npz(tmp_path / "a.npz"), ("z",))
