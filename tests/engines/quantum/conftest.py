"""Small real data and the golden numbers, for the tests of the quantum engine's mathematics."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DIGIT_NAMES = tuple(str(digit) for digit in range(10))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Bit-identical repeats are promised for one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def cotenqu(golden: Path) -> Path:
    return golden / "cotenqu"


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The 1797 8×8 digits in [0, 1], their labels and class names."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.images / 16, found.target, DIGIT_NAMES


def numbers(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture(scope="session")
def golden_numbers(cotenqu: Path) -> Any:
    """A function that reads a golden .npz or .json by name."""

    def read(name: str) -> Any:
        return json.loads((cotenqu / name).read_text()) if name.endswith(".json") else numbers(cotenqu / name)

    return read
