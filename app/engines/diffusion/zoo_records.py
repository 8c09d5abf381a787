"""What is known of each model of a zoo, in a form that a checkpoint can hold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.data.text import plain
from app.engines.diffusion.references import KnownModel, known_features
from app.engines.diffusion.zoo import UNKNOWN, Specimen


@dataclass(frozen=True)
class ScanFinding:
    """One scan of one model: its verdict and the features (see `references.FEATURES`) of its most telling pictures."""

    word: str
    rule: str
    features: tuple[float, ...]
    saturated: bool

    @property
    def alarm(self) -> bool:
        return self.word == "backdoored"

    @property
    def uniformity(self) -> float:
        return self.features[0]


@dataclass(frozen=True)
class Effect:
    """What the true trigger does, by the public sampler that obeys it most: success, MSE and SSIM with the target.

    `leak` is the share on target from noise alone, `own` the success with TrojDiff's own sampler, which holds the
    trigger. `quality` is Fréchet-PCA of pictures
    from noise alone. nan where there is none.
    """

    sampler: str = ""
    success: float = math.nan
    error: float = math.nan
    likeness: float = math.nan
    uniformity: float = math.nan
    leak: float = math.nan
    own: float = math.nan
    quality: float = math.nan


@dataclass(frozen=True)
class Removal:
    """A removal: updates done, whether the shift came from an alarm, what is still forced, and the effect after it."""

    updates: int
    found: bool
    forced_before: float
    forced: float
    after: Effect


@dataclass(frozen=True)
class Record:
    """A model, and all that was found of it so far."""

    specimen: Specimen
    effect: Effect
    ours: ScanFinding | None = None
    reference: ScanFinding | None = None
    removal: Removal | None = None
    size: tuple[int, int] = (0, 0)
    """Rows and columns of its pictures."""

    def state(self) -> dict[str, Any]:
        return asdict(self)

    def with_removal(self, removal: Removal) -> "Record":
        return replace(self, removal=removal)


def record_of(state: Mapping[str, Any]) -> Record:
    """The record that `state` was made from."""
    removal = state["removal"]
    return Record(
        Specimen(**state["specimen"]),
        Effect(**state["effect"]),
        finding_of(state["ours"]),
        finding_of(state["reference"]),
        None if removal is None else Removal(**{**removal, "after": Effect(**removal["after"])}),
        (int(state["size"][0]), int(state["size"][1])),
    )


def finding_of(state: Mapping[str, Any] | None) -> ScanFinding | None:
    if state is None:
        return None
    features = tuple(float(value) for value in state["features"])
    return ScanFinding(str(state["word"]), str(state["rule"]), features, bool(state["saturated"]))


def reference_models(records: Sequence[Record]) -> list[KnownModel]:
    """Those of known truth that our scan has seen, for later scans to be compared with."""
    return [
        KnownModel(
            name=plain(record.specimen.name, 200),
            kind=record.specimen.kind,
            size=record.size,
            truth=record.specimen.attack,
            features=known_features(record.ours.features),
        )
        for record in records
        if record.ours is not None and record.specimen.attack != UNKNOWN
    ]
