import gzip
import tracemalloc

import numpy as np
import pytest

from app.core import AssayError
from app.data import idx
from app.data.idx_sets import pair_up, read_pairs
from app.data.labelled import load_labelled
from tests.data import making


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pair_is_read_as_it_was_written(tmp_path, zipped):
    images, labels = making.idx_pair(tmp_path, zipped=zipped)
    data = load_labelled(f"{images}|{labels}")
    assert np.array_equal(np.rint(data.images * 255).astype(np.uint8), making.pictures())
    assert np.array_equal(data.labels, making.labels())
    assert data.class_names == ("0", "1", "2")
    assert data.held_out is None
    assert data.names[0].endswith("item 1")


def test_one_file_of_a_pair_finds_the_other_beside_it(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    assert load_labelled(str(images)).count == load_labelled(str(labels)).count == making.COUNT


def test_a_folder_with_training_and_test_files_marks_the_test_part(tmp_path):
    making.idx_pair(tmp_path, "train")
    making.idx_pair(tmp_path, "t10k", count=12)
    making.idx_pair(tmp_path, "t10k", zipped=False, count=12)  # both versions lie there: one is read
    data = load_labelled(str(tmp_path))
    assert data.count == making.COUNT + 12
    assert data.held_out.sum() == 12
    assert not data.held_out[: making.COUNT].any()


def test_gzip_is_told_by_content_not_by_name(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    plain_named = images.with_name("train-images-idx3-ubyte")
    images.rename(plain_named)
    assert load_labelled(f"{plain_named}|{labels}").count == making.COUNT


def test_a_missing_partner_is_named(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    labels.unlink()
    with pytest.raises(AssayError) as caught:
        load_labelled(str(images))
    assert "train-labels-idx1-ubyte.gz" in caught.value.remedy


def test_counts_that_differ_are_both_said(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    labels.write_bytes(gzip.compress(making.idx_bytes(making.labels(making.COUNT - 2))))
    with pytest.raises(AssayError, match="18 images but 16 labels"):
        load_labelled(f"{images}|{labels}")


def test_swapped_files_are_recognised(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    with pytest.raises(AssayError, match="not an IDX image file: magic 0x00000801 is a label file; did you swap them"):
        idx.read_images(labels)
    with pytest.raises(AssayError, match="not an IDX label file: magic 0x00000803 is an image file"):
        idx.read_labels(images)


def test_dropped_the_wrong_way_round_a_pair_is_read_all_the_same(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    assert load_labelled(f"{labels}|{images}").count == making.COUNT


@pytest.mark.parametrize("zipped", [True, False])
def test_a_short_file_says_bytes_expected_and_found(tmp_path, zipped):
    data = making.idx_bytes(making.pictures())[:-100]
    path = tmp_path / "a-images-idx3-ubyte"
    path.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.raises(AssayError) as caught:
        idx.read_images(path)
    expected = making.pictures().nbytes
    assert f"{expected} bytes" in caught.value.why
    assert f"{expected - 100} found" in caught.value.why


def test_a_file_longer_than_its_header_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(making.idx_bytes(making.pictures()) + b"x" * 10))
    with pytest.raises(AssayError, match="longer than its header"):
        idx.read_images(path)


def test_a_gzip_bomb_is_not_unpacked_beyond_the_promise(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(making.idx_bytes(making.pictures()) + bytes(200_000_000), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(AssayError, match="longer than its header"):
            idx.read_images(path)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_header_that_promises_more_than_the_file_can_hold_takes_no_memory(tmp_path, zipped):
    head = bytes([0, 0, 8, 3]) + (1_000_000).to_bytes(4) + (50).to_bytes(4) + (50).to_bytes(4) + bytes(100)
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(head) if zipped else head)
    with pytest.raises(AssayError, match="cut short"):
        idx.read_images(path)


def test_an_absurd_size_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes([0, 0, 8, 3]) + b"\xff" * 12)
    with pytest.raises(AssayError, match="claims"):
        idx.read_images(path)


def test_other_value_types_are_named(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(making.idx_bytes(np.zeros((2, 3, 3), dtype=">f4"), kind=0x0D))
    with pytest.raises(AssayError, match="float values in 3 dimensions"):
        idx.read_images(path)


def test_sets_of_different_picture_sizes_are_not_mixed(tmp_path):
    first = making.idx_pair(tmp_path / "a")
    second = making.idx_pair(tmp_path / "b", "t10k")
    second[0].write_bytes(making.idx_bytes(making.pictures(side=9)))
    with pytest.raises(AssayError, match="different sizes"):
        read_pairs(pair_up([first[0], second[0]], [first[1], second[1]]))


@pytest.mark.shared_data
def test_the_genuine_mnist_slice_is_read(shared):
    folder = shared / "data" / "cotenqu"
    data = load_labelled(str(folder))
    assert data.images.shape == (7000, 28, 28)
    assert data.held_out.sum() == 2000
    train = np.bincount(data.labels[~data.held_out])
    assert train.tolist() == [494, 558, 497, 526, 482, 455, 475, 527, 463, 523]
    assert np.bincount(data.labels[data.held_out]).tolist() == [169, 223, 236, 216, 212, 166, 175, 212, 208, 183]
    pair = load_labelled(str(folder / "mnist5k-test-images-idx3-ubyte.gz"), classes=("3", "9"), side=14)
    assert pair.images.shape == (216 + 183, 14, 14)
    assert pair.class_names == ("3", "9")
