"""Say what a file is from its bytes, whatever its name ends in."""

import zipfile
from pathlib import Path

from app.core.errors import AssayError
from app.data import archives, arrays, cifar, idx, images
from app.data.files import open_plain
from app.data.text import plain

EXPECTED = (
    "Expected: MNIST-format IDX files (.gz or not), CIFAR-10 binary files, a CSV table, a .npz with X and y, a folder "
    "with one sub-folder of pictures per class, a .zip or .tar of any of these, a video or a folder of videos, features "
    "or ratings of videos (.h5, .mat, .tsv, .csv), or an Assay run, report or preset"
)

WORDS = {
    "empty": "an empty file",
    "idx-images": "an IDX image file",
    "idx-labels": "an IDX label file",
    "idx-other": "an IDX file that holds neither pictures nor labels",
    "cifar": "a CIFAR-10 binary file",
    "npz": "a numpy archive (.npz)",
    "npy": "a numpy array (.npy)",
    "zip": "a zip archive",
    "tar": "a tar archive",
    "picture": "a picture",
    "text": "a text file",
    "json": "a JSON file",
    "toml": "a TOML file",
    "html": "a web page",
    "pickle": "a Python pickle",
    "torch": "PyTorch weights (pickled)",
    "safetensors": "safetensors weights",
    "hdf5": "an HDF5 file",
    "matlab": "a MATLAB 5 file",
    "onnx": "an ONNX model",
    "office": "an Office document",
    "pdf": "a PDF document",
    "audio": "a sound file",
    "video": "a video file",
    "packed": "a packed file (7z, rar, bzip2, xz or zstd)",
    "gzip": "a gzip file of something else",
    "parquet": "a Parquet table",
    "program": "a program",
    "binary": "a binary file of an unknown format",
}

SUFFIXES = {
    "picture": (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"),
    "text": (".csv", ".tsv", ".txt", ".tab", ".dat", ".data"),
    "npz": (".npz",),
    "npy": (".npy",),
    "zip": (".zip",),
    "tar": (".tar", ".tgz"),
    "json": (".json",),
    "toml": (".toml",),
    "html": (".html", ".htm"),
    "hdf5": (".h5", ".hdf5"),
    "pdf": (".pdf",),
    "safetensors": (".safetensors",),
    "onnx": (".onnx",),
    "audio": (".wav", ".flac", ".mp3", ".ogg"),
    "video": (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".flv", ".mpg", ".mpeg", ".ogv"),
}

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
TRANSPORT_PACKET = 188

_STARTS = (
    (HDF5_MAGIC, "hdf5"),
    (b"%PDF-", "pdf"),
    (b"7z\xbc\xaf\x27\x1c", "packed"),
    (b"Rar!\x1a\x07", "packed"),
    (b"BZh", "packed"),
    (b"\xfd7zXZ\0", "packed"),
    (b"\x28\xb5\x2f\xfd", "packed"),
    (b"PAR1", "parquet"),
    (b"MATLAB 5.0 MAT-file", "matlab"),
    (b"FLV\x01", "video"),
    (b"0&\xb2u\x8ef\xcf\x11", "video"),
    (b"\0\0\x01\xba", "video"),
    (b"\0\0\x01\xb3", "video"),
    (b"fLaC", "audio"),
    (b"ID3", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
)


def recognise(path: Path) -> str:
    """The key in `WORDS` of the plain file at `path`. Raises AssayError where it cannot be opened."""
    with open_plain(path) as handle:
        head = handle.read(4096)
    if not head:
        return "empty"
    if head.startswith(idx.GZIP_MAGIC):
        inside = idx.unzipped_head(head)
        return "tar" if archives.is_tar(inside) else _idx_kind(inside) or "gzip"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip_kind(path)
    if path.suffix.lower() == ".bin" and cifar.looks_like_cifar(path):
        # Bright pictures can pass for text, so where the name promises this format it is tried first.
        return "cifar"
    return (
        _idx_kind(head)
        or ("npy" if head.startswith(arrays.NPY_MAGIC) else "")
        or ("picture" if images.is_image(head) else "")
        or ("tar" if archives.is_tar(head) else "")
        or next((kind for start, kind in _STARTS if head.startswith(start)), "")
        or _media(head)
        or ("hdf5" if head.startswith(b"MATLAB 7.3") and HDF5_MAGIC in head[512:520] else "")
        or ("onnx" if _is_onnx(head) else "")
        or _weights_or_pickle(head)
        or _text_kind(path, head)
        or ("cifar" if cifar.looks_like_cifar(path) else "binary")
    )


def suffix_says(path: Path) -> str:
    """What the name's ending promises, as a key in `WORDS`; empty where it promises nothing known."""
    ending = path.suffix.lower()
    return next((kind for kind, endings in SUFFIXES.items() if ending in endings), "")


def disagreement(path: Path, kind: str) -> str:
    """A sentence naming content and suffix where they differ, else empty."""
    promised = suffix_says(path)
    if not promised or promised == kind or {promised, kind} <= {"text", "json", "toml", "html"}:
        return ""
    return f"“{plain(path.name)}” is called {path.suffix.lower()} ({WORDS[promised]}) but is {WORDS[kind]}"


def not_usable(path: Path, kind: str) -> AssayError:
    """Why a file of this kind cannot be used as data, and what is expected instead."""
    name = plain(path.name)
    differs = disagreement(path, kind)
    if kind == "pickle" and (path.name in cifar.PICKLE_NAMES or "batch" in path.name):
        return cifar.pickled_version(path)
    why = {
        "pickle": "unpickling a file can run any code",
        "torch": "unpickling a file can run any code, and no workspace of this version takes it",
        "hdf5": "it holds neither features nor ratings of videos",
        "npy": "a single array has no labels; save values and labels together: numpy.savez(file, X=…, y=…)",
        "picture": "pictures by themselves have no class; put them into one sub-folder per class and drop the folder",
        "packed": "this packing is not opened here; unpack it and drop the folder",
    }.get(kind, "no workspace of this version takes it")
    return AssayError(differs or f"“{name}” is {WORDS[kind]}", where=name, why=why, remedy=EXPECTED)


def _idx_kind(head: bytes) -> str:
    header = idx.parse_header(head)
    if header is None:
        return ""
    return {idx.IMAGES_MAGIC: "idx-images", idx.LABELS_MAGIC: "idx-labels"}.get(header.magic, "idx-other")


def _zip_kind(path: Path) -> str:
    try:
        with open_plain(path) as handle, zipfile.ZipFile(handle) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Cut short: the directory at its end is lost. The name is all that is left to tell by.
        return "npz" if path.suffix.lower() == ".npz" else "zip"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    if any(name.endswith("data.pkl") for name in names):
        return "torch"
    return "office" if "[Content_Types].xml" in names else "zip"


def _media(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio", b"AVI ": "video"}.get(head[8:12], "")
    if head[:4] == b"OggS":
        return "video" if any(mark in head[:4096] for mark in (b"theora", b"OVP80", b"BBCD\0")) else "audio"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide") and head[0] < 0x20:
        return "video"
    # A transport stream has 0x47 at the start of each packet; three in a row are no accident.
    return (
        "video"
        if len(head) > 2 * TRANSPORT_PACKET and set(head[: 3 * TRANSPORT_PACKET : TRANSPORT_PACKET]) == {0x47}
        else ""
    )


def _is_onnx(head: bytes) -> bool:
    """ONNX is a protobuf message without a signature: a small version number, then known fields up to the graph."""
    if head[:1] != b"\x08" or len(head) < 16 or not 1 <= head[1] <= 30:
        return False
    place = 2
    while place < len(head) - 1:
        field, wire = head[place] >> 3, head[place] & 7
        if field == 7 and wire == 2:
            return True
        if (field, wire) == (5, 0):
            place += 1
            while place < len(head) and head[place] & 0x80:
                place += 1
            place += 1
        elif field in (2, 3, 4, 6, 8, 14) and wire == 2 and head[place + 1] < 0x80:
            place += 2 + head[place + 1]
        else:
            return False
    return False


def _weights_or_pickle(head: bytes) -> str:
    if len(head) > 9 and head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 100_000_000:
        return "safetensors"
    if head[0] == 0x80 and len(head) > 1 and 2 <= head[1] <= 5:
        return "pickle"
    return (
        "pickle" if head.startswith((b"(dp", b"(lp", b"ccopy_reg\n", b"cos\n", b"cposix\n", b"c__builtin__\n")) else ""
    )


def _text_kind(path: Path, head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200]
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:40:2].count(0) == 20 or head[1:40:2].count(0) == 20
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    # A stray NUL in a table is the table reader's to name; a file full of control bytes is no text.
    if not wide and controls > max(0.02 * len(head), 1):
        return ""
    if not wide and controls and suffix_says(path) not in ("text", "json", "toml", "html"):
        return ""
    if start.lower().startswith((b"<!doctype", b"<html")):
        return "html"
    if start[:1] in (b"{", b"[") and path.suffix.lower() not in (".csv", ".tsv", ".toml"):
        return "json"
    return "toml" if path.suffix.lower() == ".toml" else "text"
