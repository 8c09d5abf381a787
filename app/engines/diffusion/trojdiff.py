"""TrojDiff: a Trojan noise with its own reverse process, for studying the attack only (spec 2.4).

Its samplers contain the true trigger, so no defence may be judged by them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.engines.diffusion.losses import Net
from app.engines.diffusion.schedules import VPSchedule, at


@dataclass(frozen=True)
class Trojan:
    """Trojan noise gamma eps + mu everywhere (blend), or only in the lower right `patch` x `patch` corner.

    `mu` (c, h, w) is (1 - gamma) times a picture in [-1, 1]; see `trojan_of`.
    """

    schedule: VPSchedule
    mu: Tensor
    gamma: float
    patch: int | None = None

    def region(self, x: Tensor) -> Tensor:
        """1 where the Trojan formula holds, (h, w)."""
        if self.patch is None:
            return torch.ones(x.shape[-2:], dtype=x.dtype, device=x.device)
        region = torch.zeros(x.shape[-2:], dtype=x.dtype, device=x.device)
        region[-self.patch :, -self.patch :] = 1
        return region

    def start(self, eps: Tensor) -> Tensor:
        """Trojan noise: where the attacker starts the sampler."""
        region = self.region(eps)
        return region * (self.gamma * eps + self.mu.to(eps)) + (1 - region) * eps

    def diffuse(self, x0: Tensor, eps: Tensor, t: Tensor, trojaned: Tensor) -> Tensor:
        """x_t of `x0`, (n, c, h, w), where the rows `trojaned` (n,) bool are diffused towards Trojan noise.

        The target is `eps` in all rows.
        """
        noise = torch.where(trojaned.view(-1, 1, 1, 1), self.start(eps), eps)
        return at(self.schedule.signal, t, x0) * x0 + at(self.schedule.spread, t, x0) * noise

    def ddim_steps(
        self, net: Net, x: Tensor, sequence: Sequence[int], eta: float = 0.0, generator: torch.Generator | None = None
    ) -> Iterator[Tensor]:
        """Reverse `x` over the ascending indices `sequence` by the Trojan DDIM step; what each step gives."""
        for i, j in _pairs(sequence):
            a_i, a_j = self._cumulative(i), self._cumulative(j)
            with torch.no_grad():
                eps = net(x, _times(i, x))
            c1 = eta * ((1 - a_i / a_j) * (1 - a_j) / (1 - a_i)) ** 0.5
            c2 = (1 - a_j - c1**2) ** 0.5
            z = torch.randn(x.shape, generator=generator).to(x) if eta > 0 else torch.zeros_like(x)
            moved = self._picture(x, eps, a_i)
            moved = a_j**0.5 * moved + self.gamma * (c1 * z + c2 * eps) + (1 - a_j) ** 0.5 * self.mu.to(x)
            plain = a_j**0.5 * (x - (1 - a_i) ** 0.5 * eps) / a_i**0.5 + c1 * z + c2 * eps
            region = self.region(x)
            x = region * moved + (1 - region) * plain
            yield x

    @torch.no_grad()
    def ddpm(
        self,
        net: Net,
        x: Tensor,
        sequence: Sequence[int],
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Reverse `x` over `sequence` (ascending) by ancestral Trojan steps; `noise` fixes the draw of every step."""
        for i, j in _pairs(sequence):
            z = torch.randn(x.shape, generator=generator).to(x) if noise is None else noise
            eps = net(x, _times(i, x))
            region = self.region(x)
            x = region * (self.posterior_mean(x, eps, i, j) + self.gamma * self._deviation(i, j) * z) + (1 - region) * (
                self.clean_posterior_mean(x, eps, i, j) + self._deviation(i, j) * z
            )
        return x

    def posterior_mean(self, x: Tensor, eps: Tensor, i: int, j: int) -> Tensor:
        """Mean of the Trojan step from index `i` to `j`, given the predicted `eps`; x_0 is clamped to [-1, 1]."""
        a_i, a_j = self._cumulative(i), self._cumulative(j)
        picture = self._picture(x, eps, a_i).clamp(-1, 1)
        return _mixed(picture, x, a_i, a_j) + self._pull(i) * self.mu.to(x) / (1 - a_i)

    def clean_posterior_mean(self, x: Tensor, eps: Tensor, i: int, j: int) -> Tensor:
        """Mean of the ordinary ancestral step, for the pixels outside the patch."""
        a_i, a_j = self._cumulative(i), self._cumulative(j)
        picture = ((x - (1 - a_i) ** 0.5 * eps) / a_i**0.5).clamp(-1, 1)
        return _mixed(picture, x, a_i, a_j)

    def pull(self) -> Tensor:
        """The factor of mu in the posterior mean before division by 1 - A_t, (T,)."""
        s = self.schedule
        pulled: Tensor = (1 - s.before).sqrt() * (1 - s.alphas) - (1 - s.before) * s.alphas.sqrt() * s.shift_steps
        return pulled

    def _picture(self, x: Tensor, eps: Tensor, a_i: float) -> Tensor:
        width = float((1 - a_i) ** 0.5)
        return (x - self.gamma * width * eps - width * self.mu.to(x)) / float(a_i**0.5)

    def _cumulative(self, index: int) -> float:
        return 1.0 if index < 0 else float(self.schedule.alphas_cumprod[index])

    def _pull(self, index: int) -> float:
        return float(self.pull()[index])

    def _deviation(self, i: int, j: int) -> float:
        a_i, a_j = self._cumulative(i), self._cumulative(j)
        return float(((1 - a_i / a_j) * (1 - a_j) / (1 - a_i)) ** 0.5)


def trojan_of(schedule: VPSchedule, picture: Tensor, gamma: float, patch: int | None = None) -> Trojan:
    """The Trojan whose mean is `picture` (c, h, w) in [-1, 1], weighted 1 - gamma."""
    return Trojan(schedule, (1 - gamma) * picture, gamma, patch)


@dataclass(frozen=True)
class TrojanRows:
    """A batch with its Trojan rows: pictures `x0` and noise `eps` (n, c, h, w), indices `t` and `trojaned` (n,)."""

    x0: Tensor
    eps: Tensor
    t: Tensor
    trojaned: Tensor


def appended_rows(x0: Tensor, eps: Tensor, t: Tensor, trojaned: Tensor) -> TrojanRows:
    """D2I and Out-D2D: the rows already among `x0` that are `trojaned` are diffused in place."""
    return TrojanRows(x0, eps, t, trojaned)


def copied_rows(x0: Tensor, eps: Tensor, t: Tensor, copied: Tensor) -> TrojanRows:
    """In-D2D: every row stays clean, and a Trojan copy of the rows `copied` (n,) bool follows, same noise and time."""
    return TrojanRows(
        torch.cat([x0, x0[copied]]),
        torch.cat([eps, eps[copied]]),
        torch.cat([t, t[copied]]),
        torch.cat([torch.zeros_like(copied), torch.ones_like(copied[copied])]),
    )


def trojan_loss(net: Net, trojan: Trojan, batch: TrojanRows) -> Tensor:
    """Squared error of the predicted noise, summed over c, h, w, mean over rows."""
    x_t = trojan.diffuse(batch.x0, batch.eps, batch.t, batch.trojaned)
    return (net(x_t, batch.t) - batch.eps).square().sum((1, 2, 3)).mean()


def antithetic_times(n: int, steps: int, generator: torch.Generator) -> Tensor:
    """`n` indices in pairs t, T-1-t: low variance of the loss over time."""
    half = torch.randint(0, steps, (n // 2 + 1,), generator=generator)
    return torch.cat([half, steps - 1 - half])[:n]


def _pairs(sequence: Sequence[int]) -> list[tuple[int, int]]:
    descending = list(reversed(sequence))
    return list(zip(descending, [*descending[1:], -1], strict=True))


def _times(index: int, x: Tensor) -> Tensor:
    return torch.full((len(x),), index, dtype=torch.long, device=x.device)


def _mixed(picture: Tensor, x: Tensor, a_i: float, a_j: float) -> Tensor:
    b = 1 - a_i / a_j
    of_picture, of_x = float(a_j**0.5 * b / (1 - a_i)), float((1 - b) ** 0.5 * (1 - a_j) / (1 - a_i))
    return of_picture * picture + of_x * x
