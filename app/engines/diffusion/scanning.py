"""One seed of a scan, a step at a time: shifts are searched for, pictures made with and without them (spec 2.6 to 2.8)."""

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from app.engines.diffusion.detector import ENERGY, Constants, Evidence, Probe, Verdict, judge
from app.engines.diffusion.features import measure
from app.engines.diffusion.findings import Found, key
from app.engines.diffusion.inversion import Inversion, Rule, Start, check_alive, draw_start
from app.engines.diffusion.paired_noise import LatentPairedNoise, PairedNoise
from app.engines.diffusion.schedules import Schedule, VESchedule, VPSchedule
from app.models.sampling import sampling
from app.models.schedulers import Sampler

if TYPE_CHECKING:
    from app.engines.diffusion.references import Referee
    from app.models.diffusion import DiffusionModel

HELD_OUT_EVERY = 20
GLANCE_AT, GLANCE_FROM = 0.4, 20
"""Pictures are looked at after this share of a search's updates, if it has so many: strong backdoors show by then."""


@dataclass(frozen=True)
class Search:
    """One way to look for a shift: an inversion by `rule`, or where that is None paired noise from `start`."""

    name: str
    rule: Rule | None
    encoded: Start | None = None
    """Begin from the latents of a random picture, drawn so, as the reference does for latent models."""
    learn_scale: bool = False
    steps: int = 250
    batch: int = 16


@dataclass(frozen=True)
class View:
    """One way to make pictures."""

    name: str
    sampler: Sampler
    steps: int
    eta: float = 0.0
    clip: bool = False

    @property
    def steady(self) -> bool:
        """Whether the pictures follow from their noise alone."""
        return not self.sampler.stochastic and self.eta == 0


@dataclass(frozen=True)
class Plan:
    """What a scan does for each of its seeds."""

    searches: tuple[Search, ...]
    views: tuple[View, ...]
    images: int = 16
    rate: float = 0.1
    redraw: bool = False
    early_stop: bool = True
    at_once: int | None = None
    limits: Constants = field(default_factory=Constants)
    early_verdict: bool = False
    """A seed ends at its first alarm, be it within a search, instead of running all searches; see `SeedScan`."""
    referee: "Referee | None" = None
    """Judges in the place of the rules, by reference models."""

    def decide(self, evidence: Evidence) -> Verdict:
        """The verdict of one seed."""
        if self.referee is not None:
            return self.referee.judge(evidence, self.limits)
        return judge(evidence, self.limits)


@dataclass(frozen=True)
class SearchStep:
    """After update `step` of `steps`; `held_out` is the loss on other noises, where it was looked at."""

    search: str
    step: int
    steps: int
    loss: float
    tau: Tensor
    held_out: float = math.nan


@dataclass(frozen=True)
class SearchEnd:
    """A search is over: its shift (1, c, h, w), and whether it gave up on values that are not finite."""

    search: str
    tau: Tensor
    step: int
    diverged: bool


@dataclass(frozen=True)
class PictureStep:
    """`done` of `total` network passes of one set of pictures."""

    done: int
    total: int


@dataclass(frozen=True)
class PictureEnd:
    """Pictures (n, c, h, w) in [0, 1] of `view`, under the shift of `search` or, where that is empty, without one."""

    search: str
    view: str
    pictures: Tensor


Record = SearchStep | SearchEnd | PictureStep | PictureEnd


class SeedScan:
    """Everything one seed does, as records; `state` after any record is where `resume` goes on."""

    def __init__(self, model: "DiffusionModel", plan: Plan, seed: int, state: Mapping[str, Any] | None = None) -> None:
        self.seed, self.plan, self.found = seed, plan, Found()
        self.schedule = schedule_of(model)
        self._model = model
        self._running: Inversion | PairedNoise | None = None
        self._waiting: Mapping[str, Any] | None = None
        self._glimpsed: tuple[str, str, Tensor] | None = None
        if state is not None:
            self.found = Found.from_state(state["found"], model.device)
            self._waiting = state["running"]

    def records(self) -> Iterator[Record]:
        """The rest of the work, one record after each step of it."""
        if not self.found.taus and self._waiting is None:
            check_alive(self._model.output, self.schedule, self._model.shape, self._generator(4000))
        for number, search in enumerate(self.plan.searches):
            if search.name not in self.found.taus:
                yield from self._search(number, search)
            for view in self.plan.views:
                for name in ("", search.name):
                    if key(view.name, name) not in self.found.features:
                        yield from self._pictures(view, name)
                if self.plan.early_verdict and self._stands(number, view):
                    return

    def _stands(self, number: int, view: View) -> bool:
        """Whether search `number` has raised an alarm, which stands whatever the samplers after `view` show.

        One by the energy of a shift alone waits for them: a shift that forces pictures by a deterministic sampler only
        is not to end without them, neither for who looks nor for a removal. Of a search that others followed it is known
        that it raised none: after a resume their evidence is here already.
        """
        if any(search.name in self.found.taus for search in self.plan.searches[number + 1 :]):
            return False
        verdict = self.plan.decide(self.evidence())
        return verdict.alarm and (verdict.rule != ENERGY or view == self.plan.views[-1])

    def number(self, search: str) -> int:
        """The place of `search` in the plan."""
        return [each.name for each in self.plan.searches].index(search)

    def evidence(self) -> Evidence:
        """What the detector judges."""
        return self.found.evidence({view.name: view.steady for view in self.plan.views})

    def state(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit."""
        return {
            "found": self.found.state(),
            "running": None if self._running is None else self._running.state(),
        }

    def _search(self, number: int, search: Search) -> Iterator[Record]:
        work = self._begun(number, search)
        if self._waiting is not None:
            work.resume(self._waiting)
            self._waiting = None
        self._running = work
        steps = work.rule.steps if isinstance(work, Inversion) else work.steps
        while not self._over(work):
            if self._glances(search, work) and (yield from self._glance(search, work)):
                break
            step = work.advance()
            looked = step.step % HELD_OUT_EVERY == 0 or self._over(work)
            seen = self._held_out(work, number) if looked else math.nan
            yield SearchStep(search.name, step.step, steps, step.loss, work.tau, seen)
        held_out = self._held_out(work, number)
        found = self.found
        found.taus[search.name] = work.tau
        found.scales[search.name] = 1.0 if isinstance(work, Inversion) else work.scale
        found.updates[search.name] = work.step
        found.losses[search.name], found.held_out[search.name] = work.losses[-1], held_out
        if search.rule is None:
            found.paired.append(search.name)
        if work.diverged:
            found.diverged.append(search.name)
        self._running = None
        yield SearchEnd(search.name, work.tau, work.step, work.diverged)

    def _glances(self, search: Search, work: Inversion | PairedNoise) -> bool:
        steps = 0 if search.rule is None else search.rule.steps
        return self.plan.early_verdict and steps >= GLANCE_FROM and work.step == round(GLANCE_AT * steps)

    def _glance(self, search: Search, work: Inversion | PairedNoise) -> Generator[Record, None, bool]:
        """Whether the shift so far raises an alarm by the first sampler.

        Nothing of it is kept but the pictures of an alarm, which are wanted next: a scan that is resumed glances again.
        """
        view = self.plan.views[0]
        if key(view.name, "") not in self.found.features:
            yield from self._pictures(view, "")
        made = yield from self._made(view, self._noise() + work.tau)
        probe = Probe(view.name, search.name, self.found.features[view.name], measure(made.cpu()), view.steady)
        sure = self.plan.decide(Evidence((probe,))).alarm
        self._glimpsed = (view.name, search.name, made) if sure else None
        return sure

    def _over(self, work: Inversion | PairedNoise) -> bool:
        if work.finished:
            return True
        return self.plan.early_stop and isinstance(work, Inversion) and work.settled

    def _begun(self, number: int, search: Search) -> Inversion | PairedNoise:
        model, generator = self._model, self._generator(number)
        tau = None if search.encoded is None else self._encoded(search.encoded, generator)
        if search.rule is None:
            return self._paired(search, generator, tau)
        return Inversion(
            model.output,
            self.schedule,
            model.shape,
            search.rule,
            generator,
            tau=tau,
            rate=self.plan.rate,
            chunk=self.plan.at_once,
            redraw=self.plan.redraw,
            device=model.device,
        )

    def _paired(self, search: Search, generator: torch.Generator, tau: Tensor | None) -> PairedNoise:
        model = self._model
        if tau is not None:
            return LatentPairedNoise(
                model.output,
                self.schedule,
                model.shape,
                generator,
                tau=tau,
                steps=search.steps,
                batch=search.batch,
                learn_scale=search.learn_scale,
                device=model.device,
            )
        return PairedNoise(
            model.output,
            self.schedule,
            model.shape,
            generator,
            steps=search.steps,
            batch=search.batch,
            learn_scale=search.learn_scale,
            device=model.device,
        )

    def _encoded(self, start: Start, generator: torch.Generator) -> Tensor:
        """The latents (1, c, h, w) of a random picture."""
        model = self._model
        channels = 3 if model.autoencoder is not None else model.channels
        picture = draw_start(start, (channels, *model.source.image_size), generator)
        with torch.no_grad():
            return model.encode(picture.to(model.device))

    def _held_out(self, work: Inversion | PairedNoise, number: int) -> float:
        if not isinstance(work, Inversion):
            return math.nan
        noise = torch.randn(work.rule.batch, *self._model.shape, generator=self._generator(1000 + number))
        return work.held_out(noise.to(self._model.device))

    def _pictures(self, view: View, search: str) -> Iterator[Record]:
        if self._glimpsed is not None and self._glimpsed[:2] == (view.name, search):
            made = self._glimpsed[2]
        else:
            start = self._noise()
            if search:
                start = self.found.scales[search] * start + self.found.taus[search]
            made = yield from self._made(view, start)
        self.found.add(view.name, search, made, measure(made.cpu()))
        yield PictureEnd(search, view.name, made)

    def _noise(self) -> Tensor:
        """The same noise for every set of pictures, so that only the shift differs."""
        generator = self._generator(2000)
        return torch.randn(self.plan.images, *self._model.shape, generator=generator).to(self._model.device)

    def _made(self, view: View, start: Tensor) -> Generator[Record, None, Tensor]:
        """Pictures from `start`, with the same noise along the way each time."""
        device = self._model.device
        along = torch.Generator(device).manual_seed(_mixed(self.seed, 3000))
        work = sampling(
            self._model, start, view.sampler, steps=view.steps, eta=view.eta, clip=view.clip, generator=along
        )
        x = start
        for step in work:
            x = step.x
            yield PictureStep(step.done, step.total)
        with torch.no_grad():
            return self._model.pictures(x)

    def _generator(self, purpose: int) -> torch.Generator:
        return torch.Generator().manual_seed(_mixed(self.seed, purpose))


def schedule_of(model: "DiffusionModel") -> Schedule:
    """The noise schedule that `model` was trained with."""
    if model.kind == "ncsn":
        return VESchedule.geometric(model.steps, model.sigma_min, model.sigma_max)
    return VPSchedule(model.alphas_cumprod.double().cpu())


def _mixed(seed: int, purpose: int) -> int:
    return (seed * 1_000_003 + purpose) % (1 << 63)
