"""Settings of *Compare methods*: which videos, which two methods, and by whose rules they are judged."""

from typing import Literal

from app.core import Config, field

MethodKind = Literal[
    "random",
    "uniform",
    "ramp",
    "story",
    "model",
    "train-conditional",
    "train-no-helpers",
    "train-plain",
    "train-pgl-sum",
    "train-vasnet",
]
ConventionKind = Literal["ours", "pgl", "reinforce", "rank", "dsnet"]

METHODS: dict[str, str] = {
    "random": "Random scores",
    "uniform": "Uniform scores",
    "ramp": "Time ramp",
    "story": "Diversity and representativeness",
    "model": "Trained model",
    "train-conditional": "Conditional model",
    "train-no-helpers": "Conditional, no helpers",
    "train-plain": "Plain attention",
    "train-pgl-sum": "PGL-SUM shape",
    "train-vasnet": "VASNet shape",
}
_CHOICES = {key: f"Train: {words.lower()}" if key.startswith("train-") else words for key, words in METHODS.items()} | {
    "train-pgl-sum": "Train: PGL-SUM shape",
    "train-vasnet": "Train: VASNet shape",
    "model": "A trained model (folder)",
}


class EvaluateConfig(Config):
    """Two methods on the same test videos, beside random scores and people."""

    data: str = field(
        "builtin:feature-world",
        title="Videos",
        widget="data",
        accepts=("video-features",),
        group="Data",
        help="Feature file (.h5) with scores of people; several files can be joined",
    )
    splits: str = field(
        "",
        title="Splits file",
        widget="data",
        accepts=("video-splits",),
        group="Data",
        help="Which videos train and which test (.json or .yml); empty draws the parts from the seed",
    )
    split: int | None = field(
        None, ge=1, le=1000, group="Data", help="Number of the split in the file; empty takes all of them, one by one"
    )
    folds: int = field(
        1,
        ge=1,
        le=10,
        group="Data",
        help="Without a splits file: 1 tests on a fifth of the videos, more test every video once and train as often",
    )
    first: MethodKind = field(
        "train-plain", title="Method a", group="Methods", labels=_CHOICES, help="What the other method has to beat"
    )
    second: MethodKind = field(
        "train-conditional", title="Method b", group="Methods", labels=_CHOICES, help="The method in question"
    )
    first_model: str = field(
        "",
        title="Model a",
        widget="model",
        accepts=("video-model",),
        group="Methods",
        help="A folder here takes the place of method a",
    )
    second_model: str = field(
        "",
        title="Model b",
        widget="model",
        accepts=("video-model",),
        group="Methods",
        help="A folder here takes the place of method b",
    )
    epochs: int | None = field(
        None, ge=1, le=2000, group="Methods", help="Of methods that train. Empty: 30 for small features, 200 for large"
    )
    hidden: int | None = field(
        None, ge=8, le=1024, group="Methods", advanced=True, help="Width of trained networks; empty: 64, or 256"
    )
    convention: ConventionKind = field(
        "ours",
        title="Rule of the summary",
        group="Judging",
        labels={
            "ours": "Exact knapsack, 15 %",
            "pgl": "PGL-SUM, CA-SUM",
            "reinforce": "DR-DSN, VASNet",
            "rank": "DR-DSN, greedy",
            "dsnet": "DSNet",
        },
        help="How scores become a summary and an F1; published code differs, so take theirs to set figures beside theirs",
    )
    over_users: Literal["both", "mean", "max"] = field(
        "both",
        title="F1 over people",
        group="Judging",
        labels={"both": "Mean and best", "mean": "Mean (TVSum)", "max": "Best (SumMe)"},
        help="Which F1 is compared; best over people flatters every method, random scores as well",
    )
    draws: int = field(
        100, ge=5, le=1000, group="Judging", title="Random draws", help="Random summaries per video; more are steadier"
    )
    disturbed: bool = field(
        False,
        title="Also on disturbed features",
        group="Judging",
        help="Repeats the test with 30 % of the entries thrown three standard deviations off",
    )
    query_set: str = field(
        "",
        title="Query set",
        widget="data",
        accepts=("query-set",),
        group="Judging",
        advanced=True,
        help="QueryVS list (.csv): its queries go to the models, and relevance is compared with the workers' vote",
    )
    samples: int = field(8, ge=1, le=64, group="Methods", advanced=True, help="Draws of the hidden factors per video")
    seed: int = field(0, ge=0, lt=2**63, group="Judging", help="Fixes split, weights, noise and random summaries")
