"""Small valid files of every format, built from scratch."""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 3
PER_CLASS = 6
COUNT = CLASSES * PER_CLASS


def pictures(count: int = COUNT, side: int = 8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side), dtype=np.uint8)


def labels(count: int = COUNT) -> np.ndarray:
    return (np.arange(count) % CLASSES).astype(np.uint8)


def idx_bytes(values: np.ndarray, kind: int = 0x08) -> bytes:
    head = bytes([0, 0, kind, values.ndim]) + b"".join(struct.pack(">I", length) for length in values.shape)
    return head + values.tobytes()


def idx_pair(folder: Path, prefix: str = "train", zipped: bool = True, count: int = COUNT) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    ending = ".gz" if zipped else ""
    found = []
    for name, values in (("images-idx3", pictures(count)), ("labels-idx1", labels(count))):
        path = folder / f"{prefix}-{name}-ubyte{ending}"
        path.write_bytes(gzip.compress(idx_bytes(values), mtime=0) if zipped else idx_bytes(values))
        found.append(path)
    return found[0], found[1]


def cifar(path: Path, count: int = COUNT) -> Path:
    values = np.random.default_rng(2).integers(0, 256, (count, 3073), dtype=np.uint8)
    values[:, 0] = labels(count)
    path.write_bytes(values.tobytes())
    return path


def csv_text(delimiter: str = ",", comma: bool = False, header: bool = True) -> str:
    rows = ["width", "height", "kind"] if header else []
    lines = [delimiter.join(rows)] if header else []
    for i in range(COUNT):
        numbers = [f"{i + 0.5:.2f}", f"{i * 2 - 3.25:.2f}"]
        if comma:
            numbers = [number.replace(".", ",") for number in numbers]
        lines.append(delimiter.join([*numbers, "abc"[i % CLASSES]]))
    return "\n".join(lines) + "\n"


def table(path: Path) -> Path:
    path.write_text(csv_text())
    return path


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **(arrays or {"X": pictures(), "y": labels()}))
    return path


def picture_bytes(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def picture_file(path: Path, seed: int = 0, side: int = 12) -> Path:
    values = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    kind = {".jpg": "JPEG", ".tif": "TIFF"}.get(path.suffix, path.suffix[1:].upper())
    path.write_bytes(picture_bytes(Image.fromarray(values), kind))
    return path


def class_folders(root: Path, suffix: str = ".png", per_class: int = PER_CLASS) -> Path:
    for number, name in enumerate(("cat", "dog")):
        folder = root / name
        folder.mkdir(parents=True)
        for i in range(per_class):
            picture_file(folder / f"{i}{suffix}", seed=10 * number + i)
    return root


def zip_file(path: Path, entries: dict[str, bytes], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data, **options)
    return path


def png_claiming(width: int, height: int) -> bytes:
    """A picture of a few bytes whose header says that it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


class Canary:
    """Unpickling this touches a file: the file must never appear."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (str(self.path), "w"))


VALID = {
    "idx.gz": lambda folder: idx_pair(folder)[0],
    "idx": lambda folder: idx_pair(folder, zipped=False)[0],
    "idx labels": lambda folder: idx_pair(folder)[1],
    "cifar": lambda folder: cifar(folder / "data_batch_1.bin"),
    "csv": lambda folder: table(folder / "table.csv"),
    "npz": lambda folder: npz(folder / "set.npz"),
    "zip": lambda folder: zip_file(folder / "set.zip", {"table.csv": csv_text().encode()}),
    "png": lambda folder: picture_file(class_folders(folder / "set") / "cat" / "0.png"),
    "jpg": lambda folder: picture_file(class_folders(folder / "set", ".jpg") / "cat" / "0.jpg"),
    "gif": lambda folder: picture_file(class_folders(folder / "set", ".gif") / "cat" / "0.gif"),
    "bmp": lambda folder: picture_file(class_folders(folder / "set", ".bmp") / "cat" / "0.bmp"),
    "webp": lambda folder: picture_file(class_folders(folder / "set", ".webp") / "cat" / "0.webp"),
    "tif": lambda folder: picture_file(class_folders(folder / "set", ".tif") / "cat" / "0.tif"),
}
"""One maker for each supported format; it gets a folder of its own and returns the file to damage."""
