"""From settings to the plan of a scan: which searches, which pictures, for the model at hand."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.core import AssayError
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.detector import Constants
from app.engines.diffusion.inversion import RULES, SHORT_VE, SWEEP, Rule, reference_batch
from app.engines.diffusion.references import SHIPPED, Referee, measured_with, read_references
from app.engines.diffusion.scanning import Plan, Search, View
from app.engines.diffusion.score_views import corrected, score_views
from app.models.schedulers import sampler_named

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel

PAIRED = "paired noise"
LATENT_ENERGY = 1.5
"""How much more energy an alarm needs in latents, where the shifts of clean tiny models reach 0.064 (pixels: 0.040)."""
WORDS = {"-U": "−U", "+U": "+U", "sym": "±U", "zeros": "0"}


def plan_of(config: ScanConfig, model: "DiffusionModel") -> Plan:
    """What each seed does. Raises AssayError where the settings do not fit the kind of model."""
    searches = [_adapted(search, config, model) for search in _searches(config, model)]
    if config.decision == "paired":
        searches = []
    if config.paired:
        paired = Search(PAIRED, None, learn_scale=config.attack == "troj", steps=config.paired_steps, batch=16)
        # The surest search of a latent model goes first; its dark start is what -U is for pixels.
        searches = [replace(paired, encoded="-U"), *searches] if model.kind == "ldm" else [*searches, paired]
    referee = _referee(config, model)
    return Plan(
        searches=tuple({search.name: search for search in searches}.values()),
        views=tuple(_views(config, model)),
        images=config.images,
        rate=config.rate,
        redraw=config.redraw,
        early_stop=config.early_stop,
        at_once=config.at_once,
        limits=limits_of(config, latent=model.kind == "ldm"),
        # References were judged by all their searches, and so are models among them.
        early_verdict=config.early_verdict and referee is None,
        referee=referee,
    )


def limits_of(config: ScanConfig, *, latent: bool = False) -> Constants:
    """Where the rules draw their lines; a decision by one rule alone leaves the others out.

    The ratio of a deterministic sampler needs clipped predictions (spec 2.8), which latents cannot have: of a `latent`
    model that sampler's pictures only count where many are one picture.
    """
    if config.decision == "ratio":
        never = float("inf")
        return Constants(
            share=never, leak=never, ratio=config.ratio_limit, steady_ratio=config.steady_ratio_limit, energy=never
        )
    return Constants(
        share=config.share_limit,
        ratio=config.ratio_limit,
        steady_ratio=-math.inf if latent else config.steady_ratio_limit,
        energy=config.energy_limit * (LATENT_ENERGY if latent else 1),
    )


def _referee(config: ScanConfig, model: "DiffusionModel") -> Referee | None:
    if config.decision not in ("threshold", "forest"):
        return None
    known = read_references(Path(config.references) if config.references else SHIPPED)
    return Referee(
        config.decision, known, model.kind, model.source.image_size, config.false_alarms / 100, measured_with(config)
    )


def _searches(config: ScanConfig, model: "DiffusionModel") -> list[Search]:
    if model.kind == "ncsn":
        if config.attack not in ("sweep", "ve"):
            raise AssayError(
                "This attack is not one on score models",
                where="attack",
                why=f"the model is an NCSN, and “{config.attack}” belongs to noise predictors",
                remedy="Choose VE or the sweep",
            )
        reference = _named(RULES["ncsn"])
        if config.attack == "ve" or config.steps is not None:
            return [reference]
        return [replace(reference, name=f"{reference.name}, short", rule=SHORT_VE), reference]
    if config.attack == "ve":
        raise AssayError("VE is an attack on score models", where="attack", why=f"the model is a {model.kind.upper()}")
    if model.kind == "ldm":
        from_picture = Search("λ 1 from a picture's latents", RULES["ldm"], encoded="sym")
        first = _named(RULES["baddiffusion"])
        return {"sde": [first], "ode": [from_picture], "troj": [_named(RULES["trojdiff"])]}.get(
            config.attack, [first, from_picture]
        )
    if config.attack == "sweep":
        return [_named(rule) for rule in SWEEP.values()]
    row = {"sde": "baddiffusion", "ode": "villan-ode", "troj": "trojdiff"}[config.attack]
    return [_named(RULES[row])]


def _named(rule: Rule) -> Search:
    return Search(f"λ {rule.ratio:g} from {WORDS[rule.start]}", rule)


def _adapted(search: Search, config: ScanConfig, model: "DiffusionModel") -> Search:
    """The search with the user's own settings in the place of the attack's."""
    assert search.rule is not None
    rule = search.rule
    if config.ratio is not None:
        rule = replace(rule, ratio=config.ratio)
    if config.start != "auto":
        rule, search = replace(rule, start=config.start), replace(search, encoded=None)
    if config.steps is not None:
        rule = replace(rule, steps=config.steps)
    batch = config.batch
    if batch is None:
        batch = rule.batch if model.kind == "ldm" else reference_batch(max(model.size))
    rule = replace(rule, batch=batch)
    told = config.start != "auto" or config.ratio is not None
    name = _named(rule).name if told and not search.encoded else search.name
    return replace(search, rule=rule, name=name)


def _views(config: ScanConfig, model: "DiffusionModel") -> list[View]:
    if model.kind == "ncsn":
        steps = min(config.score_steps, model.steps)
        return list(score_views(steps)) if config.score_samplers == "all" else [corrected(steps)]
    made = []
    if config.stochastic != "none":
        name = "DDIM-SCHED" if config.stochastic == "ddim" else "DDPM-SCHED"
        eta = 1.0 if config.stochastic == "ddim" else 0.0
        title = "DDIM η 1" if config.stochastic == "ddim" else "DDPM"
        steps = min(config.stochastic_steps, model.steps)
        made += _clipped(View(title, sampler_named(name), steps, eta), config, config.clip in ("on", "both"))
    if config.deterministic != "none":
        sampler = sampler_named(config.deterministic)
        steps = min(config.deterministic_steps or sampler.steps, model.steps)
        title = "DDIM η 0" if config.deterministic == "DDIM-SCHED" else sampler.title
        # Latents are not bounded by [-1, 1], so clipping them would only spoil the pictures.
        wanted = config.clip in ("on", "both") or (config.clip == "mixed" and model.kind != "ldm")
        made += _clipped(View(title, sampler, steps), config, wanted)
    return made


def _clipped(view: View, config: ScanConfig, clip: bool) -> list[View]:
    clipped = replace(view, name=f"{view.name}, clipped", clip=True)
    if not clip or not view.sampler.clips:
        return [view]
    return [view, clipped] if config.clip == "both" else [clipped]
