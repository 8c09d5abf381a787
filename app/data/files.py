"""Open what a user dropped without being held up by it: plain files only, never a pipe, socket or device."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.core.errors import AssayError
from app.data.text import plain

SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def open_plain(path: Path) -> BinaryIO:
    """`path` opened for reading bytes. Raises AssayError where it is gone, forbidden or no plain file."""
    try:
        # Without O_NONBLOCK, opening a pipe waits for a writer that never comes.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise AssayError(
            f"“{plain(path.name)}” is {SPECIAL.get(stat.S_IFMT(mode), 'no plain file')}",
            where=plain(str(path)),
            remedy="Drop an ordinary file or a folder of files",
        )
    return os.fdopen(handle, "rb")


def unreadable(path: Path, error: OSError | ValueError) -> AssayError:
    """The words for an operating system error at `path`."""
    remedy = ""
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, FileNotFoundError):
        reason, remedy = "it is not there", "It may have been moved, renamed, or its drive unplugged"
    elif isinstance(error, PermissionError):
        reason, remedy = "you have no permission to read it", "Change its permissions or copy it elsewhere"
    return AssayError(f"Could not open “{plain(path.name)}”", where=plain(str(path)), why=reason, remedy=remedy)


def size_of(handle: BinaryIO) -> int:
    return os.fstat(handle.fileno()).st_size


def head_of(path: Path, count: int = 600) -> bytes:
    """The first bytes of a plain file."""
    with open_plain(path) as handle:
        return handle.read(count)


def what_is_at(path: Path) -> str:
    """“file”, “folder”, “missing”, or what kind of special file it is, links followed."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return "missing"
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else SPECIAL.get(stat.S_IFMT(mode), "no plain file")


def split_ref(ref: str) -> list[Path]:
    """The paths of a reference: one path, or several joined by `|` (which a file name may contain, too)."""
    whole = Path(ref)
    with suppress(OSError, ValueError):
        if os.path.lexists(whole):
            return [whole]
    return [Path(part) for part in ref.split("|") if part] or [whole]


def join_ref(paths: list[Path]) -> str:
    return "|".join(str(path) for path in paths)
