"""Settings of *Train*: which videos, which network, how long."""

from typing import Literal

from app.core import Config, field

NetworkKind = Literal["conditional", "no-helpers", "plain", "pgl-sum", "vasnet"]

NETWORKS = {
    "conditional": "Conditional model",
    "no-helpers": "Conditional, no helpers",
    "plain": "Plain attention",
    "pgl-sum": "PGL-SUM shape",
    "vasnet": "VASNet shape",
}


class TrainConfig(Config):
    """From rated videos to a network that scores new ones. Empty sizes follow the size of the features."""

    data: str = field(
        "builtin:feature-world",
        title="Videos",
        widget="data",
        accepts=("video-features",),
        group="Data",
        help="Feature file (.h5) with scores of people: a benchmark, or your own ratings; several files can be joined",
    )
    splits: str = field(
        "",
        title="Splits file",
        widget="data",
        accepts=("video-splits",),
        group="Data",
        advanced=True,
        help="Which videos train and which test (.json or .yml); empty draws 80 to 20",
    )
    split: int = field(1, ge=1, le=1000, group="Data", advanced=True, help="Number of the split in the file")
    network: NetworkKind = field(
        "conditional",
        group="Network",
        labels=NETWORKS,
        help="The conditional model knows disturbed pictures and queries; the others are what it must be compared with",
    )
    compare: bool = field(
        True,
        group="Network",
        title="Compare with plain attention",
        help="Also trains a plain attention network on the same disturbed videos: without it no gain can be claimed",
    )
    query: str = field("", group="Network", help="What all these ratings were about, in words; may stay empty")
    epochs: int | None = field(
        None, ge=1, le=2000, group="Training", help="Empty: 30 for small features, 200 for large"
    )
    learning_rate: float | None = field(
        None, gt=0, le=1, log=True, group="Training", advanced=True, help="Empty: 0.001, or 0.00005 for large features"
    )
    hidden: int | None = field(
        None,
        ge=8,
        le=1024,
        group="Network",
        advanced=True,
        help="Width of the network; empty: 64, or 256 for large features",
    )
    hidden_factors: int = field(
        16,
        ge=1,
        le=256,
        group="Network",
        advanced=True,
        title="Hidden factors d_z",
        help="Numbers per frame behind the score",
    )
    dropout: float | None = field(
        None, ge=0, lt=0.9, group="Training", advanced=True, help="Empty: 0.2, or 0.5 for large features"
    )
    helper_weight: float = field(
        1.0,
        ge=0,
        le=100,
        group="Training",
        advanced=True,
        title="Weight of the helpers λ",
        help="Terms for what is unknown at test time",
    )
    kl_weight: float = field(
        1.0,
        ge=0,
        le=100,
        group="Training",
        advanced=True,
        title="Weight of the divergence β",
        help="Higher keeps hidden factors simpler",
    )
    disturbance: Literal["entries", "order", "both"] = field(
        "entries",
        group="Training",
        advanced=True,
        labels={"entries": "30 % of entries", "order": "Order in 2 s", "both": "Both"},
        help="What is done to half of the videos, so that the network learns what a disturbed picture looks like",
    )
    samples: int = field(
        8, ge=1, le=64, group="Training", advanced=True, help="Draws of the hidden factors at test time"
    )
    draws: int = field(100, ge=10, le=1000, group="Training", advanced=True, help="Random summaries per test video")
    seed: int = field(0, ge=0, lt=2**63, group="Training", help="Fixes split, weights, order and noise")
