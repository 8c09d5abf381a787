"""The only module that writes in the store: each operation is announced to a hook, and none leaves half a file."""

import contextlib
import errno
import os
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPLACE_TRIES = 10
REPLACE_PAUSE = 0.2
TEMPORARY = ".tmp"

Before = Callable[[str, Path], None]
"""Called with (operation, path) before each step; may raise, as a full or broken disk would."""


def _nothing(operation: str, path: Path) -> None:
    """The usual hook: every operation goes ahead."""


@dataclass
class Appender:
    """An open log: bytes are only ever added at its end."""

    path: Path
    descriptor: int

    def close(self) -> None:
        os.close(self.descriptor)


class Disk:
    """Writes files so that a reader sees the old or the new content, never a mixture."""

    def __init__(self, before: Before = _nothing) -> None:
        self._before = before

    def replace(self, path: Path, data: bytes) -> None:
        """Put `data` at `path` for good: temporary file, write, fsync, rename, fsync of the folder."""
        temporary = self._temporary(path, data, hard=True)
        self._rename(temporary, path)
        self._fsync_folder(path.parent)

    def create(self, path: Path, data: bytes) -> None:
        """Put `data` at `path` by rename, without waiting for the disk."""
        self._rename(self._temporary(path, data, hard=False), path)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Write `data` over the first bytes of an existing file, needing no further space on the disk."""
        self._before("overwrite", path)
        with open(path, "r+b") as file:
            file.write(data)

    def open_append(self, path: Path) -> Appender:
        self._before("open", path)
        return Appender(path, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644))

    def append(self, log: Appender, data: bytes | memoryview) -> int:
        """Add `data`; the number of bytes that went in, which is smaller where the disk filled up on the way."""
        self._before("append", log.path)
        return os.write(log.descriptor, data)

    def fsync(self, log: Appender) -> None:
        self._before("fsync", log.path)
        os.fsync(log.descriptor)

    def make_folder(self, path: Path) -> None:
        self._before("mkdir", path)
        path.mkdir(parents=True, exist_ok=True)

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file or a folder (links are followed) to `target`, which appears when it is complete."""
        temporary = target.with_name(f".{uuid.uuid4().hex[:8]}{TEMPORARY}")
        self._before("write", temporary)
        try:
            if source.is_dir():
                shutil.copytree(source, temporary)
            else:
                shutil.copyfile(source, temporary)
            self._rename(temporary, target)
        except BaseException:
            self._discard(temporary)
            raise

    def move(self, source: Path, target: Path) -> None:
        self._rename(source, target)

    def remove(self, path: Path) -> None:
        """Remove one file, or a link but never what it points to. A file that is gone already is no fault."""
        self._before("unlink", path)
        path.unlink(missing_ok=True)

    def remove_tree(self, path: Path) -> None:
        """Remove a folder and all in it; links in it are removed and their targets left alone."""
        self._before("rmtree", path)
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)

    def _temporary(self, path: Path, data: bytes, *, hard: bool) -> Path:
        temporary = path.with_name(f".{uuid.uuid4().hex[:8]}{TEMPORARY}")
        self._before("write", temporary)
        try:
            with open(temporary, "xb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) or 0 :]
                if hard:
                    self._before("fsync", temporary)
                    os.fsync(file.fileno())
        except BaseException:
            self._discard(temporary)
            raise
        return temporary

    def _rename(self, source: Path, target: Path) -> None:
        """Rename over `target`; on Windows a virus scanner may hold it for a moment, so that is tried again."""
        for left in reversed(range(REPLACE_TRIES)):
            try:
                self._before("rename", target)
                os.replace(source, target)
                return
            except PermissionError:
                if not left:
                    self._discard(source)
                    raise
                time.sleep(REPLACE_PAUSE)
            except OSError:
                self._discard(source)
                raise

    def _fsync_folder(self, folder: Path) -> None:
        if os.name == "nt":
            return  # folders cannot be opened there; NTFS journals the rename itself
        self._before("fsync-folder", folder)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise  # some network file systems refuse to sync folders: then there is nothing to wait for
        finally:
            os.close(descriptor)

    @staticmethod
    def _discard(path: Path) -> None:
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
