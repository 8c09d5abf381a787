"""The networks that score frames, behind one door: build one, train it on a video, let it score."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from app.engines.video.conditional import ConditionalNetwork
from app.engines.video.elbo import Terms
from app.engines.video.pglsum import PGLSUM
from app.engines.video.plain import PlainNetwork
from app.engines.video.vasnet import VASNet

Kind = Literal["conditional", "no-helpers", "plain", "pgl-sum", "vasnet"]
Network = ConditionalNetwork | PlainNetwork | PGLSUM | VASNet

CHUNK = 2000
OVERLAP = 256


@dataclass(frozen=True)
class Shape:
    """What a network is made from; kept beside its weights. `query_width` is the size of a query token."""

    kind: Kind
    features: int
    hidden: int = 64
    heads: int = 4
    hidden_factors: int = 16
    query_width: int = 256
    dropout: float = 0.2

    def __post_init__(self) -> None:
        sizes = (self.features, self.hidden, self.heads, self.hidden_factors, self.query_width)
        if min(sizes) < 1 or max(sizes) > 65_536 or self.hidden % self.heads or not 0 <= self.dropout < 1:
            raise ValueError(f"no network has this shape: {self}")
        if self.kind == "pgl-sum" and self.features % 16:
            raise ValueError(f"PGL-SUM needs a feature size that 16 divides, not {self.features}")


@dataclass(frozen=True)
class Reading:
    """What a network says of a video, (T,) each; only the conditional model knows `sd`, `disturbed` and a condition."""

    score: Tensor
    sd: Tensor | None = None
    disturbed: Tensor | None = None
    gate: float | None = None


def build(shape: Shape, generator: torch.Generator) -> Network:
    """A network with fresh weights drawn from `generator` alone."""
    network = _empty(shape)
    _draw(network, shape.kind, generator)
    return network


def empty(shape: Shape) -> Network:
    """A network of this shape whose weights are still to be loaded."""
    return _empty(shape)


def loss_terms(network: Network, x: Tensor, y: Tensor, query: Tensor | None) -> tuple[Tensor, float | None]:
    """Squared error of a network without condition, and its mean gate where it has one."""
    if isinstance(network, PlainNetwork):
        scores, gate = network(x, query)
        return nn.functional.mse_loss(scores, y), float(gate)
    return nn.functional.mse_loss(network(x), y), None


@torch.no_grad()
def read(
    network: Network,
    x: Tensor,
    noise: torch.Generator,
    *,
    query: Tensor | None = None,
    condition: int | None = None,
    samples: int = 8,
) -> Reading:
    """Score features (T, d). More than 2000 frames are read in chunks that overlap by 256 and are averaged there."""
    if len(x) <= CHUNK:
        return _read(network, x, noise, query, condition, samples)
    starts = list(range(0, len(x) - OVERLAP, CHUNK - OVERLAP))
    parts = [_read(network, x[start : start + CHUNK], noise, query, condition, samples) for start in starts]
    gates = [part.gate for part in parts if part.gate is not None]
    return Reading(
        score=_joined([part.score for part in parts], starts, len(x)),
        sd=_joined([part.sd for part in parts if part.sd is not None], starts, len(x))
        if parts[0].sd is not None
        else None,
        disturbed=_joined([part.disturbed for part in parts if part.disturbed is not None], starts, len(x))
        if parts[0].disturbed is not None
        else None,
        gate=sum(gates) / len(gates) if gates else None,
    )


@torch.no_grad()
def attention_of(network: Network, x: Tensor) -> Tensor:
    """(T, T) with rows that sum to 1, mean of the heads; of the first 2000 frames."""
    x = x[:CHUNK]
    if isinstance(network, PGLSUM):
        return network.attention.attention.weights(x).mean(0)
    return network.attention(x) if isinstance(network, VASNet) else network.encoder.attention(x)


def _read(
    network: Network, x: Tensor, noise: torch.Generator, query: Tensor | None, condition: int | None, samples: int
) -> Reading:
    if not len(x):
        return Reading(torch.zeros(0))
    if isinstance(network, ConditionalNetwork):
        found = network.infer(x, noise, query=query, condition=condition, samples=samples)
        return Reading(found.score, found.sd, found.disturbed if network.helpers else None, found.gate)
    if isinstance(network, PlainNetwork):
        scores, gate = network(x, query)
        return Reading(scores, gate=float(gate))
    return Reading(network(x))


def _joined(parts: list[Tensor], starts: list[int], length: int) -> Tensor:
    total, count = torch.zeros(length), torch.zeros(length)
    for start, part in zip(starts, parts, strict=True):
        total[start : start + len(part)] += part
        count[start : start + len(part)] += 1
    return total / count


def _empty(shape: Shape) -> Network:
    if shape.kind == "pgl-sum":
        return PGLSUM(shape.features, dropout=shape.dropout)
    if shape.kind == "vasnet":
        return VASNet(shape.features, dropout=shape.dropout)
    common: dict[str, Any] = {
        "hidden": shape.hidden,
        "heads": shape.heads,
        "query_width": shape.query_width,
        "dropout": shape.dropout,
    }
    if shape.kind == "plain":
        return PlainNetwork(shape.features, **common)
    return ConditionalNetwork(
        shape.features, hidden_factors=shape.hidden_factors, helpers=shape.kind == "conditional", **common
    )


@torch.no_grad()
def _draw(network: Network, kind: Kind, generator: torch.Generator) -> None:
    """Xavier-uniform weights (gain sqrt 2 and bias 0.1 for PGL-SUM, as published); nothing depends on global state."""
    published = kind == "pgl-sum"
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d)):
            nn.init.xavier_uniform_(module.weight, gain=2**0.5 if published else 1.0, generator=generator)
            if module.bias is not None:
                module.bias.fill_(0.1 if published else 0.0)
    if isinstance(network, (ConditionalNetwork, PlainNetwork)):
        network.encoder.start_closed()


__all__ = ["Kind", "Network", "Reading", "Shape", "Terms", "attention_of", "build", "empty", "loss_terms", "read"]
