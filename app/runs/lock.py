"""One process at a time changes the queue: a lock file that names its owner, taken over when the owner is dead."""

import contextlib
import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from app.core import AssayError
from app.runs import processes

PATIENCE = 10.0
STEP = 0.01


@contextlib.contextmanager
def locked(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file `path`; raises AssayError that names the owner if it stays taken for `patience` seconds.

    The operating system's lock decides where there is one, so a dead owner holds nothing. Elsewhere the file itself is
    the lock, and is taken over from an owner that no longer lives. The file is gone afterwards.
    """
    end = time.monotonic() + patience
    while True:
        descriptor = _try_system_lock(path)
        if descriptor is not None:
            break
        if time.monotonic() > end:
            raise AssayError(
                "The run list is busy",
                where=str(path),
                why=f"another Assay (process {_owner(path).get('pid', 'unknown')}) has held it for {patience:.0f} s",
                remedy="Close the other Assay, or try again.",
            )
        time.sleep(STEP)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _try_system_lock(path: Path) -> int | None:
    try:
        fcntl: Any = importlib.import_module("fcntl")
    except ImportError:
        return _try_file_lock(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _same_file(descriptor, path):  # the last owner removed it between our open and our lock
            raise BlockingIOError
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a network folder without locks
        os.close(descriptor)
        return _try_file_lock(path)
    os.truncate(descriptor, 0)
    os.write(descriptor, orjson.dumps(processes.me()))
    return descriptor


def _try_file_lock(path: Path) -> int | None:
    owner = _owner(path)
    here = owner.get("host") == processes.host_name()
    if here and not processes.alive(owner.get("pid"), owner.get("born")):
        aside = path.with_name(f"{path.name}.{os.getpid()}.stale")
        with contextlib.suppress(OSError):
            os.rename(path, aside)  # only one of several takers succeeds
            aside.unlink()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    except (FileExistsError, PermissionError):
        return None
    os.write(descriptor, orjson.dumps(processes.me()))
    return descriptor


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _owner(path: Path) -> dict[str, Any]:
    try:
        owner = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return owner if isinstance(owner, dict) else {}
