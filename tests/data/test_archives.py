import gzip
import io
import os
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest

from app.core import AssayError
from app.data import archives
from app.data.archives import unpack, unpacked
from app.data.inspect import inspect
from app.data.labelled import load_labelled
from tests.data import making


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "scratch" / "inside"
    folder.mkdir(parents=True)
    return folder


def tar_of(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, value in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(value, bytes):
                member.size = len(value)
                archive.addfile(member, io.BytesIO(value))
            else:
                member.type, member.linkname = value
                archive.addfile(member)
    return path


def folder_entries(root):
    return {str(path.relative_to(root.parent)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_sets_inside_archives_are_shown_and_read(tmp_path, kind):
    folder = making.class_folders(tmp_path / "set")
    path = tmp_path / f"set.{kind}"
    if kind == "zip":
        making.zip_file(path, folder_entries(folder))
    else:
        tar_of(path, folder_entries(folder), "w:gz" if kind == "tar.gz" else "w")
    found = inspect([path])
    assert (found.kind, found.count, found.path) == ("labelled-images", 12, str(path))
    assert load_labelled(found.path).class_names == ("cat", "dog")


def test_idx_files_and_tables_inside_archives_are_read(tmp_path):
    making.idx_pair(tmp_path / "mnist")
    path = making.zip_file(tmp_path / "mnist.zip", folder_entries(tmp_path / "mnist"))
    assert load_labelled(str(path)).count == making.COUNT
    path = making.zip_file(tmp_path / "t.zip", {"table.csv": making.csv_text().encode(), "__MACOSX/._table.csv": b"x"})
    assert inspect([path]).kind == "table"
    assert load_labelled(str(path)).count == making.COUNT


def test_nothing_is_left_in_the_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    path = making.zip_file(tmp_path / "t.zip", {"table.csv": making.csv_text().encode()})
    load_labelled(str(path))
    inspect([making.zip_file(tmp_path / "bad.zip", {"../x": b"x"})])
    assert list((tmp_path / "temp").iterdir()) == []


HOSTILE = [
    "../evil",
    "a/../../evil",
    "/etc/evil",
    "\\evil",
    "..\\evil",
    "C:evil",
    "C:\\evil",
    "C:/evil",
    "a/..",
    "./../evil",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_outside_are_refused_by_name(tmp_path, into, name, kind):
    path = tmp_path / "a"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            archive.writestr(entry, b"evil")
    else:
        tar_of(path, {name: b"evil"})
    with pytest.raises(AssayError) as caught:
        unpack(path, into)
    assert "leads outside" in caught.value.why
    assert "evil" in caught.value.where or ".." in caught.value.where
    assert [p for p in tmp_path.rglob("*") if "evil" in p.name] == []


def test_a_link_followed_by_a_file_through_it_is_refused(tmp_path, into):
    outside = tmp_path / "outside"
    outside.mkdir()
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(outside))
        archive.writestr("link/evil", b"evil")
    with pytest.raises(AssayError, match="it is a link"):
        unpack(path, into)
    for kind, target in ((tarfile.SYMTYPE, str(outside)), (tarfile.LNKTYPE, "/etc/passwd")):
        tar = tar_of(tmp_path / "a.tar", {"link": (kind, target), "link/evil": b"evil"})
        with pytest.raises(AssayError, match="it is a link"):
            unpack(tar, into)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_special_members_are_refused(tmp_path, into, kind):
    with pytest.raises(AssayError, match="no plain file"):
        unpack(tar_of(tmp_path / "a.tar", {"thing": (kind, "")}), into)


def test_a_bomb_is_refused_from_its_directory(tmp_path, into):
    path = making.zip_file(tmp_path / "a.zip", {"zeros": bytes(50_000_000)})
    with pytest.raises(AssayError, match="would become 50 MB"):
        unpack(path, into)
    assert list(into.iterdir()) == []


def test_a_bomb_that_lies_about_its_size_is_stopped_while_unpacking(tmp_path, into):
    path = making.zip_file(tmp_path / "a.zip", {"zeros": bytes(50_000_000)})
    data = path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(AssayError, match=r"damaged|larger than"):
        unpack(path, into)
    assert sum(p.stat().st_size for p in into.rglob("*")) < 20_000_000


def test_a_tar_bomb_is_stopped_while_unpacking(tmp_path, into):
    path = tar_of(tmp_path / "a.tar.gz", {f"zeros{i}": bytes(6_000_000) for i in range(5)}, "w:gz")
    with pytest.raises(AssayError, match="larger than 10 MB"):
        unpack(path, into)


def test_a_tar_of_endless_headers_is_stopped(tmp_path, into, monkeypatch):
    monkeypatch.setattr(archives, "ENTRY_LIMIT", 50)
    path = tar_of(tmp_path / "a.tar.gz", {f"{i}": b"" for i in range(200)}, "w:gz")
    with pytest.raises(AssayError, match=r"more than 50 entries|larger than"):
        unpack(path, into)


def test_two_hundred_thousand_entries_are_refused_by_count(tmp_path, into):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(archives.ENTRY_LIMIT + 1):
            entry = zipfile.ZipInfo(str(i))
            entry.CRC = entry.compress_size = entry.file_size = entry.header_offset = 0
            archive.filelist.append(entry)
            archive.NameToInfo[entry.filename] = entry
        archive._didModify = True
    with pytest.raises(AssayError, match="more than 100,000 entries"):
        unpack(path, into)


def test_an_archive_in_an_archive_is_refused_by_name(tmp_path, into):
    inner = making.zip_file(tmp_path / "inner.zip", {"x": b"x"}).read_bytes()
    for _ in range(4):
        inner = making.zip_file(tmp_path / "next.zip", {"inner.bin": inner}).read_bytes()
    with pytest.raises(AssayError, match="archive inside the archive") as caught:
        unpack(tmp_path / "next.zip", into)
    assert "inner.bin" in caught.value.where


def test_a_name_that_comes_twice_is_refused(tmp_path, into):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x", b"2")
    with pytest.raises(AssayError, match="comes twice"):
        unpack(path, into)
    with pytest.raises(AssayError, match="comes twice"):
        unpack(making.zip_file(tmp_path / "b.zip", {"a/x": b"1", "a//./x": b"2"}), into)


def test_an_encrypted_entry_is_refused(tmp_path, into):
    path = making.zip_file(tmp_path / "a.zip", {"x": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(AssayError, match="it is encrypted"):
        unpack(path, into)


def test_a_file_that_is_also_a_folder_is_a_message(tmp_path, into):
    with pytest.raises(AssayError, match="damaged"):
        unpack(making.zip_file(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"}), into)


def test_a_damaged_checksum_is_a_message(tmp_path, into):
    path = making.zip_file(
        tmp_path / "a.zip", {"x": b"some text that is long enough"}, compress_type=zipfile.ZIP_STORED
    )
    data = path.read_bytes().replace(b"some text", b"some tent")
    path.write_bytes(data)
    with pytest.raises(AssayError, match="CRC"):
        unpack(path, into)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_cut_anywhere_is_a_message(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    entries = {f"{i}.csv": os.urandom(3000) for i in range(4)}
    if kind == "zip":
        making.zip_file(path, entries)
    else:
        tar_of(path, entries, "w:gz" if kind == "tar.gz" else "w")
    data = path.read_bytes()
    end = len(data) if kind != "tar" else len(data.rstrip(b"\0"))  # the padding of a tar carries nothing
    for tenth in range(1, 10):
        path.write_bytes(data[: end * tenth // 10])
        with pytest.raises(AssayError), unpacked(path):
            pytest.fail("a cut archive was unpacked")


def test_a_sparse_member_cannot_claim_more_than_is_allowed(tmp_path, into):
    header = bytearray(tarfile.TarInfo("sparse").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = Path(tmp_path / "a.tar")
    path.write_bytes(bytes(header) + bytes(2048))
    with pytest.raises(AssayError):
        unpack(path, into)


def test_gzip_of_something_else_is_said(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(making.csv_text().encode()))
    found = inspect([path])
    assert found.kind == "unknown"
    assert "gzip file of something else" in found.problems[0].what
    path.write_bytes(b"\x1f\x8b" + zlib.compress(b"x"))
    assert inspect([path]).kind == "unknown"
