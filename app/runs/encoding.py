"""Turns a task's events into lines of the log, and their big parts into ordinary files beside it."""

import io
import json
import math
import re
import sys
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from app.core import (
    Array,
    Artifact,
    AssayError,
    Audio,
    Checkpoint,
    Event,
    Image,
    Log,
    Metric,
    Progress,
    Ready,
    Stage,
    Table,
    Text,
    Warn,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

# numpy, Pillow and safetensors come with the first event that needs them: lists of runs and the window's first paint
# write JSON only, and start 0.1 s sooner without (tests/bench/startup.py).
INLINE_TABLE = 64 * 1024
"""Bytes of JSON up to which a table stands in the log itself."""

Fields = dict[str, Any]
Save = Callable[[str, bytes], None]
"""Writes bytes under a path relative to the run folder."""
Copy = Callable[[Path, str], None]


class Encoder:
    """Makes the fields of an event's line. Every file is saved before the fields that name it are returned."""

    def __init__(self, save: Save, copy: Copy) -> None:
        self._save = save
        self._copy = copy

    def fields(self, event: Event, seq: int) -> Fields:
        """The fields of `event`, with "k" first; raises AssayError for a value that has no meaning."""
        match event:
            case Metric(name, step, value):
                return {"k": "metric", "name": name, "step": int(step), "value": finite_or_word(number(value))}
            case Progress(done, total, unit):
                return {"k": "progress", "done": int(done), "total": int(total), "unit": unit}
            case Stage(name):
                return {"k": "stage", "name": name}
            case Log(text, level):
                return {"k": "log", "text": text, "level": level}
            case Warn(what, remedy):
                return {"k": "warn", "what": what, "remedy": remedy}
            case Text(name, step, text):
                return {"k": "text", "name": name, "step": int(step), "text": text}
            case Ready():
                return {"k": "ready"}
            case Table():
                return self._table(event, seq)
            case Image():
                return self._file(event, event.name, event.step, seq, ".png", png(event.pixels), caption=event.caption)
            case Audio():
                sound = wav(event.samples, event.rate)
                return self._file(
                    event, event.name, event.step, seq, ".wav", sound, caption=event.caption, rate=int(event.rate)
                )
            case Array():
                labels = [list(map(str, axis)) for axis in event.labels]
                return self._file(
                    event,
                    event.name,
                    event.step,
                    seq,
                    ".npy",
                    npy(event.values),
                    labels=labels,
                    meta=plain(event.meta or {}),
                )
            case Artifact():
                return self._artifact(event, seq)
            case Checkpoint(state):
                return self._checkpoint(state, seq)
        raise AssayError(
            f"The task reported a {type(event).__name__}, which no log can hold",
            remedy="Yield events of app.core only.",
        )

    def _file(self, event: Event, name: str, step: int, seq: int, suffix: str, data: bytes, **more: Any) -> Fields:
        path = f"files/{seq:06d}-{slug(name)}{suffix}"
        self._save(path, data)
        return {"k": event.kind, "name": name, "step": int(step), "file": path, **more}

    def _table(self, event: Table, seq: int) -> Fields:
        content = {"columns": plain(list(event.columns)), "rows": plain([list(row) for row in event.rows])}
        head = {"k": "table", "name": event.name, "step": int(event.step)}
        data = dumps(content)
        if len(data) <= INLINE_TABLE:
            return head | content
        path = f"files/{seq:06d}-{slug(event.name)}.json"
        self._save(path, data)
        return head | {"file": path, "count": len(event.rows)}

    def _artifact(self, event: Artifact, seq: int) -> Fields:
        stem = f"files/{seq:06d}-"
        if isinstance(event.source, Path):
            if not event.source.exists():
                raise AssayError(f"“{event.name}” could not be kept: its file is not there", where=str(event.source))
            path = stem + slug(event.name, event.source.suffix)
            self._copy(event.source, path)
        elif isinstance(event.source, Mapping):
            path = stem + slug(event.name)
            for name, data in event.source.items():
                self._save(f"{path}/{inner_name(name)}", bytes(data))
        else:
            text = isinstance(event.source, str)
            path = stem + slug(event.name, ".txt" if text else ".bin")
            self._save(path, utf8(event.source) if isinstance(event.source, str) else bytes(event.source))
        return {"k": "artifact", "name": event.name, "file": path, "role": event.role, "description": event.description}

    def _checkpoint(self, state: Mapping[str, Any], seq: int) -> Fields:
        path = f"checkpoints/{seq:06d}"
        from app.runs.checkpoints import checkpoint_files

        tensors, tree = checkpoint_files(state)
        self._save(f"{path}.safetensors", tensors)
        self._save(f"{path}.json", tree)  # last: the pair counts from the moment this file exists
        return {"k": "checkpoint", "file": path}


def dumps(value: Any) -> bytes:
    """`value` as one line of JSON, whatever it holds."""
    try:
        return orjson.dumps(value)
    except TypeError:  # big integers, lone surrogates, numpy values, odd keys
        return json.dumps(plain(value), ensure_ascii=True, allow_nan=False).encode()


def plain(value: Any) -> Any:
    """`value` in terms of JSON: arrays become lists, numbers that are not finite become words."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return finite_or_word(value)
    if isinstance(value, str):
        return utf8(value).decode()
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if _is_array(value) or hasattr(value, "detach"):
        return plain(numpy(value).tolist())
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    return plain(str(value))


def _is_array(value: Any) -> bool:
    """Whether it is an array or a scalar of numpy; where numpy was never imported, nothing is."""
    known = sys.modules.get("numpy")
    return known is not None and isinstance(value, (known.ndarray, known.generic))


def numpy(value: Any) -> "NDArray[Any]":
    """A list, array or tensor (of any library that detaches as torch does) as a numpy array."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value if not str(value.dtype).endswith("bfloat16") else value.float()).numpy()
    return np.asarray(value)


def number(value: Any) -> float:
    return float(value.detach().cpu()) if hasattr(value, "detach") else float(value)


def finite_or_word(value: float) -> float | str:
    """JSON has no word for them, so "nan", "inf" and "-inf" stand as strings."""
    return value if math.isfinite(value) else str(value)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def slug(name: str, suffix: str = "") -> str:
    """A short plain file name part for a name that may hold anything."""
    own = re.search(r"\.[A-Za-z0-9]{1,8}$", name)
    if suffix and own:
        name, suffix = name[: own.start()], own.group()
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40].strip("-")
    return (words or "unnamed") + (suffix if re.fullmatch(r"(\.[A-Za-z0-9]{1,12})?", suffix) else "")


def inner_name(name: str) -> str:
    """Where a file lies in a folder artifact: as named where that is plain (other programs look for it), else a slug."""
    parts = name.split("/")
    if all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", part) for part in parts) and len(parts) <= 4:
        return name
    return slug(name, Path(name).suffix)


def png(pixels: Any) -> bytes:
    """(h, w), (h, w, 1), (h, w, 3) or (h, w, 4), uint8 or float in [0, 1], as a PNG file."""
    import numpy as np
    from PIL import Image as Picture

    array = numpy(pixels)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise AssayError(f"A picture of shape {array.shape} cannot be shown", remedy="Give (h, w) or (h, w, 3).")
    if array.dtype != np.uint8:
        array = np.rint(np.nan_to_num(array.astype(np.float64)).clip(0, 1) * 255).astype(np.uint8)
    out = io.BytesIO()
    Picture.fromarray(np.ascontiguousarray(array)).save(out, "PNG", compress_level=3)
    return out.getvalue()


def wav(samples: Any, rate: int) -> bytes:
    """(n,) or (n, channels) in [-1, 1] as a 16-bit WAV file."""
    import numpy as np

    array = np.nan_to_num(numpy(samples).astype(np.float64)).clip(-1, 1)
    if array.ndim not in (1, 2):
        raise AssayError(f"A sound of shape {array.shape} cannot be kept", remedy="Give (n,) or (n, channels).")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1 if array.ndim == 1 else array.shape[1])
        file.setsampwidth(2)
        file.setframerate(int(rate))
        file.writeframes(np.rint(array * 32767).astype("<i2").tobytes())
    return out.getvalue()


def npy(values: Any) -> bytes:
    import numpy as np

    array = numpy(values)
    if array.dtype.hasobject:
        raise AssayError("An array of Python objects cannot be kept", remedy="Give numbers, truth values or strings.")
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()
