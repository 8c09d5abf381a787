"""Read IDX files (the format of MNIST): pictures and labels, plain or gzipped."""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.data.files import open_plain, size_of
from app.data.text import plain, size_in_words

IMAGES_MAGIC = 0x0803
LABELS_MAGIC = 0x0801
GZIP_MAGIC = b"\x1f\x8b"
SIZE_LIMIT = 4_000_000_000
BEST_RATIO = 1100
"""Deflate packs at most 1032:1, so a header that promises more than this many times the file is false."""

_TYPES = {0x08: "unsigned byte", 0x09: "signed byte", 0x0B: "short", 0x0C: "int", 0x0D: "float", 0x0E: "double"}
_PART = 1 << 20


@dataclass(frozen=True)
class IdxHeader:
    """The shape an IDX file promises, and how many bytes stand before its values."""

    magic: int
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        return 4 + 4 * len(self.shape)

    @property
    def promised(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape)


def parse_header(head: bytes) -> IdxHeader | None:
    """The header at the start of `head`, or None where it is no IDX file. Needs up to 4 + 4·dimensions bytes."""
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= 4:
        return None
    dimensions = head[3]
    if len(head) < 4 + 4 * dimensions:
        return None
    shape = tuple(int.from_bytes(head[4 + 4 * i : 8 + 4 * i]) for i in range(dimensions))
    return IdxHeader(int.from_bytes(head[:4]), shape)


def unzipped_head(data: bytes, count: int = 600) -> bytes:
    """The first bytes inside the gzip file that starts with `data`; empty where it is damaged."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, count)
    except zlib.error:
        return b""


def read_header(path: Path) -> IdxHeader:
    """The header of the IDX file at `path`; raises AssayError where it has none."""
    with open_plain(path) as handle:
        head = handle.read(600)
    inside = unzipped_head(head) if head.startswith(GZIP_MAGIC) else head
    header = parse_header(inside)
    if header is None:
        name = plain(path.name)
        why = f"it starts with {inside[:4].hex()}" if inside else "it is empty or damaged"
        raise AssayError(f"“{name}” is not an IDX file", where=name, why=why)
    return header


def read_images(path: Path) -> NDArray[np.uint8]:
    """The pictures (n, h, w) of an IDX file; raises AssayError for a wrong kind, a short or an over-long file."""
    return _read(path, IMAGES_MAGIC, "image", "a label file")


def read_labels(path: Path) -> NDArray[np.uint8]:
    """The labels (n,) of an IDX file; raises AssayError as `read_images`."""
    return _read(path, LABELS_MAGIC, "label", "an image file")


def check_counts(images: int, labels: int, where: str) -> None:
    """Raises AssayError unless there is one label for each picture."""
    if images != labels:
        raise AssayError(
            f"{images} images but {labels} labels", where=where, remedy="Use the two files of the same set"
        )


def _read(path: Path, magic: int, word: str, other: str) -> NDArray[np.uint8]:
    name = plain(path.name)
    header = read_header(path)
    if header.magic != magic:
        raise AssayError(
            f"“{name}” is not an IDX {word} file: magic 0x{header.magic:08x} {_meaning(header.magic, other)}",
            where=name,
        )
    if header.promised > SIZE_LIMIT:
        raise AssayError(
            f"“{name}” claims {size_in_words(header.promised)} of values",
            where=name,
            remedy=f"At most {SIZE_LIMIT:,} bytes are read",
        )
    with open_plain(path) as handle:
        zipped = handle.read(2) == GZIP_MAGIC
        handle.seek(0)
        if zipped and header.promised > BEST_RATIO * size_of(handle):
            raise _cut_short(name, header, f"what {size_of(handle)} gzipped bytes can hold")
        if not zipped and size_of(handle) < header.length + header.promised:
            raise _cut_short(name, header, f"{max(0, size_of(handle) - header.length)}")
        # One byte more than promised tells an over-long file.
        wanted = header.length + header.promised + 1
        found, damage = _unzipped(handle, wanted) if zipped else (handle.read(wanted), "")
    values = memoryview(found)[header.length :]
    if len(values) < header.promised:
        raise _cut_short(name, header, f"{len(values)}", damage)
    if damage:
        raise AssayError(f"“{name}” is damaged", where=name, why=damage, remedy="Copy or download it again")
    if len(values) > header.promised:
        raise AssayError(
            f"“{name}” is longer than its header says",
            where=name,
            why=f"{header.promised} bytes of values expected, more found",
        )
    return np.frombuffer(values, dtype=np.uint8).reshape(header.shape)


def _meaning(magic: int, other: str) -> str:
    if magic in (IMAGES_MAGIC, LABELS_MAGIC):
        return f"is {other}; did you swap them?"
    return f"means {_TYPES[magic >> 8 & 0xFF]} values in {magic & 0xFF} dimensions"


def _unzipped(handle: BinaryIO, wanted: int) -> tuple[bytes, str]:
    """At most `wanted` bytes from a gzip file, and what is wrong with it; what it holds beyond is never unpacked."""
    found = bytearray()
    unpacker = zlib.decompressobj(wbits=31)
    packed = b""
    while len(found) < wanted and not unpacker.eof:
        packed = unpacker.unconsumed_tail or handle.read(_PART)
        if not packed:
            return bytes(found), "the gzip stream ends early"
        try:
            found += unpacker.decompress(packed, wanted - len(found))
        except zlib.error as error:
            return bytes(found), plain(str(error))
    return bytes(found), ""


def _cut_short(name: str, header: IdxHeader, found: str, damage: str = "") -> AssayError:
    shape = "×".join(map(str, header.shape))
    return AssayError(
        f"“{name}” is cut short",
        where=name,
        why=f"{header.promised} bytes of values expected ({shape}), {found} found" + (f" ({damage})" if damage else ""),
        remedy="Copy or download it again",
    )
