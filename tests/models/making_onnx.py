"""Tiny ONNX files written byte by byte: no library for that is needed, and every field can be made wrong."""

from pathlib import Path

import numpy as np

FLOAT, FLOAT16, UINT8, DOUBLE = 1, 10, 2, 11


def number(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(place: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return number(place << 3) + number(value)
    content = value.encode() if isinstance(value, str) else value
    return number(place << 3 | 2) + number(len(content)) + content


def node(operator: str, inputs: list[str], outputs: list[str], *attributes: bytes, domain: str = "") -> bytes:
    parts = [field(1, name) for name in inputs] + [field(2, name) for name in outputs]
    return b"".join([*parts, field(4, operator), *(field(5, one) for one in attributes), field(7, domain)])


def tensor(name: str, values: np.ndarray, kind: int = FLOAT) -> bytes:
    sizes = b"".join(field(1, size) for size in values.shape)
    return sizes + field(2, kind) + field(8, name) + field(9, values.tobytes())


def outside(name: str, shape: tuple[int, ...], **entries: str) -> bytes:
    """A tensor whose values lie in another file."""
    pairs = [field(13, field(1, key) + field(2, value)) for key, value in entries.items()]
    return b"".join([*(field(1, size) for size in shape), field(2, FLOAT), field(8, name), *pairs, field(14, 1)])


def value(name: str, shape: tuple[int | str, ...], kind: int = FLOAT) -> bytes:
    sizes = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sizes)))


def graph(nodes: list[bytes], tensors: list[bytes], inputs: list[bytes], outputs: list[bytes]) -> bytes:
    lists = ((1, nodes), (5, tensors), (11, inputs), (12, outputs))
    return field(2, "g") + b"".join(field(place, one) for place, ones in lists for one in ones)


def model(content: bytes, *, opset: int = 17, extra: bytes = b"", domains: tuple[str, ...] = ()) -> bytes:
    versions = field(8, field(1, "") + field(2, opset))
    versions += b"".join(field(8, field(1, name) + field(2, 1)) for name in domains)
    return field(1, 8) + field(2, "by hand") + field(7, content) + versions + extra


PICTURES = ("n", 3, "h", "w")


def mixing(dimensions: int = 6) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(3, dimensions)).astype(np.float32)


def features_net(
    shape: tuple[int | str, ...] = PICTURES,
    *,
    weights: bytes | None = None,
    kind: int = FLOAT,
    opset: int = 17,
    dimensions: int = 6,
) -> bytes:
    """Mean colour, mixed to `dimensions` numbers."""
    dtype = np.float16 if kind == FLOAT16 else np.float32
    nodes = [
        node("GlobalAveragePool", ["x"], ["mean"]),
        node("Flatten", ["mean"], ["flat"]),
        node("MatMul", ["flat", "w"], ["features"]),
    ]
    inside = tensor("w", mixing(dimensions).astype(dtype), kind) if weights is None else weights
    out = value("features", (shape[0], dimensions), kind)
    return model(graph(nodes, [inside], [value("x", shape, kind)], [out]), opset=opset)


def one_node(operator: str, shape: tuple[int | str, ...], out: tuple[int | str, ...], *attributes: bytes) -> bytes:
    nodes = [node(operator, ["x"], ["y"], *attributes)]
    return model(graph(nodes, [], [value("x", shape)], [value("y", out)]))


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
