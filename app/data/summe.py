"""Read SumMe's ground truth: a folder of MATLAB 5 files, one per video. Only arrays of numbers are taken from them."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import AssayError
from app.data.annotated_video import EXPECTED, AnnotatedVideo, checked_video
from app.data.files import open_plain, unreadable, what_is_at
from app.data.text import plain, size_in_words

FILE_LIMIT = 64_000_000
UNPACKED_LIMIT = 500_000_000
FILES_LIMIT = 1_000
WANTED = ("user_score", "gt_score", "nFrames", "video_duration", "FPS")
HEADER = b"MATLAB 5.0 MAT-file"
_COMPRESSED = 15
_DAMAGE = (
    ValueError, TypeError, KeyError, IndexError, OSError, EOFError, zlib.error, struct.error, OverflowError,
    NotImplementedError, AttributeError, RuntimeError, AssertionError,
)  # fmt: skip
"""What scipy raises for damaged files."""


def load_summe(path: Path) -> tuple[AnnotatedVideo, ...]:
    """The rated videos of one .mat file, or of a folder of them (also the folder above, which holds `GT`).

    Raises AssayError where there is none, one is damaged, or it holds more than arrays of numbers.
    """
    files = summe_files(path)
    if not files:
        raise AssayError(f"“{plain(path.name)}” holds no ratings of videos", where=plain(str(path)), remedy=EXPECTED)
    return tuple(_video(file) for file in files)


def summe_files(path: Path) -> list[Path]:
    """The MATLAB 5 files that `path` is or holds, by name."""
    if what_is_at(path) == "file":
        return [path]
    try:
        for folder in (path / "GT", path):
            if what_is_at(folder) == "folder":
                names = [one for one, _ in zip(folder.iterdir(), range(FILES_LIMIT), strict=False)]
                found = [one for one in sorted(names) if one.suffix.lower() == ".mat" and _is_matlab(one)]
                if found:
                    return found
    except OSError as error:
        raise unreadable(path, error) from error
    return []


def _is_matlab(path: Path) -> bool:
    if what_is_at(path) != "file":
        return False
    with open_plain(path) as handle:
        return handle.read(len(HEADER)) == HEADER


def _video(path: Path) -> AnnotatedVideo:
    name = plain(path.name)
    with open_plain(path) as handle:
        data = handle.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise AssayError(f"“{name}” is larger than {size_in_words(FILE_LIMIT)}", where=name)
    _check_unpacked(data, name)
    values = _variables(data, name)
    missing = [field for field in ("user_score",) if field not in values]
    if missing:
        raise AssayError(f"“{name}” has no variable “{missing[0]}”", where=name, remedy=EXPECTED)
    odd = [field for field, value in values.items() if _is_no_number(value)]
    if odd:
        raise AssayError(f"“{odd[0]}” is no array of numbers", where=name)
    frames = values.get("nFrames")
    # The users' table is (n, users) whatever its sides are, so it is turned here where that is known.
    return checked_video(
        name,
        video_id=path.stem,
        category="",
        title=path.stem.replace("_", " "),
        user_anno=np.asarray(values["user_score"]).T,
        gt_score=values.get("gt_score"),
        length_s=_one(values.get("video_duration")),
        frames=None if frames is None else _frames(frames, name),
    )


def _variables(data: bytes, name: str) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {
                key: value
                for key, value in loadmat(io.BytesIO(data), variable_names=list(WANTED), chars_as_strings=False).items()
                if key in WANTED
            }
    except _DAMAGE as error:
        raise AssayError(
            f"“{name}” cannot be read as a MATLAB file",
            where=name,
            why=plain(str(error)),
            remedy="It may be damaged or not completely copied",
        ) from error


def _check_unpacked(data: bytes, name: str) -> None:
    """Refuses a file whose packed variables unpack to more than `UNPACKED_LIMIT`."""
    if not data.startswith(HEADER) or len(data) < 136:
        raise AssayError(f"“{name}” is no MATLAB 5 file, or is cut short", where=name)
    order = "<" if data[126:128] == b"IM" else ">"
    place, total = 128, 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        if kind == _COMPRESSED:
            total += _unpacked_size(data[place + 8 : place + 8 + size], UNPACKED_LIMIT - total)
            if total >= UNPACKED_LIMIT:
                raise AssayError(f"“{name}” unpacks to more than {size_in_words(UNPACKED_LIMIT)}", where=name)
        place += 8 + size


def _unpacked_size(packed: bytes, limit: int) -> int:
    unpacker = zlib.decompressobj()
    total = 0
    try:
        while packed and total < limit:
            total += len(unpacker.decompress(packed, 1_000_000))
            packed = unpacker.unconsumed_tail
    except zlib.error:
        # scipy meets the same damage and says so.
        return total
    return total


def _is_no_number(value: Any) -> bool:
    return not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf"


def _one(value: Any) -> float | None:
    return float(np.ravel(value)[0]) if value is not None and np.size(value) else None


def _frames(value: Any, name: str) -> int:
    number = _one(value)
    if number is None or not np.isfinite(number):
        raise AssayError("nFrames is no number", where=name)
    return int(number)
