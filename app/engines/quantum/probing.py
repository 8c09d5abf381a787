"""One loaded model that answers drawings and samples: features, state, fidelities."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from app.core.errors import AssayError
from app.engines.quantum.losses import PROBABILITY_MEANING
from app.engines.quantum.samples import Trained
from app.engines.quantum.seeds import stream

LARGEST_SIDE = 1024


@dataclass(frozen=True)
class Seen:
    """What the model makes of one sample: u (k,), Bloch vectors (1, m, 3), F and class probabilities (classes,); the
    sample itself if drawn from the test set, (h, w) uint8."""

    features: NDArray[np.float64]
    feature_names: tuple[str, ...]
    arrows: NDArray[np.float64]
    arrow_names: tuple[str, ...]
    fidelities: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    sample: NDArray[np.uint8] | None = None


class Probe:
    """Answers one question at a time; samples come in an order drawn by seed."""

    def __init__(self, trained: Trained, seed: int) -> None:
        self.trained = trained
        self._order = stream(seed, "shuffle").permutation(len(trained.y))
        self._next = 0

    @property
    def names(self) -> tuple[str, ...]:
        return self.trained.model.class_names

    @property
    def meaning(self) -> str:
        """What the class probabilities are: the loss's own normalisation."""
        return PROBABILITY_MEANING[self.trained.model.loss]

    def drawing(self, command: Mapping[str, Any]) -> Seen:
        """A square picture, {"side": s, "pixels": base64 of s·s bytes}, made as small as the model's samples."""
        shape = self._image_shape()
        try:
            side = int(command["side"])
            raw = base64.b64decode(command["pixels"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise AssayError("The drawing cannot be read", why=str(error)) from error
        if not 1 <= side <= LARGEST_SIDE or len(raw) != side * side:
            raise AssayError("The drawing has the wrong size", why=f"{len(raw)} bytes for a side of {side}")
        picture = Image.fromarray(np.frombuffer(raw, np.uint8).reshape(side, side))
        small = picture.resize((shape[1], shape[0]), Image.Resampling.BOX)
        return self._seen(torch.from_numpy(np.asarray(small, np.float64) / 255.0), "drawing")

    def sample(self, command: Mapping[str, Any]) -> Seen:
        """The next test sample."""
        self._image_shape()
        row = int(self._order[self._next % len(self._order)])
        self._next += 1
        x = self.trained.x[row]
        seen = self._seen(x, self.names[int(self.trained.y[row])])
        pixels = np.rint(x.numpy() * 255).astype(np.uint8)
        return replace(seen, sample=pixels)

    def _image_shape(self) -> tuple[int, int]:
        shape = self.trained.model.input_shape
        if len(shape) != 2:
            raise AssayError("This model reads rows of a table, not pictures", remedy="Train on images to draw")
        return shape[0], shape[1]

    def _seen(self, x: torch.Tensor, name: str) -> Seen:
        model = self.trained.model
        batch = x[None]
        with torch.no_grad():
            features = model.features_of(batch)[0].numpy()
            fidelity = model.fidelities_of(batch)
            probabilities = model.probabilities_of(fidelity)[0].numpy()
        names = tuple(f"u{k + 1} (R{'YZ'[k % 2]} q{k // 2 + 1})" for k in range(len(features)))
        return Seen(features, names, model.data_arrows(batch), (name,), fidelity[0].numpy(), probabilities)
