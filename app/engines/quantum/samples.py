"""From the data settings to prepared samples; and a trained model with the test samples it has never seen."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.core.errors import AssayError
from app.data.labelled import load_labelled
from app.engines.quantum.model import Model
from app.engines.quantum.model_files import load_model, to_bytes
from app.engines.quantum.preparation import Prepared, prepare
from app.engines.quantum.seeds import stream

VALIDATION_SHARE = 0.1
LARGEST_HELD_OUT = 512 * 2**20


@dataclass(frozen=True)
class Loaded:
    """Prepared samples, what the user should know about them, and where each raw sample came from."""

    prepared: Prepared
    notices: tuple[str, ...]
    skipped: tuple[str, ...]
    sources: tuple[str, ...]


def load_samples(
    ref: str,
    seed: int,
    *,
    classes: tuple[str, ...] = (),
    side: int | None = None,
    label_column: str | None = None,
    on_bad_file: Literal["skip-few", "skip", "refuse"] = "skip-few",
    subset: int | None = None,
    test_share: float = 0.3,
    validate: bool = False,
) -> Loaded:
    """Read, choose, split and scale; raises AssayError for anything that cannot be learnt from."""
    data = load_labelled(ref, side=side, label_column=label_column, classes=classes, on_bad_file=on_bad_file)
    prepared = prepare(
        data.values,
        data.labels,
        data.class_names,
        seed,
        test_share=test_share,
        held_out=data.held_out,
        classes=classes,
        subset=subset,
        validation_share=VALIDATION_SHARE if validate else 0.0,
    )
    return Loaded(prepared, (*data.notices, *prepared.notices), data.skipped, data.names)


@dataclass(frozen=True)
class Trained:
    """A model with scaled test samples x (n, *shape), their labels y (n,), and the folder they came from."""

    model: Model
    x: Tensor
    y: NDArray[np.int64]

    def some(self, count: int, seed: int) -> tuple[Tensor, NDArray[np.int64], NDArray[np.int64]]:
        """At most `count` test samples drawn by seed, in the order of the set: x, y, their places."""
        rng = stream(seed, "split", 1)
        places = np.sort(rng.permutation(len(self.y))[:count])
        return self.x[torch.from_numpy(places)], self.y[places], places


def trained_files(model: Model, x: Tensor, y: Tensor) -> dict[str, bytes]:
    """The files of a model folder: model.json, model.npz and the held-out samples."""
    held_out = io.BytesIO()
    np.savez_compressed(held_out, allow_pickle=False, x=x.numpy().astype(np.float32), y=y.numpy())
    return {**to_bytes(model), "held-out.npz": held_out.getvalue()}


def open_trained(folder: str) -> Trained:
    """Read a model folder made by training; raises AssayError for anything else."""
    place = Path(folder)
    if not (place / "model.json").is_file():
        raise AssayError(
            "This is no model folder of the quantum workspace",
            where=str(place),
            why="it has no model.json",
            remedy="Choose the model of a finished training run.",
        )
    model = load_model(place / "model.json")
    samples = place / "held-out.npz"
    if not samples.is_file() or samples.stat().st_size > LARGEST_HELD_OUT:
        raise AssayError("The model folder lacks its test samples", where=str(samples), remedy="Train the model again.")
    try:
        with np.load(samples, allow_pickle=False) as arrays:
            x, y = arrays["x"], arrays["y"]
    except (OSError, ValueError, KeyError) as error:
        raise AssayError(
            "The test samples of the model cannot be read",
            where=str(samples),
            why=str(error),
            remedy="Train the model again.",
        ) from error
    expected = tuple(model.input_shape)
    if x.ndim != len(expected) + 1 or x.shape[1:] != expected or y.shape != x.shape[:1] or len(y) == 0:
        raise AssayError(
            "The test samples do not fit the model",
            where=str(samples),
            why=f"samples are {x.shape[1:]}, the model takes {expected}",
            remedy="Keep the files of one model together.",
        )
    if y.min() < 0 or y.max() >= model.classes:
        raise AssayError("The test samples have labels that the model does not know", where=str(samples))
    return Trained(model, torch.from_numpy(x.astype(np.float64)), y.astype(np.int64))
