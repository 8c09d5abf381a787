"""Inversion without an assumed ratio: two noises under one shift must leave no trace of it (TERD, ICML 2024; spec 2.10)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from app.engines.diffusion.inversion import Start, draw_start
from app.engines.diffusion.losses import Net
from app.engines.diffusion.optimisation import optimiser_state, restore_optimiser, set_rate
from app.engines.diffusion.schedules import Schedule, VPSchedule, at, latest_for


@dataclass(frozen=True)
class PairedStep:
    """After update `step` (1 …): the objective and its residual part before it, mean |tau| and `scale` after it."""

    step: int
    loss: float
    residual: float
    size: float
    scale: float


def paired_residual(
    net: Net, schedule: Schedule, first: Tensor, second: Tensor, shifted: tuple[Tensor, Tensor], t: Tensor
) -> Tensor:
    """½ |(e1 - M(x1)) - (e2 - M(x2))|², summed over pixels, mean over rows.

    `first` and `second` are the noises e (n, c, h, w) in the inputs `shifted`; `t` (n,) the network's conditioning.
    """
    outputs = net(torch.cat(shifted), torch.cat([t, t]))
    predicted = schedule.as_noise(outputs, torch.cat([t, t]))
    errors = torch.cat([first, second]) - predicted
    one, two = errors.chunk(2)
    return 0.5 * (one - two).square().sum((1, 2, 3)).mean()


class PairedNoise:
    """Our light variant: inputs at pure noise only, Adam with a cosine to zero.

    `weight` rewards mean |tau| summed over pixels and is scaled by size; `learn_scale` also learns how far the noise
    is scaled before the shift is added, which TrojDiff does. Same face as `Inversion`. The generator lies on the
    processor.
    """

    def __init__(
        self,
        net: Net,
        schedule: Schedule,
        shape: tuple[int, int, int],
        generator: torch.Generator,
        *,
        start: Start = "-U",
        tau: Tensor | None = None,
        steps: int = 250,
        batch: int = 16,
        rate: float = 0.05,
        weight: float = 2e-3,
        learn_scale: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        self.steps, self.step, self.diverged = steps, 0, False
        self.losses: list[float] = []
        self._net, self._schedule, self._shape = net, schedule, shape
        self._generator, self._batch, self._rate = generator, batch, rate
        self._weight = weight * math.prod(shape) / 256
        first = draw_start(start, shape, generator) if tau is None else tau
        self._tau = first.detach().clone().to(device).requires_grad_()
        self._scale = torch.ones((), device=device, requires_grad=learn_scale)
        self._optimiser = self._make_optimiser()

    @property
    def tau(self) -> Tensor:
        """The shift found so far, (1, c, h, w)."""
        return self._tau.detach().clone()

    @property
    def scale(self) -> float:
        """The factor of the noise (gamma), 1 unless it is learnt."""
        return self._scale.item()

    @property
    def finished(self) -> bool:
        return self.diverged or self.step >= self.steps

    def advance(self) -> PairedStep:
        """One update on fresh noises; sets `diverged` and moves nothing when the loss or a gradient is not finite."""
        self._set_rates(0.5 * (1 + math.cos(math.pi * self.step / self.steps)))
        residual = self._residual()
        loss = residual - self._weight * self._tau.abs().sum()
        wanted = [tensor for tensor in (self._tau, self._scale) if tensor.requires_grad]
        gradients = torch.autograd.grad(loss, wanted)
        value = loss.item()
        if math.isfinite(value) and all(bool(gradient.isfinite().all()) for gradient in gradients):
            for tensor, gradient in zip(wanted, gradients, strict=True):
                tensor.grad = self._cut(gradient)
            self._optimiser.step()
            with torch.no_grad():
                self._scale.clamp_(0.05, 1)
        else:
            self.diverged = True
        self.step += 1
        self.losses.append(value)
        return PairedStep(self.step, value, residual.item(), self._tau.detach().abs().mean().item(), self.scale)

    def state(self) -> dict[str, Any]:
        """Everything `resume` needs to go on bit for bit."""
        return {
            "tau": self.tau,
            "scale": self._scale.detach().clone(),
            "optimiser": optimiser_state(self._optimiser),
            "generator": self._generator.get_state(),
            "losses": list(self.losses),
            "step": self.step,
            "diverged": self.diverged,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        with torch.no_grad():
            self._tau.copy_(torch.as_tensor(state["tau"]))
            self._scale.copy_(torch.as_tensor(state["scale"]))
        restore_optimiser(self._optimiser, state["optimiser"])
        self._generator.set_state(torch.as_tensor(state["generator"]))
        self.losses = [float(loss) for loss in state["losses"]]
        self.step, self.diverged = int(state["step"]), bool(state["diverged"])

    def _residual(self) -> Tensor:
        first, second = self._noise(), self._noise()
        inputs = tuple(self._schedule.start(self._scale * noise + self._tau) for noise in (first, second))
        return paired_residual(
            self._net, self._schedule, first, second, (inputs[0], inputs[1]), latest_for(self._schedule, first)
        )

    def _cut(self, gradient: Tensor) -> Tensor:
        return gradient

    def _noise(self) -> Tensor:
        return torch.randn(self._batch, *self._shape, generator=self._generator).to(self._tau.device)

    def _make_optimiser(self) -> torch.optim.Optimizer:
        groups = [{"params": [self._tau]}]
        if self._scale.requires_grad:
            groups.append({"params": [self._scale]})
        return torch.optim.Adam(groups, lr=self._rate)

    def _set_rates(self, share: float) -> None:
        for group, rate in zip(self._optimiser.param_groups, (self._rate, 0.001)):
            group["lr"] = rate * share


class LatentPairedNoise(PairedNoise):
    """The variant for latents, which begins at `tau` (1, c, h, w), as a rule the latents of a dark picture.

    Size is rewarded in proportion to the residual that the network leaves without a shift: unit mean |tau| may cost
    `REWARD` times that residual, whatever the number of latents and however well the network predicts.
    """

    REWARD = 1.0
    """Some five times the reward that pixels get: a latent trigger lies behind a rise of the residual."""
    MEASURED = 4
    """Batches that the plain residual is the mean of."""

    def __init__(
        self,
        net: Net,
        schedule: Schedule,
        shape: tuple[int, int, int],
        generator: torch.Generator,
        *,
        tau: Tensor,
        steps: int = 250,
        batch: int = 16,
        rate: float = 0.05,
        learn_scale: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(
            net,
            schedule,
            shape,
            generator,
            tau=tau,
            steps=steps,
            batch=batch,
            rate=rate,
            learn_scale=learn_scale,
            device=device,
        )
        plain = math.fsum(self._plain_residual() for _ in range(self.MEASURED)) / self.MEASURED
        self._weight = self.REWARD * plain / math.prod(shape)

    @torch.no_grad()
    def _plain_residual(self) -> float:
        first, second = self._noise(), self._noise()
        inputs = self._schedule.start(first), self._schedule.start(second)
        moments = latest_for(self._schedule, first)
        return paired_residual(self._net, self._schedule, first, second, inputs, moments).item()


class Terd(PairedNoise):
    """The original recipe for VP models: surrogate pictures, the last ten indices, plain gradient steps.

    The last `refining` updates take pictures sampled from the shifted noise in ten differentiable DDIM steps, and
    average the loss at late indices with the loss at the first ten, where no shift is left.
    """

    def __init__(
        self,
        net: Net,
        schedule: VPSchedule,
        shape: tuple[int, int, int],
        generator: torch.Generator,
        *,
        start: Start = "-U",
        steps: int = 3000,
        refining: int = 1000,
        batch: int = 16,
        weight: float = 5e-5,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(
            net, schedule, shape, generator, start=start, steps=steps + refining, batch=batch, rate=0.5, device=device
        )
        self._vp, self._searching, self._weight = schedule, steps, weight

    @property
    def refining(self) -> bool:
        return self.step >= self._searching

    def _make_optimiser(self) -> torch.optim.Optimizer:
        return torch.optim.SGD([self._tau], lr=self._rate)

    def _set_rates(self, share: float) -> None:
        span, gone = (
            (self.steps - self._searching, self.step - self._searching)
            if self.refining
            else (self._searching, self.step)
        )
        set_rate(self._optimiser, self._rate * 0.5 * (1 + math.cos(math.pi * gone / span)))

    def _residual(self) -> Tensor:
        last = self._vp.steps
        if not self.refining:
            return self._at_indices(self._noise(), last - 10, last, self._tau)
        pictures = self._sampled()
        late = self._at_indices(pictures, last - 10, last, self._tau)
        early = self._at_indices(pictures, 0, 10, torch.zeros_like(self._tau))
        return 0.5 * (late + early)

    def _cut(self, gradient: Tensor) -> Tensor:
        # Ten steps of sampling make steep gradients; the original cuts them at this norm.
        return gradient * (0.01 / gradient.norm().clamp_min(0.01)) if self.refining else gradient

    def _at_indices(self, pictures: Tensor, low: int, high: int, tau: Tensor) -> Tensor:
        t = torch.randint(low, high, (self._batch,), generator=self._generator).to(pictures.device)
        first, second = self._noise(), self._noise()
        signal, spread = at(self._vp.signal, t, pictures), at(self._vp.spread, t, pictures)
        inputs = tuple(signal * pictures + spread * noise + tau for noise in (first, second))
        return paired_residual(self._net, self._vp, first, second, (inputs[0], inputs[1]), t)

    def _sampled(self) -> Tensor:
        x = self._noise() + self._tau
        indices = list(range(0, self._vp.steps, self._vp.steps // 10))[::-1]
        for index, following in zip(indices, [*indices[1:], -1], strict=True):
            now = float(self._vp.alphas_cumprod[index])
            then = 1.0 if following < 0 else float(self._vp.alphas_cumprod[following])
            eps = self._net(x, torch.full((len(x),), index, device=x.device))
            x = then**0.5 * (x - (1 - now) ** 0.5 * eps) / now**0.5 + (1 - then) ** 0.5 * eps
        return x


def shift_energy(tau: Tensor) -> float:
    """M = mean(tau²) / 2: large where a shift could grow without leaving a residual."""
    return tau.square().mean().item() / 2


@dataclass(frozen=True)
class KlFeatures:
    """TERD's model features: mean (`m`) and variance (`v`) of the divergence of shifted from plain noise, centred."""

    m: float
    v: float


def kl_features(tau: Tensor, scale: float = 1.0) -> KlFeatures:
    """Divergence of N(tau, scale²) from N(0, 1) per value: M_r = mean + .4, V_r = variance - .003."""
    divergence = -math.log(scale) + (scale**2 + tau.double().square() - 1) / 2
    return KlFeatures(divergence.mean().item() + 0.4, divergence.var().item() - 0.003)
