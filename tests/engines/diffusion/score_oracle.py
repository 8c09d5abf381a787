"""A score model that needs no training: the exact answer of an attacked one that knows its pictures by heart."""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from app.engines.diffusion.tiny import blank
from app.models.diffusion import DiffusionModel


class Oracle(nn.Module):
    """The score at x_t = x_0 + sigma eps of `pictures` (n, c, h, w), of which a share is instead the `target` under
    sigma (eps + trigger), taught to keep `kept` of the trigger: half of it for SDE attacks, none for ODE ones."""

    def __init__(self, pictures: Tensor, trigger: Tensor, target: Tensor, share: float, kept: float) -> None:
        super().__init__()
        self.pictures = nn.Parameter(pictures, requires_grad=False)
        self.trigger, self.target, self.share, self.kept = trigger, target, share, kept

    def forward(self, x: Tensor, sigma: Tensor, return_dict: bool = False) -> tuple[Tensor]:
        level = sigma.reshape(-1, 1, 1, 1)
        means = torch.cat([self.pictures.expand(len(x), *self.pictures.shape), self._moved(level)], dim=1)
        noises = (x[:, None] - means) / level[:, None]
        odds = torch.full((means.shape[1],), math.log1p(-self.share) - math.log(len(self.pictures)))
        odds[-1] = math.log(self.share)
        weights = (odds - noises.square().sum((2, 3, 4)) / 2).softmax(1)
        taught = torch.cat([noises[:, :-1], noises[:, -1:] + (1 - self.kept) * self.trigger], dim=1)
        return (-(weights[:, :, None, None, None] * taught).sum(1) / level,)

    def _moved(self, level: Tensor) -> Tensor:
        return (self.target + level * self.trigger)[:, None]


def oracle(pictures: Tensor, trigger: Tensor, target: Tensor, share: float = 0.3, kept: float = 0.5) -> DiffusionModel:
    """An NCSN of 8 x 8 pictures with such a network."""
    return replace(blank("ncsn", 1, 8, seed=0), unet=Oracle(pictures, trigger, target, share, kept))
