"""The separate process that turns one pickled weight file (stdin) into safetensors: `python -m app.models.conversion`."""

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from app.models.sandbox import limit_self

RESULT = "converted.safetensors"
TENSOR_LIMIT = 100_000
WRAPPERS = ("state_dict", "model_state_dict", "model", "module")
_MEGABYTE = 1 << 20


def convert_stdin() -> dict[str, Any]:
    """Read the pickle at stdin with the weights-only loader and write its tensors to `RESULT` in this folder.

    There is no second try with another loader. Returns {"tensors": n} or {"refused": why}.
    """
    import torch
    from safetensors.torch import save_file

    torch.set_num_threads(1)
    size = os.fstat(0).st_size
    limit_self(memory=4 * size + 512 * _MEGABYTE, written=4 * size + 64 * _MEGABYTE)
    try:
        loaded = torch.load(sys.stdin.buffer, map_location="cpu", weights_only=True)
    except Exception as error:
        # The edge: a hostile file can make the loader raise anything, and each of those means the same.
        return {"refused": _reason(error)}
    found = _tensors(loaded)
    if isinstance(found, str):
        return {"refused": found}
    # Copies: tensors that share memory, as tied weights do, cannot be told apart in a file.
    tensors = {name: tensor.detach().to_dense().contiguous().clone() for name, tensor in found.items()}
    save_file(tensors, RESULT, metadata={"format": "pt"})
    return {"tensors": len(tensors)}


def _reason(error: Exception) -> str:
    """What the loader found. Its own message goes on to advise the unsafe loader, which nobody should read here."""
    text = str(error)
    named = re.search(r"Unsupported global: GLOBAL (\S+)", text)
    if named:
        return f"it asks for “{named[1]}”, which is no part of weights"
    found = re.search(r"WeightsUnpickler error: ([^\n]*)", text)
    if found or type(error).__name__ == "UnpicklingError":
        return f"it holds more than weights, or is damaged ({found[1] if found else 'no weights were found'})"
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first}"[:1000]


def _tensors(loaded: Any) -> dict[str, Any] | str:
    """The tensors by name, or why there are none."""
    import torch

    for key in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
            break
    if not isinstance(loaded, Mapping):
        return f"it holds a {type(loaded).__name__}, not tensors by name"
    found = {name: value for name, value in loaded.items() if isinstance(name, str) and torch.is_tensor(value)}
    if not found or len(found) > TENSOR_LIMIT:
        return f"it holds {len(found):,} tensors by name"
    strange = [str(name) for name in loaded if name not in found]
    if strange:
        return f"it holds other things than tensors by name: {', '.join(strange[:5])}"
    return found


def main() -> None:
    print(json.dumps(convert_stdin()))


if __name__ == "__main__":
    main()
