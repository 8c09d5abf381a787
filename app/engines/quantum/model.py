"""The whole classifier: a front end, an encoding, one quantum state per class, and a loss temperature."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from app.core.errors import AssayError
from app.engines.quantum import encoding as encode
from app.engines.quantum import losses, states
from app.engines.quantum import tensor_networks as networks
from app.engines.quantum.fidelity import fidelities
from app.engines.quantum.pca import Projection, fit_projection
from app.engines.quantum.preparation import Prepared, Scaling
from app.engines.quantum.seeds import stream

Front = Literal["tt", "mps", "pca", "none"]
"""Tensor train, matrix product state, frozen principal components, or the columns of a table as they are."""

FRONTS: tuple[Front, ...] = get_args(Front)
TRAINABLE_FRONTS: tuple[Front, ...] = ("tt", "mps")
WIDEST_TABLE = 32
LONGEST_CHAIN = 1024


@dataclass(frozen=True)
class Model:
    """A classifier of samples shaped `input_shape`, (h, w) or (n,).

    `parameters` holds every trainable tensor by name: core0, core1, bias | cores, output, start, end (front end),
    theta0, theta1, … (one per letter of `layers`), log_temperature (losses that learn it).
    """

    front: Front
    input_shape: tuple[int, ...]
    features: int
    layers: str
    encoding: encode.Encoding
    loss: losses.LossName
    class_names: tuple[str, ...]
    parameters: Mapping[str, Tensor]
    scaling: Scaling
    projection: Projection | None = None
    notices: tuple[str, ...] = field(default=())

    @property
    def classes(self) -> int:
        return len(self.class_names)

    @property
    def qubits(self) -> int:
        """m, the qubits of one state; the ancilla SWAP test takes 2m + 1."""
        return encode.qubits_for(self.features)

    @property
    def bond(self) -> int:
        """χ of a tensor network, 0 without one."""
        part = self.parameters.get("start") if self.front == "mps" else self.parameters.get("core1")
        return 0 if part is None else int(part.shape[0])

    @property
    def thetas(self) -> tuple[Tensor, ...]:
        """Class angles, one (classes, rotations, 2) tensor per letter."""
        return tuple(self.parameters[f"theta{i}"] for i in range(len(self.layers)))

    @property
    def log_temperature(self) -> Tensor | None:
        return self.parameters.get("log_temperature")

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> "Model":
        return replace(self, parameters=dict(parameters))

    def counts(self) -> dict[str, int]:
        """Trainable numbers: front (tensor network), quantum (class angles), temperature, total."""
        sizes = {name: tensor.numel() for name, tensor in self.parameters.items()}
        quantum = sum(size for name, size in sizes.items() if name.startswith("theta"))
        heat = sizes.get("log_temperature", 0)
        total = sum(sizes.values())
        return {"front": total - quantum - heat, "quantum": quantum, "temperature": heat, "total": total}

    def signals(self, x: Tensor) -> Tensor:
        """(n, k): the network's z for a trainable front end, units u in [0, 1] for a frozen one."""
        p = self.parameters
        if self.front == "tt":
            return networks.two_core_linear(self._as_grid(x), p["core0"], p["core1"], p["bias"])
        if self.front == "mps":
            return networks.matrix_product(_halved(x), p["cores"], p["output"], p["start"], p["end"])
        flat = x.reshape(len(x), -1)
        return flat if self.projection is None else self.projection.units(flat)

    def features_of(self, x: Tensor) -> Tensor:
        """u (n, k) in [0, 1], what the angles are made of."""
        return torch.sigmoid(self.signals(x)) if self.front in TRAINABLE_FRONTS else self.signals(x)

    def angles_of(self, x: Tensor) -> Tensor:
        """Data angles (n, m, 2) in [0, π]: RY and RZ of each qubit."""
        if self.front in TRAINABLE_FRONTS:
            return encode.by_qubit(encode.angles_of_logits(self.signals(x), self.encoding))
        return encode.by_qubit(encode.angles_of_units(self.signals(x), self.encoding))

    def fidelities_of(self, x: Tensor) -> Tensor:
        """Exact F (n, classes) of scaled samples x (n, *input_shape)."""
        return fidelities(self.angles_of(x), self.layers, self.thetas)

    def probabilities_of(self, fidelity: Tensor) -> Tensor:
        """Class probabilities (n, classes) by the loss's own normalisation (losses.PROBABILITY_MEANING)."""
        return losses.probabilities(self.loss, fidelity, self.log_temperature)

    def predict(self, x: Tensor) -> Tensor:
        """Class index (n,) of the highest fidelity; the lowest index wins a tie."""
        with torch.no_grad():
            return self.fidelities_of(x).argmax(dim=1)

    def class_states(self) -> np.ndarray:
        """(classes, 2^m) complex amplitudes."""
        return states.class_states(self.layers, [theta.detach().numpy() for theta in self.thetas])

    def class_arrows(self) -> np.ndarray:
        """Bloch vectors (classes, m, 3) of the class states; shorter than 1 where a qubit is entangled."""
        return states.bloch_vectors(self.class_states())

    def data_arrows(self, x: Tensor) -> np.ndarray:
        """Bloch vectors (n, m, 3) of data states; always of length 1."""
        with torch.no_grad():
            return states.bloch_vectors(states.product_states(self.angles_of(x).numpy()))

    def _as_grid(self, x: Tensor) -> Tensor:
        if len(self.input_shape) == 2:
            return x
        grid = networks.split_input(self.input_shape[0])
        return torch.nn.functional.pad(x, (0, grid[0] * grid[1] - x.shape[1])).reshape(len(x), *grid)


def build(
    prepared: Prepared,
    seed: int,
    *,
    front: Front = "tt",
    features: int = 4,
    bond: int = 4,
    layers: str = "SD",
    encoding: encode.Encoding = "arcsin",
    loss: losses.LossName = "temperature",
    state_range: states.StateRange = "pi",
) -> Model:
    """An untrained model for `prepared` data; PCA is fitted on its training part only.

    `features` is ignored by front "none", which takes every column. `notices` of the model tell what the user should
    know (dropped components, more classes than orthogonal states). Raises AssayError for what cannot work.
    """
    if front in TRAINABLE_FRONTS and loss == "attract":
        raise AssayError(
            "The loss “attract” cannot train a tensor network",
            why="nothing keeps the classes apart, so the network maps every sample to one state",
            remedy="Choose the loss temperature or sum, or the front end PCA",
        )
    rng = stream(seed, "init")
    shape = tuple(prepared.train_x.shape[1:])
    width = int(np.prod(shape))
    classes = len(prepared.class_names)
    notices: list[str] = []
    projection = None
    parameters: dict[str, Tensor] = {}
    if front == "none":
        features = width
        if width > WIDEST_TABLE:
            raise AssayError(
                f"{width} features are too many to use without a front end",
                why=f"at most {WIDEST_TABLE} columns can be encoded directly",
                remedy="Choose the front end TT or PCA",
            )
    elif features > width:
        raise AssayError(
            f"{features} features are asked for but a sample has only {width}",
            remedy=f"Set features to at most {width}",
        )
    states.check_size(encode.qubits_for(features), len(prepared.train_x) + classes)
    if front == "tt":
        grid = shape if len(shape) == 2 else networks.split_input(width)
        cores = networks.draw_two_cores(grid[0], grid[1], features, bond, rng)
        parameters.update(zip(("core0", "core1", "bias"), cores, strict=True))
    elif front == "mps":
        sites = _halved(prepared.train_x[:1]).shape[1]
        parts = networks.draw_matrix_product(sites, features, bond, rng)
        parameters.update(zip(("cores", "output", "start", "end"), parts, strict=True))
    elif front == "pca":
        projection, dropped = fit_projection(prepared.train_x.reshape(len(prepared.train_x), -1), features)
        features -= dropped
        if dropped:
            notices.append(f"{dropped} constant principal component{'s' * (dropped > 1)} dropped; {features} left")
    qubits = encode.qubits_for(features)
    for position, theta in enumerate(states.draw_angles(layers, qubits, classes, rng, state_range)):
        parameters[f"theta{position}"] = torch.from_numpy(theta)
    if losses.learns_temperature(loss):
        parameters["log_temperature"] = torch.tensor(losses.START_LOG_TEMPERATURE[loss], dtype=torch.float64)
    if classes > 2**qubits:
        ceiling = 2**qubits / classes
        notices.append(
            f"{classes} classes share {2**qubits} dimensions, so their states cannot be orthogonal"
            + (f"; the loss “sum” then gives the true class at most {ceiling:.2g} on average" if loss == "sum" else "")
        )
    return Model(
        front=front,
        input_shape=shape,
        features=features,
        layers=layers,
        encoding=encoding,
        loss=loss,
        class_names=prepared.class_names,
        parameters=parameters,
        scaling=prepared.scaling,
        projection=projection,
        notices=tuple(notices),
    )


def _halved(x: Tensor) -> Tensor:
    """Samples as chains of at most 1024 sites: larger images are averaged over 2 × 2 blocks first."""
    while x.dim() == 3 and x.shape[1] * x.shape[2] > LONGEST_CHAIN:
        x = torch.nn.functional.avg_pool2d(x[:, None], 2, ceil_mode=True)[:, 0]
    return x.reshape(len(x), -1)
