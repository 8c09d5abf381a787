"""Read the binary version of CIFAR-10: records of one label byte and 32×32 red, green and blue bytes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.data.files import open_plain, size_of
from app.data.images import luma
from app.data.text import plain

RECORD = 1 + 3 * 32 * 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TEST_FILE = "test_batch.bin"
SIZE_LIMIT = 1_000_000_000
PICKLE_NAMES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")


def looks_like_cifar(path: Path) -> bool:
    """True where the length is whole records and each record starts with a label from 0 to 9."""
    with open_plain(path) as handle:
        size = size_of(handle)
        if size == 0 or size % RECORD or size > SIZE_LIMIT:
            return False
        # A hundred records are enough to tell: other bytes pass by chance once in 10^140.
        for record in np.linspace(0, size // RECORD - 1, min(100, size // RECORD)).astype(int):
            handle.seek(int(record) * RECORD)
            if handle.read(1) > b"\x09":
                return False
    return True


def pickled_version(path: Path) -> AssayError:
    """Why the pickled version of the set is refused, and where to go instead."""
    return AssayError(
        f"“{plain(path.name)}” is the Python (pickle) version of CIFAR",
        where=plain(path.name),
        why="unpickling a file can run any code",
        remedy="Get the binary version (cifar-10-binary.tar.gz, files like data_batch_1.bin) and drop that",
    )


def read_cifar(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Luma (n, 32, 32) in [0, 1] and labels (n,) in 0..9. Raises AssayError for a wrong length or label."""
    name = plain(path.name)
    with open_plain(path) as handle:
        size = size_of(handle)
        if size == 0 or size % RECORD:
            raise AssayError(
                f"“{name}” is no CIFAR-10 binary file or is cut short",
                where=name,
                why=f"records of {RECORD} bytes expected, {size % RECORD} bytes found after {size // RECORD} records",
                remedy="Copy or download it again",
            )
        if size > SIZE_LIMIT:
            raise AssayError(f"“{name}” is too large", where=name, why=f"at most {SIZE_LIMIT:,} bytes are read")
        records = np.frombuffer(handle.read(size), dtype=np.uint8).reshape(-1, RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        record = int(np.argmax(labels > 9))
        raise AssayError(
            f"“{name}” is no CIFAR-10 binary file",
            where=f"{name}, record {record + 1}",
            why=f"labels are 0 to 9, found {labels[record]}",
        )
    pictures = records[:, 1:].reshape(-1, 3, 32, 32)
    grey = np.empty((len(records), 32, 32), dtype=np.float32)
    for start in range(0, len(records), 1000):
        part = slice(start, start + 1000)
        grey[part] = luma(pictures[part].transpose(0, 2, 3, 1)) / 255
    return grey, labels
