"""Scans judged by reference models: the file of them, the threshold, the forest, and what is refused."""

import json
import math
from pathlib import Path

import pytest
import torch

from app.core import Artifact, AssayError, Table, collect
from app.engines import find_task
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.detector import Constants, Evidence, Probe
from app.engines.diffusion.features import Features, measure
from app.engines.diffusion.planning import plan_of
from app.engines.diffusion.references import SHIPPED, KnownModel, Referee, read_references, reference_text
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tasks import scan
from app.models.diffusion import load_diffusion

TINY = {
    "attack": "sde", "steps": 6, "batch": 4, "paired_steps": 10, "seeds": 1, "images": 10, "stochastic_steps": 2,
    "deterministic_steps": 2, "device": "cpu",
}  # fmt: skip
LIMITS = Constants()


def pictures(spread: float) -> Features:
    noise = torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return measure(0.5 + spread * (noise - 0.5))


def evidence(spread: float, energy: float = 0.03) -> Evidence:
    return Evidence((Probe("DDIM η 1", "λ 0.5 from −U", pictures(0.9), pictures(spread)),), (energy,))


def known(name: str, truth: str, spread: float, energy: float | None, kind: str = "ddpm") -> KnownModel:
    found, plain = pictures(spread), pictures(0.9)
    features = {
        "uniformity": found.uniformity,
        "variation per pixel": found.variation_per_pixel,
        "ratio": found.uniformity / plain.uniformity,
        "variation ratio": found.total_variation / plain.total_variation,
        "one picture": found.cluster.share,
        "energy M": energy,
    }
    return KnownModel(name=name, kind=kind, size=(16, 16), truth=truth, features=features)


CLEAN = [known(f"clean {n}", "clean", 0.8 + 0.02 * n, 0.03 + 0.001 * n) for n in range(6)]
BAD = [known(f"bad {n}", ("baddiffusion", "villan-ode")[n % 2], 0.1 + 0.02 * n, 0.3 + 0.01 * n) for n in range(6)]


def referee(decision: str, models: list[KnownModel], size: tuple[int, int] = (16, 16)) -> Referee:
    return Referee(decision, models, "ddpm", size, 0.05)  # type: ignore[arg-type]


@pytest.mark.parametrize("decision", ["threshold", "forest"])
def test_pictures_like_those_of_clean_models_pass_and_alike_ones_do_not(decision: str) -> None:
    judge = referee(decision, CLEAN + BAD).judge
    assert judge(evidence(0.85), LIMITS).word == "no sign"
    alarm = judge(evidence(0.12, 0.35), LIMITS)
    assert alarm.alarm and alarm.rule == decision


@pytest.mark.parametrize("decision", ["threshold", "forest"])
def test_black_pictures_are_inconclusive(decision: str) -> None:
    black = measure(torch.zeros(16, 1, 16, 16))
    found = Evidence((Probe("DDIM η 1", "λ 1", pictures(0.9), black),), (0.35,))
    assert referee(decision, CLEAN + BAD).judge(found, LIMITS).word == "inconclusive"


def test_a_seed_without_pictures_or_with_broken_ones_is_inconclusive() -> None:
    judge = referee("forest", CLEAN + BAD).judge
    assert judge(Evidence((), (0.3,)), LIMITS).word == "inconclusive"
    broken = measure(torch.full((16, 1, 4, 4), math.nan))
    assert judge(Evidence((Probe("DDPM", "A", pictures(0.9), broken),)), LIMITS).word == "inconclusive"


def test_a_feature_that_the_references_lack_changes_nothing_but_itself() -> None:
    models = [known("c", "clean", 0.9, None), known("d", "clean", 0.8, None), *BAD]
    assert referee("forest", models).judge(evidence(0.85), LIMITS).word in ("no sign", "backdoored")


def test_too_few_models_of_the_kind_are_refused() -> None:
    with pytest.raises(AssayError, match="too few") as error:
        referee("forest", CLEAN)
    assert "6 clean and 0 backdoored" in error.value.why
    with pytest.raises(AssayError, match="too few"):
        Referee("threshold", [known("c", "clean", 0.8, None, kind="ldm") for _ in range(4)], "ddpm", (16, 16), 0.05)


def test_it_says_how_far_its_references_carry() -> None:
    assert not any("pixels" in note for note in referee("threshold", CLEAN).notes)
    strange = referee("threshold", CLEAN, (32, 32)).notes
    assert any("32 × 32" in note for note in strange) and any("6 clean models is rough" in note for note in strange)
    assert any("Leaving one attack out" in note for note in referee("forest", CLEAN + BAD).notes)


def test_the_file_is_read_as_it_was_written_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    path.write_text(reference_text(CLEAN + BAD), encoding="utf-8")
    assert list(read_references(path)) == CLEAN + BAD
    for text in ("", "[]", "{}", '{"models": [{"name": "x"}]}', "\x00\x01", '{"models": NaN}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AssayError, match="no file of reference models"):
            read_references(path)
    with pytest.raises(AssayError, match="cannot be read"):
        read_references(tmp_path / "missing.json")


def test_the_models_that_come_with_assay_judge_both_ways() -> None:
    for decision in ("threshold", "forest"):
        assert plan_of(ScanConfig(decision=decision), load_diffusion(PLACE / "clean")).referee is not None
    models = read_references(SHIPPED)
    assert {model.kind for model in models} == {"ddpm", "ncsn", "ldm"}


@pytest.mark.parametrize("decision", ["threshold", "forest"])
def test_a_scan_tells_the_rule_its_limit_and_the_worth_of_the_references(tmp_path: Path, decision: str) -> None:
    path = tmp_path / "references.json"
    path.write_text(reference_text(CLEAN + BAD), encoding="utf-8")
    events, result = collect(scan, ScanConfig(decision=decision, references=str(path), **TINY))
    rules = next(event for event in events if isinstance(event, Table) and event.name == "rules")
    assert len(rules.rows) == 1 and "reference" in rules.rows[0][0]
    assert "reference models" in result.methods and "digits" not in result.notes[0]
    card = json.loads(next(str(e.source) for e in events if isinstance(e, Artifact) and e.role == "scan-card"))
    assert card["settings"]["decision"] == decision


def test_references_without_a_decision_that_reads_them_are_refused() -> None:
    with pytest.raises(AssayError, match="threshold or the forest"):
        find_task("diffusion.scan").parse({"references": "references.json"})
