import subprocess
import sys

import numpy as np
import pytest

from app.core import AssayError
from app.data.builtin import BUILTINS, describe_builtin
from app.data.labelled import load_labelled
from tests.data import making


@pytest.mark.parametrize("name", BUILTINS)
def test_built_in_sets_are_as_they_are_described(name):
    data = load_labelled(f"builtin:{name}")
    known = describe_builtin(f"builtin:{name}")
    assert data.count == known.count
    assert data.values.shape[1:] == BUILTINS[name].shape
    assert dict(zip(data.class_names, np.bincount(data.labels).tolist(), strict=True)) == known.options["counts"]
    assert known.usable


def test_digits_are_in_the_unit_range_and_resizable():
    data = load_labelled("builtin:digits", classes=("9", "3"), side=16)
    assert data.images.shape == (180 + 183, 16, 16)
    assert data.images.min() == 0
    assert data.images.max() <= 1
    assert data.class_names == ("9", "3")
    assert np.bincount(data.labels).tolist() == [180, 183]


def test_an_unknown_built_in_names_the_known_ones():
    with pytest.raises(AssayError) as caught:
        load_labelled("builtin:mnist")
    assert "builtin:digits" in caught.value.remedy


def test_chosen_classes_need_two_that_exist():
    with pytest.raises(AssayError, match="only one class"):
        load_labelled("builtin:iris", classes=("setosa", "setosa"))
    with pytest.raises(AssayError, match="no class tulip") as caught:
        load_labelled("builtin:iris", classes=("setosa", "tulip"))
    assert "versicolor" in caught.value.remedy


def test_a_held_out_mask_that_marks_nothing_or_all_is_left_out(tmp_path):
    making.idx_pair(tmp_path, "train")
    _, labels = making.idx_pair(tmp_path, "t10k", zipped=False)
    labels.write_bytes(making.idx_bytes(np.full(making.COUNT, 9, dtype=np.uint8)))
    assert load_labelled(str(tmp_path)).held_out.sum() == making.COUNT
    assert load_labelled(str(tmp_path), classes=("0", "1")).held_out is None


def test_a_missing_path_says_so(tmp_path):
    for ref in (str(tmp_path / "nothing"), "", "|", "a\0b"):
        with pytest.raises(AssayError):
            load_labelled(ref)


def test_reading_data_needs_no_heavy_library():
    probe = (
        "import sys, app.data.labelled, app.data.inspect, app.data.client, app.data.helper, app.data.fingerprint;"
        "print(sorted({'torch', 'sklearn', 'cv2', 'scipy', 'PySide6', 'h5py', 'pandas'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_asking_for_data_from_the_window_loads_no_decoder():
    probe = (
        "import sys, app.data.client, app.data.inspection, app.data.export;"
        "print(sorted({'PIL', 'numpy', 'zipfile', 'tarfile'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "PIL" not in answer.stdout
