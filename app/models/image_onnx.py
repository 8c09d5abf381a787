"""Run a checked ONNX file that turns pictures into features, on the processor, always in the same order."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import AssayError
from app.data.files import open_plain, size_of
from app.data.text import listed, plain, size_in_words
from app.models.image_onnx_checks import check_external, refuse_operators
from app.models.image_onnx_outline import Outline, no_onnx, outline
from app.models.image_preparing import SIDE, Preparation, for_imagenet
from app.models.safetensors_files import check_memory

SIZE_LIMIT = 2_000_000_000
SIDES = (8, 1024)
MOST_THREADS = 4

_NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_FEATURE_NAMES = ("embed", "feature", "pool")


def load_onnx(path: Path) -> tuple[Preparation, "OnnxNetwork"]:
    """The model at `path`, and how its pictures are prepared. Raises AssayError as `load_image_model`.

    The runtime gets the very bytes that were checked, and may open beside them only files of the same folder.
    """
    name = plain(path.name)
    with open_plain(path) as handle:
        size = size_of(handle)
        if size > SIZE_LIMIT:
            raise AssayError(f"“{name}” is larger than {size_in_words(SIZE_LIMIT)}", where=name)
        check_memory(3 * size)
        data = handle.read(size)
    if not data:
        raise no_onnx(name, "it is empty (0 bytes)")
    found = outline(data, name)
    refuse_operators(found, name)
    check_external(found, path.parent, name)
    session = _session(data, path.parent if found.external else None, found, name)
    source = _picture_input(session.get_inputs(), name)
    preparation = for_imagenet(_side(source, name))
    return preparation, OnnxNetwork(session, source, preparation.side, name)


class OnnxNetwork:
    """Calls the session: (b, 3, side, side) float32 to (b, d) float32. Raises AssayError where it fails."""

    def __init__(self, session: Any, source: Any, side: int, name: str) -> None:
        self._session = session
        self._name = name
        self._source = source.name
        self._type = _NUMBERS[source.type]
        self._single = isinstance(source.shape[0], int)
        two = np.linspace(-2, 2, 2 * 3 * side * side, dtype=np.float32).reshape(2, 3, side, side)
        self._output, self._several = self._choose(two)

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        if self._several:
            return _pooled(self._run([self._output], pictures)[0])
        rows = [self._run([self._output], pictures[at : at + 1])[0] for at in range(len(pictures))]
        return np.concatenate([_pooled(row) for row in rows])

    def _choose(self, two: np.ndarray) -> tuple[str, bool]:
        """The output to take, and whether several pictures may go in at once: real outputs tell, declared ones lie."""
        names = [output.name for output in self._session.get_outputs() if output.type in _NUMBERS]
        one = self._run(names, two[:1]) if names else []
        shapes = {name: np.shape(value) for name, value in zip(names, one) if np.size(value)}
        # Exports may claim any number of pictures and yet be made for one.
        several = not self._single and self._takes_two(names, two, shapes)
        usable = [name for name, shape in shapes.items() if 2 <= len(shape) <= 4 and shape[0] == 1]
        if not usable:
            raise AssayError(
                f"“{self._name}” gives no features",
                where=self._name,
                why=f"expected one row of numbers per picture, found {listed([_words(s) for s in shapes.values()])}"
                if shapes
                else "it has no output of floating-point numbers",
                remedy="Export the model so that it ends in features",
            )
        return min(usable, key=lambda name: (len(shapes[name]) > 2, not _promises_features(name))), several

    def _takes_two(self, names: list[str], two: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> bool:
        try:
            found = self._run(names, two)
        except AssayError:
            return False
        return all(np.shape(value) == (2, *shapes[name][1:]) for name, value in zip(names, found) if name in shapes)

    def _run(self, names: list[str], pictures: np.ndarray) -> list[np.ndarray]:
        errors, options = _errors(), _run_options()
        try:
            return [
                np.asarray(v) for v in self._session.run(names, {self._source: pictures.astype(self._type)}, options)
            ]
        except errors as error:
            raise AssayError(
                f"“{self._name}” could not describe a picture",
                where=self._name,
                why=_reason(error),
                remedy="Export the model again for pictures of (n, 3, height, width)",
            ) from error


def _session(data: bytes, beside: Path | None, found: Outline, name: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # One count on every run of a machine: the order of sums, and so the last digit, follows from it.
    options.intra_op_num_threads = min(MOST_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if beside is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(beside.resolve()))
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _errors() as error:
        raise _unloadable(error, found, name) from error


def _unloadable(error: Exception, found: Outline, name: str) -> AssayError:
    text = str(error)
    known = re.search(r"till opset (\d+)", text)
    if known:
        return AssayError(
            f"“{name}” needs version {found.opset} of the ONNX operators (opset)",
            where=name,
            why=f"this Assay knows them up to version {known[1]}",
            remedy=f"Export the model with opset {known[1]} or lower",
        )
    return AssayError(
        f"“{name}” cannot be loaded",
        where=name,
        why=_reason(error),
        remedy=f"It names opset {found.opset}. Export the model again, or download the file again",
    )


def _picture_input(inputs: Sequence[Any], name: str) -> Any:
    found = [f"{plain(one.name, 40)} {one.type.removeprefix('tensor')} {_words(one.shape)}" for one in inputs]
    remedy = "Export the model with one input of floating-point pictures (n, 3, height, width)"
    if len(inputs) != 1:
        why = f"its inputs are {listed(found)}" if found else "it takes none"
        raise AssayError(f"“{name}” takes {len(inputs)} inputs, not one picture", where=name, why=why, remedy=remedy)
    source = inputs[0]
    shape = source.shape or []
    three = len(shape) == 4 and (shape[1] == 3 or not isinstance(shape[1], int))
    if source.type not in _NUMBERS or not three:
        raise AssayError(f"“{name}” does not take pictures", where=name, why=f"its input is {found[0]}", remedy=remedy)
    if isinstance(shape[0], int) and shape[0] != 1:
        why = f"it takes exactly {shape[0]} pictures at a time"
        raise AssayError(f"“{name}” cannot be used", where=name, why=why, remedy=remedy)
    return source


def _side(source: Any, name: str) -> int:
    fixed = {side for side in source.shape[2:] if isinstance(side, int)}
    side = fixed.pop() if fixed else SIDE
    if fixed or not SIDES[0] <= side <= SIDES[1]:
        raise AssayError(
            f"“{name}” takes pictures of {_words(source.shape[2:])} pixels",
            where=name,
            why=f"squares of {SIDES[0]} to {SIDES[1]} pixels a side can be made",
            remedy="Export the model for square pictures",
        )
    return side


def _pooled(values: np.ndarray) -> np.ndarray:
    """(b, d) of (b, d), (b, tokens, d) or (b, d, h, w)."""
    wide = values.astype(np.float32)
    if wide.ndim == 2:
        return wide
    return np.asarray(wide.mean(axis=1 if wide.ndim == 3 else (2, 3)))


def _promises_features(name: str) -> bool:
    return any(word in name.lower() for word in _FEATURE_NAMES)


def _words(shape: Sequence[Any]) -> str:
    return f"({', '.join(plain(str(size), 20) if size is not None else 'n' for size in shape)})"


def _reason(error: Exception) -> str:
    """The runtime's words without its own error codes and source places."""
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : \w+ : |\S*/onnxruntime/\S+ ", "", str(error))
    return plain(text.strip(), 240)


def _run_options() -> Any:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    return options


def _errors() -> tuple[type[Exception], ...]:
    """The runtime's exceptions have no base class of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    found = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*found, RuntimeError, ValueError, TypeError)
