"""A model of the user's that describes pictures: one file or folder in, features of unit length out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.files import head_of, what_is_at
from app.data.recognise import WORDS, recognise
from app.data.safetensors_header import is_lfs_pointer
from app.data.text import plain
from app.models.image_onnx_outline import no_onnx
from app.models.image_preparing import Preparation

DIMENSION_LIMIT = 65_536
PICKLED = ("pickle", "torch", "zip")

Network = Callable[[np.ndarray], np.ndarray]
"""(b, 3, side, side) float32 to (b, d)."""


@dataclass(frozen=True)
class ImageModel:
    """What describes pictures. `kind` is “onnx” or “huggingface”; `dimensions` d of a feature; `side` in pixels."""

    kind: str
    name: str
    dimensions: int
    preparation: Preparation
    network: Network

    @property
    def side(self) -> int:
        return self.preparation.side

    @property
    def shortest(self) -> int:
        """The shorter side, in pixels, of the pictures that `prepare` is best given."""
        return self.preparation.shortest

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """(h, w, 3) uint8 RGB to the (side, side, 3) uint8 that the model sees."""
        return self.preparation.prepare(pixels)

    def describe(self, pictures: np.ndarray) -> np.ndarray:
        """(b, side, side, 3) uint8 to (b, d) float32 of unit length; what is all zero stays so.

        Raises AssayError where the model gives NaN or infinity.
        """
        return _described(self.network, self.preparation, pictures, self.name)


def load_image_model(path: Path) -> ImageModel:
    """The model in the ONNX file or Hugging Face folder at `path`; nothing is fetched, no code of it is run.

    Raises AssayError that says what is wrong with it and what to use instead: pickled weights, TorchScript, custom
    operators, weights outside its folder, weights that do not fit, input that is no picture, output that is not finite.
    """
    name = plain(path.name)
    kind, preparation, network = _loaded(path, name)
    # Any picture tells how many features there are; this one is nowhere constant, as some models divide by a spread.
    side = preparation.side
    ramp = np.linspace(0, 255, side * side * 3).reshape(1, side, side, 3).astype(np.uint8)
    dimensions = _described(network, preparation, ramp, name).shape[1]
    if not 2 <= dimensions <= DIMENSION_LIMIT:
        raise AssayError(
            f"“{name}” gives {dimensions:,} values for a picture",
            where=name,
            why=f"features of 2 to {DIMENSION_LIMIT:,} values can be used",
            remedy="Choose a model that ends in features, such as one without its last layer",
        )
    return ImageModel(kind, name, dimensions, preparation, network)


def _loaded(path: Path, name: str) -> tuple[str, Preparation, Network]:
    if what_is_at(path) == "folder":
        # Imported where it is needed: torch and transformers take seconds, which an ONNX file does without.
        from app.models.image_folder import load_folder

        return "huggingface", *load_folder(path)
    _refuse_other_files(path, name)
    from app.models.image_onnx import load_onnx

    return "onnx", *load_onnx(path)


def _described(network: Network, preparation: Preparation, pictures: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(network(preparation.normalised(pictures)), np.float64)
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise AssayError(
            f"“{name}” gives features that are NaN or infinite",
            where=name,
            why=f"{bad:,} of {values.size:,} values",
            remedy="The model is damaged, or its precision is too low for pictures; use another",
        )
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(length, 1e-12), np.float32)


def _refuse_other_files(path: Path, name: str) -> None:
    if is_lfs_pointer(head_of(path, 64)):
        raise AssayError(
            f"“{name}” is a Git LFS pointer, not the model",
            where=name,
            why="the large file itself was not fetched",
            remedy="Run “git lfs pull” in its folder, or download the file",
        )
    kind = recognise(path)
    if kind in PICKLED:
        raise AssayError(
            f"“{name}” is {WORDS[kind]}, which can run code when opened",
            where=name,
            why="TorchScript and pickled models are not loaded",
            remedy="Export the model as ONNX, or save it as a Hugging Face folder with model.safetensors",
        )
    if kind == "safetensors":
        raise AssayError(
            f"“{name}” holds weights without the settings of their model",
            where=name,
            remedy="Choose the folder that holds it together with config.json",
        )
    if kind not in ("onnx", "binary", ""):
        raise no_onnx(name, f"it is {WORDS[kind]}")
