"""What a scan amounts to, in plain words, with its figures and a card that can be checked again."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from app.core import Citation, Figure, Result
from app.engines.diffusion.detector import ALARMS
from app.engines.diffusion.known_truth import known_truth
from app.engines.diffusion.report_card import headline
from app.stats import proportion_interval

if TYPE_CHECKING:
    from app.engines.diffusion.configs import ScanConfig
    from app.engines.diffusion.detector import Constants, Evidence, Probe
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.references import Referee
    from app.engines.diffusion.scanning import Plan
    from app.models.diffusion import DiffusionModel

EXIT_CODES = {"no sign": 0, "backdoored": 1, "suspicious": 3, "inconclusive": 3}
TONES: Mapping[str, Literal["good", "bad", "neutral", "unsure"]] = {
    "no sign": "good",
    "backdoored": "bad",
    "suspicious": "unsure",
    "inconclusive": "unsure",
}
SENTENCES = {
    "no sign": "No sign of a backdoor",
    "backdoored": "Backdoored",
    "suspicious": "Suspicious, not proven",
    "inconclusive": "Inconclusive",
}
ADVICE = {
    "no sign": "Absence of a sign is no proof. Scan with other samplers before you ship it.",
    "backdoored": "Do not use it as it is. Remove the backdoor, or get the model elsewhere.",
    "suspicious": "Scan again with more seeds and other samplers, and look at the pictures.",
    "inconclusive": "Look at the pictures; try other samplers, clip on and off, or more seeds.",
}
MORE_REFERENCES = "Scan with more clean reference models of its kind, and look at the pictures."
LIMITS = (
    "Very small or faint triggers, several triggers at once, triggers made to hide, and text triggers may be missed. "
    "Attacks like TrojDiff that change the sampler are covered only in part."
)
MEASURED: Mapping[str, Sequence[tuple[str, int, int]]] = {
    "ddpm": (
        ("clean ones passed", 4, 4),
        ("BadDiffusion backdoors found", 2, 2),
        ("VillanDiffusion (SDE) ones found", 2, 2),
        ("VillanDiffusion (ODE) ones found", 2, 2),
        ("TrojDiff (blended) ones found", 2, 2),
        ("TrojDiff (patch) ones found", 0, 2),
    ),
    "ncsn": (
        ("clean ones passed", 4, 4),
        ("VillanDiffusion (SDE) ones found", 2, 2),
    ),
    "ldm": (
        ("clean ones passed", 4, 4),
        ("BadDiffusion backdoors found", 2, 2),
        ("VillanDiffusion (SDE) ones found", 2, 2),
        ("VillanDiffusion (ODE) ones found", 2, 2),
    ),
}
"""By kind of model (what, verdicts that were right, models), from the task *Model zoo*; see the help page for the runs."""
MEASURED_SIZES = {"ddpm": 16, "ncsn": 16, "ldm": 32}
"""Pixels of the models that were measured, by kind."""
METHODS = (
    "{seeds} searched for a shift of the noise by {searches}; {images} pictures per set were made with {views}, with and "
    "without the shift, from the same noise. Uniformity is the trimmed mean of pairwise RMS distances. A seed raises an "
    "alarm when {rules}; the majority of the seeds decides."
)
CITATIONS = (
    Citation(
        text="S. An et al., Elijah: Eliminating Backdoors Injected in Diffusion Models via Distribution Shift, AAAI 2024",
        link="https://arxiv.org/abs/2312.00050",
    ),
    Citation(
        text="Y. Mo et al., TERD: A Unified Framework for Safeguarding Diffusion Models Against Backdoors, ICML 2024",
        link="https://arxiv.org/abs/2409.05294",
    ),
)


def scan_result(
    config: "ScanConfig", model: "DiffusionModel", plan: "Plan", judged: "Judged", *, partial: bool = False
) -> Result:
    """The verdict with the rule that fired; it claims no error rate that was not measured on models of this kind."""
    verdict = judged.verdict
    alarms = sum(each.word in ALARMS for each in judged.verdicts.values())
    total = len(judged.verdicts)
    return Result(
        verdict=f"{SENTENCES[verdict.word]}: {verdict.because}",
        tone=TONES[verdict.word],
        advice=MORE_REFERENCES if _lacks_references(judged) else ADVICE[verdict.word],
        figures=(
            Figure(name="seeds with an alarm", value=alarms, n=total, note=f"of {total}", better="lower"),
            *_figures(judged.evidence),
            *_agreement(judged),
        ),
        notes=(*error_notes(config, model, judged.referee), LIMITS, *model.notes),
        methods=METHODS.format(
            seeds="One seed" if total == 1 else f"{total} seeds",
            searches=", ".join(search.name for search in plan.searches if search.name in judged.searches),
            views=" and ".join(view.name for view in plan.views if view.name in judged.views),
            images=config.images,
            rules=", or ".join(alarm_rules(config, judged.limits) if plan.referee is None else [plan.referee.rule]),
        ),
        citations=CITATIONS,
        details={
            "word": verdict.word,
            "rule": verdict.rule,
            "sha256": model.sha256,
            "model": model.source.root.name,
            "kind": model.kind,
            "truth": known_truth(model.source),
            **headline(judged),
        },
        partial=partial,
        exit_code=EXIT_CODES[verdict.word],
    )


def _lacks_references(judged: "Judged") -> bool:
    return judged.verdict.word == "suspicious" and judged.referee is not None and judged.referee.suspects_only


def error_notes(config: "ScanConfig", model: "DiffusionModel", referee: "Referee | None") -> tuple[str, ...]:
    """How often verdicts are right: of our ensemble as measured on zoos, of reference models as far as they tell."""
    if referee is not None:
        return referee.notes
    if config.decision != "ensemble":
        return ("How often this decision is right was not measured.",)
    return (error_rate_note(model),)


def alarm_rules(config: "ScanConfig", limits: "Constants") -> list[str]:
    """When a seed raises an alarm, by the limits that were used; rules that are switched off are left out."""
    told = []
    pictures = config.decision != "paired"
    if pictures and limits.share <= 1:
        told.append(f"{limits.share:.0%} of the pictures are one picture")
    if pictures:
        steady = f"{limits.steady_ratio:g}" if limits.steady_ratio > 0 else "no such limit"
        told.append(
            f"they are less than {limits.ratio:g} times as varied as without the shift "
            f"({steady} for deterministic samplers; unless black or white)"
        )
    if config.paired and math.isfinite(limits.energy):
        told.append(f"paired noise finds a traceless shift of energy above {limits.energy:g}")
    return told


def error_rate_note(model: "DiffusionModel") -> str:
    """How often verdicts were right where that was measured for this kind of model, and whether this one is like those."""
    height, width = model.source.image_size
    kind, rows = model.kind.upper(), MEASURED.get(model.kind, ())
    if not rows:
        return f"How often verdicts are right was not measured for models of this kind ({kind}, {height} × {width})."
    parts = []
    for words, right, total in rows:
        share = proportion_interval(right, total)
        parts.append(f"{right} of {total} {words} ({share.low:.0%} to {share.high:.0%})")
    side, total = MEASURED_SIZES[model.kind], sum(total for _, _, total in rows)
    measured = f"Measured on {total} tiny {kind} models of {side} × {side} digits: {', '.join(parts)}"
    if (height, width) == (side, side):
        return f"{measured}; the limits come from such models too."
    return f"{measured}. For models of this size ({height} × {width}) it was not measured."


def scan_card(config: "ScanConfig", model: "DiffusionModel", judged: "Judged") -> str:
    """Hashes, settings, seeds and findings as JSON: enough to scan again and compare."""
    import diffusers
    import torch

    height, width = model.source.image_size
    record = {
        "card": 1,
        "verdict": asdict(judged.verdict),
        "model": {
            "sha256": model.sha256,
            "files": dict(sorted(model.hashes.items())),
            "kind": model.kind,
            "pipeline": model.source.pipeline,
            "scheduler": model.source.scheduler_name,
            "parameters": model.parameters,
            "channels": model.channels,
            "size": [height, width],
            "test model": model.source.test_model,
        },
        "settings": config.model_dump(mode="json", exclude={"model"}),
        "references": None if judged.referee is None else judged.referee.identity,
        "seeds": {str(seed): asdict(verdict) for seed, verdict in judged.verdicts.items()},
        "features": {str(seed): [_probe(probe) for probe in each.probes] for seed, each in judged.evidence.items()},
        "energies": {str(seed): list(each.energies) for seed, each in judged.evidence.items()},
        "limits": LIMITS,
        "versions": {"torch": torch.__version__, "diffusers": diffusers.__version__},
    }
    return json.dumps(_finite(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def unfinished(wanted: int) -> Result:
    """The end of a scan that was stopped before its first seed was judged."""
    return Result(
        verdict=f"Stopped before the first of {wanted} seeds was judged: nothing can be said",
        tone="unsure",
        advice="Resume goes on from the last checkpoint.",
        partial=True,
        exit_code=EXIT_CODES["inconclusive"],
    )


def _figures(evidence: Mapping[int, "Evidence"]) -> Sequence[Figure]:
    probes = [probe for each in evidence.values() for probe in each.probes]
    ratios = [probe.ratio for probe in probes if math.isfinite(probe.ratio)]
    shares = [probe.shifted.cluster.share for probe in probes if math.isfinite(probe.shifted.cluster.share)]
    energies = [energy for each in evidence.values() for energy in each.energies]
    figures = []
    if ratios:
        note = "worst set; 1 is normal"
        figures.append(Figure(name="uniformity ratio", value=min(ratios), better="higher", note=note))
    if shares:
        figures.append(
            Figure(
                name="one picture",
                value=100 * max(shares),
                unit="%",
                better="lower",
                note="largest group of alike ones",
            )
        )
    if energies:
        figures.append(Figure(name="paired-noise energy", value=max(energies), better="lower", note="mean(τ²)/2"))
    return figures


def _agreement(judged: "Judged") -> Sequence[Figure]:
    value = judged.agreement
    note = "mean cosine between the seeds' shifts"
    return [] if math.isnan(value) else [Figure(name="agreement of seeds", value=value, note=note)]


def _probe(probe: "Probe") -> dict[str, Any]:
    return {
        "search": probe.inversion,
        "pictures": probe.sampler,
        "ratio": probe.ratio,
        **{
            name: {
                "uniformity": each.uniformity,
                "total variation": each.total_variation,
                "variation per pixel": each.variation_per_pixel,
                "one picture": each.cluster.share,
                "common picture black or white": each.cluster.saturated,
                "black or white": each.saturated,
            }
            for name, each in (("plain", probe.plain), ("shifted", probe.shifted))
        },
    }


def _finite(value: Any) -> Any:
    """`value` with null where JSON has no word for a number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value
