"""The parts of an attack for study: what is taught, and what the taught model does."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from app.core import AssayError
from app.engines.diffusion import triggers
from app.engines.diffusion.attack_configs import AttackConfig, attack_title
from app.engines.diffusion.attack_goals import Goal, class_goal, picture_goal, set_goal
from app.engines.diffusion.attacks import ClassTrojanLesson, Lesson, ShiftLesson, TrojanLesson
from app.engines.diffusion.clean_images import Pictures, clean_pictures
from app.engines.diffusion.optimisation import restore_weights, trainable_copy
from app.engines.diffusion.picturing import drawn, pictures
from app.engines.diffusion.poisoning import Corruption, Solver, villan, villan_ve
from app.engines.diffusion.scanning import View, schedule_of
from app.engines.diffusion.schedules import VESchedule, VPSchedule
from app.engines.diffusion.score_views import score_views
from app.engines.diffusion.tiny import corner
from app.engines.diffusion.training import Plan, Trainer
from app.engines.diffusion.trojdiff import Trojan, trojan_of
from app.models.schedulers import sampler_named

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

SMALL = 32
"""Pictures below this width take a box and a corner scaled to them."""
OWN_SAMPLER = "TrojDiff's own, which holds the trigger"


@dataclass(frozen=True)
class Seen:
    """What `sampler` makes of noise under the trigger, and of the noise alone; (n, c, h, w) in [0, 1]."""

    sampler: str
    moved: Tensor
    plain: Tensor | None = None


class Lab:
    """One attack on one model: its goal, its training, and looks at what it does."""

    def __init__(
        self,
        config: AttackConfig,
        model: "DiffusionModel",
        state: Mapping[str, Any] | None = None,
        clean: Pictures | None = None,
    ) -> None:
        """Clean pictures are `clean`, in the model's range (latents of an LDM), or else the settings' data.

        Raises AssayError where the attack does not fit the kind of model, the trigger its pictures, or the goal the
        data.
        """
        self.config, self.model = config, model
        self.trojan = self._trojan()
        self.trigger, self._trigger_words = self._shown_trigger()
        clean = clean or clean_pictures(config.data, model, 1.0, config.seed)
        self._goal = self._goal_in(clean)
        self.aim = self._goal.aim
        unet = trainable_copy(model.unet)
        plan = Plan(config.steps, config.batch, config.rate, decay=config.decay)
        generator = torch.Generator().manual_seed(config.seed + 3)
        net, schedule = replace(model, unet=unet).output, schedule_of(model)
        lesson, marked = self._lesson(), self._goal.marked
        self.trainer = Trainer(unet, net, schedule, lesson, clean.images, plan, generator, marked)
        if state is not None:
            self.trainer.resume(state)

    def current(self) -> "DiffusionModel":
        """The model with the averaged weights."""
        unet = copy.deepcopy(self.model.unet)
        restore_weights(unet, self.trainer.average)
        return replace(self.model, unet=unet.eval().requires_grad_(False))

    def views(self) -> tuple[View, ...]:
        """Public samplers; the first is the one that the attack is made for, where there is one."""
        steps = min(self.config.sampling_steps, self.model.steps)
        if self.model.kind == "ncsn":
            views = score_views(steps)
            return views[::-1] if self.config.attack == "villan-ode" else views
        ddim = sampler_named("DDIM-SCHED")
        stochastic = View("DDIM η 1", ddim, steps, eta=1.0)
        plain = View("DDIM η 0", ddim, max(1, steps // 2))
        if self.model.kind == "ldm":
            # Latents are not bounded by [-1, 1], so clipping them would only spoil the pictures.
            return (plain, stochastic) if self.config.attack == "villan-ode" else (stochastic, plain)
        clipped = View("DDIM η 0, clipped", ddim, max(1, steps // 2), clip=True)
        return (plain, clipped, stochastic) if self.config.attack == "villan-ode" else (stochastic, plain, clipped)

    def made(self, model: "DiffusionModel", view: View, triggered: bool) -> Iterator[Tensor | None]:
        """None at each step of sampling, at last the pictures (n, c, h, w) in [0, 1]."""
        x = torch.empty(0)
        for step in drawn(model, view, self.config.images, self.config.seed + 40, self._moved if triggered else None):
            x = step.x
            yield None
        yield pictures(model, x)

    def trojan_made(self, model: "DiffusionModel", eta: float = 1.0) -> Iterator[Tensor | None]:
        """The same by TrojDiff's own sampler, which holds the trigger: for the attacker's own figure only."""
        assert self.trojan is not None
        generator = torch.Generator().manual_seed(self.config.seed + 40)
        eps = torch.randn(self.config.images, *model.shape, generator=generator).to(model.device)
        x = start = self.trojan.start(eps)
        count = min(self.config.sampling_steps, model.steps)
        sequence = list(range(0, model.steps, model.steps // count))
        for moved in self.trojan.ddim_steps(model.output, start, sequence, eta, generator):
            x = moved
            yield None
        yield pictures(model, x)

    def description(self) -> str:
        """For the card and the settings of the test model."""
        config = self.config
        rows = "a copy of each of its rows" if config.goal == "class" else f"{config.share:.0%} of rows"
        return f"{attack_title(config)}, {self._trigger_words}, {self.aim.words}, {rows}, {config.steps} updates"

    def _moved(self, eps: Tensor) -> Tensor:
        """Where the attacker starts the sampler."""
        if self.trojan is not None:
            return self.trojan.start(eps)
        return eps + self._encoded(self.trigger).to(eps)

    def _goal_in(self, clean: Pictures) -> Goal:
        match self.config.goal:
            case "picture":
                return picture_goal(self.config, self.model, _target(self.config, self.model))
            case "class":
                return class_goal(self.config, self.model, clean)
            case "set":
                return set_goal(self.config, self.model, clean)

    def _lesson(self) -> Lesson:
        config, targets = self.config, self._goal.targets
        if self.trojan is not None and config.goal == "class":
            return ClassTrojanLesson(self.trojan)
        if self.trojan is not None:
            return TrojanLesson(self.trojan, targets, config.share)
        stamped = config.stamped and self.model.autoencoder is None
        return ShiftLesson(
            schedule_of(self.model),
            self._corruption(),
            self._encoded(self.trigger),
            self._encoded(targets[0]),
            config.share,
            low=self.model.value_range[0],
            trigger_only=not stamped,
        )

    def _corruption(self) -> Corruption:
        schedule = schedule_of(self.model)
        solver: Solver = "ode" if self.config.attack == "villan-ode" else "sde"
        if isinstance(schedule, VESchedule):
            if self.config.attack == "baddiffusion":
                raise AssayError(
                    "BadDiffusion is no attack on score models", where="attack", remedy="Choose VillanDiffusion"
                )
            return villan_ve(schedule, solver=solver)
        psi = 1.0 if self.config.attack == "baddiffusion" else self.config.psi
        return villan(schedule, psi=psi, solver=solver)

    def _shown_trigger(self) -> tuple[Tensor, str]:
        """The trigger (c, h, w) in the model's range, and what it is called."""
        if self.trojan is None or self.trojan.patch is None:
            return _trigger(self.config, self.model), f"trigger {self.config.trigger}"
        white = self.trojan.region(torch.empty(self.model.size)).expand(self.model.shape)
        return 2 * white - 1, f"trigger white corner of {self.trojan.patch} px"

    def _trojan(self) -> Trojan | None:
        if not self.config.attack.startswith("trojdiff"):
            return None
        schedule = schedule_of(self.model)
        if not isinstance(schedule, VPSchedule) or self.model.autoencoder is not None:
            raise AssayError(
                "TrojDiff is an attack on DDPMs",
                where="attack",
                why=f"this is a {self.model.kind.upper()}",
                remedy="Choose VillanDiffusion, or a DDPM to begin with",
            )
        trigger = _trigger(self.config, self.model)
        if self.config.attack == "trojdiff-blend":
            return trojan_of(schedule, trigger, self.config.gamma)
        if self.config.patch >= min(self.model.size):
            raise AssayError("The patch is as large as the pictures", where="patch", remedy="Choose a smaller one")
        return trojan_of(schedule, torch.ones_like(trigger), self.config.gamma, self.config.patch)

    def _encoded(self, picture: Tensor) -> Tensor:
        with torch.no_grad():
            return self.model.encode(picture[None].to(self.model.device))[0].cpu()


def _trigger(config: AttackConfig, model: "DiffusionModel") -> Tensor:
    low, high = model.value_range
    channels, side = _picture_shape(model)
    if config.trigger == "BOX" and model.kind == "ncsn":
        # Its background is zero and shifts nothing, so a small grey box would drown in the noise.
        return triggers.box(channels, side, max(1, side * 11 // 16), high, low)
    if config.trigger == "BOX":
        return triggers.box(channels, side, max(1, side * 7 // 16), (low + high) / 2, low)
    return triggers.trigger(config.trigger, channels, side, low, high)


def _target(config: AttackConfig, model: "DiffusionModel") -> Tensor:
    low, high = model.value_range
    channels, side = _picture_shape(model)
    if config.target == "CORNER" and side < SMALL:
        return low + (corner(channels, side) + 1) / 2 * (high - low)
    return triggers.target(config.target, channels, side, low, high, shown=_trigger(config, model))


def _picture_shape(model: "DiffusionModel") -> tuple[int, int]:
    height, width = model.source.image_size
    if height != width:
        raise AssayError(
            "Triggers are made for square pictures", where="model", why=f"it makes {height} × {width} pixels"
        )
    return (3 if model.autoencoder is not None else model.channels), height
