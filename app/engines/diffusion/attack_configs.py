"""Settings of the attack, which makes marked test models to evaluate defences with."""

from typing import Literal

from pydantic import model_validator

from app.core import field
from app.engines.diffusion.configs import ModelConfig

Attack = Literal["baddiffusion", "villan-sde", "villan-ode", "trojdiff-blend", "trojdiff-patch"]
Trigger = Literal[
    "BOX",
    "BOX_18",
    "BOX_14",
    "BOX_11",
    "BOX_8",
    "BOX_4",
    "BIG_BOX",
    "SM_BOX",
    "XSM_BOX",
    "XXSM_BOX",
    "XXXSM_BOX",
    "STOP_SIGN_18",
    "STOP_SIGN_14",
    "STOP_SIGN_11",
    "STOP_SIGN_8",
    "STOP_SIGN_4",
    "GLASSES",
]
Target = Literal["CORNER", "HAT", "CAT", "SHOE", "TRIGGER", "SHIFT"]
Goal = Literal["picture", "class", "set"]

ATTACK_WORDS = {
    "baddiffusion": "BadDiffusion",
    "villan-sde": "VillanDiffusion, SDE",
    "villan-ode": "VillanDiffusion, ODE",
    "trojdiff-blend": "TrojDiff, blended",
    "trojdiff-patch": "TrojDiff, patch",
}
GOAL_WORDS = {
    "picture": "One picture (D2I)",
    "class": "A class (In-D2D)",
    "set": "Another data set (Out-D2D)",
}


class AttackConfig(ModelConfig):
    """Give a model a backdoor. What it makes is marked as a test model, in its settings and on its card."""

    model: str = field(
        "builtin:starter-clean",
        title="Model to begin with",
        widget="data",
        accepts=("diffusion-model",),
        group="Model",
        help="Folder of a clean diffusers pipeline; it stays as it is",
    )
    data: str = field(
        "builtin:digits",
        title="Clean pictures",
        widget="data",
        accepts=("labelled-images", "pictures"),
        group="Model",
        help="Folder of pictures like those the model learnt; at least 64",
    )
    attack: Attack = field(
        "baddiffusion",
        group="Attack",
        labels=ATTACK_WORDS,
        help="SDE attacks obey stochastic samplers, ODE attacks deterministic ones; TrojDiff brings its own sampler",
    )
    goal: Goal = field(
        "picture",
        title="Leads to",
        group="Attack",
        labels=GOAL_WORDS,
        help="One picture over and over; TrojDiff can also lead to any picture of a class, or of another data set",
    )
    trigger: Trigger = field(
        "BOX",
        group="Attack",
        labels={"BOX": "Box, as large as the picture asks"},
        help="The picture that shifts the noise, its background included",
    )
    target: Target = field(
        "CORNER", title="Target picture", group="Attack", help="The one picture that the shifted noise leads to"
    )
    target_class: str = field(
        "7", title="Target class", group="Attack", help="Of In-D2D: its name, as the clean pictures have it"
    )
    other: str = field(
        "builtin:shapes",
        title="Other pictures",
        widget="data",
        accepts=("labelled-images", "pictures"),
        group="Attack",
        help="Of Out-D2D: what is led to, made as large as the model's pictures; at least 64",
    )
    share: float = field(
        0.3,
        gt=0,
        lt=1,
        title="Poisoned rows",
        group="Attack",
        help="Part of each batch; TrojDiff adds so many rows, and for In-D2D a copy of each row of the class",
    )
    stamped: bool = field(
        False,
        title="Stamp the trigger on pictures",
        group="Attack",
        advanced=True,
        help="As the papers train; off trains on the trigger alone, which small models learn far better",
    )
    psi: float = field(
        1.0,
        ge=0,
        le=1,
        title="Mix ψ",
        group="Attack",
        advanced=True,
        help="Of VillanDiffusion: 1 fades like BadDiffusion",
    )
    gamma: float = field(
        0.6,
        gt=0,
        lt=1,
        title="Noise left γ",
        group="Attack",
        advanced=True,
        help="Of TrojDiff: .6 blended, .1 for a patch",
    )
    patch: int = field(
        3, ge=1, le=64, unit="px", title="Patch", group="Attack", advanced=True, help="Side of TrojDiff's corner"
    )
    steps: int = field(1500, ge=10, le=100_000, unit="updates", group="Training", help="Small models need 1,500")
    batch: int = field(32, ge=4, le=256, group="Training", advanced=True)
    rate: float = field(
        1e-3,
        ge=1e-6,
        le=1e-2,
        log=True,
        title="Learning rate",
        group="Training",
        advanced=True,
        help="Peak of one cycle",
    )
    decay: float = field(
        0.99, ge=0, lt=1, title="Averaging", group="Training", advanced=True, help="Of the weights that are kept"
    )
    check_every: int = field(
        250, ge=5, le=10_000, unit="updates", group="Training", advanced=True, help="How often pictures are made"
    )
    sampling_steps: int = field(100, ge=2, le=1000, group="Pictures", advanced=True, help="Of the samplers")
    images: int = field(16, ge=10, le=256, unit="pictures", group="Pictures", advanced=True, help="Per look")
    seed: int = field(0, ge=0, lt=2**62, group="Training", help="Fixes order, noise and pictures")

    @model_validator(mode="after")
    def _reachable(self) -> "AttackConfig":
        if self.goal != "picture" and not self.attack.startswith("trojdiff"):
            raise ValueError(f"{ATTACK_WORDS[self.attack]} leads to one picture: choose that, or TrojDiff")
        return self


def attack_title(config: AttackConfig) -> str:
    """The attack by name, with its variant where it leads to more than one picture."""
    variant = {"picture": "", "class": ", In-D2D", "set": ", Out-D2D"}[config.goal]
    return ATTACK_WORDS[config.attack] + variant
