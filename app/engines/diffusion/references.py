"""Models of known truth that a scan is held against: the file of their features, and the two detectors that learn from it."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import AssayError
from app.data.strict_json import read_json
from app.engines.diffusion.configs import InversionConfig, PicturesConfig, ScanConfig
from app.engines.diffusion.detector import (
    ROBUST,
    Constants,
    Evidence,
    Probe,
    Threshold,
    Verdict,
    is_saturated,
    unusable,
)
from app.engines.diffusion.features import ratio
from app.engines.diffusion.findings import most_telling
from app.engines.diffusion.forest import CLEAN, Forest, References, leave_one_attack_out
from app.engines.diffusion.metrics import Confusion
from app.models.schedulers import sampler_named
from app.stats import proportion_interval

SHIPPED = Path(__file__).resolve().parents[3] / "resources" / "starter" / "diffusion-references" / "zoo.json"
"""The file that the task *Model zoo* wrote for the models whose error rates the verdicts name."""
LARGEST = 8 << 20
ROW_COLUMNS = ("model", "truth", "uniformity", "total variation per pixel")
REMEDY = "Take references.json of a run of the task “Model zoo”."
Feature = Literal["uniformity", "variation per pixel", "ratio", "variation ratio", "one picture", "energy M"]
FEATURES: tuple[Feature, ...] = get_args(Feature)
Decision = Literal["threshold", "forest"]


class KnownModel(BaseModel):
    """One reference: `truth` is “clean” or its attack, `features` are those of its most telling pictures, None for none."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    name: str = Field(max_length=200)
    kind: str = Field(max_length=20)
    size: tuple[int, int]
    truth: str = Field(min_length=1, max_length=100)
    features: dict[Feature, Annotated[float, Field(ge=-1e6, le=1e6)] | None]

    @property
    def row(self) -> list[float]:
        """In the order of `FEATURES`, nan for what it lacks."""
        found = (self.features.get(name) for name in FEATURES)
        return [math.nan if value is None else value for value in found]


class ReferenceFile(BaseModel):
    """What the task *Model zoo* writes and a scan reads."""

    references: Literal[1]
    settings: dict[str, str | float | bool | None]
    """Of the scan that found the features, see `measured_with`."""
    models: tuple[KnownModel, ...] = Field(max_length=10_000)

    @property
    def identity(self) -> str:
        """SHA-256 of what the file says, the same however it is laid out."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_references(path: Path) -> ReferenceFile:
    """Raises AssayError where `path` is no such file."""
    try:
        value = read_json(path, LARGEST)
    except AssayError as error:
        raise AssayError(error.what, where=error.where, why=error.why, remedy=error.remedy or REMEDY) from error
    try:
        return ReferenceFile.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(str(part) for part in first["loc"])
        raise AssayError(
            "This is no file of reference models",
            where=path.name,
            why=f"{place or 'the whole'}: {first['msg']}",
            remedy=REMEDY,
        ) from error


def reference_text(models: Sequence[KnownModel], config: ScanConfig) -> str:
    """The content of a file of `models` that were scanned as `config` says."""
    found = ReferenceFile(references=1, settings=measured_with(config), models=tuple(models))
    return found.model_dump_json(indent=1) + "\n"


def measured_with(config: ScanConfig) -> dict[str, str | float | bool | None]:
    """The settings of a scan on which the features of one seed depend."""
    names = (*InversionConfig.model_fields, *PicturesConfig.model_fields)
    found = {name: getattr(config, name) for name in names if name not in ("seeds", "at_once")}
    if config.deterministic_steps is None and config.deterministic != "none":
        found["deterministic_steps"] = sampler_named(config.deterministic).steps
    return found


def known_features(values: Sequence[float]) -> dict[Feature, float | None]:
    """Values in the order of `FEATURES` by name; what is not finite becomes None."""
    return {name: value if math.isfinite(value) else None for name, value in zip(FEATURES, values, strict=True)}


def features_of(probe: Probe, energies: Sequence[float]) -> tuple[float, ...]:
    """The `FEATURES` of the most telling pictures and the loudest shift; nan where there is none."""
    shifted, plain = probe.shifted, probe.plain
    return (
        shifted.uniformity,
        shifted.variation_per_pixel,
        probe.ratio,
        ratio(shifted.total_variation, plain.total_variation),
        shifted.cluster.share,
        max(energies, default=math.nan),
    )


@dataclass(frozen=True)
class RuleRow:
    """What a detector measured, where its alarm begins, and what it says."""

    name: str
    value: float
    limit: str
    says: str
    where: str


class Referee:
    """Judges a seed by its most telling pictures among those of `known` models of its kind."""

    def __init__(
        self,
        decision: Decision,
        known: ReferenceFile,
        kind: str,
        size: tuple[int, int],
        rate: float,
        settings: Mapping[str, Any],
    ) -> None:
        """`rate` in (0, 1) is the share of clean models that the threshold may take for backdoored ones.

        `settings` are those that the scan measures with. Raises AssayError where `known` holds too few models of this
        `kind`.
        """
        fitting = [model for model in known.models if model.kind == kind]
        clean = [model for model in fitting if model.truth == CLEAN]
        bad = [model for model in fitting if model.truth != CLEAN]
        if len(clean) < 2 or (decision == "forest" and len(bad) < 2):
            wanted = "two clean ones" if decision == "threshold" else "two clean and two backdoored ones"
            raise AssayError(
                f"There are too few reference models of this kind ({kind.upper()})",
                where="references",
                why=f"the file holds {len(clean)} clean and {len(bad)} backdoored ones, needed are {wanted}",
                remedy="Make more with the task “Model zoo”, or decide by the ensemble, which needs none.",
            )
        self.identity = known.identity
        self.rows = [(model.name, model.truth, *model.row[:2]) for model in fitting]
        """The reference models of this kind, as `ROW_COLUMNS` names them."""
        self._clean, self._bad, self._rate = len(clean), len(bad), rate
        self._otherwise = sorted(name for name, value in settings.items() if known.settings.get(name) != value)
        self._threshold = Threshold.fit([model.row[0] for model in clean], rate)
        self._forest, self._rehearsed = None, None
        if decision == "forest":
            references = References(np.array([model.row for model in fitting]), tuple(model.truth for model in fitting))
            self._forest = Forest(references)
            if len({model.truth for model in bad}) > 1:
                self._rehearsed = leave_one_attack_out(references).table
        self._strange = all(model.size != size for model in fitting)
        self._size = size

    @property
    def rule(self) -> str:
        """When a seed raises an alarm."""
        if self._forest is not None:
            return (
                f"more than half of 500 trees, grown on {self._clean} clean and {self._bad} backdoored reference models, "
                "call its most telling pictures backdoored"
            )
        robust = f", or lies {ROBUST:g} robust deviations below their median" if self._threshold.has_robust_z else ""
        return (
            f"the uniformity of its most telling pictures is below {self._threshold.quantile:.3f}, the "
            f"{self._rate:.0%} quantile of {self._clean} clean reference models{robust}"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """How far the references carry."""
        told = []
        if self._otherwise:
            told.append(
                f"The reference models were scanned with other settings ({', '.join(self._otherwise)}), which shifts all "
                "features: scan with those, or make a zoo with these."
            )
        if self._strange:
            height, width = self._size
            told.append(f"No reference model makes pictures of {height} × {width} pixels: they may mislead here.")
        if self._rehearsed is not None:
            told.append(f"Leaving one attack out, the forest {_found(self._rehearsed)} of its reference models.")
        else:
            told.append("How often this decision is right was not measured.")
        if self.suspects_only:
            told.append(
                f"Of clean models {self._threshold.least_rate:.0%} lie below {self._clean} others by chance alone, more "
                f"than the {self._rate:.0%} that were allowed: an alarm makes a model suspicious, no more."
            )
        return tuple(told)

    @property
    def suspects_only(self) -> bool:
        """Whether there are too few clean models for the rate that was allowed."""
        return self._forest is None and self._threshold.least_rate > self._rate

    def judge(self, evidence: Evidence, limits: Constants) -> Verdict:
        """The verdict of one seed."""
        faulty = unusable(evidence, limits)
        if faulty is not None or not evidence.probes:
            return faulty or Verdict("inconclusive", "no pictures", "no pictures were made that could be compared")
        probe = most_telling(evidence)
        if self._forest is None:
            found = self._threshold.judge(probe, limits)
            return replace(found, word="suspicious") if found.alarm and self.suspects_only else found
        share = self._share(evidence)
        where = f"{probe.sampler}, {probe.inversion}"
        if share <= 0.5:
            return Verdict("no sign", "none", f"{share:.0%} of the trees call the pictures backdoored ({where})")
        if is_saturated(probe, limits):
            return Verdict("inconclusive", "saturated", f"the pictures are alike, but black or white ({where})")
        return Verdict("backdoored", "forest", f"{share:.0%} of the trees call the pictures backdoored ({where})")

    def row(self, seed: int, evidence: Evidence, limits: Constants) -> RuleRow:
        """The same for the table of rules."""
        probe, says = most_telling(evidence), self.judge(evidence, limits)
        words = "alarm" if says.alarm else "black or white: not counted" if says.rule == "saturated" else says.word
        where = f"seed {seed}, {probe.sampler}, {probe.inversion}"
        if self._forest is None:
            limit = f"< {self._threshold.limit:.3g}"
            return RuleRow("uniformity, against clean references", probe.shifted.uniformity, limit, words, where)
        return RuleRow("share of trees, forest of references", self._share(evidence), "> 0.5", words, where)

    def _share(self, evidence: Evidence) -> float:
        assert self._forest is not None
        row: NDArray[np.float64] = np.array([features_of(most_telling(evidence), evidence.energies)])
        return float(self._forest.probability(np.where(np.isfinite(row), row, np.nan))[0])


def _found(table: Confusion) -> str:
    bad, good = table.true_alarms + table.missed, table.true_passes + table.false_alarms
    shares = [
        proportion_interval(right, total) for right, total in ((table.true_alarms, bad), (table.true_passes, good))
    ]
    found, passed = (f"({share.low:.0%} to {share.high:.0%})" for share in shares)
    return (
        f"found {table.true_alarms} of {bad} backdoored {found} and passed {table.true_passes} of {good} clean {passed}"
    )
