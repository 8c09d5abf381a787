"""A trained model as two files, NAME.json and NAME.npz: readable by anyone, and nothing in them can run."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.core.errors import AssayError
from app.engines.quantum.losses import PROBABILITY_MEANING, learns_temperature
from app.engines.quantum.model import FRONTS, Model
from app.engines.quantum.pca import Projection
from app.engines.quantum.preparation import Scaling
from app.engines.quantum.states import angle_shapes, check_size

SCHEMA = 1
LARGEST = 256 * 2**20

_PROJECTION = ("mean", "components", "low", "high")


def save_model(model: Model, path: Path) -> tuple[Path, Path]:
    """Write `path` with the endings .json and .npz; returns both paths."""
    description, numbers = path.with_suffix(".json"), path.with_suffix(".npz")
    parts = to_bytes(model)
    description.write_bytes(parts["model.json"])
    numbers.write_bytes(parts["model.npz"])
    return description, numbers


def load_model(path: Path) -> Model:
    """Read what `save_model` wrote; `path` may have either ending. Raises AssayError for anything else."""
    parts = {}
    for name, ending in (("model.json", ".json"), ("model.npz", ".npz")):
        file = path.with_suffix(ending)
        if not file.is_file():
            raise AssayError("A part of the model is missing", where=str(file), remedy="Keep both files together")
        if file.stat().st_size > LARGEST:
            raise AssayError("The model file is too large to be one of ours", where=str(file))
        parts[name] = file.read_bytes()
    return from_bytes(parts, where=str(path))


def to_bytes(model: Model) -> dict[str, bytes]:
    """The contents of model.json and model.npz; the same model gives the same bytes."""
    description = {
        "schema": SCHEMA,
        "method": "co-TenQu",
        "front": model.front,
        "input_shape": list(model.input_shape),
        "features": model.features,
        "qubits": model.qubits,
        "layers": model.layers,
        "encoding": model.encoding,
        "loss": model.loss,
        "class_names": list(model.class_names),
        "preprocessing": "u = (x - low) / (high - low), clipped to [0, 1]; fitted on training samples",
        "parameters": sorted(model.parameters),
    }
    arrays = {f"parameter.{name}": tensor.detach().numpy() for name, tensor in model.parameters.items()}
    arrays |= {"scaling.low": model.scaling.low.numpy(), "scaling.high": model.scaling.high.numpy()}
    if model.projection is not None:
        arrays |= {f"projection.{name}": getattr(model.projection, name).numpy() for name in _PROJECTION}
    numbers = io.BytesIO()
    np.savez(numbers, allow_pickle=False, **arrays)
    return {
        "model.json": json.dumps(description, indent=2, ensure_ascii=False).encode(),
        "model.npz": numbers.getvalue(),
    }


def from_bytes(parts: dict[str, bytes], where: str = "model") -> Model:
    """The model of `to_bytes`. Raises AssayError when a part is damaged, foreign or does not fit the other."""
    try:
        description = json.loads(parts["model.json"])
        arrays = _arrays(parts["model.npz"])
        if description["schema"] != SCHEMA:
            raise AssayError(
                f"The model has format {description['schema']}, this version reads {SCHEMA}",
                where=where,
                remedy="Use the version of Assay that wrote it",
            )
        return _assembled(description, arrays)
    except (ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise AssayError(
            "This is no model of ours, or it is damaged",
            where=where,
            why=f"{type(error).__name__}: {error}",
            remedy="Export the model again",
        ) from error


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise ValueError("it unpacks to more than a model can hold")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, array in arrays.items():
        if array.dtype != np.float64 or not np.isfinite(array).all():
            raise ValueError(f"{name} does not hold finite float64 numbers")
    return arrays


def _assembled(description: dict[str, Any], arrays: dict[str, np.ndarray]) -> Model:
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    if description["front"] not in FRONTS or description["loss"] not in PROBABILITY_MEANING:
        raise ValueError("unknown front end or loss")
    if description["encoding"] not in ("arcsin", "pi"):
        raise ValueError("unknown encoding")
    model = Model(
        front=description["front"],
        input_shape=tuple(int(size) for size in description["input_shape"]),
        features=int(description["features"]),
        layers=str(description["layers"]),
        encoding=description["encoding"],
        loss=description["loss"],
        class_names=tuple(str(name) for name in description["class_names"]),
        parameters={name: tensors[f"parameter.{name}"] for name in description["parameters"]},
        scaling=Scaling(tensors["scaling.low"], tensors["scaling.high"]),
        projection=Projection(*(tensors[f"projection.{name}"] for name in _PROJECTION))
        if description["front"] == "pca"
        else None,
    )
    _check_shapes(model)
    return model


def _check_shapes(model: Model) -> None:
    """Run one blank sample through, after the angles' shapes have been compared with the layer string."""
    check_size(model.qubits, 1)
    for number, shape in enumerate(angle_shapes(model.layers, model.qubits)):
        if tuple(model.parameters[f"theta{number}"].shape) != (model.classes, *shape):
            raise ValueError(f"theta{number} does not fit {model.classes} classes and layers {model.layers}")
    if learns_temperature(model.loss) and model.log_temperature is None:
        raise ValueError("the temperature is missing")
    try:
        with torch.no_grad():
            found = model.fidelities_of(torch.zeros(1, *model.input_shape, dtype=torch.float64))
    except RuntimeError as error:
        raise ValueError(f"the front end does not fit the input: {error}") from error
    if found.shape != (1, model.classes):
        raise ValueError("the parts do not fit together")
