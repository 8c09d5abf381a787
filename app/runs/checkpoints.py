"""Keeps and restores a task's state: arrays as safetensors, everything else as JSON, never pickle."""

import base64
import importlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from app.core import AssayError

FORMAT = 1
KEPT = 2
"""Checkpoints that stay in a run folder; older ones make room."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Saved:
    """A checkpoint of a run: `seq` is the number of its event, `state` what the task gave."""

    seq: int
    file: str
    state: dict[str, Any]


def checkpoint_files(state: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """`state` as the bytes of a safetensors file and of a JSON file."""
    arrays: Arrays = {}
    tree = _pack(dict(state), arrays, "state")
    return save_arrays(arrays), json.dumps({"format": FORMAT, "state": tree}, allow_nan=False).encode()


def restore(tensors: bytes, tree: bytes) -> dict[str, Any]:
    """The state again, equal to what was given; raises AssayError where the files are damaged."""
    try:
        content = json.loads(tree)
        if content["format"] != FORMAT:
            raise AssayError(f"The checkpoint has format {content['format']}; this version reads {FORMAT}")
        state = _unpack(content["state"], load_arrays(tensors))
    except (SafetensorError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise AssayError("The checkpoint is damaged", why=str(error)) from error
    if not isinstance(state, dict):
        raise AssayError("The checkpoint is damaged", why="it does not hold a mapping")
    return state


def numbers(folder: Path) -> list[int]:
    """Event numbers of the complete checkpoints in a run folder, newest first."""
    names = [path.stem for path in (folder / "checkpoints").glob("*.json")]
    return sorted((int(name) for name in names if name.isdigit()), reverse=True)


def newest(folder: Path) -> tuple[Saved | None, list[str]]:
    """The newest checkpoint that can be read, and what is wrong with newer ones."""
    problems = []
    for seq in numbers(folder):
        stem = folder / "checkpoints" / f"{seq:06d}"
        try:
            state = restore(stem.with_suffix(".safetensors").read_bytes(), stem.with_suffix(".json").read_bytes())
        except (AssayError, OSError) as error:
            problems.append(f"Checkpoint {seq} cannot be used: {error}")
            continue
        return Saved(seq, f"checkpoints/{seq:06d}", state), problems
    return None, problems


def _pack(value: Any, arrays: Arrays, path: str) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return {"$tuple": [_pack(item, arrays, f"{path}.{k}") for k, item in enumerate(value)]}
    if isinstance(value, list):
        return [_pack(item, arrays, f"{path}.{k}") for k, item in enumerate(value)]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _pack(item, arrays, f"{path}.{key}") for key, item in value.items()}
        pairs = [[_pack(key, arrays, path), _pack(item, arrays, f"{path}.{key}")] for key, item in value.items()]
        return {"$pairs": pairs}
    if isinstance(value, (np.ndarray, np.generic)):
        return _pack_array(np.asarray(value), arrays, path, "$array" if isinstance(value, np.ndarray) else "$scalar")
    if hasattr(value, "detach"):
        tensor, half = value.detach().cpu(), str(value.dtype).endswith("bfloat16")
        packed = _pack_array((tensor.float() if half else tensor).numpy(), arrays, path, "$tensor")
        return packed | {"cast": "bfloat16"} if half else packed  # float32 holds each bfloat16 exactly
    raise AssayError(
        f"A checkpoint cannot hold a {type(value).__name__}",
        where=path,
        remedy="Use arrays, tensors, numbers, strings, and lists or mappings of those.",
    )


def _pack_array(array: NDArray[Any], arrays: Arrays, path: str, kind: str) -> dict[str, Any]:
    if array.dtype.hasobject:
        raise AssayError("A checkpoint cannot hold an array of Python objects", where=path)
    key = f"{len(arrays)}:{path}"[:200]
    shape, dtype = list(array.shape), array.dtype.newbyteorder("=").str
    flat = np.array(array.astype(array.dtype.newbyteorder("="), copy=False), order="C").reshape(-1)
    arrays[key] = flat if array.dtype.kind in "iufb" and array.dtype.itemsize <= 8 else flat.view(np.uint8)
    return {kind: key, "shape": shape, "dtype": dtype}


def _unpack(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$tuple" in value:
        return tuple(_unpack(item, arrays) for item in value["$tuple"])
    if "$pairs" in value:
        return {_unpack(key, arrays): _unpack(item, arrays) for key, item in value["$pairs"]}
    for kind in ("$array", "$scalar", "$tensor"):
        if kind in value:
            array = arrays[value[kind]].view(np.dtype(value["dtype"])).reshape(value["shape"])
            return _tensor(array, value.get("cast")) if kind == "$tensor" else array if kind == "$array" else array[()]
    return {key: _unpack(item, arrays) for key, item in value.items()}


def _tensor(array: NDArray[Any], cast: str | None) -> Any:
    torch = importlib.import_module("torch")  # only where a task that uses it put a tensor in
    tensor = torch.from_numpy(np.array(array))
    return tensor.to(torch.bfloat16) if cast else tensor
