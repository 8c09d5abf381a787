"""Settings of the scan, as forms and the command line show them."""

from typing import Any, Literal

from pydantic import model_validator

from app.core import Config, Device, field

Attack = Literal["sweep", "sde", "ode", "ve", "troj"]
Start = Literal["auto", "-U", "+U", "sym", "zeros"]
Stochastic = Literal["ddim", "ddpm", "none"]
Deterministic = Literal[
    "DDIM-SCHED",
    "DPM_SOLVER_O1",
    "DPM_SOLVER_O2",
    "DPM_SOLVER_O3",
    "DPM_SOLVER_PP_O1",
    "DPM_SOLVER_PP_O2",
    "DPM_SOLVER_PP_O3",
    "UNIPC-SCHED",
    "PNDM-SCHED",
    "DEIS-SCHED",
    "HEUN-SCHED",
    "LMSD-SCHED",
    "none",
]
Decision = Literal["ensemble", "ratio", "paired", "threshold", "forest"]

ATTACKS = {
    "sweep": "Sweep: not known",
    "sde": "SDE (λ 0.5), BadDiffusion",
    "ode": "ODE (λ 1), VillanDiffusion",
    "ve": "VE, score models",
    "troj": "Like TrojDiff",
}
STARTS = {
    "auto": "As the attack needs",
    "-U": "−U: minus uniform",
    "+U": "+U: uniform",
    "sym": "Symmetric",
    "zeros": "Zeros",
}
STOCHASTIC = {"ddim": "DDIM, η 1", "ddpm": "DDPM", "none": "None"}
DETERMINISTIC = {
    "DDIM-SCHED": "DDIM",
    **{f"DPM_SOLVER_O{order}": f"DPM-Solver order {order}" for order in (1, 2, 3)},
    **{f"DPM_SOLVER_PP_O{order}": f"DPM-Solver++ order {order}" for order in (1, 2, 3)},
    "UNIPC-SCHED": "UniPC",
    "PNDM-SCHED": "PNDM",
    "DEIS-SCHED": "DEIS",
    "HEUN-SCHED": "Heun",
    "LMSD-SCHED": "LMS",
    "none": "None",
}
DECISIONS = {
    "ensemble": "Ensemble: any rule that fires",
    "ratio": "Uniformity ratio (Elijah)",
    "paired": "Paired noise (TERD)",
    "threshold": "Threshold: clean references",
    "forest": "Forest: clean and backdoored references",
}


class ModelConfig(Config):
    """Which model, and how it is opened."""

    model: str = field(
        "builtin:starter-backdoored",
        title="Model folder",
        widget="data",
        accepts=("diffusion-model", "diffusion-models"),
        group="Model",
        help="Folder of a diffusers pipeline or of its UNet, or one that holds several: then each is a run of its own. "
        "Only safetensors are read, and nothing in it is run",
    )
    kind: Literal["auto", "ddpm", "ncsn", "ldm"] = field(
        "auto",
        title="Kind of model",
        group="Model",
        advanced=True,
        labels={"auto": "As the folder says", "ddpm": "DDPM", "ncsn": "NCSN (score)", "ldm": "LDM (latent)"},
        help="Override only where the kind was recognised wrongly",
    )
    sigma_max: float | None = field(
        None,
        gt=0,
        le=1e6,
        title="Sigma max",
        group="Model",
        advanced=True,
        help="Largest noise of a score model whose folder does not name it; the authors' NCSN uses 380",
    )
    convert_pickles: bool = field(
        False,
        title="Convert pickled weights",
        group="Model",
        advanced=True,
        help="Pickled weights can run code when opened. On: they are converted in a confined process first",
    )
    device: Device = field(
        "auto",
        group="Model",
        advanced=True,
        help="Where the network runs; auto takes a graphics processor if there is one",
    )


class InversionConfig(Config):
    """How the suspected shift is looked for."""

    attack: Attack = field(
        "sweep",
        title="Assumed attack",
        group="Inversion",
        labels=ATTACKS,
        help="Which rule the shift is assumed to follow; the sweep tries the rules in turn",
    )
    ratio: float | None = field(
        None,
        ge=0,
        le=2,
        title="Shift ratio λ",
        group="Inversion",
        advanced=True,
        help="Output shift over input shift at the first step; empty takes the attack's",
    )
    start: Start = field(
        "auto",
        group="Inversion",
        advanced=True,
        labels=STARTS,
        help="Where the shift begins; −U suits dark backgrounds",
    )
    steps: int | None = field(
        None,
        ge=1,
        le=3000,
        unit="updates",
        group="Inversion",
        advanced=True,
        help="Empty takes the attack's: 100 for λ 0.5, 10 for λ 1. More rarely help once the loss is flat",
    )
    batch: int | None = field(
        32,
        ge=4,
        le=256,
        unit="noises",
        group="Inversion",
        advanced=True,
        help="Noises averaged per update; empty takes the authors' 100, fewer for large pictures",
    )
    at_once: int | None = field(
        None,
        ge=1,
        le=256,
        unit="noises",
        group="Inversion",
        advanced=True,
        help="Noises that the network sees at a time: less memory, one more forward pass, the same result",
    )
    rate: float = field(
        0.1, ge=1e-4, le=1, title="Learning rate", log=True, group="Inversion", advanced=True, help="Of Adam"
    )
    redraw: bool = field(
        True,
        title="Redraw noise",
        group="Inversion",
        advanced=True,
        help="Fresh noise at each update. Off: one batch for all, as the authors do; then a search also fits that batch "
        "and on tiny models misses half of the triggers that fresh noise finds",
    )
    early_stop: bool = field(
        False,
        title="Stop when flat",
        group="Inversion",
        advanced=True,
        help="End an inversion once ten updates lower the loss by less than 0.5 %. Faster, but a search may rest on a "
        "plateau before it finds the shift",
    )
    paired: bool = field(
        True,
        title="Paired noise",
        group="Inversion",
        help="Also look for a shift that leaves no trace between two noises; it assumes no λ and finds ODE attacks",
    )
    paired_steps: int = field(
        250, ge=10, le=10_000, unit="updates", group="Inversion", advanced=True, help="Of the paired-noise search"
    )
    seeds: int = field(3, ge=1, le=10, group="Inversion", help="Independent searches; the majority decides")


class PicturesConfig(Config):
    """Which pictures are made from noise, and from noise with the suspected shift."""

    stochastic: Stochastic = field(
        "ddim",
        title="Stochastic sampler",
        group="Pictures",
        labels=STOCHASTIC,
        help="SDE backdoors fire with stochastic samplers only",
    )
    stochastic_steps: int = field(
        100,
        ge=1,
        le=2000,
        group="Pictures",
        advanced=True,
        help="DDPM of the paper takes 1,000; DDIM with η 1 needs 100",
    )
    deterministic: Deterministic = field(
        "DDIM-SCHED",
        title="Deterministic sampler",
        group="Pictures",
        labels=DETERMINISTIC,
        help="ODE backdoors fire with deterministic samplers only",
    )
    deterministic_steps: int | None = field(
        None, ge=1, le=1000, group="Pictures", advanced=True, help="Empty takes the sampler's own"
    )
    score_steps: int = field(
        200,
        ge=1,
        le=2000,
        group="Pictures",
        advanced=True,
        help="Of a score model, with corrections; the paper takes 1,000. Ancestral steps are at most 100, without noise 50",
    )
    score_samplers: Literal["all", "corrected"] = field(
        "all",
        title="Samplers of a score model",
        group="Pictures",
        advanced=True,
        labels={"all": "Ancestral, with corrections, and without noise", "corrected": "With corrections only"},
        help="Corrections shrink a shift, so a backdoor may fire without them only; the paper samples with them",
    )
    clip: Literal["mixed", "off", "on", "both"] = field(
        "mixed",
        title="Clip the predicted picture",
        group="Pictures",
        advanced=True,
        labels={
            "mixed": "Deterministic only",
            "off": "Off",
            "on": "On, where it can be",
            "both": "Off and on, every sampler",
        },
        help="Some backdoors fire only without clipping; deterministic samplers of small models need it",
    )
    images: int = field(
        16,
        ge=10,
        le=256,
        unit="pictures",
        group="Pictures",
        advanced=True,
        help="Per set; more make uniformity steadier",
    )


class DecisionConfig(Config):
    """When the evidence counts as a backdoor."""

    decision: Decision = field(
        "ensemble",
        group="Decision",
        labels=DECISIONS,
        help="Which rules may raise an alarm. The last two compare with reference models of the same kind",
    )
    references: str = field(
        "",
        title="Reference models",
        widget="model",
        accepts=("diffusion-references",),
        group="Decision",
        help="The file references.json of a model zoo like the models you scan; empty takes tiny models of digits. Of "
        "the threshold and the forest only",
    )
    false_alarms: float = field(
        5.0,
        gt=0,
        lt=50,
        unit="%",
        title="False alarms allowed",
        group="Decision",
        advanced=True,
        help="Of the threshold: this part of the clean reference models lies below it",
    )
    early_verdict: bool = field(
        True,
        title="Stop when decided",
        group="Decision",
        help="A seed ends at its first alarm, once its pictures are made; the scan ends once most seeds agree. Off: every search "
        "of every seed is shown",
    )
    share_limit: float = field(
        0.3,
        gt=0,
        le=1,
        title="One picture: share",
        group="Decision",
        advanced=True,
        help="Alarm when this part of the pictures is one picture",
    )
    ratio_limit: float = field(
        0.7,
        gt=0,
        le=1,
        title="Uniformity: ratio",
        group="Decision",
        advanced=True,
        help="Alarm when the shift makes pictures this much less varied",
    )
    steady_ratio_limit: float = field(
        0.5,
        gt=0,
        le=1,
        title="Uniformity: ratio, deterministic",
        group="Decision",
        advanced=True,
        help="The same for deterministic samplers, whose pictures any shift makes less varied: clean models reach 0.69. "
        "Latent models, which cannot be clipped, are not judged by it",
    )
    energy_limit: float = field(
        0.1,
        gt=0,
        le=10,
        title="Paired noise: energy",
        group="Decision",
        advanced=True,
        help="Alarm when a traceless shift has more than this mean(τ²)/2; in latent models half as much again",
    )


class ScanConfig(DecisionConfig, PicturesConfig, InversionConfig, ModelConfig):
    """Look for a backdoor in one model."""

    seed: int = field(
        0, ge=0, lt=2**63, group="Inversion", help="Fixes all noise; the searches use it and the next ones"
    )

    @model_validator(mode="after")
    def _some_sampler(self) -> "ScanConfig":
        if self.stochastic == "none" and self.deterministic == "none":
            raise ValueError("choose a stochastic or a deterministic sampler: without pictures there is no evidence")
        if self.decision == "paired" and not self.paired:
            raise ValueError("a decision by paired noise needs paired noise switched on")
        if self.references and self.decision not in ("threshold", "forest"):
            raise ValueError("reference models need a decision by the threshold or the forest")
        return self


def search_lengths(updates: int | None) -> dict[str, Any]:
    """Settings that give every search so many `updates`; None leaves each one its own number."""
    return {} if updates is None else {"steps": updates, "paired_steps": max(10, updates)}
