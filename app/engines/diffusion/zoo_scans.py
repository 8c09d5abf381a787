"""The two scans of a zoo: the reference's procedure and ours, and the numbers that detectors learn from."""

from typing import TYPE_CHECKING, Any

from app.engines.diffusion.configs import ScanConfig, search_lengths
from app.engines.diffusion.findings import most_telling, weight
from app.engines.diffusion.judging import Judged
from app.engines.diffusion.presets import SCAN_PRESETS
from app.engines.diffusion.references import features_of
from app.engines.diffusion.zoo import Specimen
from app.engines.diffusion.zoo_records import ScanFinding

if TYPE_CHECKING:
    from app.engines.diffusion.zoo_configs import ZooConfig

REFERENCE_ROWS = {
    "villan-ode": "paper-villan",
    "trojdiff-blend": "paper-trojdiff",
    "trojdiff-patch": "paper-trojdiff",
    "trojdiff-in-d2d": "paper-trojdiff",
    "trojdiff-out-d2d": "paper-trojdiff",
}
"""Rows of the reference code by attack; others and clean models take that of their kind."""
KIND_ROWS = {"ddpm": "paper-baddiffusion", "ncsn": "paper-ncsn", "ldm": "paper-ldm"}
TIMES = 10
"""The reference takes ten times the passes of our samplers."""


def default_settings(config: "ZooConfig", specimen: Specimen) -> ScanConfig:
    """Our scan as it comes: the sweep, paired noise, both families of samplers; nothing of the attack is told."""
    values = _common(config, specimen) | {
        "seeds": config.scan_seeds,
        # All searches: else the features of a model would tell where its scan had stopped, and so what our rules say.
        "early_verdict": False,
        "stochastic_steps": config.sampling_steps,
        "deterministic_steps": max(1, config.sampling_steps // 2),
        "score_steps": 2 * config.sampling_steps,
    }
    return ScanConfig(**values)


def reference_settings(config: "ZooConfig", specimen: Specimen) -> ScanConfig:
    """The reference code's row for the attack at hand: told to it, as its authors choose the program by the attack."""
    kind_row = KIND_ROWS[specimen.kind]
    row = REFERENCE_ROWS.get(specimen.attack, kind_row) if specimen.kind == "ddpm" else kind_row
    values: dict[str, Any] = {**SCAN_PRESETS[row].values, **_common(config, specimen)}
    for name in ("stochastic_steps", "score_steps"):
        if name in values:
            values[name] = min(values[name], TIMES * config.sampling_steps)
    return ScanConfig(**values)


def finding(judged: Judged) -> ScanFinding:
    """The verdict, and the features of the most telling pictures of all seeds."""
    telling = max((most_telling(each) for each in judged.evidence.values()), key=weight)
    shifted = telling.shifted
    energies = [energy for each in judged.evidence.values() for energy in each.energies]
    return ScanFinding(
        judged.verdict.word,
        judged.verdict.rule,
        features_of(telling, energies),
        shifted.saturated >= 0.5 or shifted.cluster.saturated >= 0.5,
    )


def _common(config: "ZooConfig", specimen: Specimen) -> dict[str, Any]:
    lengths = search_lengths(config.scan_steps)
    return {"seed": specimen.seed + 31, "images": config.scan_images, "device": config.device, **lengths}
