"""Read HDF5 files from strangers: nothing outside the file is ever opened, and sizes are checked before reading."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py
import numpy as np

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain, size_in_words

MAGIC = b"\x89HDF\r\n\x1a\n"
USER_BLOCKS = (0, 512, 1024, 2048)
"""Where the signature may stand; MATLAB 7.3 puts 512 bytes of its own in front."""

READ_LIMIT = 4_000_000_000
"""Bytes of values that one opened file gives in all."""

CHUNK_LIMIT = 256_000_000
MEMBER_LIMIT = 10_000
ATTRIBUTE_LIMIT = 1_000
TEXT_LIMIT = 10_000
BUILT_IN_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}

FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, NotImplementedError)
"""What h5py raises for damaged files."""


EXPECTED = "Choose a file that an HDF5 library wrote; a download may have broken off or saved a web page."


def is_hdf5(path: Path) -> bool:
    """True where the signature stands at one of the usual places."""
    with open_plain(path) as handle:
        for place in USER_BLOCKS:
            handle.seek(place)
            if handle.read(len(MAGIC)) == MAGIC:
                return True
    return False


@contextmanager
def open_hdf5(path: Path, limit: int = READ_LIMIT) -> Iterator["Hdf5"]:
    """The file at `path` for reading at most `limit` bytes of values; a damaged one raises AssayError."""
    open_plain(path).close()
    _forget_plugins()
    name = plain(path.name)
    if not is_hdf5(path):
        held = "nothing" if not path.stat().st_size else "something else"
        raise AssayError(
            f"“{name}” is no HDF5 file", where=name, why=f"by its name it is one, but it holds {held}", remedy=EXPECTED
        )
    with _words(name, "/"):
        file = h5py.File(os.fsencode(path), "r", locking=False)
    try:
        yield Hdf5(file, name, limit)
    finally:
        # Closing a damaged file may complain about what was already said.
        with suppress(*FAULTS):
            file.close()


class Hdf5:
    """An opened file. Places are paths such as “video_1/features”; links that lead away are refused by name."""

    def __init__(self, file: h5py.File, name: str, limit: int) -> None:
        self.name = name
        self._file = file
        self._left = limit

    def members(self, place: str = "/") -> dict[str, str]:
        """Name → “group” or “array” of what lies in the group at `place`, in text order.

        Raises AssayError for external and soft links, far too many members or attributes, and where there is no group.
        """
        group = self._group(place)
        with _words(self.name, place):
            if len(group) > MEMBER_LIMIT:
                raise self._error(f"There are {len(group):,} entries", place, f"at most {MEMBER_LIMIT:,} are looked at")
            names = sorted(group)
            return {name: self._kind(group, name, place) for name in names}

    def shape(self, place: str) -> tuple[int, ...]:
        """The shape that the array at `place` claims; nothing is read."""
        dataset = self._dataset(place)
        with _words(self.name, place):
            return tuple(int(length) for length in dataset.shape or ())

    def array(self, place: str) -> np.ndarray:
        """The numbers at `place` in native byte order. Raises AssayError where they are no numbers or too many."""
        return self._read(self._dataset(place), place)

    def number(self, place: str) -> float:
        """The single number at `place`."""
        values = self.array(place)
        if values.size != 1 or not np.isfinite(values).all():
            raise self._error("This should be one number", place, f"it has the shape {values.shape}")
        return float(values.reshape(())[()])

    def text(self, place: str) -> str:
        """The text at `place`: a string, or MATLAB's array of character codes."""
        return self._text(self._dataset(place), place)

    def referred(self, place: str) -> list["Referred"]:
        """What the references at `place` point to, in MATLAB's column order. They cannot leave the file."""
        dataset = self._dataset(place)
        with _words(self.name, place):
            if h5py.check_ref_dtype(dataset.dtype) is not h5py.Reference or dataset.size > MEMBER_LIMIT:
                raise self._error("This should be a list of references", place)
            references = dataset[()].ravel(order="F")
            return [Referred(self, self._checked(self._file[one], place), f"{place}[{i}]")
                    for i, one in enumerate(references)]  # fmt: skip

    def _kind(self, group: h5py.Group, name: str, place: str) -> str:
        inside = f"{place.strip('/')}/{name}".strip("/")
        self._check_link(group, name, inside)
        found = group.get(name, getclass=True)
        return "group" if found is h5py.Group else "array" if found is h5py.Dataset else "type"

    def _check_link(self, group: h5py.Group, name: str, inside: str) -> None:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            target = plain(os.fsdecode(link.filename), 80)
            raise self._error(
                f"“{plain(name, 60)}” is a link to another file, “{target}”", inside, "files are never followed outside"
            )
        if not isinstance(link, h5py.HardLink):
            target = plain(str(getattr(link, "path", "")), 80)
            raise self._error(f"“{plain(name, 60)}” is a soft link to “{target}”", inside, "links are not followed")

    def _walk(self, place: str) -> h5py.Group | h5py.Dataset:
        here: h5py.Group | h5py.Dataset = self._file
        done = ""
        with _words(self.name, place):
            for part in place.strip("/").split("/") if place.strip("/") else []:
                done = f"{done}/{part}".strip("/")
                if not isinstance(here, h5py.Group) or part not in here.keys():  # noqa: SIM118 - `in` follows links
                    raise self._error(f"“{plain(done, 80)}” is missing", place)
                self._check_link(here, part, done)
                here = here[part]
            return self._checked(here, place)

    def _group(self, place: str) -> h5py.Group:
        found = self._walk(place)
        if not isinstance(found, h5py.Group):
            raise self._error("This should be a group", place)
        return found

    def _dataset(self, place: str) -> h5py.Dataset:
        found = self._walk(place)
        if not isinstance(found, h5py.Dataset):
            raise self._error("This should be an array", place)
        return found

    def _checked(self, found: h5py.Group | h5py.Dataset, place: str) -> h5py.Group | h5py.Dataset:
        count = h5py.h5a.get_num_attrs(found.id)
        if count > ATTRIBUTE_LIMIT:
            raise self._error(f"There are {count:,} attributes", place, f"at most {ATTRIBUTE_LIMIT:,} are expected")
        if isinstance(found, h5py.Dataset):
            self._check_storage(found, place)
        return found

    def _check_storage(self, dataset: h5py.Dataset, place: str) -> None:
        plan = dataset.id.get_create_plist()
        if plan.get_layout() == h5py.h5d.VIRTUAL:
            raise self._error("The values are put together from other files", place, "a virtual data set is not read")
        if plan.get_external_count():
            target = plain(os.fsdecode(plan.get_external(0)[0]), 80)
            raise self._error(f"The values lie in another file, “{target}”", place, "files are never followed outside")
        for index in range(plan.get_nfilters()):
            number = plan.get_filter(index)[0]
            if number not in BUILT_IN_FILTERS:
                raise self._error(
                    f"The values are packed with filter {number}, which is not built in",
                    place,
                    remedy=f"Write the file again with one of: {', '.join(BUILT_IN_FILTERS.values())}",
                )
        if plan.get_layout() == h5py.h5d.CHUNKED:
            chunk = math.prod(int(length) for length in plan.get_chunk()) * dataset.dtype.itemsize
            if chunk > CHUNK_LIMIT:
                raise self._error(f"One chunk claims {size_in_words(chunk)}", place)

    def _read(self, dataset: h5py.Dataset, place: str) -> np.ndarray:
        with _words(self.name, place):
            kind = dataset.dtype
            if kind.kind not in "biuf" or kind.itemsize > 8:
                raise self._error("These are no plain numbers", place, plain(str(kind), 80))
            self._spend(self._claimed(dataset), place)
            return np.asarray(dataset[()], dtype=kind.newbyteorder("="))

    def _text(self, dataset: h5py.Dataset, place: str) -> str:
        with _words(self.name, place):
            if dataset.dtype.kind in "ui" and dataset.dtype.itemsize <= 4:
                codes = self._read(dataset, place).ravel(order="F")[:TEXT_LIMIT]
                return "".join(chr(code) for code in codes if 0 < code < 0x110000)
            if dataset.dtype.kind == "S" or h5py.check_string_dtype(dataset.dtype) is not None:
                if _count(dataset) != 1 or dataset.dtype.itemsize > TEXT_LIMIT:
                    raise self._error("This should be one text", place)
                value = np.asarray(dataset[()]).ravel()[0]
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                return text[:TEXT_LIMIT]
            raise self._error("This should be a text", place, plain(str(dataset.dtype), 80))

    def _claimed(self, dataset: h5py.Dataset) -> int:
        return _count(dataset) * int(dataset.dtype.itemsize)

    def _spend(self, count: int, place: str) -> None:
        if count > self._left:
            raise self._error(
                f"The array claims {size_in_words(count)}",
                place,
                f"{size_in_words(max(self._left, 0))} are left to read",
            )
        self._left -= count

    def _error(self, what: str, place: str, why: str = "", remedy: str = "") -> AssayError:
        return AssayError(what, where=_where(self.name, place), why=why, remedy=remedy)


class Referred:
    """The array that a MATLAB reference points to."""

    def __init__(self, file: Hdf5, found: h5py.Group | h5py.Dataset, place: str) -> None:
        self._file = file
        self._found = found
        self._place = place

    def array(self) -> np.ndarray:
        """As `Hdf5.array`, with MATLAB's axes reversed as HDF5 keeps them."""
        return self._file._read(self._dataset(), self._place)

    def text(self) -> str:
        return self._file._text(self._dataset(), self._place)

    def _dataset(self) -> h5py.Dataset:
        if not isinstance(self._found, h5py.Dataset):
            raise self._file._error("The reference points to no array", self._place)
        return self._found


def _count(dataset: h5py.Dataset) -> int:
    """Elements that the header claims; none where the data space is null."""
    return math.prod(int(length) for length in dataset.shape) if dataset.shape is not None else 0


def _where(name: str, place: str) -> str:
    inside = place.strip("/")
    return f"{name}, /{plain(inside, 80)}" if inside else name


@contextmanager
def _words(name: str, place: str) -> Iterator[None]:
    """Turns what h5py raises for a damaged file into words."""
    try:
        yield
    except FAULTS as error:
        raise AssayError(
            f"“{name}” cannot be read as HDF5",
            where=_where(name, place),
            why=plain(str(error).strip("'\""), 200),
            remedy="It may be damaged or not completely copied",
        ) from error


def _forget_plugins() -> None:
    """Filters are code that HDF5 would load from a folder: none is searched."""
    os.environ["HDF5_PLUGIN_PATH"] = ""
    with suppress(*FAULTS):
        for _ in range(h5py.h5pl.size()):
            h5py.h5pl.remove(0)
