import pickle

import numpy as np
import pytest

from app.core import AssayError
from app.data.inspect import inspect
from app.data.labelled import load_labelled
from tests.data import making


def test_records_become_luma_pictures_with_class_names(tmp_path):
    path = making.cifar(tmp_path / "data_batch_1.bin")
    data = load_labelled(str(path))
    first = np.frombuffer(path.read_bytes(), dtype=np.uint8)[1:3073].reshape(3, 32, 32) / 255
    assert np.allclose(data.images[0], 0.299 * first[0] + 0.587 * first[1] + 0.114 * first[2], atol=1e-6)
    assert data.class_names == ("airplane", "automobile", "bird")


def test_a_folder_of_batches_marks_the_test_batch(tmp_path):
    making.cifar(tmp_path / "data_batch_1.bin")
    making.cifar(tmp_path / "test_batch.bin", count=9)
    (tmp_path / "readme.html").write_text("<html></html>")
    data = load_labelled(str(tmp_path))
    assert data.held_out.tolist() == [False] * making.COUNT + [True] * 9


def test_files_dropped_together_make_one_set(tmp_path):
    paths = [making.cifar(tmp_path / f"data_batch_{i}.bin") for i in (1, 2)]
    found = inspect(paths)
    assert (found.kind, found.count) == ("labelled-images", 2 * making.COUNT)
    assert load_labelled(found.path).count == 2 * making.COUNT


def test_a_wrong_length_is_said_in_records_and_bytes(tmp_path):
    path = making.cifar(tmp_path / "data_batch_1.bin")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AssayError, match="records of 3073 bytes expected, 3072 bytes found after 17 records"):
        load_labelled(str(path))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_the_pickled_version_is_refused_by_name_and_never_opened(tmp_path, protocol):
    canary = tmp_path / "canary"
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({b"data": making.Canary(canary)}, protocol=protocol))
    for ref in (path, tmp_path):
        with pytest.raises(AssayError, match="pickle") as caught:
            load_labelled(str(ref))
        assert "cifar-10-binary.tar.gz" in caught.value.remedy
    assert not canary.exists()
