import base64
import gzip
import json
import pickle
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.core import AssayError
from app.data.inspect import inspect
from app.data.inspection import Inspection
from app.data.labelled import load_labelled
from tests.data import making


def through_json(found):
    again = Inspection.from_dict(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert again == found
    return again


def words(found):
    return " / ".join(f"{problem.what} {problem.where} {problem.remedy}" for problem in found.problems)


@pytest.mark.parametrize("kind", ["idx.gz", "idx", "idx labels", "cifar", "csv", "npz", "zip"])
def test_a_valid_file_is_recognised_shown_and_usable(tmp_path, kind):
    found = through_json(inspect([making.VALID[kind](tmp_path)]))
    assert found.usable
    assert not found.problems
    assert found.count == making.COUNT
    assert len(found.options["class_names"]) == 3
    assert load_labelled(found.path).count == making.COUNT
    assert bool(found.previews) == (found.kind == "labelled-images")


def test_what_a_form_needs_is_in_the_options(tmp_path):
    pictures = inspect([making.idx_pair(tmp_path)[0]]).options
    assert pictures["shape"] == [8, 8]
    assert pictures["counts"] == {"0": 6, "1": 6, "2": 6}
    table = inspect([making.table(tmp_path / "t.csv")]).options
    assert table["columns"] == ["width", "height", "kind"]
    assert table["label_column"] == "kind"
    assert table["cells"][0] == ["0.50", "-3.25", "a"]


def test_a_label_column_is_suggested_by_its_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["label,p1,p2"] + [f"{i % 2},{i},{i}" for i in range(10)]))
    assert inspect([path]).options["label_column"] == "label"


def test_several_bad_cells_are_counted(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b,kind"] + [f"{'x' if i in (4, 7) else i},{i},{'uv'[i % 2]}" for i in range(20)]))
    problem = inspect([path]).problems[0]
    assert (problem.severity, problem.count) == ("error", 2)
    assert "row 6, column “a”" in problem.where


@pytest.mark.parametrize(
    ("name", "data", "content", "called"),
    [
        ("a.png", making.csv_text().encode(), "a text file", ".png"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture", ".csv"),
        ("a.npz", b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file", ".npz"),
        ("a.csv", b"%PDF-1.7\n" + bytes(50), "a PDF document", ".csv"),
        ("a.zip", making.csv_text().encode(), "a text file", ".zip"),
        ("a.json", b"\x7fELF" + bytes(60), "a program", ".json"),
        ("a.csv", pickle.dumps({"a": 1}), "a Python pickle", ".csv"),
        ("a.safetensors", pickle.dumps({"a": 1}), "a Python pickle", ".safetensors"),
        ("a.csv", b"RIFF\x10\0\0\0WAVEfmt ", "a sound file", ".csv"),
    ],
)
def test_where_name_and_content_disagree_both_are_said(tmp_path, name, data, content, called):
    path = tmp_path / name
    path.write_bytes(data)
    said = words(inspect([path]))
    assert content in said
    assert called in said


def test_a_table_with_a_wrong_suffix_is_used_as_what_it_is(tmp_path):
    path = tmp_path / "table.png"
    path.write_text(making.csv_text())
    found = inspect([path])
    assert found.kind == "table"
    assert found.usable
    assert load_labelled(str(path)).count == making.COUNT


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("empty.csv", b"", "an empty file"),
        ("one.csv", b"\0", "NUL character"),
        ("one.npz", b"P", "no rows|only one column|a text file|numpy archive"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20), "packed file"),
        ("a.xlsx", None, "an Office document"),
        ("a.pt", None, "PyTorch weights"),
        ("a.npy", None, "a numpy array"),
        ("one.png", making.picture_bytes(Image.new("L", (3, 3))), "a picture"),
        ("letter.md", b"Dear reader,\nthis, that, and\nthe other\n" * 5, "a text file"),
    ],
)
def test_what_no_workspace_takes_is_named_with_what_was_expected(tmp_path, name, data, what):
    path = tmp_path / name
    if name == "a.npy":
        np.save(path, np.zeros(3))
    elif data is None:
        entry = "[Content_Types].xml" if name.endswith("xlsx") else "archive/data.pkl"
        making.zip_file(path, {entry: b"x"})
    else:
        path.write_bytes(data)
    found = inspect([path])
    assert not found.usable
    assert any(word in words(found) for word in what.split("|")), words(found)
    if found.kind == "unknown":
        assert "Expected: MNIST-format IDX" in words(found)


def test_hdf5_that_points_to_another_file_is_named_and_not_followed(tmp_path):
    path = tmp_path / "linked.h5"
    with h5py.File(path, "w") as file:
        file["out"] = h5py.ExternalLink("/etc/passwd", "/")
    found = inspect([path])
    assert found.kind == "unknown"
    assert "a link to another file" in words(found)


def test_things_that_do_not_belong_together_are_named(tmp_path):
    csv, npz = making.table(tmp_path / "t.csv"), making.npz(tmp_path / "a.npz")
    assert "t.csv is a text file, a.npz is a numpy archive" in words(inspect([csv, npz]))
    assert "dropped together" in words(inspect([csv, making.class_folders(tmp_path / "set")]))
    assert "Nothing was dropped" in words(inspect([]))
    assert "it is not there" in words(inspect([tmp_path / "gone"]))


def test_loose_pictures_are_told_where_to_go(tmp_path):
    paths = [making.picture_file(tmp_path / f"{i}.png", seed=i) for i in range(3)]
    assert "one sub-folder per class" in words(inspect(paths))


def test_a_set_too_large_to_look_at_is_still_offered(tmp_path, monkeypatch):
    monkeypatch.setattr("app.data.inspect.LOOK_LIMIT", 10)
    for path in (making.idx_pair(tmp_path)[0], making.npz(tmp_path / "a.npz"), making.cifar(tmp_path / "a.bin")):
        found = inspect([path])
        assert found.usable
        assert "too large to look at" in words(found)
        assert load_labelled(found.path).count == making.COUNT


def test_the_reference_holds_wherever_the_run_starts(tmp_path, monkeypatch):
    making.table(tmp_path / "t.csv")
    monkeypatch.chdir(tmp_path)
    assert inspect([Path("t.csv")]).path == str(tmp_path / "t.csv")


def test_a_set_in_folders_within_folders_is_found(tmp_path):
    making.idx_pair(tmp_path / "MNIST" / "raw")
    assert inspect([tmp_path]).count == making.COUNT


def test_the_first_problems_are_there_within_a_second(tmp_path):
    path = tmp_path / "long.csv"
    with path.open("w") as handle:
        handle.write("a,b,kind\n")
        handle.writelines(f"{i}.25,{i}.75,{'xy'[i % 2]}\n" for i in range(400_000))
    begin = time.process_time()
    found = inspect([path])
    assert time.process_time() - begin < 2.5  # of processor time: a loaded machine does no harm
    assert "Scanned the first" in words(found)
    assert found.usable


@pytest.mark.parametrize("kind", sorted(making.VALID))
def test_a_file_cut_at_any_tenth_is_a_message_and_never_a_traceback(tmp_path, kind):
    path = making.VALID[kind](tmp_path)
    data = path.read_bytes()
    picture = path.parent.name == "cat"
    dropped = path.parent.parent if picture else path
    for tenth in range(10):
        path.write_bytes(data[: len(data) * tenth // 10])
        found = through_json(inspect([dropped]))
        if kind == "csv":
            continue  # the first lines of a table are a table
        assert found.problems, tenth
        with pytest.raises(AssayError):
            load_labelled(str(dropped), on_bad_file="refuse")


@pytest.mark.parametrize(
    "kind", ["idx.gz", "idx", "cifar", "csv", "npz", "zip", "png", "gif", "tif", "webp", "jpg", "bmp"]
)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_flipped_bytes_are_a_message_or_other_data_but_never_a_traceback(tmp_path_factory, kind, data):
    path = making.VALID[kind](tmp_path_factory.mktemp("fuzz"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    dropped = path.parent.parent if path.parent.name == "cat" else path
    through_json(inspect([dropped], budget=0.3))
    with suppress(AssayError):
        load_labelled(str(dropped))


@settings(max_examples=60, deadline=None)
@given(
    start=st.sampled_from(
        [
            b"",
            b"\0\0\x08\x03",
            b"\0\0\x08\x01",
            b"\x1f\x8b\x08\0",
            b"PK\x03\x04",
            b"PK\x05\x06",
            b"\x93NUMPY\x01\0",
            b"{",
            b"<html",
        ]
    ),
    rest=st.binary(max_size=300),
    name=st.sampled_from(["a", "a.csv", "a.npz", "a.bin", "a.json", "a.toml", "a.zip", "a.png", "data_batch_1"]),
)
def test_any_bytes_under_any_name_are_a_message_or_data(tmp_path_factory, start, rest, name):
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(start + rest)
    through_json(inspect([path]))


def test_a_pickle_under_any_name_is_never_opened(tmp_path):
    canary = tmp_path / "canary"
    for protocol in range(6):
        data = pickle.dumps(making.Canary(canary), protocol=protocol)
        for name in ("a.pkl", "a.npz", "a.csv", "a.npy", "data_batch_1", "a.json", "x-images-idx3-ubyte"):
            path = tmp_path / name
            path.write_bytes(data)
            found = inspect([path])
            assert not found.usable, (protocol, name)
            with pytest.raises(AssayError):
                load_labelled(str(path))
        path = tmp_path / "b.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", data)
            archive.writestr("y.npy", data)
        inspect([path])
    assert not canary.exists()


def test_a_gzip_with_a_false_promise_is_a_message(tmp_path):
    path = tmp_path / "a-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + b"\x7f" * 12))
    assert not inspect([path]).usable


@pytest.mark.parametrize(
    "record", [{}, {"kind": 1}, {"kind": "a", "title": "", "summary": "", "path": "", "count": "x"}]
)
def test_a_broken_record_is_no_inspection(record):
    with pytest.raises(AssayError, match="makes no sense"):
        Inspection.from_dict(record)


def test_a_preview_that_is_no_small_picture_is_refused():
    record = Inspection("table", "t", "s", "p").as_dict()
    for picture in (b"GIF89a", making.png_claiming(60_000, 60_000)):
        entry = {"png": base64.b64encode(picture).decode(), "caption": ""}
        with pytest.raises(AssayError, match="makes no sense"):
            Inspection.from_dict({**record, "previews": [entry]})
