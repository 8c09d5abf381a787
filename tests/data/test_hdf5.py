import os
import time

import h5py
import numpy as np
import pytest

from app.core import AssayError
from app.data import hdf5
from app.data.hdf5 import open_hdf5


@pytest.fixture
def secret(tmp_path):
    """Another file, which no reading of ours may touch: its access would change its time of access."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(10)
    os.utime(path, (1, 1))
    return path


@pytest.fixture
def made(tmp_path):
    def make(fill, **options):
        path = tmp_path / "given.h5"
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return make


def refusal(path, place="values"):
    with pytest.raises(AssayError) as caught, open_hdf5(path) as file:
        file.members()
        file.array(place)
    return str(caught.value)


def test_numbers_and_texts_are_read(made):
    def fill(file):
        file["a/values"] = np.arange(6, dtype=">i4").reshape(2, 3)
        file["a/name"] = "Film"
        file["a/fixed"] = np.bytes_(b"Film")
        file["n"] = np.int32(7)

    with open_hdf5(made(fill)) as file:
        assert file.members() == {"a": "group", "n": "array"}
        assert file.array("a/values").tolist() == [[0, 1, 2], [3, 4, 5]]
        assert file.array("a/values").dtype.isnative
        assert file.text("a/name") == file.text("a/fixed") == "Film"
        assert file.number("n") == 7
        assert file.shape("a/values") == (2, 3)


def test_a_link_to_another_file_is_named_and_not_followed(made, secret):
    def fill(file):
        file["values"] = h5py.ExternalLink(str(secret), "/values")

    said = refusal(made(fill))
    assert "link to another file" in said
    assert "secret.h5" in said
    assert secret.stat().st_atime == 1


def test_a_link_deeper_inside_is_met_when_its_group_is(made, secret):
    def fill(file):
        file.create_group("a")["values"] = h5py.ExternalLink(str(secret), "/values")

    assert "link to another file" in refusal(made(fill), "a/values")
    assert secret.stat().st_atime == 1


def test_soft_links_and_their_loops_are_named(made):
    def fill(file):
        file["values"] = h5py.SoftLink("/values")

    assert "soft link" in refusal(made(fill))


def test_a_group_that_holds_itself_ends(made):
    def fill(file):
        group = file.create_group("a")
        group["a"] = group

    with open_hdf5(made(fill)) as file:
        assert file.members("a/a/a/a") == {"a": "group"}


def test_values_stored_in_another_file_are_refused(made, tmp_path):
    outside = tmp_path / "raw.bin"
    outside.write_bytes(b"topsecret" * 10)
    os.utime(outside, (1, 1))

    def fill(file):
        file.create_dataset("values", (8,), np.uint8, external=[(str(outside), 0, 8)])

    said = refusal(made(fill))
    assert "another file" in said
    assert "raw.bin" in said
    assert outside.stat().st_atime == 1


def test_a_virtual_data_set_is_refused(made, secret):
    def fill(file):
        layout = h5py.VirtualLayout((10,), np.int64)
        layout[:] = h5py.VirtualSource(str(secret), "values", (10,))
        file.create_virtual_dataset("values", layout)

    assert "virtual" in refusal(made(fill))
    assert secret.stat().st_atime == 1


def test_an_unknown_filter_is_named_and_no_plug_in_looked_for(made, tmp_path):
    def fill(file):
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((4,))
        plan.set_filter(32008, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(file.id, b"values", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((8,)), plan)

    assert "filter 32008" in refusal(made(fill))
    assert h5py.h5pl.size() == 0
    assert os.environ["HDF5_PLUGIN_PATH"] == ""


def test_a_claim_of_2_to_the_60_elements_is_refused_before_memory_is_taken(made):
    def fill(file):
        file.create_dataset("values", (2**60,), np.uint8, chunks=(1024,))

    begin = time.process_time()
    assert "claims" in refusal(made(fill))
    assert time.process_time() - begin < 1


def test_a_huge_chunk_is_refused(made):
    def fill(file):
        file.create_dataset("values", (10,), np.float64, chunks=(2**28,), maxshape=(None,), compression="gzip")

    assert "chunk" in refusal(made(fill))


def test_what_a_file_gives_in_all_is_limited(made):
    def fill(file):
        file["values"] = np.zeros(1000)

    with open_hdf5(made(fill), limit=12_000) as file:
        file.array("values")
        with pytest.raises(AssayError, match="claims"):
            file.array("values")


def test_a_crowd_of_attributes_is_refused(made):
    def fill(file):
        file["values"] = np.zeros(3)
        for number in range(hdf5.ATTRIBUTE_LIMIT + 1):
            file["values"].attrs[str(number)] = 0

    assert "attributes" in refusal(made(fill, libver="latest"))


def test_a_crowd_of_members_is_refused(made, monkeypatch):
    monkeypatch.setattr(hdf5, "MEMBER_LIMIT", 5)

    def fill(file):
        for number in range(6):
            file[str(number)] = 0

    assert "entries" in refusal(made(fill))


def test_what_is_no_plain_number_is_refused(made):
    def fill(file):
        file["values"] = np.zeros(3, dtype=[("a", "f4"), ("b", "i4")])

    assert "no plain numbers" in refusal(made(fill))


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(AssayError, match="a named pipe"), open_hdf5(tmp_path / "pipe.h5"):
        pass


def test_the_signature_is_found_behind_a_user_block(made):
    assert hdf5.is_hdf5(made(lambda file: None, userblock_size=512))
