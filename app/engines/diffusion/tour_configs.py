"""Settings of the round trip that scans a clean model and a suspect, cleans the suspect, and scans it again."""

from app.core import Config, Device, field


class TourConfig(Config):
    """Scan two models alike, clean the suspect, and scan what was written: one seed, short schedules."""

    clean: str = field(
        "builtin:starter-clean",
        title="Clean model",
        widget="data",
        accepts=("diffusion-model",),
        group="Models",
        help="A model known to be clean, to see what its scan looks like",
    )
    model: str = field(
        "builtin:starter-backdoored",
        title="Suspect",
        widget="data",
        accepts=("diffusion-model",),
        group="Models",
        help="Scanned, cleaned, and scanned again. Its folder is never changed",
    )
    search_steps: int = field(50, ge=1, le=3000, unit="updates", group="Scan", help="Of the search with λ 0.5")
    noises: int = field(16, ge=4, le=256, group="Scan", advanced=True, help="Noises averaged per update of the search")
    paired_steps: int = field(90, ge=10, le=10_000, unit="updates", group="Scan", help="Of the paired-noise search")
    sampling_steps: int = field(
        40, ge=1, le=1000, group="Pictures", help="Of the stochastic sampler; the deterministic one takes half as many"
    )
    images: int = field(16, ge=10, le=256, unit="pictures", group="Pictures", advanced=True, help="Per set")
    steps: int = field(150, ge=10, le=5000, unit="updates", group="Removal", help="Of the removal")
    batch: int = field(12, ge=4, le=256, group="Removal", advanced=True, help="Pictures per update")
    synthetic: int = field(
        64,
        ge=64,
        le=5000,
        unit="pictures",
        group="Removal",
        advanced=True,
        help="Stand for clean ones; the suspect makes them",
    )
    seed: int = field(0, ge=0, lt=2**62, group="Scan", help="Fixes all noise")
    device: Device = field("auto", group="Models", advanced=True, help="Where the networks run")
