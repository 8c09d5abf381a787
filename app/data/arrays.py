"""Read numpy files (.npy, .npz) without pickle: sizes are checked against the file before memory is taken."""

import math
import zipfile
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.data.files import open_plain, size_of
from app.data.text import listed, plain, size_in_words

NPY_MAGIC = b"\x93NUMPY"
SIZE_LIMIT = 4_000_000_000
MEMBER_LIMIT = 1000
HEADER_LIMIT = 10_000

_DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class ArrayHeader:
    """What a .npy header says."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def promised(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(path: Path) -> ArrayHeader:
    """The header of the .npy file at `path`, checked against its size. Raises AssayError."""
    with open_plain(path) as handle:
        return _checked_header(handle, size_of(handle), plain(path.name))


def array_names(path: Path) -> list[str]:
    """The names of the arrays in the .npz file at `path`. Raises AssayError where it is no .npz."""
    with open_plain(path) as handle, closing(_open_zip(handle, plain(path.name))) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def array_headers(path: Path) -> dict[str, ArrayHeader]:
    """Shape and type of each array in the .npz file at `path`, without reading the values. Raises AssayError."""
    with open_plain(path) as handle, closing(_open_zip(handle, plain(path.name))) as archive:
        entries = archive.infolist()
        return {entry.filename.removesuffix(".npy"): _member_header(archive, entry, path) for entry in entries}


def read_arrays(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The named arrays of the .npz file at `path`, in the machine's byte order.

    Raises AssayError for object arrays (they need pickle), headers that promise more than the file holds, arrays over
    `SIZE_LIMIT` bytes, damaged archives and missing names.
    """
    found = {}
    with open_plain(path) as handle, closing(_open_zip(handle, plain(path.name))) as archive:
        for name in names:
            entry = next((info for info in archive.infolist() if info.filename == f"{name}.npy"), None)
            if entry is None:
                raise AssayError(f"“{plain(path.name)}” has no array “{plain(name)}”", where=plain(path.name))
            found[name] = _read_member(archive, entry, path)
    return found


def _open_zip(handle: Any, name: str) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(handle)
    except (*_DAMAGE, ValueError) as error:
        raise AssayError(
            f"“{name}” is no .npz file or is cut short", where=name, why=plain(str(error)), remedy="Save it again"
        ) from error
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    others = [entry for entry in names if not entry.endswith(".npy")]
    if others:
        raise AssayError(f"“{name}” holds more than arrays", where=name, why=listed(others))
    if len(names) > MEMBER_LIMIT or len(set(names)) < len(names):
        raise AssayError(f"“{name}” has more than {MEMBER_LIMIT} arrays or two of one name", where=name)
    return archive


def _member_header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> ArrayHeader:
    where = _place(path, entry)
    try:
        with archive.open(entry) as stream:
            return _checked_header(stream, entry.file_size, where)
    except _DAMAGE as error:
        raise _damaged(where, error) from error


def _read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    where = _place(path, entry)
    header = _member_header(archive, entry, path)
    if header.promised > SIZE_LIMIT:
        raise AssayError(
            f"“{where}” is too much to load", where=where, why=f"it takes {size_in_words(header.promised)}"
        )
    try:
        with archive.open(entry) as stream:
            values = npy.read_array(stream, allow_pickle=False, max_header_size=HEADER_LIMIT)
    except (*_DAMAGE, ValueError) as error:
        raise _damaged(where, error) from error
    native = values.dtype.newbyteorder("=")
    return np.ascontiguousarray(values, dtype=native)


def _checked_header(stream: Any, size: int, where: str) -> ArrayHeader:
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"version {version[0]}.{version[1]} of the format is not read here")
        shape, _, dtype = read(stream, max_header_size=HEADER_LIMIT)
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError) as error:
        # The header is a Python literal; its parser has errors of its own for hostile ones.
        raise AssayError(f"“{where}” has no valid array header", where=where, why=plain(str(error))) from error
    if dtype.hasobject:
        raise AssayError(
            f"“{where}” is an object array",
            where=where,
            why="it can only be read by unpickling, which can run any code",
            remedy="Save it as numbers: numpy.savez(file, X=X.astype(float), y=y.astype(int))",
        )
    if any(length < 0 for length in shape):
        raise AssayError(f"“{where}” has no valid array header", where=where, why=f"its shape is {shape}")
    header = ArrayHeader(tuple(int(length) for length in shape), dtype)
    found = size - stream.tell()
    if header.promised > found:
        raise AssayError(
            f"“{where}” is cut short",
            where=where,
            why=f"{header.promised} bytes expected for {'×'.join(map(str, shape))} {dtype}, {found} found",
            remedy="Save it again",
        )
    return header


def _place(path: Path, entry: zipfile.ZipInfo) -> str:
    return f"{plain(path.name)}, array {plain(entry.filename.removesuffix('.npy'))}"


def _damaged(where: str, error: Exception) -> AssayError:
    return AssayError(f"“{where}” is damaged", where=where, why=plain(str(error)), remedy="Save or download it again")
