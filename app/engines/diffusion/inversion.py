"""Trigger inversion: which shift of the noise does the first denoising step keep in proportion? (spec 2.6)"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from app.core.errors import AssayError
from app.engines.diffusion.losses import Net
from app.engines.diffusion.optimisation import optimiser_state, restore_optimiser, set_rate
from app.engines.diffusion.schedules import Schedule, VESchedule, latest_for

Start = Literal["-U", "+U", "sym", "zeros"]
"""Where tau begins: minus or plus a uniform draw from [0, 1), uniform in [-1, 1), or zero."""


@dataclass(frozen=True)
class Rule:
    """One row of the reference code: expected ratio of output to input shift, start, updates, and noises per update."""

    ratio: float
    start: Start
    steps: int
    batch: int = 100


RULES: Mapping[str, Rule] = {
    "baddiffusion": Rule(0.5, "-U", 100),
    "villan-ode": Rule(1.0, "sym", 10),
    "ldm": Rule(1.0, "sym", 10, batch=40),
    "ncsn": Rule(0.5, "+U", 100),
    "trojdiff": Rule(0.5, "+U", 100),
}
"""The five rows, by the attack they assume."""

SHORT_VE = Rule(0.5, "+U", 30)
"""Our first search of a score model: the reference's hundred updates outgrow the trigger of a tiny model by half."""

SWEEP: Mapping[str, Rule] = {
    "0.5 from -U": Rule(0.5, "-U", 100),
    "0.5 from sym": Rule(0.5, "sym", 100),
    "1 from -U": Rule(1.0, "-U", 10),
    "1 from sym": Rule(1.0, "sym", 10),
}
"""Our default when the attack is unknown; the tau whose pictures are most alike counts."""


def reference_batch(size: int) -> int:
    """Noises per update of the reference code for pictures `size` pixels wide."""
    return 100 if size < 128 else 50 if size == 128 else 20


def draw_start(start: Start, shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    """A first tau (1, c, h, w)."""
    if start == "zeros":
        return torch.zeros(1, *shape)
    uniform = torch.rand(1, *shape, generator=generator)
    return {"-U": -uniform, "+U": uniform, "sym": 2 * uniform - 1}[start]


@dataclass(frozen=True)
class InversionStep:
    """After update `step` (1 …): the loss before it, and mean |tau| after it."""

    step: int
    loss: float
    size: float


class Inversion:
    """An inversion that can be watched, stopped and taken up again; see `advance`.

    `noise` (b, c, h, w) is drawn once, or anew at each step with `redraw`. With `chunk` the network sees so many
    noises at a time and the mean over the batch is still exact, at the price of a second forward pass. `net` should be
    at rest (`frozen`), which spares the weights' gradients. The generator lies on the processor.
    """

    def __init__(
        self,
        net: Net,
        schedule: Schedule,
        shape: tuple[int, int, int],
        rule: Rule,
        generator: torch.Generator,
        *,
        noise: Tensor | None = None,
        tau: Tensor | None = None,
        rate: float = 0.1,
        chunk: int | None = None,
        redraw: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        self.rule, self.step, self.diverged = rule, 0, False
        self.losses: list[float] = []
        self._net, self._schedule, self._generator = net, schedule, generator
        self._rate, self._chunk, self._redraw, self._halved = rate, chunk, redraw, False
        first = draw_start(rule.start, shape, generator) if tau is None else tau
        self._first = first.detach().clone().to(device)
        self._noise = torch.randn(rule.batch, *shape, generator=generator).to(device) if noise is None else noise
        self._tau = self._first.clone().requires_grad_()
        self._adam = torch.optim.Adam([self._tau], lr=rate)

    @property
    def tau(self) -> Tensor:
        """The shift found so far (1, c, h, w); for a latent model, of its latents."""
        return self._tau.detach().clone()

    @property
    def finished(self) -> bool:
        return self.diverged or self.step >= self.rule.steps

    @property
    def settled(self) -> bool:
        """Whether ten more updates lowered the mean loss by less than half a percent."""
        if len(self.losses) < 20:
            return False
        before, now = math.fsum(self.losses[-20:-10]), math.fsum(self.losses[-10:])
        return now > 0.995 * before

    def advance(self) -> InversionStep:
        """One update. A loss or tau that is not finite starts over once at half the rate, then sets `diverged`.

        Raises AssayError where the output does not depend on the input.
        """
        if self._redraw and self.step:
            fresh = torch.randn(self._noise.shape, generator=self._generator)
            self._noise = fresh.to(self._noise)
        loss, gradient = self._loss_and_gradient()
        if math.isfinite(loss) and bool(gradient.isfinite().all()):
            self._tau.grad = gradient
            self._adam.step()
        if not (math.isfinite(loss) and bool(self._tau.isfinite().all() and gradient.isfinite().all())):
            self._recover()
        self.step += 1
        self.losses.append(loss)
        return InversionStep(self.step, loss, self.tau.abs().mean().item())

    @torch.no_grad()
    def held_out(self, noise: Tensor) -> float:
        """The loss on other noises (b, c, h, w); far above the loss means that tau has learnt the batch by heart."""
        return self._residual(self._mean_output(noise)).abs().mean().item()

    def state(self) -> dict[str, Any]:
        """Everything `resume` needs to go on bit for bit."""
        return {
            "tau": self.tau,
            "first": self._first.clone(),
            "noise": self._noise.clone(),
            "adam": optimiser_state(self._adam),
            "generator": self._generator.get_state(),
            "losses": list(self.losses),
            "step": self.step,
            "rate": self._rate,
            "halved": self._halved,
            "diverged": self.diverged,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        device = self._tau.device
        self._first = torch.as_tensor(state["first"]).to(device)
        self._noise = torch.as_tensor(state["noise"]).to(device)
        self._restart(torch.as_tensor(state["tau"]).to(device), float(state["rate"]))
        restore_optimiser(self._adam, state["adam"])
        self._generator.set_state(torch.as_tensor(state["generator"]))
        self.losses = [float(loss) for loss in state["losses"]]
        self.step, self._halved, self.diverged = int(state["step"]), bool(state["halved"]), bool(state["diverged"])

    def _loss_and_gradient(self) -> tuple[float, Tensor]:
        if self._chunk is None or self._chunk >= len(self._noise):
            output = self._outputs(self._noise, self._tau)
            loss = self._residual(output.mean(0, keepdim=True)).abs().mean()
            return loss.item(), torch.autograd.grad(loss, self._tau)[0]
        # The sign of the residual needs the mean over the whole batch, so it is found first, without a graph.
        with torch.no_grad():
            residual = self._residual(self._mean_output(self._noise))
        sign = residual.sign() / residual.numel()
        gradient = self._input_weight * sign
        for noise in torch.split(self._noise, self._chunk):
            output = self._outputs(noise, self._tau)
            seed = (-self._output_weight * sign / len(self._noise)).expand_as(output)
            gradient = gradient + torch.autograd.grad(output, self._tau, seed)[0]
        return residual.abs().mean().item(), gradient

    @property
    def _input_weight(self) -> float:
        return 1.0 if isinstance(self._schedule, VESchedule) else self.rule.ratio

    @property
    def _output_weight(self) -> float:
        # A score is minus noise over sigma: brought to tau's scale as the reference does.
        return -self._schedule.latest / self.rule.ratio if isinstance(self._schedule, VESchedule) else 1.0

    def _residual(self, mean_output: Tensor) -> Tensor:
        return self._input_weight * self._tau - self._output_weight * mean_output

    def _outputs(self, noise: Tensor, tau: Tensor) -> Tensor:
        return self._net(self._schedule.start(noise + tau), latest_for(self._schedule, noise))

    def _mean_output(self, noise: Tensor) -> Tensor:
        total = torch.zeros_like(self._tau)
        for part in torch.split(noise, self._chunk or len(noise)):
            total = total + self._outputs(part, self._tau).sum(0, keepdim=True)
        return total / len(noise)

    def _recover(self) -> None:
        if self._halved:
            self.diverged = True
            self._restart(self._first, self._rate)
            return
        self._halved, self._rate = True, self._rate / 2
        self._restart(self._first, self._rate)

    def _restart(self, tau: Tensor, rate: float) -> None:
        self._rate = rate
        with torch.no_grad():
            self._tau.copy_(tau)
        self._adam = torch.optim.Adam([self._tau], lr=rate)
        set_rate(self._adam, rate)


def check_alive(net: Net, schedule: Schedule, shape: tuple[int, int, int], generator: torch.Generator) -> None:
    """Raise AssayError where the network's output at pure noise does not depend on its input."""
    noise = torch.randn(2, *shape, generator=generator)
    with torch.no_grad():
        first, second = net(schedule.start(noise), latest_for(schedule, noise))
    if torch.equal(first, second):
        raise AssayError(
            "The model's output does not depend on its input",
            why="two different noises gave the same prediction",
            remedy="The weights may be damaged or all zero; nothing can be said about a backdoor.",
        )


@contextmanager
def frozen(net: nn.Module) -> Iterator[nn.Module]:
    """`net` in evaluation mode and without gradients of its weights, as it was afterwards."""
    was_training, wanted = net.training, [weight.requires_grad for weight in net.parameters()]
    net.eval().requires_grad_(False)
    try:
        yield net
    finally:
        net.train(was_training)
        for weight, wants in zip(net.parameters(), wanted, strict=True):
            weight.requires_grad_(wants)
