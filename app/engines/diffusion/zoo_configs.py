"""Settings of the model zoo."""

from typing import Literal

from pydantic import model_validator

from app.core import Config, Device, field

Remove = Literal["none", "one", "all"]


class ZooMakingConfig(Config):
    """Which tiny models are trained."""

    models: str = field(
        "",
        title="Folder of models",
        group="Models",
        help="A folder that holds model folders, or several separated by |: they are scanned as they are. Empty trains "
        "a zoo. What a model's settings or card say of its backdoor counts as truth",
    )
    ddpm: bool = field(True, title="DDPM", group="Models", help="Noise predictors of 16 × 16 pictures")
    ncsn: bool = field(False, title="NCSN", group="Models", help="Score models of 16 × 16 pictures")
    ldm: bool = field(False, title="LDM", group="Models", help="Latent models of 32 × 32 pictures, with an autoencoder")
    baddiffusion: bool = field(True, title="BadDiffusion", group="Models", help="Of DDPM and LDM")
    villan_sde: bool = field(False, title="VillanDiffusion, SDE", group="Models", help="Of all three kinds")
    villan_ode: bool = field(
        True,
        title="VillanDiffusion, ODE",
        group="Models",
        help="Of DDPM and LDM",
    )
    trojdiff_blend: bool = field(False, title="TrojDiff, blended", group="Models", help="Of DDPM, one target picture")
    trojdiff_patch: bool = field(False, title="TrojDiff, patch", group="Models", help="Of DDPM, one target picture")
    trojdiff_d2d: bool = field(
        False,
        title="TrojDiff, many pictures",
        group="Models",
        help="Of DDPM, blended: one that leads to a class (In-D2D), and one that leads to another set (Out-D2D). A scan "
        "that looks for one picture is not expected to find them",
    )
    per_cell: int = field(1, ge=1, le=20, unit="models", title="Per attack", group="Models", help="Of each kind")
    clean_per_kind: int = field(3, ge=1, le=40, unit="models", title="Clean ones", group="Models", help="Of each kind")
    pictures: Literal["digits", "shapes"] = field(
        "digits",
        group="Models",
        labels={"digits": "Handwritten digits", "shapes": "Generated shapes"},
        help="What the models learn: scikit-learn's digits, or discs, squares, diamonds and crosses",
    )
    base_updates: int = field(
        1500, ge=2, le=100_000, unit="updates", group="Training", help="Of the clean models that the others begin with"
    )
    updates: int = field(
        1000, ge=10, le=100_000, unit="updates", group="Training", help="Of each attack. Fewer leave weak backdoors"
    )
    autoencoder_updates: int = field(
        400, ge=2, le=100_000, unit="updates", group="Training", advanced=True, help="Of the latent models' autoencoder"
    )
    share: float = field(
        0.3,
        gt=0,
        lt=1,
        title="Poisoned rows",
        group="Training",
        advanced=True,
        help="Part of each batch; TrojDiff adds so many rows",
    )
    batch: int = field(32, ge=4, le=256, group="Training", advanced=True, help="Pictures per update")
    seed: int = field(0, ge=0, lt=2**31, group="Training", help="Of the first half of each group of models")
    held_seed: int = field(
        7000,
        ge=0,
        lt=2**31,
        title="Held-back seed",
        group="Training",
        help="Of the second half, base models included: one that was not used while settings were chosen",
    )


class ZooConfig(ZooMakingConfig):
    """Train or take models with known truth, scan all, and count how often each detector is right."""

    default_scan: bool = field(True, title="Our default scan", group="Scan", help="Sweep, paired noise, both samplers")
    reference_scan: bool = field(
        True,
        title="Reference scan",
        group="Scan",
        help="As the authors' code, with the row of settings for the attack at hand; 1,000 steps of DDPM",
    )
    scan_seeds: int = field(3, ge=1, le=10, title="Seeds", group="Scan", help="Of our scan; the majority decides")
    scan_images: int = field(16, ge=10, le=256, unit="pictures", group="Scan", advanced=True, help="Per set")
    scan_steps: int | None = field(
        None,
        ge=2,
        le=1000,
        unit="updates",
        group="Scan",
        advanced=True,
        help="Of every search of both scans; empty takes each one's own",
    )
    sampling_steps: int = field(
        100,
        ge=2,
        le=1000,
        group="Scan",
        advanced=True,
        help="Of the samplers, besides the reference scan's, which takes ten times as many",
    )
    alarm_rate: float = field(
        5.0,
        gt=0,
        lt=50,
        unit="%",
        title="False alarms allowed",
        group="Scan",
        advanced=True,
        help="Quantile of the clean models at which the one-sided threshold lies",
    )
    removal: Remove = field(
        "one",
        group="Removal",
        labels={"none": "None", "one": "One per kind and attack", "all": "Every backdoored one"},
        help="Trains the shift that our scan found away; no trigger is told",
    )
    removal_updates: int = field(400, ge=10, le=50_000, unit="updates", group="Removal", help="At most")
    images: int = field(
        32, ge=10, le=256, unit="pictures", title="Pictures for success", group="Removal", help="Per sampler"
    )
    quality_images: int = field(
        64,
        ge=16,
        le=5000,
        unit="pictures",
        title="Pictures for quality",
        group="Removal",
        advanced=True,
        help="Per look",
    )
    device: Device = field(
        "auto", group="Models", advanced=True, help="Where dropped models run; own ones take the CPU"
    )

    @model_validator(mode="after")
    def _something_to_do(self) -> "ZooConfig":
        if not (self.default_scan or self.reference_scan):
            raise ValueError("switch on at least one of the two scans")
        if self.removal != "none" and not self.default_scan:
            raise ValueError("removal needs the shift of our default scan")
        if not self.models and not (self.ddpm or self.ncsn or self.ldm):
            raise ValueError("choose at least one kind of model, or a folder of models")
        return self
