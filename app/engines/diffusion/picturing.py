"""Pictures of a model from noise that a seed fixes, with or without a shift."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from app.engines.diffusion.scanning import View
from app.models.sampling import Step, sampling

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel


Moved = Callable[[Tensor], Tensor]
"""From noise (n, c, h, w) to where sampling starts."""


class Shifted:
    """Noise plus a shift `tau` (1, c, h, w)."""

    def __init__(self, tau: Tensor) -> None:
        self._tau = tau

    def __call__(self, noise: Tensor) -> Tensor:
        return noise + self._tau


def drawn(model: "DiffusionModel", view: View, count: int, seed: int, moved: Moved | None = None) -> Iterator[Step]:
    """The steps that make `count` pictures from the noise of `seed`, moved where `moved` says so.

    The last step's `x` (count, c, h, w) is in the model's range, of a latent model latents.
    """
    start = torch.randn(count, *model.shape, generator=torch.Generator().manual_seed(seed)).to(model.device)
    along = torch.Generator(model.device).manual_seed(seed + 1)
    if moved is not None:
        start = moved(start)
    return sampling(model, start, view.sampler, steps=view.steps, eta=view.eta, clip=view.clip, generator=along)


def pictures(model: "DiffusionModel", x: Tensor) -> Tensor:
    """(n, c, h, w) in [0, 1] on the processor."""
    with torch.no_grad():
        return model.pictures(x).cpu()
