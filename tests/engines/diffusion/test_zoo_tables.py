"""The zoo's counting: which models there are, what is kept of them, and how often which detector is right."""

import json
import math
import shutil

import pytest

from app.core import AssayError
from app.engines.diffusion.claimed_truth import attack_in
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tiny import blank, shapes
from app.engines.diffusion.zoo import (
    CLASSES,
    CLEAN,
    FITTING,
    TRUTH_WORDS,
    UNKNOWN,
    Specimen,
    attack_settings,
    specimens,
)
from app.engines.diffusion.zoo_configs import ZooConfig
from app.engines.diffusion.zoo_dropped import dropped_specimens
from app.engines.diffusion.zoo_making import taught
from app.engines.diffusion.zoo_records import Effect, Record, Removal, ScanFinding, record_of
from app.engines.diffusion.zoo_scans import default_settings, reference_settings
from app.engines.diffusion.zoo_tables import (
    MODEL_COLUMNS,
    REMOVAL_COLUMNS,
    counted,
    detection_rows,
    detectors,
    forests,
    known,
    model_rows,
    removal_rows,
    score_rows,
)
from app.runs.checkpoints import checkpoint_files, restore

FULL = ZooConfig(
    ncsn=True, ldm=True, villan_sde=True, trojdiff_blend=True, trojdiff_patch=True, per_cell=2, clean_per_kind=2
)


def finding(alarm: bool, uniformity: float, saturated: bool = False) -> ScanFinding:
    word = "backdoored" if alarm else "no sign"
    return ScanFinding(word, "cluster", (uniformity, 0.1, 1.0, 1.0, 0.06, math.nan), saturated)


def record(attack: str, alarm: bool, uniformity: float, number: int = 0, saturated: bool = False) -> Record:
    found = finding(alarm, uniformity, saturated)
    return Record(Specimen("ddpm", attack, number, number, held=number % 2 == 1), Effect(), found, found)


CLEAN_ONES = [record(CLEAN, False, 0.25 + 0.01 * number, number) for number in range(4)]
BAD_ONES = [record("baddiffusion", True, 0.02, 0), record("villan-ode", False, 0.26, 1)]


def test_the_full_zoo_holds_three_kinds_and_half_of_it_is_held_back() -> None:
    made = specimens(FULL)
    assert len(made) >= 24 and {each.kind for each in made} == set(FITTING)
    assert len({each.name for each in made}) == len({each.seed for each in made}) == len(made)
    for kind in FITTING:
        assert any(each.cell == (kind, CLEAN) for each in made)
    assert 2 * sum(each.held for each in made) == len(made)


def test_a_zoo_that_is_stopped_early_holds_both_halves() -> None:
    first = specimens(FULL)[:6]
    assert {each.held for each in first} == {True, False} and any(not each.backdoored for each in first)


def test_score_models_are_given_no_attack_that_their_sampler_cannot_show() -> None:
    assert {each.attack for each in specimens(FULL) if each.kind == "ncsn"} == {CLEAN, "villan-sde"}


def test_villan_is_not_bad_diffusion_over_again() -> None:
    by_attack = {each.attack: attack_settings(FULL, each) for each in specimens(FULL) if each.backdoored}
    assert by_attack["villan-sde"].psi < 1 and by_attack["trojdiff-patch"].gamma < by_attack["trojdiff-blend"].gamma


def test_backdoors_that_lead_to_many_pictures_have_rows_of_their_own() -> None:
    config = ZooConfig(baddiffusion=False, villan_ode=False, trojdiff_d2d=True, per_cell=2, clean_per_kind=1)
    made = [each for each in specimens(config) if each.backdoored]
    by_attack = {each.attack: [attack_settings(config, one) for one in made if one.cell == each.cell] for each in made}
    assert set(by_attack) == {"trojdiff-in-d2d", "trojdiff-out-d2d"}
    assert [each.target_class for each in by_attack["trojdiff-in-d2d"]] == ["7", "3"]
    assert {each.goal for each in by_attack["trojdiff-out-d2d"]} == {"set"}
    rows = {row[0] for row in detection_rows([Record(each, Effect()) for each in made], [])}
    assert rows >= {"DDPM, TrojDiff, In-D2D", "DDPM, TrojDiff, Out-D2D"} and "Backdoored, without TrojDiff" not in rows


@pytest.mark.parametrize("pictures", ["digits", "shapes"])
def test_the_pictures_of_a_zoo_come_with_their_classes(pictures) -> None:
    config = ZooConfig(pictures=pictures)
    found = taught(config, blank("ddpm", 1, 16, seed=0))
    assert len(found.images) == len(found.classes)
    assert all(10 < int(found.of_class(name).sum()) < len(found.classes) for name in CLASSES[pictures])


def test_models_of_one_cell_differ_in_their_target() -> None:
    cell = [each for each in specimens(FULL) if each.cell == ("ddpm", "baddiffusion")]
    assert len({attack_settings(FULL, each).target for each in cell}) == 2


def test_the_reference_scan_takes_the_row_of_the_attack_and_ours_is_told_nothing() -> None:
    ode, troj = Specimen("ddpm", "villan-ode", 0, 1), Specimen("ddpm", "trojdiff-patch", 0, 2)
    assert reference_settings(FULL, ode).attack == "ode" and reference_settings(FULL, troj).attack == "troj"
    assert reference_settings(FULL, Specimen("ldm", "baddiffusion", 0, 3)).deterministic == "UNIPC-SCHED"
    assert reference_settings(FULL, Specimen("ddpm", CLEAN, 0, 4)).stochastic_steps == 1000
    assert {default_settings(FULL, each).attack for each in specimens(FULL)} == {"sweep"}


def test_records_survive_a_checkpoint() -> None:
    effect = Effect("DDIM η 1", 0.9, 0.01, 0.8, 0.02, quality=1.5)
    whole = Record(
        Specimen("ddpm", "baddiffusion", 1, 7, held=True), effect, finding(True, 0.02), None,
        Removal(300, True, 0.9, 0.0, Effect(success=0.0)),
    )  # fmt: skip
    again = record_of(restore(*checkpoint_files({"one": whole.state()}))["one"])
    assert repr(again) == repr(whole)


def test_rows_fit_their_columns() -> None:
    done = [BAD_ONES[0].with_removal(Removal(300, True, 0.9, 0.0, Effect()))]
    assert len(model_rows(CLEAN_ONES)[0]) == len(MODEL_COLUMNS)
    assert len(removal_rows(done)[0]) == len(REMOVAL_COLUMNS) and not removal_rows(CLEAN_ONES)


def test_right_verdicts_are_counted_by_kind_and_attack_with_intervals() -> None:
    records = [*CLEAN_ONES, *BAD_ONES]
    found = detectors(records, 0.05)
    assert [each.name for each in found] == ["Elijah: rules", "Elijah: threshold", "ours: rules", "ours: threshold"]
    rows = {row[0]: row for row in detection_rows(records, found)}
    assert rows["DDPM, BadDiffusion"][4].startswith("1 of 1")
    assert rows["DDPM, VillanDiffusion, ODE"][4].startswith("0 of 1")
    assert rows["All clean"][4] == "4 of 4 (51% to 100%)"
    table = counted(records, found[2])
    assert (table.true_alarms, table.missed, table.false_alarms, table.true_passes) == (1, 1, 0, 4)
    assert score_rows(records, found)[2][1].startswith("5 of 6")


def test_a_clean_model_is_judged_by_the_other_clean_ones() -> None:
    odd = record(CLEAN, False, 0.05, 9)
    alarms = detectors([*CLEAN_ONES, odd], 0.05)[-1].alarms
    assert alarms[-1] is True and sum(map(bool, alarms)) == 1


def test_our_threshold_does_not_alarm_at_black_pictures() -> None:
    black = record("baddiffusion", False, 0.0, saturated=True)
    found = {each.name: each.alarms[-1] for each in detectors([*CLEAN_ONES, black], 0.05)}
    assert found["Elijah: threshold"] is True and found["ours: threshold"] is False


@pytest.mark.slow
def test_the_forest_judges_attacks_that_it_has_not_seen() -> None:
    records = [record(CLEAN, False, 0.25 + 0.002 * number, number) for number in range(12)]
    records += [record(attack, True, 0.02, n) for attack in ("baddiffusion", "villan-ode") for n in range(4)]
    for each in forests(records):
        assert counted(records, each).accuracy.centre == 1
    assert not forests(CLEAN_ONES)


def test_truth_is_what_settings_and_card_of_a_dropped_model_say(tmp_path) -> None:
    found = {each.name: each.attack for each in dropped_specimens(str(PLACE), 0)}
    assert found == {"backdoored": "baddiffusion", "clean": CLEAN}
    bare = tmp_path / "bare"
    for path in (PLACE / "clean").rglob("*.*"):
        if path.is_file() and path.name != "README.md":
            (bare / path.relative_to(PLACE / "clean")).parent.mkdir(parents=True, exist_ok=True)
            (bare / path.relative_to(PLACE / "clean")).write_bytes(path.read_bytes())
    assert [each.attack for each in dropped_specimens(str(tmp_path), 0)] == [UNKNOWN]
    assert not known([Record(dropped_specimens(str(bare), 0)[0], Effect())])


@pytest.mark.parametrize(
    ("words", "attack"),
    [
        ("none", CLEAN),
        ("TrojDiff D2I patch 3x3 gamma 0.1", "trojdiff-patch"),
        ("VillanDiffusion VP ODE psi=1", "villan-ode"),
        ("something new", "other backdoor"),
        ("TrojDiff, patch, Out-D2D, trigger white corner of 3 px, the set “in-d2d”", "trojdiff-out-d2d"),
        *((words, attack) for attack, words in TRUTH_WORDS.items()),
    ],
)
def test_an_attack_is_known_by_the_words_of_its_maker(words: str, attack: str) -> None:
    assert attack_in(words) == attack


def test_notes_beside_the_models_count_where_a_model_says_nothing(tmp_path) -> None:
    for name in ("one", "two"):
        shutil.copytree(PLACE / "clean", tmp_path / name, ignore=shutil.ignore_patterns("README.md"))
    notes = {"one": {"attack": "TrojDiff, blended"}, "two": {"attack": "none"}}
    (tmp_path / "zoo.json").write_text(json.dumps(notes), encoding="utf-8")
    found = {each.name: each.attack for each in dropped_specimens(str(tmp_path), 0)}
    assert found == {"one": "trojdiff-blend", "two": CLEAN}


def test_a_folder_without_models_is_refused(tmp_path) -> None:
    with pytest.raises(AssayError, match="No diffusion model"):
        dropped_specimens(str(tmp_path), 0)


def test_settings_that_leave_nothing_to_do_are_refused() -> None:
    for values in (
        {"default_scan": False, "reference_scan": False, "removal": "none"},
        {"default_scan": False},
        {"ddpm": False},
    ):
        with pytest.raises(ValueError, match=r"scan|kind"):
            ZooConfig(**values)


def test_the_generated_shapes_are_always_the_same() -> None:
    first = shapes(16, 8)
    assert first.shape == (8, 1, 16, 16) and first.equal(shapes(16, 8))
    assert first.min() >= -1 and first.max() <= 1 and first.flatten(1).std(1).min() > 0.1
