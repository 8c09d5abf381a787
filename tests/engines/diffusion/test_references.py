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
from app.engines.diffusion.references import (
    SHIPPED,
    KnownModel,
    Referee,
    ReferenceFile,
    measured_with,
    read_references,
    reference_text,
)
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


SETTINGS = measured_with(ScanConfig())


def referee(
    decision: str, models: list[KnownModel], size: tuple[int, int] = (16, 16), rate: float = 0.2, **changed: object
) -> Referee:
    known = ReferenceFile(references=1, settings={**SETTINGS, **changed}, models=tuple(models))  # type: ignore[arg-type]
    return Referee(decision, known, "ddpm", size, rate, SETTINGS)  # type: ignore[arg-type]


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
        referee("threshold", [known("c", "clean", 0.8, None, kind="ldm") for _ in range(4)])


def test_it_says_how_far_its_references_carry() -> None:
    assert not any("pixels" in note for note in referee("threshold", CLEAN).notes)
    assert any("32 × 32" in note for note in referee("threshold", CLEAN, (32, 32)).notes)
    assert any("Leaving one attack out" in note for note in referee("forest", CLEAN + BAD).notes)
    assert any("not measured" in note for note in referee("threshold", CLEAN).notes)
    assert any(
        "other settings (batch, steps)" in note for note in referee("forest", CLEAN + BAD, steps=7, batch=4).notes
    )


def test_with_too_few_clean_models_for_the_rate_an_alarm_is_a_suspicion() -> None:
    judge = referee("threshold", CLEAN, rate=0.05)
    assert judge.judge(evidence(0.12), LIMITS).word == "suspicious"
    assert any("14% lie below 6 others by chance" in note for note in judge.notes)


def test_a_robust_alarm_is_told_as_one() -> None:
    spreads = [0.8 + 0.002 * n for n in range(27)] + [0.1, 0.1, 0.1]
    models = [known(f"clean {n}", "clean", spread, None) for n, spread in enumerate(spreads)]
    judge = referee("threshold", models, rate=0.05)
    found = evidence(0.4)
    verdict = judge.judge(found, LIMITS)
    assert verdict.alarm and verdict.rule == "robust z" and "robust deviations" in verdict.because
    row = judge.row(3, found, LIMITS)
    assert row.value < float(row.limit.removeprefix("< ")) and "seed 3" in row.where and "3.5" in judge.rule


def test_the_file_is_read_as_it_was_written_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    text = reference_text(CLEAN + BAD, ScanConfig())
    path.write_text(text, encoding="utf-8")
    found = read_references(path)
    assert list(found.models) == CLEAN + BAD and found.settings == SETTINGS
    for bad in (
        "[]",
        "{}",
        '{"references": 1, "settings": {}, "models": [{"name": "x"}]}',
        text.replace("0.0", "1e300"),
    ):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(AssayError, match="no file of reference models") as error:
            read_references(path)
        assert ":" in error.value.why and "Model zoo" in error.value.remedy
    for bad in ("", "\x00\x01", "NaN", "[" * 200_000):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(AssayError, match="Model zoo"):
            read_references(path)
    with pytest.raises(AssayError):
        read_references(tmp_path / "missing.json")


def test_the_models_that_come_with_assay_judge_both_ways() -> None:
    for decision in ("threshold", "forest"):
        assert plan_of(ScanConfig(decision=decision), load_diffusion(PLACE / "clean")).referee is not None
    models = read_references(SHIPPED).models
    assert {model.kind for model in models} == {"ddpm", "ncsn", "ldm"}


@pytest.mark.parametrize("decision", ["threshold", "forest"])
def test_a_scan_tells_the_rule_its_limit_and_the_worth_of_the_references(tmp_path: Path, decision: str) -> None:
    path = tmp_path / "references.json"
    path.write_text(reference_text(CLEAN + BAD, ScanConfig()), encoding="utf-8")
    events, result = collect(scan, ScanConfig(decision=decision, references=str(path), **TINY))
    rules = next(event for event in events if isinstance(event, Table) and event.name == "rules")
    assert len(rules.rows) == 1 and "reference" in rules.rows[0][0]
    judging = next(event for event in events if isinstance(event, Table) and event.name == "references")
    assert [row[:2] for row in judging.rows] == [(each.name, each.truth) for each in CLEAN + BAD]
    assert "reference models" in result.methods and "other settings" in result.notes[0]
    card = json.loads(next(str(e.source) for e in events if isinstance(e, Artifact) and e.role == "scan-card"))
    assert card["settings"]["decision"] == decision and card["references"] == read_references(path).identity


def test_a_suspicion_by_too_few_references_counts_as_an_alarm_and_asks_for_more(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    varied = [
        each.model_copy(update={"features": {**each.features, "uniformity": 0.9 + 0.01 * n}})
        for n, each in enumerate(CLEAN[:3])
    ]
    path.write_text(reference_text(varied, ScanConfig()), encoding="utf-8")
    settings = {**TINY, "stochastic_steps": 20, "deterministic": "none"}
    _, result = collect(scan, ScanConfig(decision="threshold", references=str(path), **settings))
    assert result.details["word"] == "suspicious" and "more clean reference models" in result.advice
    alarms = next(figure for figure in result.figures if figure.name == "seeds with an alarm")
    assert alarms.value == alarms.n


def test_references_without_a_decision_that_reads_them_are_refused() -> None:
    with pytest.raises(AssayError, match="threshold or the forest"):
        find_task("diffusion.scan").parse({"references": "references.json"})
