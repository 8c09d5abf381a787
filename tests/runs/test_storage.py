"""Storage: whatever breaks between two steps, a reader finds the old file or the new one."""

import errno
import os
import subprocess
import sys

import pytest

from app.runs import storage
from app.runs.storage import Disk


class Fails:
    """A hook that lets n operations pass, then raises."""

    def __init__(self, after: int, error: Exception, only: str = "") -> None:
        self.left = after
        self.error = error
        self.only = only
        self.seen: list[str] = []

    def __call__(self, operation, path) -> None:
        if self.only and operation != self.only:
            return
        self.seen.append(operation)
        self.left -= 1
        if self.left < 0:
            raise self.error


def no_space() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("write", ["replace", "create"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_write_that_fails_at_any_step_leaves_the_old_file(tmp_path, write, code):
    """Faults 15 and 16: the n-th operation fails, for n = 0, 1, 2 … until all succeed."""
    path = tmp_path / "run.json"
    for n in range(20):
        path.write_bytes(b"old")
        hook = Fails(n, OSError(code, "broken"))
        try:
            getattr(Disk(hook), write)(path, b"new content")
        except OSError:
            assert path.read_bytes() in (b"old", b"new content")
            assert [item.name for item in tmp_path.iterdir()] == ["run.json"]
        else:
            assert path.read_bytes() == b"new content"
            break
    else:
        pytest.fail("never succeeded")
    assert n >= (4 if write == "replace" else 2)


def test_replace_hardens_the_file_before_its_name_and_then_the_folder(tmp_path):
    hook = Fails(99, no_space())
    Disk(hook).replace(tmp_path / "a", b"1")
    assert hook.seen == ["write", "fsync", "rename", "fsync-folder"]


def test_a_file_held_by_a_scanner_is_replaced_when_it_lets_go(tmp_path, monkeypatch):
    """Fault 19: PermissionError k times on rename."""
    monkeypatch.setattr(storage, "REPLACE_PAUSE", 0.0)
    left = [3]

    def hook(operation, path):
        if operation == "rename" and left[0]:
            left[0] -= 1
            raise PermissionError("held")

    Disk(hook).replace(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_file_held_for_good_is_reported_after_ten_tries(tmp_path, monkeypatch):
    """Fault 19, the other end: no temporary file stays behind."""
    monkeypatch.setattr(storage, "REPLACE_PAUSE", 0.0)
    hook = Fails(0, PermissionError("held"), only="rename")
    with pytest.raises(PermissionError):
        Disk(hook).replace(tmp_path / "a", b"1")
    assert len(hook.seen) == 10
    assert not list(tmp_path.iterdir())


def test_a_full_device_refuses_the_append(tmp_path):
    """Fault 15 with the system's own full device."""
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    (tmp_path / "log").symlink_to("/dev/full")
    disk = Disk()
    log = disk.open_append(tmp_path / "log")
    with pytest.raises(OSError) as caught:
        disk.append(log, b"x" * 100)
    log.close()
    assert caught.value.errno == errno.ENOSPC


def test_a_size_limit_leaves_no_half_file(tmp_path):
    """Fault 15 with EFBIG from the system: RLIMIT_FSIZE in a process of its own."""
    code = (
        "import resource, sys; from pathlib import Path; from app.runs.storage import Disk\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "folder = Path(sys.argv[1])\n"
        "try: Disk().replace(folder / 'a', b'x' * 5000)\n"
        "except OSError as error: print(error.errno)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(errno.EFBIG)
    assert not list(tmp_path.iterdir())


def test_removing_a_tree_leaves_what_its_links_point_to(tmp_path):
    """Fault 22: links inside the tree, and a link in its place."""
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "precious").write_text("kept")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(target)
    Disk().remove_tree(tree)
    (tmp_path / "tree2").symlink_to(target)
    Disk().remove_tree(tmp_path / "tree2")
    assert not tree.exists() and not (tmp_path / "tree2").is_symlink()
    assert (target / "precious").read_text() == "kept"


def test_a_copy_that_fails_leaves_nothing(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("1")
    with pytest.raises(OSError):
        Disk(Fails(1, no_space())).copy(source, tmp_path / "target")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["source"]
