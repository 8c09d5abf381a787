"""Settings of the removal."""

from typing import Literal

from pydantic import model_validator

from app.core import field
from app.engines.diffusion.configs import ModelConfig


class RemoveConfig(ModelConfig):
    """Fine-tune a model so that a shift of the noise no longer forces a picture."""

    shift: str = field(
        "",
        title="Shift found by a scan",
        widget="model",
        accepts=("diffusion-shift",),
        group="Shift",
        help="The file shift.safetensors of a scan; empty searches for it first",
    )
    stronger: bool = field(
        True,
        title="Search a stronger one",
        group="Shift",
        advanced=True,
        help="Where the given shift makes less than nine tenths of the pictures alike: a scan ends at its first alarm, and "
        "what raised it may be a distant relative of the trigger. Not with Elijah's loss",
    )
    data: str = field(
        "",
        title="Clean pictures",
        widget="data",
        accepts=("labelled-images", "pictures"),
        group="Clean pictures",
        help="Folder of pictures like those the model learnt; empty takes pictures that the model makes itself",
    )
    share: float = field(
        10.0, ge=1, le=100, unit="%", group="Clean pictures", advanced=True, help="Part of the clean pictures used"
    )
    synthetic: int = field(
        256,
        ge=64,
        le=5000,
        unit="pictures",
        group="Clean pictures",
        advanced=True,
        help="Pictures that the model makes of noise where there are no clean ones",
    )
    loss: Literal["through-shift", "exact"] = field(
        "through-shift",
        group="Removal",
        labels={"through-shift": "Denoise through the shift", "exact": "Elijah: first step only"},
        help="Through the shift teaches the way back from pure noise down to three tenths of the steps; Elijah undoes the shift at the first step only",
    )
    reach: float = field(
        50.0,
        ge=0,
        le=100,
        unit="%",
        title="Reach around the shift",
        group="Removal",
        advanced=True,
        help="Of denoise through the shift: half of the pictures are moved by a shift that roams to where the model errs "
        "most, at most so much of its length away from the one that was found; 0 trains the found one alone. Not of score models",
    )
    steps: int = field(500, ge=10, le=50_000, unit="updates", group="Removal", help="At most; it ends early when done")
    batch: int = field(32, ge=4, le=256, group="Removal", advanced=True, help="Pictures per update")
    rate: float = field(
        2e-4,
        ge=1e-6,
        le=1e-3,
        log=True,
        title="Learning rate",
        group="Removal",
        advanced=True,
        help="Of Adam, its peak",
    )
    warm_up: int = field(
        100, ge=0, le=1000, unit="updates", group="Removal", advanced=True, help="A cold start wrecks small networks"
    )
    decay: float = field(
        0.98,
        ge=0,
        lt=1,
        title="Averaging",
        group="Removal",
        advanced=True,
        help="Of the weights that are kept; 0 takes the weights as they are, as the authors do",
    )
    weight_shift: float = field(1.0, ge=0, le=10, group="Removal", advanced=True, help="Weight of undoing the shift")
    weight_keep: float = field(
        1.0, ge=0, le=10, group="Removal", advanced=True, help="Weight of clean behaviour, as it was"
    )
    weight_diffusion: float = field(
        1.0, ge=0, le=10, group="Removal", advanced=True, help="Weight of ordinary training on clean pictures"
    )
    check_every: int = field(
        50, ge=5, le=5000, unit="updates", group="Removal", advanced=True, help="How often pictures are looked at"
    )
    sampling_steps: int = field(
        100, ge=1, le=1000, group="Pictures", advanced=True, help="Of the stochastic sampler (DDIM with η 1)"
    )
    images: int = field(16, ge=10, le=256, unit="pictures", group="Pictures", advanced=True, help="Per look")
    quality_images: int = field(
        64, ge=16, le=5000, unit="pictures", group="Pictures", advanced=True, help="For the quality before and after"
    )
    rescan_seeds: int = field(
        3,
        ge=0,
        le=10,
        title="Scan again: seeds",
        group="Afterwards",
        help="Fresh seeds of the scan that follows; 0: none",
    )
    scan_steps: int | None = field(
        None,
        ge=2,
        le=3000,
        unit="updates",
        title="Updates of a search",
        group="Afterwards",
        advanced=True,
        help="Of every search, before the removal and after it; empty takes each one's own",
    )
    rounds: int = field(
        1,
        ge=1,
        le=3,
        unit="rounds",
        group="Afterwards",
        help="At most: while the scan that follows raises an alarm, the shift that it found is trained away, too",
    )
    seed: int = field(0, ge=0, lt=2**62, group="Removal", help="Fixes noise, order and pictures")

    def reach_for(self, kind: str) -> float:
        """How far a shift roams around the one that was found, as part of its length; 0 where none does.

        The shift of a score model is many times as large as its pictures, and spoils them where it roams.
        """
        return self.reach / 100 if self.loss == "through-shift" and kind != "ncsn" else 0.0

    @model_validator(mode="after")
    def _rounds_need_a_scan(self) -> "RemoveConfig":
        if self.rounds > 1 and not self.rescan_seeds:
            raise ValueError("a further round needs the shift of the scan that follows: give it at least one seed")
        return self
