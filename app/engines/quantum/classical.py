"""Small classical classifiers for comparison: dense networks on pixels, and heads on the same tensor network."""

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from app.engines.quantum.optimisers import Adam, one_cycle
from app.engines.quantum.parameters import FlatParameters
from app.engines.quantum.seeds import stream

Parameters = Mapping[str, Tensor]
Forward = Callable[[Parameters, Tensor], Tensor]
"""Parameters and samples (n, …) to logits (n, classes)."""

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky relu": functional.leaky_relu,
    "sigmoid": torch.sigmoid,
}


@dataclass(frozen=True)
class Classifier:
    """A classifier that can be trained: `forward` of `parameters`."""

    parameters: Parameters
    forward: Forward

    @property
    def size(self) -> int:
        return sum(tensor.numel() for tensor in self.parameters.values())

    def predict(self, x: Tensor) -> Tensor:
        """Class index (n,) of samples."""
        with torch.no_grad():
            return self.forward(self.parameters, x).argmax(dim=1)


def hidden_units(inputs: int, classes: int, budget: int) -> int:
    """Units of one hidden layer such that all weights and biases are at most `budget`; never fewer than one."""
    return max(1, (budget - classes) // (inputs + 1 + classes))


def dense_network(inputs: int, hidden: int, classes: int, activation: str, rng: np.random.Generator) -> Classifier:
    """inputs → hidden → classes, with weights U(-1/√fan-in, 1/√fan-in)."""
    act = ACTIVATIONS[activation]

    def forward(p: Parameters, x: Tensor) -> Tensor:
        within = act(torch.addmm(p["b0"], x.reshape(len(x), -1), p["w0"]))
        return torch.addmm(p["b1"], within, p["w1"])

    first, second = _linear(inputs, hidden, rng), _linear(hidden, classes, rng)
    return Classifier({"w0": first[0], "b0": first[1], "w1": second[0], "b1": second[1]}, forward)


def softmax_regression(inputs: int, classes: int) -> Classifier:
    """inputs → classes, from zero."""

    def forward(p: Parameters, x: Tensor) -> Tensor:
        return torch.addmm(p["b"], x.reshape(len(x), -1), p["w"])

    return Classifier(
        {
            "w": torch.zeros(inputs, classes, dtype=torch.float64),
            "b": torch.zeros(classes, dtype=torch.float64),
        },
        forward,
    )


def headed_network(
    front: Parameters,
    signals: Callable[[Parameters, Tensor], Tensor],
    features: int,
    classes: int,
    rng: np.random.Generator,
    *,
    squash: Callable[[Tensor], Tensor],
) -> Classifier:
    """A tensor network whose k outputs go through `squash` (sigmoid or identity) and a linear layer."""

    def forward(p: Parameters, x: Tensor) -> Tensor:
        return torch.addmm(p["b1"], squash(signals(p, x)), p["w1"])

    weight, bias = _linear(features, classes, rng)
    return Classifier({**front, "w1": weight, "b1": bias}, forward)


def fit(
    classifier: Classifier, x: Tensor, y: Tensor, seed: int, *, epochs: int, batch: int, rate: float
) -> Generator[int, None, Classifier]:
    """Adam on cross entropy with the one-cycle rule; yields the number of epochs done, returns the trained one."""
    flat = FlatParameters(classifier.parameters)
    adam = Adam(flat.size)
    per_epoch = math.ceil(len(x) / batch)
    step = 0
    for epoch in range(epochs):
        order = torch.from_numpy(stream(seed, "shuffle", epoch).permutation(len(x)))
        for place in range(per_epoch):
            rows = order[place * batch : (place + 1) * batch]
            loss = functional.cross_entropy(classifier.forward(flat.tensors, x[rows]), y[rows])
            adam.update(flat.vector, flat.gradient(loss), *one_cycle(step, epochs * per_epoch, rate))
            step += 1
        yield epoch + 1
    return Classifier(flat.copies(), classifier.forward)


def _linear(inputs: int, outputs: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    reach = inputs**-0.5
    weight, bias = rng.uniform(-reach, reach, (inputs, outputs)), rng.uniform(-reach, reach, outputs)
    return torch.from_numpy(weight), torch.from_numpy(bias)
