"""Weights from checked safetensors files: streamed tensor by tensor, finite, in one precision, with their hashes."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain, size_in_words
from app.data.weight_files import WeightFiles

if TYPE_CHECKING:
    from torch import Tensor

_PART = 1 << 20


def read_tensors(weights: WeightFiles, rename: Callable[[str], str] = str) -> dict[str, "Tensor"]:
    """All tensors in `weights` on the processor, floating ones as float32, under the names that `rename` gives.

    Raises AssayError for the first tensor with NaN or infinite values, and where memory would not suffice.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    check_memory(4 * weights.parameters)
    found: dict[str, Tensor] = {}
    for path in weights.paths:
        try:
            with safe_open(str(path), framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - the handle is no mapping
                    tensor = file.get_tensor(name)
                    check_finite(name, tensor, path)
                    wide = tensor.to(torch.float32) if tensor.is_floating_point() else tensor
                    # A copy: else the tensor stays a window into a file that others may change.
                    found[rename(name)] = wide.clone()
        except (SafetensorError, OSError) as error:
            why = plain(str(error), 200)
            raise AssayError("The weights cannot be read", where=plain(path.name), why=why) from error
    return found


def check_finite(name: str, tensor: "Tensor", path: Path) -> None:
    """Raises AssayError where a floating `tensor` holds NaN or infinity."""
    if not tensor.is_floating_point():
        return
    bad = int(tensor.numel() - tensor.float().isfinite().sum())
    if bad:
        raise AssayError(
            f"The tensor “{plain(name, 80)}” holds {bad:,} values that are NaN or infinite",
            where=plain(path.name),
            why=f"of {tensor.numel():,} values",
            remedy="The model is damaged; get it again",
        )


def check_memory(needed: int) -> None:
    """Raises AssayError with both numbers where `needed` bytes are more than is free now."""
    free = int(psutil.virtual_memory().available)
    if needed > free:
        raise AssayError(
            "There is not enough memory for this model",
            why=f"it needs {size_in_words(needed)}, {size_in_words(free)} are free",
            remedy="Close other programs, or use a machine with more memory",
        )


def file_hash(path: Path) -> str:
    """SHA-256 of a plain file, in hexadecimal. Raises AssayError where it cannot be read."""
    digest = hashlib.sha256()
    with open_plain(path) as handle:
        while part := handle.read(_PART):
            digest.update(part)
    return digest.hexdigest()


def file_hashes(files: tuple[Path, ...], root: Path) -> dict[str, str]:
    """SHA-256 of each file under its name relative to `root`."""
    return {path.relative_to(root).as_posix(): file_hash(path) for path in sorted(files)}


def total_hash(hashes: Mapping[str, str]) -> str:
    """One SHA-256 over names and hashes: the identity of a model as a whole."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def check_unchanged(before: Mapping[str, str], now: Mapping[str, str], name: str) -> None:
    """Refuse to go on with other weights than a run began with. Raises AssayError that names the files."""
    if before == now:
        return
    different = sorted(file for file in before.keys() | now.keys() if before.get(file) != now.get(file))
    raise AssayError(
        f"The model “{plain(name, 80)}” is not the one that the run began with",
        where=", ".join(plain(file, 80) for file in different[:5]),
        why="the content of its files has changed since",
        remedy="Put the earlier files back to resume, or start a new run",
    )
