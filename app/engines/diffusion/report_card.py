"""The report card of a scan: every rule with what was measured and its limit, and what was scanned with which settings."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app.core import form_fields
from app.engines.diffusion.configs import ModelConfig, ScanConfig

if TYPE_CHECKING:
    from app.engines.diffusion.detector import Constants, Evidence, Probe
    from app.engines.diffusion.judging import Judged
    from app.models.diffusion import DiffusionModel

RULE_COLUMNS = ("rule", "measured", "limit", "says", "where")
CARD_COLUMNS = ("item", "value")


def rule_rows(judged: "Judged") -> list[tuple[str, float | None, str, str, str]]:
    """One row per rule: the most telling value of all seeds, where an alarm begins, and whether it is one.

    Where reference models decide, that is the only rule, with a row for each seed.
    """
    limits = judged.limits
    if judged.referee is not None:
        told = [judged.referee.row(seed, each, limits) for seed, each in judged.evidence.items() if each.probes]
        return [(each.name, each.value, each.limit, each.says, each.where) for each in told]
    rows = (
        _row("one picture, with the shift", judged, limits.share, _share, least=True),
        _row("uniformity ratio, stochastic", judged, limits.ratio, _stochastic, least=False),
        _row("uniformity ratio, deterministic", judged, limits.steady_ratio, _deterministic, least=False),
        _energy(judged, limits),
        _row("one picture, noise alone", judged, limits.leak, _leak, least=True),
    )
    return [row for row in rows if row is not None]


def card_rows(
    config: ScanConfig, model: "DiffusionModel", judged: "Judged", truth: str, error_rate: str, limits: str
) -> list[tuple[str, str]]:
    """Everything that a reader needs to trust the verdict, or to scan again."""
    height, width = model.source.image_size
    verdict = judged.verdict
    changed = [
        f"{field.title}: {field.labels.get(value, value)}"
        for field in form_fields(ScanConfig)
        if field.name not in ModelConfig.model_fields and (value := getattr(config, field.name)) != field.default
    ]
    return [
        ("verdict", f"{verdict.word}: {verdict.because}"),
        ("rule that decided", verdict.rule),
        ("seeds", ", ".join(f"{seed} {each.word}" for seed, each in judged.verdicts.items())),
        ("error rate", error_rate),
        ("limits", limits),
        ("what the model says of itself", truth),
        ("kind", f"{model.kind.upper()}, {height} × {width} pixels, {model.channels} channels"),
        ("parameters", f"{model.parameters:,}"),
        ("pipeline, scheduler", f"{model.source.pipeline or 'none'}, {model.source.scheduler_name or 'none'}"),
        ("SHA-256 of the weights", model.sha256),
        *((f"SHA-256 of {name}", value) for name, value in sorted(model.hashes.items())),
        ("settings that differ from the defaults", "; ".join(changed) or "none"),
    ]


def headline(judged: "Judged") -> dict[str, float]:
    """Features of the most telling pictures of all seeds, for a line in a table of many models."""
    from app.engines.diffusion.findings import most_telling

    probes = [most_telling(each) for each in judged.evidence.values() if each.probes]
    if not probes:
        return {}
    best = min(probes, key=_worth)
    return {
        name: value
        for name, value in (
            ("one picture", best.shifted.cluster.share),
            ("uniformity", best.shifted.uniformity),
            ("uniformity ratio", best.ratio),
            ("variation per pixel", best.shifted.variation_per_pixel),
        )
        if math.isfinite(value)
    }


def _worth(probe: "Probe") -> float:
    return probe.ratio if math.isfinite(probe.ratio) else math.inf


def _row(
    name: str,
    judged: "Judged",
    limit: float,
    value_of: Callable[["Probe"], tuple[float, bool] | None],
    *,
    least: bool,
) -> tuple[str, float | None, str, str, str] | None:
    """The largest value (where `least`: an alarm needs at least the limit) or the smallest of all probes."""
    if not math.isfinite(limit):
        return None
    found: list[tuple[bool, float, Probe]] = []
    for probe in _probes(judged.evidence.values()):
        measured = value_of(probe)
        if measured is not None and math.isfinite(measured[0]):
            found.append((measured[1], measured[0], probe))
    if not found:
        return None
    sign = -1 if least else 1
    saturated, value, probe = min(found, key=lambda each: (each[0], sign * each[1]))
    fires = value >= limit if least else value < limit
    says = "black or white: not counted" if fires and saturated else "alarm" if fires else "no sign"
    return name, value, f"{'≥' if least else '<'} {limit:g}", says, f"{probe.sampler}, {probe.inversion}"


def _energy(judged: "Judged", limits: "Constants") -> tuple[str, float | None, str, str, str] | None:
    energies = [energy for each in judged.evidence.values() for energy in each.energies if math.isfinite(energy)]
    if not energies or not math.isfinite(limits.energy):
        return None
    loudest = max(energies)
    says = "alarm" if loudest > limits.energy else "no sign"
    return "paired-noise energy, mean(τ²)/2", loudest, f"> {limits.energy:g}", says, "paired noise"


def _probes(evidence: Iterable["Evidence"]) -> Sequence["Probe"]:
    return [probe for each in evidence for probe in each.probes]


def _share(probe: "Probe") -> tuple[float, bool]:
    return probe.shifted.cluster.share, probe.shifted.cluster.saturated >= 0.5


def _leak(probe: "Probe") -> tuple[float, bool]:
    return probe.plain.cluster.share, probe.plain.cluster.saturated >= 0.5


def _stochastic(probe: "Probe") -> tuple[float, bool] | None:
    return None if probe.steady else _ratio(probe)


def _deterministic(probe: "Probe") -> tuple[float, bool] | None:
    return _ratio(probe) if probe.steady else None


def _ratio(probe: "Probe") -> tuple[float, bool]:
    shifted: Any = probe.shifted
    return probe.ratio, max(shifted.saturated, shifted.cluster.saturated) >= 0.5
