"""The stored numbers of the reference code and the little network they were made with."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import conv2d

FOLDER = Path(__file__).parents[2] / "golden" / "elijah"
CLOSE = {"atol": 2e-5, "rtol": 1e-4}


def stored(name: str) -> dict[str, Tensor]:
    with np.load(FOLDER / f"{name}.npz") as archive:
        return {key: torch.from_numpy(np.array(archive[key])) for key in archive.files}


class TinyNet(torch.nn.Module):
    """Two convolutions and a weight per hidden channel for time, as the README of the stored numbers describes."""

    def __init__(self, name: str = "tinynet") -> None:
        super().__init__()
        self.names = load_file(FOLDER / f"{name}.safetensors")
        self.weights = torch.nn.ParameterDict(
            {key.replace(".", "_"): torch.nn.Parameter(value) for key, value in self.names.items()}
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        w = self.weights
        moment = torch.as_tensor(t, dtype=x.dtype).reshape(-1, 1, 1, 1) / 1000
        hidden = torch.tanh(conv2d(x, w["c1_weight"], w["c1_bias"], padding=1) + w["w"].view(1, -1, 1, 1) * moment)
        return conv2d(hidden, w["c2_weight"], w["c2_bias"], padding=1) + 0.3 * x
