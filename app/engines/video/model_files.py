"""Keeps a trained network as safetensors and JSON, and reads it back strictly; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from app.core import AssayError
from app.engines.video.networks import Network, Shape, empty

FORMAT = 1
WEIGHTS, FACTS = "weights.safetensors", "model.json"
LARGEST = 2 * 2**30
LARGEST_FACTS = 2**20

_INPUT = ("input.projection", "input.centre", "input.amplitude")


@dataclass(frozen=True)
class Preparation:
    """What happens to features (T, D) before the network: `(x - centre) @ projection`, (D,) and (D, d), where given.

    `amplitude` (d,) is how far a disturbed entry is thrown.
    """

    amplitude: Tensor
    centre: Tensor | None = None
    projection: Tensor | None = None

    def apply(self, features: Tensor) -> Tensor:
        if self.centre is None or self.projection is None:
            return features
        return (features - self.centre) @ self.projection


@dataclass(frozen=True)
class Saved:
    """A trained network and what is known of it: `feature_kind` names what it reads, `query_encoder` how text enters."""

    shape: Shape
    network: Network
    preparation: Preparation
    feature_kind: str = ""
    query_encoder: str = "hashed"
    trained_on: Mapping[str, Any] = field(default_factory=dict)

    @property
    def features(self) -> int:
        """Size of the features that the user has to give."""
        projection = self.preparation.projection
        return self.shape.features if projection is None else len(projection)


def to_files(saved: Saved) -> dict[str, bytes]:
    """The content of a model folder by file name; equal models give equal bytes."""
    tensors = {f"network.{name}": tensor.contiguous() for name, tensor in saved.network.state_dict().items()}
    given = (saved.preparation.projection, saved.preparation.centre, saved.preparation.amplitude)
    tensors |= {name: tensor.contiguous() for name, tensor in zip(_INPUT, given, strict=True) if tensor is not None}
    facts = {
        "format": FORMAT,
        "method": "conditional video summarisation",
        "shape": asdict(saved.shape),
        "features": saved.features,
        "feature_kind": saved.feature_kind,
        "query_encoder": saved.query_encoder,
        "normalisation": "none" if saved.preparation.projection is None else "principal components",
        "trained_on": dict(saved.trained_on),
    }
    return {WEIGHTS: save_tensors(tensors), FACTS: json.dumps(facts, indent=1, sort_keys=True).encode()}


def load_model(folder: Path) -> Saved:
    """Read what `to_files` wrote. Raises AssayError for a folder that is none, is damaged or does not fit together."""
    try:
        for name, limit in ((WEIGHTS, LARGEST), (FACTS, LARGEST_FACTS)):
            if (folder / name).stat().st_size > limit:
                raise ValueError(f"{name} is too large")
        facts = json.loads((folder / FACTS).read_bytes())
        if facts["format"] != FORMAT:
            raise ValueError(f"its format is {facts['format']}, this version reads {FORMAT}")
        return _assembled(facts, load_tensors((folder / WEIGHTS).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, RecursionError) as error:
        raise AssayError(
            "This is no video model of ours, or it is damaged",
            where=str(folder),
            why=str(error)[:300],
            remedy="Choose the folder “model” of a finished training, with both files in it.",
        ) from error


def _assembled(facts: Mapping[str, Any], tensors: dict[str, Tensor]) -> Saved:
    kind = facts["shape"]["kind"]
    if kind not in ("conditional", "no-helpers", "plain", "pgl-sum", "vasnet"):
        raise ValueError(f"the kind of network {str(kind)[:40]} is not known")
    shape = Shape(**facts["shape"])
    if any(not torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise ValueError("it holds numbers that are not finite")
    weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    if set(tensors) - {f"network.{name}" for name in weights} - set(_INPUT):
        raise ValueError("it holds tensors that belong to no part of it")
    if sum(map(torch.numel, weights.values())) < shape.features:
        raise ValueError("its weights are fewer than its shape needs")  # before memory is taken for that shape
    network = empty(shape)
    network.load_state_dict(weights, strict=True)
    projection, centre, amplitude = (tensors.get(name) for name in _INPUT)
    if amplitude is None or amplitude.shape != (shape.features,) or (projection is None) != (centre is None):
        raise ValueError("how features are prepared is missing or of the wrong size")
    if projection is not None and (projection.ndim != 2 or projection.shape[1] != shape.features):
        raise ValueError("the projection of the features has the wrong size")
    if projection is not None and centre is not None and centre.shape != (len(projection),):
        raise ValueError("the centre of the features has the wrong size")
    return Saved(
        shape,
        network.eval(),
        Preparation(amplitude, centre, projection),
        str(facts["feature_kind"]),
        str(facts["query_encoder"]),
        dict(facts["trained_on"]),
    )
