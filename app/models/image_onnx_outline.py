"""Read what an ONNX file asks for (operators, versions, other files) before a runtime is allowed to open it.

Field numbers are those of onnx.proto. The walk keeps its own stack with a limit, so no nesting can exhaust Python's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.core.errors import AssayError
from app.data.text import plain

NODE_LIMIT = 100_000
DEPTH_LIMIT = 32
FIELD_LIMIT = 3_000_000
NAME_LIMIT = 1_000

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5

# Which fields of a message hold messages that matter here.
_INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
    "external": {},
    "opset": {},
}

# The fields that are read as they stand.
_WANTED: Mapping[str, tuple[int, ...]] = {
    "model": (1,),
    "opset": (1, 2),
    "node": (4, 7),
    "function": (1, 10),
    "external": (1, 2),
    "tensor": (14,),
}


@dataclass
class Outline:
    """What a file asks for: standard-domain version, (domain, operator) used and defined, parts kept in other files."""

    opset: int = 0
    nodes: int = 0
    operators: set[tuple[str, str]] = field(default_factory=set)
    functions: set[tuple[str, str]] = field(default_factory=set)
    external: list[Mapping[str, str]] = field(default_factory=list)


def outline(data: bytes, where: str) -> Outline:
    """The outline of the model in `data`. Raises AssayError for no ONNX, for a cut file and beyond the limits."""
    found = Outline()
    counted = _Counted(where)
    waiting = [("model", memoryview(data), 0)]
    graphs = 0
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            raise _too_much(where, f"its parts are nested more than {DEPTH_LIMIT} deep")
        facts: dict[int, int | memoryview] = {}
        entries: dict[str, str] = {}
        for number, value in counted.fields(message, whole=kind == "model"):
            inside = _INSIDE[kind].get(number)
            if inside == "external" and isinstance(value, memoryview):
                entries |= _entry(value, counted)
            elif inside is not None and isinstance(value, memoryview):
                waiting.append((inside, value, depth + 1))
            elif number in _WANTED.get(kind, ()):
                facts[number] = value
        graphs += kind == "graph"
        _note(found, kind, facts, entries)
        if found.nodes > NODE_LIMIT:
            raise _too_much(where, f"it has more than {NODE_LIMIT:,} operations")
    if not graphs or not found.opset:
        raise no_onnx(where, "it holds no graph" if not graphs else "it names no version of the operators")
    return found


def no_onnx(where: str, why: str) -> AssayError:
    return AssayError(
        f"“{where}” is no ONNX model",
        where=where,
        why=why,
        remedy="Choose an .onnx file, or a Hugging Face folder with model.safetensors",
    )


def _note(found: Outline, kind: str, facts: Mapping[int, int | memoryview], entries: Mapping[str, str]) -> None:
    if kind == "opset" and _text(facts.get(1)) in ("", "ai.onnx"):
        version = facts.get(2, 0)
        found.opset = version if isinstance(version, int) else 0
    elif kind == "node":
        found.nodes += 1
        found.operators.add((_domain(facts.get(7)), _text(facts.get(4))))
    elif kind == "function":
        found.functions.add((_domain(facts.get(10)), _text(facts.get(1))))
    elif kind == "tensor" and (entries or facts.get(14) == 1):
        found.external.append(entries)


def _domain(value: "int | memoryview | None") -> str:
    name = _text(value)
    return "" if name == "ai.onnx" else name


def _text(value: "int | memoryview | None") -> str:
    return bytes(value[:NAME_LIMIT]).decode("utf-8", "replace") if isinstance(value, memoryview) else ""


def _entry(message: memoryview, counted: "_Counted") -> dict[str, str]:
    pair = dict(counted.fields(message))
    return {_text(pair.get(1)): _text(pair.get(2))}


class _Counted:
    """Splits messages in their fields, and stops when there are too many in all."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._left = FIELD_LIMIT

    def fields(self, data: memoryview, *, whole: bool = False) -> Iterator[tuple[int, int | memoryview]]:
        """(number, value) of each field; of a `whole` file, one that reaches beyond the end means that it was cut."""
        place = 0
        while place < len(data):
            self._left -= 1
            if self._left < 0:
                raise _too_much(self._where, f"it has more than {FIELD_LIMIT:,} entries")
            key, place = self._varint(data, place)
            number, wire = key >> 3, key & 7
            if number == 0 or wire not in (_VARINT, _EIGHT, _BYTES, _FOUR):
                raise no_onnx(self._where, "its content does not follow the format")
            if wire == _VARINT:
                value, place = self._varint(data, place)
                yield number, value
                continue
            size = {_EIGHT: 8, _FOUR: 4}.get(wire, 0)
            if wire == _BYTES:
                size, place = self._varint(data, place)
            if size > len(data) - place:
                raise self._cut(number, size, len(data) - place) if whole else no_onnx(self._where, "it is damaged")
            yield number, data[place : place + size]
            place += size

    def _varint(self, data: memoryview, place: int) -> tuple[int, int]:
        value = shift = 0
        while place < len(data) and shift < 70:
            byte = data[place]
            value |= (byte & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if not byte & 0x80:
                return value, place
        raise no_onnx(self._where, "its content does not follow the format or ends in the middle of a number")

    def _cut(self, number: int, size: int, left: int) -> AssayError:
        if number != 7:
            return no_onnx(self._where, "its content does not follow the format")
        return AssayError(
            f"“{self._where}” is cut short",
            where=self._where,
            why=f"its graph has {size:,} bytes, the file holds {left:,} of them",
            remedy="Copy or download the file again",
        )


def _too_much(where: str, why: str) -> AssayError:
    return AssayError(f"“{plain(where)}” is beyond what Assay reads", where=where, why=why)
