"""Which models a zoo holds, and how each of them is made (no work is done here)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from app.engines.diffusion.attack_configs import ATTACK_WORDS, Attack, AttackConfig, Goal, Target

if TYPE_CHECKING:
    from app.data.diffusion_config import Kind
    from app.engines.diffusion.zoo_configs import ZooConfig, ZooMakingConfig

CLEAN = "clean"
UNKNOWN = "unknown"
KIND_WORDS = {"ddpm": "DDPM", "ncsn": "NCSN", "ldm": "LDM"}
MANY: dict[str, Goal] = {"trojdiff-in-d2d": "class", "trojdiff-out-d2d": "set"}
"""The attacks that lead to many pictures, blended here."""
FITTING = {
    "ddpm": ("baddiffusion", "villan-sde", "villan-ode", "trojdiff-blend", "trojdiff-patch", *MANY),
    "ncsn": ("villan-sde",),
    "ldm": ("baddiffusion", "villan-sde", "villan-ode"),
}
"""The attacks that the zoo gives to each kind of model. The ODE type of NCSN is left to *Make a test model*."""
TRUTH_WORDS = {**ATTACK_WORDS, "trojdiff-in-d2d": "TrojDiff, In-D2D", "trojdiff-out-d2d": "TrojDiff, Out-D2D"}
CLASSES = {"digits": ("7", "3"), "shapes": ("cross", "disc")}
"""Of In-D2D, taken in turn, by the pictures that are learnt."""
OTHERS = {"digits": "builtin:shapes", "shapes": "builtin:digits"}
"""Of Out-D2D, by the pictures that are learnt."""
TARGETS: tuple[Target, ...] = ("CORNER", "SHIFT")
"""Taken in turn, so that the models of one cell differ."""
ATTACK_RATE = 2e-3
GAMMAS = {"trojdiff-blend": 0.6, "trojdiff-patch": 0.1}


@dataclass(frozen=True)
class Specimen:
    """One model: `attack` is a key of TRUTH_WORDS, “clean” or “unknown”; `number` counts within kind and attack.

    `held` models come from seeds that were held back. `folder` is set for those that are not trained here.
    """

    kind: str
    attack: str
    number: int
    seed: int
    held: bool = False
    folder: str = ""

    @property
    def name(self) -> str:
        return self.folder.rsplit("/", 1)[-1] if self.folder else f"{self.kind}-{self.attack}-{self.number + 1}"

    @property
    def backdoored(self) -> bool:
        return self.attack not in (CLEAN, UNKNOWN)

    @property
    def cell(self) -> tuple[str, str]:
        return self.kind, self.attack

    @property
    def base(self) -> bool:
        """Whether it is the clean model itself that others of its kind and seed begin with."""
        return self.attack == CLEAN and not self.folder and self.number < 2

    @property
    def words(self) -> str:
        return f"{KIND_WORDS[self.kind]}, {attack_words(self.attack)}"


def attack_words(attack: str) -> str:
    return TRUTH_WORDS.get(attack, attack)


def specimens(config: "ZooMakingConfig") -> list[Specimen]:
    """All models of a zoo that is trained, in rounds: one of every cell, then the next of every cell.

    Within a cell and within a round every other model is from `config.held_seed`, its base model included, so that a
    zoo that is stopped early holds both.
    """
    cells = list(_cells(config))
    counts = {CLEAN: config.clean_per_kind}
    made = []
    for number in range(max(config.per_cell, config.clean_per_kind)):
        for place, (kind, attack) in enumerate(cells):
            if number < counts.get(attack, config.per_cell):
                held = (number + place) % 2 == 1
                first = config.held_seed if held else config.seed
                made.append(Specimen(kind, attack, number, first + 100 * number + place, held))
    return made


def attack_settings(config: "ZooConfig", specimen: Specimen) -> AttackConfig:
    """The attack that makes `specimen`, as *Make a backdoored test model* would take it."""
    many = specimen.attack in MANY
    attack = cast(Attack, "trojdiff-blend" if many else specimen.attack)
    classes = CLASSES[config.pictures]
    return AttackConfig(
        attack=attack,
        goal=MANY.get(specimen.attack, "picture"),
        target=TARGETS[specimen.number % len(TARGETS)],
        target_class=classes[specimen.number % len(classes)],
        other=OTHERS[config.pictures],
        share=config.share,
        # With 1 VillanDiffusion's SDE would be BadDiffusion over again.
        psi=0.5 if attack == "villan-sde" else 1.0,
        gamma=GAMMAS.get(attack, 0.6),
        steps=config.updates,
        rate=ATTACK_RATE,
        batch=config.batch,
        images=config.images,
        sampling_steps=config.sampling_steps,
        seed=specimen.seed,
        device="cpu",
    )


def base_seed(config: "ZooMakingConfig", specimen: Specimen) -> int:
    """The seed of the clean model that `specimen` begins with."""
    first = config.held_seed if specimen.held else config.seed
    return first + list(FITTING).index(specimen.kind)


def base_name(specimen: Specimen) -> str:
    """Under which its base is kept."""
    return f"{specimen.kind} {'held' if specimen.held else 'first'}"


def _cells(config: "ZooMakingConfig") -> Iterator[tuple["Kind", str]]:
    wanted = {
        "baddiffusion": config.baddiffusion,
        "villan-sde": config.villan_sde,
        "villan-ode": config.villan_ode,
        "trojdiff-blend": config.trojdiff_blend,
        "trojdiff-patch": config.trojdiff_patch,
        "trojdiff-in-d2d": config.trojdiff_d2d,
        "trojdiff-out-d2d": config.trojdiff_d2d,
    }
    kinds = {"ddpm": config.ddpm, "ncsn": config.ncsn, "ldm": config.ldm}
    for kind, attacks in FITTING.items():
        if kinds[kind]:
            yield cast("Kind", kind), CLEAN
            yield from ((cast("Kind", kind), attack) for attack in attacks if wanted[attack])
