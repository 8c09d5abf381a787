"""The losses of training and of removal (spec 2.2, 2.9, 2.10)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from app.engines.diffusion.schedules import Schedule, VESchedule, at, latest_for

Net = Callable[[Tensor, Tensor], Tensor]
"""(x (n, c, h, w), t (n,)) to the predicted noise (VP, t an index) or score (VE, t a sigma), (n, c, h, w)."""


def training_loss(net: Net, schedule: Schedule, x_t: Tensor, target: Tensor, t: Tensor) -> Tensor:
    """Mean squared error of the predicted noise against `target` at the indices `t` (n,)."""
    moment = schedule.conditioning(t)
    return mse_loss(schedule.as_noise(net(x_t, moment), moment), target)


@dataclass(frozen=True)
class RemovalTerms:
    """Elijah's removal loss, term by term (scalars): undo the shift, keep clean behaviour, ordinary diffusion."""

    shift: Tensor
    keep: Tensor
    diffusion: Tensor

    def total(self, shift: float = 1.0, keep: float = 1.0, diffusion: float = 1.0) -> Tensor:
        """The weighted sum; the reference weighs all alike."""
        return shift * self.shift + keep * self.keep + diffusion * self.diffusion


def removal_terms(
    net: Net,
    reference: Net,
    schedule: Schedule,
    tau: Tensor,
    eps: Tensor,
    x_t: Tensor,
    target: Tensor,
    t: Tensor,
    moments: Tensor | None = None,
) -> RemovalTerms:
    """Terms of spec 2.9 for the trained `net` and its frozen `reference`; the same `eps` in all of them.

    `tau` (1, c, h, w) is the inverted shift; `x_t`, `target`, `t` a clean diffusion batch. `moments` (n,) are the
    conditionings of the two shift terms, pure noise where left out. One forward pass of `net` serves all three terms.
    """
    start, moved = schedule.start(eps), schedule.start(eps + tau)
    at_start = latest_for(schedule, eps) if moments is None else moments
    conditioning = schedule.conditioning(t).to(at_start)
    with torch.no_grad():
        wanted = reference(start, at_start)
    outputs = net(torch.cat([x_t, moved, start]), torch.cat([conditioning, at_start, at_start]))
    ordinary, shifted, kept = torch.split(outputs, [len(x_t), len(eps), len(eps)])
    return RemovalTerms(
        shift=mse_loss(shifted, wanted),
        keep=mse_loss(kept, wanted),
        diffusion=mse_loss(schedule.as_noise(ordinary, conditioning), target),
    )


def through_shift(
    schedule: Schedule, tau: Tensor, x_t: Tensor, eps: Tensor, t: Tensor, psi: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """Inputs moved by part of `tau`, and the noise that takes them back to x_0 (denoise through shift, spec 2.10).

    `psi` (n,) in [0, 1] mixes the two ways a shift fades with t, `scale` (n,) is how much of tau is there.
    """
    share = scale.to(eps).view(-1, 1, 1, 1)
    spread = at(schedule.spread, t, eps)
    if isinstance(schedule, VESchedule):
        return x_t + spread * share * tau, eps + share * tau
    mix = psi.to(eps).view(-1, 1, 1, 1)
    moved = (mix * (1 - at(schedule.signal, t, eps)) + (1 - mix) * spread) * share * tau
    return x_t + moved, eps + moved / spread


def denoise_through_shift(
    net: Net, schedule: Schedule, tau: Tensor, x_t: Tensor, eps: Tensor, t: Tensor, psi: Tensor, scale: Tensor
) -> Tensor:
    """Mean squared error of treating the shift as noise and returning to the clean picture."""
    moved, target = through_shift(schedule, tau, x_t, eps, t, psi, scale)
    return training_loss(net, schedule, moved, target, t)
