"""Dropout that draws from a generator handed to it, so that a seed fixes a run without global state."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zeroes each entry with probability `share` and scales the rest, while a generator is lent by `drawing_from`."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.generator is None or self.share == 0:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator)
        return x * kept.mul_(1 / (1 - self.share))


@contextmanager
def drawing_from(generator: torch.Generator, layers: list[Dropout]) -> Iterator[None]:
    """Drop out inside the block, with numbers of `generator`; outside it nothing is dropped."""
    for layer in layers:
        layer.generator = generator
    try:
        yield
    finally:
        for layer in layers:
            layer.generator = None


def dropouts_of(network: nn.Module) -> list[Dropout]:
    """All dropout layers of `network`, to be lent a generator."""
    return [layer for layer in network.modules() if isinstance(layer, Dropout)]
