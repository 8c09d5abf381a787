"""Read and check the header of a safetensors file, without reading its weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.files import open_plain, size_of
from app.data.recognise import WORDS, recognise
from app.data.strict_json import parse_json
from app.data.text import plain, size_in_words

HEADER_LIMIT = 100_000_000
TENSOR_LIMIT = 100_000
NAME_LIMIT = 500
AXES_LIMIT = 16
LFS_START = b"version https://git-lfs"

DTYPE_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1,
    "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4,
    "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a file: `begin` and `end` are bytes from the start of the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def count(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """What a safetensors file holds. `metadata` is text by others: show it as plain text only."""

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        return sum(entry.count for entry in self.tensors.values())


def read_header(path: Path) -> Header:
    """The header of `path`. Raises AssayError for a file that is none, is cut short, or does not add up.

    Checked: an 8-byte little-endian length within the file and within 100 MB, strict JSON, known element types, sizes
    that equal shape times element, and offsets that tile the rest of the file without holes or overlaps.
    """
    name = plain(path.name)
    with open_plain(path) as handle:
        size = size_of(handle)
        start = handle.read(64)
        _check_start(path, start, size)
        length = int.from_bytes(start[:8], "little")
        if length > min(HEADER_LIMIT, size - 8):
            raise _no_safetensors(path, _length_words(length, size))
        handle.seek(8)
        data = handle.read(length)
    record = parse_json(data, where=name, limit=HEADER_LIMIT)
    if not isinstance(record, dict):
        raise _damaged(name, "its header is no table of tensors")
    metadata = _metadata(record.pop("__metadata__", {}), name)
    if len(record) > TENSOR_LIMIT:
        raise _damaged(name, f"its header names {len(record):,} tensors, more than {TENSOR_LIMIT:,}")
    tensors = {key: _entry(key, value, 8 + length, name) for key, value in record.items()}
    _check_tiling(tensors, 8 + length, size, name)
    return Header(tensors, metadata)


def is_lfs_pointer(start: bytes) -> bool:
    """True for what Git leaves in place of a large file that was not fetched."""
    return start.startswith(LFS_START)


def _check_start(path: Path, start: bytes, size: int) -> None:
    name = plain(path.name)
    if size == 0:
        raise AssayError(f"“{name}” is empty (0 bytes)", where=name, remedy="Copy or download the file again")
    if is_lfs_pointer(start):
        raise AssayError(
            f"“{name}” is a Git LFS pointer, not the weights",
            where=name,
            why="the large file itself was not fetched",
            remedy="Run “git lfs pull” in its folder, or download the file",
        )
    if size < 8 or start[8:9] not in (b"{", b" "):
        raise _no_safetensors(path, "")


def _no_safetensors(path: Path, why: str) -> AssayError:
    """By content, whatever the name says: a pickle that is called .safetensors is a pickle."""
    name, kind = plain(path.name), recognise(path)
    if kind in ("pickle", "torch", "zip"):
        return AssayError(
            f"“{name}” is called safetensors but is {WORDS[kind]}",
            where=name,
            why="pickled weights can run code when opened",
            remedy="It was not loaded. Use the safetensors version of this model",
        )
    return AssayError(
        f"“{name}” is no safetensors file",
        where=name,
        why=why or f"it is {WORDS[kind]}",
        remedy="Download the file again, or use the safetensors version of this model",
    )


def _length_words(length: int, size: int) -> str:
    if length > HEADER_LIMIT:
        return f"its header claims {size_in_words(length)}, more than {size_in_words(HEADER_LIMIT)}"
    return f"its header claims {size_in_words(length)} but the file has {size_in_words(size)}: it may be cut short"


def _metadata(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _damaged(name, "its metadata is no table of texts")
    return dict(value)


def _entry(key: str, value: Any, begin: int, name: str) -> TensorEntry:
    shown = f"tensor “{plain(key, 80)}”"
    if not key or len(key) > NAME_LIMIT or not key.isprintable():
        raise _damaged(name, f"the name of {shown} is empty, too long, or not printable")
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(name, f"{shown} does not have exactly dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
        raise _damaged(name, f"{shown} has the unknown element type {plain(str(dtype), 30)}")
    if not _sizes(shape) or len(shape) > AXES_LIMIT:
        raise _damaged(name, f"{shown} has the shape {plain(str(shape), 60)}")
    if not _sizes(offsets) or len(offsets) != 2:
        raise _damaged(name, f"{shown} has the offsets {plain(str(offsets), 60)}")
    wanted = math.prod(shape) * DTYPE_BYTES[dtype]
    if offsets[1] - offsets[0] != wanted:
        found = offsets[1] - offsets[0]
        raise _damaged(name, f"{shown} of shape {tuple(shape)} needs {wanted:,} bytes, its offsets give {found:,}")
    return TensorEntry(dtype, tuple(shape), begin + offsets[0], begin + offsets[1])


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 62 for item in value)


def _check_tiling(tensors: Mapping[str, TensorEntry], begin: int, size: int, name: str) -> None:
    place = begin
    for key, entry in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != place:
            word = "overlaps the one before it" if entry.begin < place else "leaves a hole before it"
            raise _damaged(name, f"tensor “{plain(key, 80)}” {word}")
        place = entry.end
    if place != size:
        why = f"its tensors need {place:,} bytes, the file has {size:,}"
        raise _damaged(name, f"{why}: it is cut short" if place > size else f"{why}: something was put behind them")


def _damaged(name: str, why: str) -> AssayError:
    return AssayError(f"“{name}” is damaged", where=name, why=why, remedy="Copy or download the file again")
