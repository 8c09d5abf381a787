"""Named tensors that live side by side in one flat vector, so that an optimiser needs one operation for all."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Vector = NDArray[np.float64]


class FlatParameters:
    """`tensors` are leaves that share their memory with `vector`; change the vector and they change.

    Front-end tensors come first, then class angles and temperature.
    """

    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        names = sorted(parameters, key=lambda name: (_is_quantum(name), name))
        self._shapes = {name: tuple(parameters[name].shape) for name in names}
        self._front = sum(parameters[name].numel() for name in names if not _is_quantum(name))
        self.size = sum(tensor.numel() for tensor in parameters.values())
        self._storage = torch.cat([parameters[name].detach().double().reshape(-1) for name in names])
        self.vector: Vector = self._storage.numpy()
        self.tensors = {name: part.requires_grad_(True) for name, part in self._cut(self._storage).items()}
        self._leaves = list(self.tensors.values())

    def gradient(self, loss: Tensor) -> Vector:
        """d loss / d vector; 0 where the loss does not depend on a tensor."""
        parts = torch.autograd.grad(loss, self._leaves, allow_unused=True, materialize_grads=True)
        return np.concatenate([part.numpy().reshape(-1) for part in parts])

    def quantum_and_front(self) -> list[slice]:
        """The two halves of the vector for alternating training; one only if there is no trained front end."""
        quantum = slice(self._front, self.size)
        return [quantum, slice(0, self._front)] if self._front else [quantum]

    def set(self, vector: Vector) -> None:
        self.vector[:] = vector

    def copy(self) -> Vector:
        return self.vector.copy()

    def copies(self, vector: Vector | None = None) -> dict[str, Tensor]:
        """Tensors of their own, from `vector` or from the present values."""
        source = self._storage if vector is None else torch.from_numpy(vector)
        return {name: part.clone() for name, part in self._cut(source.detach()).items()}

    def _cut(self, flat: Tensor) -> dict[str, Tensor]:
        cut, start = {}, 0
        for name, shape in self._shapes.items():
            count = int(np.prod(shape))
            cut[name] = flat[start : start + count].view(shape)
            start += count
        return cut


def _is_quantum(name: str) -> bool:
    return name.startswith("theta") or name == "log_temperature"
