import os
import socket
import time

import numpy as np
import pytest
from PIL import Image

from app.core import AssayError, Stopped
from app.data.image_folder import list_folder
from app.data.inspect import inspect
from app.data.labelled import load_labelled
from tests.data import making


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif", ".gif"])
def test_a_folder_of_classes_is_read(tmp_path, suffix):
    data = load_labelled(str(making.class_folders(tmp_path / "set", suffix)))
    assert data.class_names == ("cat", "dog")
    assert data.images.shape == (2 * making.PER_CLASS, 28, 28)
    assert data.names[0] == os.path.join("cat", f"0{suffix}")
    assert load_labelled(str(tmp_path / "set"), side=8).images.shape[1:] == (8, 8)


def test_train_and_test_folders_mark_the_test_part(tmp_path):
    making.class_folders(tmp_path / "train")
    making.class_folders(tmp_path / "test", per_class=2)
    data = load_labelled(str(tmp_path))
    assert data.class_names == ("cat", "dog")
    assert data.held_out.sum() == 4
    assert inspect([tmp_path]).options["has_test_set"]


def test_few_unreadable_pictures_are_left_out_and_listed(tmp_path):
    making.class_folders(tmp_path, per_class=15)
    (tmp_path / "dog" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    data = load_labelled(str(tmp_path))
    assert data.count == 30
    assert data.skipped[0].startswith(os.path.join("dog", "broken.png"))
    assert "Left out 1 unreadable picture" in data.notices
    with pytest.raises(AssayError, match="1 of 31 pictures could not be read"):
        load_labelled(str(tmp_path), on_bad_file="refuse")


def test_many_unreadable_pictures_are_refused_unless_the_user_says_so(tmp_path):
    making.class_folders(tmp_path)
    for i in range(3):
        (tmp_path / "cat" / f"broken{i}.jpg").write_text("not a picture")
    with pytest.raises(AssayError, match="3 of 15 pictures could not be read") as caught:
        load_labelled(str(tmp_path))
    assert "broken0.jpg" in caught.value.why
    assert load_labelled(str(tmp_path), on_bad_file="skip").count == 12


def test_other_files_hidden_files_and_loose_files_do_not_count(tmp_path):
    making.class_folders(tmp_path)
    (tmp_path / "cat" / "notes.txt").write_text("a note")
    (tmp_path / "cat" / ".DS_Store").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "readme.md").write_text("# set")
    (tmp_path / "cat" / "deeper").mkdir()
    data = load_labelled(str(tmp_path))
    assert data.count == 12
    assert "Ignored 1 file that is no picture" in data.notices
    assert "Ignored 1 file outside the class folders" in data.notices
    assert "Ignored 1 folder inside class folders" in data.notices


def test_links_that_lead_back_up_do_not_loop(tmp_path):
    root = making.class_folders(tmp_path / "set")
    (root / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "cat" / "loop").symlink_to(root)
    (root / "nowhere").symlink_to(root / "missing")
    (root / "round").symlink_to(root / "round")
    listing = list_folder(root)
    assert listing.count == 12
    assert len(listing.special) == 4
    assert load_labelled(str(root)).class_names == ("cat", "dog")


def test_a_class_folder_may_be_a_link(tmp_path):
    root = making.class_folders(tmp_path / "set")
    (tmp_path / "set" / "dog").rename(tmp_path / "elsewhere")
    (root / "dog").symlink_to(tmp_path / "elsewhere")
    assert load_labelled(str(root)).count == 12


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_sockets_and_devices_are_named_and_never_opened(tmp_path):
    root = making.class_folders(tmp_path / "set")
    os.mkfifo(root / "cat" / "pipe.png")
    os.mkfifo(root / "pipe")
    (root / "cat" / "zero.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "dog" / "s.png"))
        begin = time.monotonic()
        data = load_labelled(str(root))
        found = inspect([root])
    assert time.monotonic() - begin < 5
    assert data.count == 12
    words = " ".join(problem.what for problem in found.problems)
    for word in ("pipe.png: a named pipe", "zero.png: a device", "s.png: a socket"):
        assert word in words


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_dropped_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "table.csv")
    found = inspect([tmp_path / "table.csv"])
    assert "named pipe" in found.problems[0].what


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_sub_folder_is_named(tmp_path):
    root = making.class_folders(tmp_path / "set")
    (root / "secret").mkdir(mode=0)
    assert "secret" in list_folder(root).unreadable[0]


def test_an_unreadable_sub_folder_is_named_whoever_runs_this(tmp_path, monkeypatch):
    root = making.class_folders(tmp_path / "set")
    (root / "secret").mkdir()
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = list_folder(root)
    assert "secret" in listing.unreadable[0]
    assert "permission" in listing.unreadable[0]
    assert listing.count == 12


def test_a_huge_folder_is_looked_at_within_its_time(tmp_path):
    making.class_folders(tmp_path)
    for i in range(6_000):
        os.close(os.open(tmp_path / "cat" / f"{i}.png", os.O_CREAT))
    begin = time.process_time()
    found = inspect([tmp_path], budget=0.05)
    assert time.process_time() - begin < 1
    assert any(problem.what.startswith("Scanned") for problem in found.problems)
    assert not found.options["complete"]


def test_entries_above_the_limit_are_not_listed(tmp_path, monkeypatch):
    making.class_folders(tmp_path)
    listing = list_folder(tmp_path, limit=5)
    assert not listing.complete
    monkeypatch.setattr("app.data.image_folder.ENTRY_LIMIT", 5)
    with pytest.raises(AssayError, match="holds more than 5 files"):
        load_labelled(str(tmp_path))


def test_reading_can_be_stopped_from_its_progress(tmp_path):
    making.class_folders(tmp_path, per_class=40)
    seen = []

    def stop(done, total):
        seen.append((done, total))
        raise Stopped

    with pytest.raises(Stopped):
        load_labelled(str(tmp_path), progress=stop)
    assert seen == [(64, 80)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "it is empty"),
        (["cat/"], "sub-folders hold no pictures"),
        (["1.png", "2.png"], "2 files lie in it directly"),
    ],
)
def test_a_folder_that_is_no_set_says_what_was_expected(tmp_path, names, message):
    root = tmp_path / "set"
    root.mkdir()
    for name in names:
        if name.endswith("/"):
            (root / name).mkdir()
        else:
            making.picture_file(root / name)
    found = inspect([root])
    assert found.kind == "unknown"
    assert message in found.problems[0].what
    assert "one sub-folder of pictures per class" in found.problems[0].remedy


def test_a_class_name_with_escapes_is_shown_plain(tmp_path):
    making.class_folders(tmp_path)
    (tmp_path / "dog").rename(tmp_path / "\x1b[31m\u202edog")
    assert load_labelled(str(tmp_path)).class_names[0] == "\\x1b[31m\\u202edog"


def test_a_name_that_is_no_text_is_read_and_shown(tmp_path):
    making.class_folders(tmp_path)
    try:
        os.rename(os.fsencode(tmp_path / "dog"), os.fsencode(tmp_path) + b"/d\xff\xfeg")
    except OSError:
        pytest.skip("this file system wants text")
    assert load_labelled(str(tmp_path)).class_names == ("cat", "d\\xff\\xfeg")
    assert inspect([tmp_path]).options["counts"] == {"cat": 6, "d\\xff\\xfeg": 6}


def test_one_class_and_small_classes_are_named_before_a_run(tmp_path):
    making.class_folders(tmp_path)
    making.picture_file(tmp_path / "emu.png")
    (tmp_path / "emu").mkdir()
    (tmp_path / "emu.png").rename(tmp_path / "emu" / "1.png")
    found = inspect([tmp_path])
    assert found.usable
    assert "emu (1)" in found.problems[0].what
    with pytest.raises(AssayError, match=r"emu \(1\)"):
        load_labelled(str(tmp_path))
    assert load_labelled(str(tmp_path), classes=("dog", "cat")).class_names == ("dog", "cat")
    with pytest.raises(AssayError, match="no class fox"):
        load_labelled(str(tmp_path), classes=("fox",))


def test_pictures_that_are_not_square_are_squeezed_and_that_is_said(tmp_path):
    making.class_folders(tmp_path)
    Image.fromarray(np.zeros((10, 30), np.uint8)).save(tmp_path / "cat" / "wide.png")
    assert any("not square" in notice for notice in load_labelled(str(tmp_path)).notices)
    assert any("not square" in problem.what for problem in inspect([tmp_path]).problems)
