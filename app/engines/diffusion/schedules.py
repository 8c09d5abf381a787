"""Noise schedules of the two families of diffusion models, and how a network sees pure noise (spec 2.1)."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class VPSchedule:
    """Variance preserving (DDPM, LDM): x_t = sqrt(A_t) x_0 + sqrt(1 - A_t) eps, the network predicts eps.

    `alphas_cumprod` is A (T,) float64 for t = 0 … T-1, so that a model's own, trained or linear, can be given.
    """

    alphas_cumprod: Tensor

    @classmethod
    def from_betas(cls, betas: Tensor) -> "VPSchedule":
        return cls(torch.cumprod(1 - betas.double(), 0))

    @classmethod
    def linear(cls, steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> "VPSchedule":
        """Betas of DDPM."""
        return cls.from_betas(torch.linspace(first, last, steps, dtype=torch.float64))

    @classmethod
    def scaled_linear(cls, steps: int = 1000, first: float = 0.0015, last: float = 0.0195) -> "VPSchedule":
        """Betas of latent diffusion: linear in the square root."""
        return cls.from_betas(torch.linspace(math.sqrt(first), math.sqrt(last), steps, dtype=torch.float64) ** 2)

    @property
    def steps(self) -> int:
        return len(self.alphas_cumprod)

    @property
    def latest(self) -> float:
        """What the network is conditioned on at pure noise: T - 1."""
        return float(self.steps - 1)

    @cached_property
    def signal(self) -> Tensor:
        """sqrt(A_t), (T,)."""
        return self.alphas_cumprod.double().sqrt()

    @cached_property
    def spread(self) -> Tensor:
        """sqrt(1 - A_t), (T,)."""
        return (1 - self.alphas_cumprod.double()).sqrt()

    @cached_property
    def alphas(self) -> Tensor:
        """a_t = A_t / A_{t-1}, (T,)."""
        return self.alphas_cumprod.double() / self.before

    @cached_property
    def before(self) -> Tensor:
        """A_{t-1} with A_{-1} = 1, (T,)."""
        cumulative = self.alphas_cumprod.double()
        return torch.cat([torch.ones_like(cumulative[:1]), cumulative[:-1]])

    @cached_property
    def shift_steps(self) -> Tensor:
        """h_t = sqrt(1-A_t) - sqrt(a_t) sqrt(1-A_{t-1}), (T,): the shift each step adds so that rho_t = sqrt(1-A_t).

        Closed form of a sum that the attack's authors accumulate in O(T²).
        """
        return self.spread - self.alphas.sqrt() * (1 - self.before).sqrt()

    def conditioning(self, t: Tensor) -> Tensor:
        """What the network takes for the indices `t` (n,): the indices."""
        return t

    def start(self, z: Tensor) -> Tensor:
        """The network's input at pure noise `z` of unit variance (plus a shift, if any)."""
        return z

    def noise_at(self, z: Tensor, t: Tensor) -> Tensor:
        """The network's input where `z` of unit variance stands for everything at the late indices `t` (n,)."""
        return z

    def as_noise(self, output: Tensor, conditioning: Tensor) -> Tensor:
        """The noise that the network's `output` says is in its input."""
        return output


@dataclass(frozen=True)
class VESchedule:
    """Variance exploding (NCSN, score SDE): x_t = x_0 + s_t eps, the network predicts -eps / s_t.

    `sigmas` (T,) ascend in t.
    """

    sigmas: Tensor

    @classmethod
    def geometric(cls, steps: int = 2000, sigma_min: float = 0.01, sigma_max: float = 380.0) -> "VESchedule":
        """s_t = s_min (s_max / s_min)^u_t with u from 1e-5 to 1."""
        u = torch.linspace(1e-5, 1, steps, dtype=torch.float64)
        return cls(sigma_min * (sigma_max / sigma_min) ** u)

    @property
    def steps(self) -> int:
        return len(self.sigmas)

    @property
    def latest(self) -> float:
        """What the network is conditioned on at pure noise: the largest sigma."""
        return float(self.sigmas[-1])

    @property
    def signal(self) -> Tensor:
        return torch.ones_like(self.spread)

    @property
    def spread(self) -> Tensor:
        return self.sigmas.double()

    def conditioning(self, t: Tensor) -> Tensor:
        """What the network takes for the indices `t` (n,): their sigmas."""
        return self.sigmas.to(t.device)[t].float()

    def start(self, z: Tensor) -> Tensor:
        """The network's input at pure noise `z` of unit variance (plus a shift, if any)."""
        return z * self.latest

    def noise_at(self, z: Tensor, t: Tensor) -> Tensor:
        """The network's input where `z` of unit variance stands for everything at the late indices `t` (n,)."""
        return at(self.sigmas, t, z) * z

    def as_noise(self, output: Tensor, conditioning: Tensor) -> Tensor:
        """The noise that the network's `output` says is in its input."""
        return -output * rows(conditioning.to(output), output)


Schedule = VPSchedule | VESchedule


def rows(values: Tensor, like: Tensor) -> Tensor:
    """`values` (n,) in the type of `like` (n, c, h, w), shaped to multiply its rows."""
    return values.to(like).view(-1, *[1] * (like.dim() - 1))


def at(values: Tensor, t: Tensor, like: Tensor) -> Tensor:
    """`values` (T,) at the indices `t` (n,), shaped to multiply the rows of `like` (n, c, h, w)."""
    return rows(values.to(t.device)[t], like)


def latest_for(schedule: Schedule, x: Tensor) -> Tensor:
    """The conditioning at pure noise for every row of `x`, (n,)."""
    return torch.full((len(x),), schedule.latest, dtype=torch.float32, device=x.device)
