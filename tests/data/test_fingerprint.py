import json
import os

import pytest

from app.core import AssayError
from app.data.fingerprint import END, changed, fingerprint
from tests.data import making


def test_the_same_data_has_not_changed(tmp_path):
    pair = making.idx_pair(tmp_path / "idx")
    refs = [
        "builtin:digits",
        str(making.table(tmp_path / "t.csv")),
        str(making.class_folders(tmp_path / "set")),
        f"{pair[0]}|{pair[1]}",
    ]
    for ref in refs:
        before = json.loads(json.dumps(fingerprint(ref)))
        assert changed(ref, before) == ""


def test_a_small_file_that_was_only_touched_is_the_same(tmp_path):
    path = making.table(tmp_path / "t.csv")
    before = fingerprint(str(path))
    os.utime(path, (1, 1))
    assert changed(str(path), before) == ""


def test_another_size_another_content_and_a_lost_file_are_told_apart(tmp_path):
    path = making.table(tmp_path / "t.csv")
    before = fingerprint(str(path))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"X")
    assert changed(str(path), before) == "the content of “t.csv” is different"
    path.write_bytes(data + b"more\n")
    assert "it had" in changed(str(path), before)
    path.unlink()
    assert "it is not there" in changed(str(path), before)
    path.mkdir()
    assert "is a folder now" in changed(str(path), before)


def test_the_middle_of_a_large_file_is_told_by_its_time(tmp_path):
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(4 * END))
    before = fingerprint(str(path))
    data = bytearray(path.read_bytes())
    data[2 * END] = 1
    path.write_bytes(data)
    os.utime(path, (1, 1))
    assert changed(str(path), before) == "“big.bin” was written again"


def test_the_end_of_a_file_between_one_and_two_pieces_counts(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(END + 10))
    before = fingerprint(str(path))
    path.write_bytes(bytes(END + 9) + b"x")
    assert "content" in changed(str(path), before)


def test_files_added_to_or_changed_in_a_folder_are_noticed(tmp_path):
    root = making.class_folders(tmp_path / "set")
    before = fingerprint(str(root))
    making.picture_file(root / "cat" / "more.png")
    assert changed(str(root), before) == "“set” has 13 files now, it had 12"
    (root / "cat" / "more.png").unlink()
    os.utime(root / "cat" / "0.png", (2**31, 2**31))
    assert "was changed" in changed(str(root), before)


def test_one_of_a_pair_is_named(tmp_path):
    images, labels = making.idx_pair(tmp_path)
    ref = f"{images}|{labels}"
    before = fingerprint(ref)
    labels.write_bytes(labels.read_bytes()[:-4] + b"abcd")
    assert labels.name in changed(ref, before)


def test_what_is_gone_has_no_fingerprint(tmp_path):
    with pytest.raises(AssayError, match="not there"):
        fingerprint(str(tmp_path / "nothing"))


def test_a_path_with_a_bar_in_its_name_is_one_path(tmp_path):
    path = making.table(tmp_path / "a|b.csv")
    assert fingerprint(str(path))["kind"] == "file"
