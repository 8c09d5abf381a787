"""Unpack a zip or tar archive into a scratch folder, or refuse it with the name of the entry that is wrong."""

import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, NoReturn, cast

from app.core.errors import AssayError
from app.data.files import open_plain, size_of
from app.data.text import plain, size_in_words

RATIO_LIMIT = 200
SMALL = 10_000_000
"""Bytes below which the ratio is not looked at: an empty table packs better than 200:1."""

TOTAL_LIMIT = 20_000_000_000
ENTRY_LIMIT = 100_000

_PART = 1 << 18
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@contextmanager
def unpacked(path: Path, byte_limit: int = TOTAL_LIMIT) -> Iterator[Path]:
    """A scratch folder with the contents of the archive at `path`, removed afterwards.

    Raises AssayError for links, special files, encryption, archives inside, names that lead outside or come twice, more
    than `ENTRY_LIMIT` entries, and more than `byte_limit` bytes or `RATIO_LIMIT` times the archive's size.
    """
    with tempfile.TemporaryDirectory(prefix="assay-unpacked-", ignore_cleanup_errors=True) as scratch:
        # Under the archive's own name, which messages about what is inside will show.
        folder = Path(scratch) / path.name
        folder.mkdir()
        unpack(path, folder, byte_limit)
        yield folder


def unpack(path: Path, into: Path, byte_limit: int = TOTAL_LIMIT) -> None:
    """Unpack the archive at `path` into the empty folder `into`; raises AssayError as `unpacked`."""
    name = plain(path.name)
    with open_plain(path) as handle:
        packed = size_of(handle)
        allowance = min(byte_limit, max(SMALL, RATIO_LIMIT * packed))
        writer = _Writer(into, name, allowance)
        head = handle.read(4)
        handle.seek(0)
        try:
            if head[:2] == b"PK":
                _unpack_zip(handle, writer, name, packed)
            else:
                _unpack_tar(handle, writer, zipped=head[:2] == b"\x1f\x8b")
        except _DAMAGE as error:
            raise AssayError(
                f"“{name}” is damaged or cut short",
                where=name,
                why=plain(str(error)),
                remedy="Copy or download it again",
            ) from error


def is_tar(head: bytes) -> bool:
    """True where the first 512 bytes are a tar header."""
    return head[257:262] == b"ustar"


class _Writer:
    """Puts entries into the scratch folder and stops at the first that breaks a rule."""

    def __init__(self, root: Path, archive: str, allowance: int) -> None:
        self._root = root
        self._archive = archive
        self.left = self.allowance = min(allowance, max(0, shutil.disk_usage(root).free - 100_000_000))
        self._taken: set[PurePosixPath] = set()
        self._entries = 0

    def place(self, entry: str) -> PurePosixPath:
        """The checked relative path of an entry."""
        self._entries += 1
        if self._entries > ENTRY_LIMIT:
            self.refuse(entry, f"the archive has more than {ENTRY_LIMIT:,} entries")
        parts = entry.replace("\\", "/").split("/")
        place = PurePosixPath(*[part for part in parts if part not in ("", ".")])
        on_a_drive = bool(place.parts) and place.parts[0][1:2] == ":"
        if parts[0] == "" or ".." in parts or "\0" in entry or on_a_drive:
            self.refuse(entry, "its name leads outside the archive")
        return place

    def folder(self, entry: str) -> None:
        self._root.joinpath(*self.place(entry).parts).mkdir(parents=True, exist_ok=True)

    def file(self, entry: str, declared: int, open_entry: Callable[[], IO[bytes] | None]) -> None:
        place = self.place(entry)
        if place in self._taken:
            self.refuse(entry, "the name comes twice")
        if not place.parts:
            self.refuse(entry, "it has no name")
        self._taken.add(place)
        if declared > self.left:
            self.too_much(entry)
        target = self._root.joinpath(*place.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = open_entry()
        if stream is None:
            self.refuse(entry, "it is no plain file")
        with closing(stream), target.open("xb") as copy:
            while part := stream.read(_PART):
                self.left -= len(part)
                if self.left < 0:
                    self.too_much(entry)
                copy.write(part)
        self._check_depth(entry, target)

    def refuse(self, entry: str, why: str) -> NoReturn:
        raise AssayError(
            f"“{self._archive}” was not unpacked",
            where=f"{self._archive}, entry {plain(entry, 80)}",
            why=why,
            remedy="Unpack it yourself if you trust it, and drop the folder",
        )

    def _check_depth(self, entry: str, target: Path) -> None:
        with target.open("rb") as handle:
            head = handle.read(512)
        if is_tar(head) or head[:6] in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"):
            self.refuse(entry, "it is an archive inside the archive")
        if head[:4] == b"PK\x03\x04" and not entry.lower().endswith(".npz"):
            self.refuse(entry, "it is an archive inside the archive")

    def too_much(self, entry: str) -> NoReturn:
        self.refuse(entry, f"unpacked it would be larger than {size_in_words(self.allowance)}")


def _unpack_zip(handle: BinaryIO, writer: _Writer, name: str, packed: int) -> None:
    with zipfile.ZipFile(handle) as archive:
        entries = archive.infolist()
        if len(entries) > ENTRY_LIMIT:
            writer.refuse(entries[ENTRY_LIMIT].filename, f"the archive has more than {ENTRY_LIMIT:,} entries")
        # All rules that the directory can answer come before the first byte is written.
        for entry in entries:
            mode = entry.external_attr >> 16
            if entry.flag_bits & 0x1:
                writer.refuse(entry.filename, "it is encrypted")
            if stat.S_ISLNK(mode):
                writer.refuse(entry.filename, "it is a link")
            if entry.orig_filename != entry.filename and "\0" in entry.orig_filename:
                writer.refuse(entry.filename, "its name leads outside the archive")
        total = sum(entry.file_size for entry in entries)
        if total > writer.left:
            writer.refuse(max(entries, key=_file_size).filename, _total_words(total, packed))
        for entry in entries:
            if entry.is_dir():
                writer.folder(entry.filename)
            else:
                writer.file(entry.filename, entry.file_size, _Opening(archive, entry))


def _file_size(entry: zipfile.ZipInfo) -> int:
    return entry.file_size


def _total_words(total: int, packed: int) -> str:
    return f"{size_in_words(packed)} would become {size_in_words(total)}, which is more than is unpacked here"


class _Opening:
    """Opens one entry when called."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._entry = entry

    def __call__(self) -> IO[bytes]:
        return self._archive.open(self._entry)


def _unpack_tar(handle: BinaryIO, writer: _Writer, zipped: bool) -> None:
    stream = _Bounded(handle, zipped, writer)
    with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as archive:
        for member in archive:
            if member.isdir():
                writer.folder(member.name)
            elif member.isreg():
                writer.file(member.name, member.size, _Extraction(archive, member))
            else:
                link = member.issym() or member.islnk()
                writer.refuse(member.name, "it is a link" if link else "it is no plain file")
    if stream.tail.strip(b"\0"):
        raise tarfile.ReadError("the end of the archive is missing")


class _Extraction:
    """Opens one member when called."""

    def __init__(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._archive = archive
        self._member = member

    def __call__(self) -> IO[bytes] | None:
        return self._archive.extractfile(self._member)


class _Bounded:
    """What is inside a tar file, unzipped where needed, up to what the writer allows and room for the headers."""

    def __init__(self, handle: BinaryIO, zipped: bool, writer: _Writer) -> None:
        self._handle = handle
        self._unpacker: Any = zlib.decompressobj(wbits=31) if zipped else None
        self._writer = writer
        self._left = writer.allowance + 2048 * ENTRY_LIMIT
        self._buffer = b""
        self.tail = b"?"

    def read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            part = self._more()
            if not part:
                break
            self._left -= len(part)
            if self._left < 0:
                self._writer.too_much("(its headers)")
            self._buffer += part
        answer, self._buffer = self._buffer[:count], self._buffer[count:]
        if answer:
            self.tail = answer[-512:]
        return answer

    def _more(self) -> bytes:
        if self._unpacker is None:
            return self._handle.read(_PART)
        while not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._handle.read(_PART)
            if not packed:
                raise EOFError("the gzip stream ends early")
            part: bytes = self._unpacker.decompress(packed, _PART)
            if part:
                return part
        return b""
