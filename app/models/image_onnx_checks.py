"""Refuse an ONNX file that asks for more than the runtime brings: operators of others, weights outside its folder."""

import os
import re
from pathlib import Path

from app.core.errors import AssayError
from app.data.files import open_plain, size_of, what_is_at
from app.data.text import listed, plain
from app.models.image_onnx_outline import Outline
from app.models.safetensors_files import check_memory

DOMAINS = ("", "ai.onnx.ml", "com.microsoft")
"""Operators that the runtime brings; all others would need a library that comes with the model."""


def refuse_operators(found: Outline, name: str) -> None:
    """Raises AssayError that names the operators which neither the runtime nor the model itself defines."""
    own = sorted({f"{domain}.{op}" for domain, op in found.operators - found.functions if domain not in DOMAINS})
    if own:
        raise AssayError(
            f"“{name}” needs custom operators",
            where=name,
            why=listed([plain(op, 60) for op in own]),
            remedy="They would need a library that comes with the model. Export it with standard operators only",
        )


def check_external(found: Outline, folder: Path, name: str) -> None:
    """Raises AssayError unless each part kept elsewhere lies in a plain file beside the model, and is all there.

    No folders in between: the runtime knows one such path that means an address in memory.
    """
    sizes = {}
    for entries in found.external:
        location = entries.get("location", "")
        target = folder / location
        if not location or Path(location).name != location or "\\" in location or not location.isprintable():
            raise _outside(name, location)
        if what_is_at(target) == "missing":
            raise AssayError(
                f"The weights of “{name}” are not all there",
                where=name,
                why=f"“{plain(location, 80)}” is missing from its folder",
                remedy="Copy it beside the model",
            )
        if os.path.realpath(target) != os.path.join(os.path.realpath(folder), location):
            raise _outside(name, location)
        with open_plain(target) as handle:
            size = sizes[location] = size_of(handle)
        numbers = [entries.get(key, "0") for key in ("offset", "length")]
        if not all(re.fullmatch(r"\d{1,15}", number) for number in numbers) or sum(map(int, numbers)) > size:
            raise AssayError(
                f"“{plain(location, 80)}” does not hold what “{name}” expects",
                where=name,
                why=f"it has {size:,} bytes; offset {plain(numbers[0], 20)} and length {plain(numbers[1], 20)} are asked",
                remedy="Copy or download both files again",
            )
    check_memory(2 * sum(sizes.values()))


def _outside(name: str, location: str) -> AssayError:
    return AssayError(
        f"“{name}” keeps weights outside its folder",
        where=name,
        why=f"it names “{plain(location, 120)}”",
        remedy="It was not loaded. Save the model with its weights inside, or in a file beside it",
    )
