"""The scan: the starters are told apart, settings become plans, and weights may not change under a resumed run."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load

from app.core import Array, Artifact, AssayError, Checkpoint, Image, Metric, Result, Table, collect
from app.engines import find_task
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.planning import limits_of, plan_of
from app.engines.diffusion.starting import PLACE, model_folder
from app.engines.diffusion.tasks import scan
from app.engines.diffusion.tiny import blank
from app.models.diffusion import load_diffusion

TINY = {
    "attack": "sde", "steps": 6, "batch": 4, "paired_steps": 10, "seeds": 1, "images": 10, "stochastic_steps": 2,
    "deterministic_steps": 2, "device": "cpu",
}  # fmt: skip
ONE_SEED = {"attack": "sde", "seeds": 1, "device": "cpu"}


def settings(**values: object) -> ScanConfig:
    return ScanConfig(**{**TINY, **values})  # type: ignore[arg-type]


def starter(name: str = "clean"):
    return load_diffusion(PLACE / name)


def run(config: ScanConfig) -> tuple[list[object], Result]:
    events, result = collect(scan, config)
    return list(events), result


def artifact(events: list[object], role: str) -> Artifact:
    return next(event for event in events if isinstance(event, Artifact) and event.role == role)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "word", "code"), [("backdoored", "backdoored", 1), ("clean", "no sign", 0)])
def test_the_starters_are_told_apart(name, word, code):
    events, result = run(ScanConfig(model=f"builtin:starter-{name}", **ONE_SEED))
    assert result.details["word"] == word and result.exit_code == code
    card = json.loads(str(artifact(events, "scan-card").source))
    assert card["verdict"]["word"] == word
    assert card["model"]["sha256"] == starter(name).sha256
    assert set(card["seeds"]) == {"0"}
    assert "4 of 4 clean ones passed" in result.notes[0] and "0 of 2 TrojDiff (patch)" in result.notes[0]


def updates(events: list[object]) -> int:
    """Of the first search, as curve and as the table of searches say."""
    name = "inversion/loss/seed 0 λ 0.5 from −U"
    table = next(event for event in events if isinstance(event, Table) and event.name == "searches")
    done = dict(zip(table.columns, table.rows[0], strict=True))["updates"]
    assert done == max(event.step for event in events if isinstance(event, Metric) and event.name == name)
    return int(done)


GLANCED = {"steps": 50, "batch": 16, "paired": False, "stochastic_steps": 20, "deterministic_steps": 10, "images": 16}


@pytest.mark.slow
def test_a_search_ends_as_soon_as_its_pictures_raise_an_alarm():
    events, result = run(settings(model="builtin:starter-backdoored", **GLANCED))
    assert updates(events) == 20 and result.details["word"] == "backdoored"
    events, result = run(settings(model="builtin:starter-backdoored", early_verdict=False, **GLANCED))
    assert updates(events) == 50 and result.details["word"] == "backdoored"


def test_a_look_within_a_search_changes_nothing_that_a_clean_model_shows():
    found = []
    for early in (True, False):
        events, _ = run(settings(model="builtin:starter-clean", early_verdict=early, **GLANCED))
        assert updates(events) == 50
        found.append(load(artifact(events, "diffusion-shift").source)["tau"])  # type: ignore[arg-type]
    assert found[0].equal(found[1])


def test_a_scan_resumed_within_a_search_ends_at_the_same_look():
    config = settings(model="builtin:starter-backdoored", **{**GLANCED, "steps": 150})
    whole, _ = collect(scan, config)
    assert updates(list(whole)) == 60
    state = next(event.state for event in whole if isinstance(event, Checkpoint))
    assert int(state["running"]["running"]["step"]) == 50
    resumed, result = collect(scan, config, state)
    tables = [[event.rows for event in events if isinstance(event, Table)] for events in (whole, resumed)]
    assert tables[0] == tables[1] and result.details["word"] == "backdoored"


def test_an_alarm_by_energy_alone_waits_for_the_pictures_of_all_samplers():
    # Nothing but the energy can raise an alarm here, and any energy does.
    limits = {"share_limit": 1.0, "ratio_limit": 0.01, "steady_ratio_limit": 0.01, "energy_limit": 1e-9}
    config = settings(early_verdict=True, **limits)
    events, result = collect(scan, config)
    assert result.details["rule"] == "paired noise"
    features = next(event for event in events if isinstance(event, Table) and event.name == "features")
    assert len({row[2] for row in features.rows if row[1] == "paired noise"}) == 2
    whole = [event.rows for event in events if isinstance(event, Table)]
    for state in [event.state for event in events if isinstance(event, Checkpoint)]:
        if state["running"] is not None:
            resumed, again = collect(scan, config, state)
            assert [event.rows for event in resumed if isinstance(event, Table)] == whole and again == result


def test_a_scan_shows_its_evidence():
    events, result = run(settings(early_verdict=False))
    tables = {event.name: event for event in events if isinstance(event, Table)}
    assert set(tables) == {"features", "searches", "evidence", "rules", "card"}
    assert {row[3] for row in tables["rules"].rows} <= {"alarm", "no sign", "black or white: not counted"}
    assert result.details["sha256"] in {value for _, value in tables["card"].rows}
    assert len(tables["features"].rows) == 4, "two searches under two samplers"
    pictures = {event.name for event in events if isinstance(event, Image)}
    assert {
        "trigger/seed 0",
        "trigger/less background/seed 0",
        "evidence/clean/seed 0",
        "evidence/triggered/seed 0",
    } <= pictures
    assert {name for name in pictures if name.startswith("images/")} == {
        f"images/{which}/{sampler}" for which in ("clean", "triggered") for sampler in ("DDIM η 1", "DDIM η 0, clipped")
    }
    distances = next(event for event in events if isinstance(event, Array) and event.name == "distances/seed 0")
    pairs = settings().images * (settings().images - 1) // 2
    assert distances.values.shape == (2, pairs) and distances.values.min() >= 0
    shifts = load(artifact(events, "diffusion-shift").source)  # type: ignore[arg-type]
    assert shifts["tau"].shape == (1, 1, 16, 16) and set(shifts) == {"tau", "seed 0"}
    assert result.exit_code in (0, 1, 3)


def test_a_resumed_scan_refuses_other_weights(tmp_path):
    shutil.copytree(PLACE / "clean", tmp_path / "model")
    config = settings(model=str(tmp_path / "model"))
    state = next(event.state for event in scan(config) if isinstance(event, Checkpoint))
    weights = "unet/diffusion_pytorch_model.safetensors"
    shutil.copy(PLACE / "backdoored" / weights, tmp_path / "model" / weights)
    with pytest.raises(AssayError, match="changed"):
        collect(scan, config, state)


def test_a_resumed_scan_works_where_the_folder_was_moved(tmp_path):
    state = next(event.state for event in scan(settings(model=str(PLACE / "clean"))) if isinstance(event, Checkpoint))
    shutil.copytree(PLACE / "clean", tmp_path / "elsewhere")
    assert collect(scan, settings(model=str(tmp_path / "elsewhere")), state)[1].exit_code in (0, 1, 3)


def test_the_sweep_tries_four_rules_and_paired_noise():
    names = [search.name for search in plan_of(settings(attack="sweep", steps=None), starter()).searches]
    assert names == ["λ 0.5 from −U", "λ 0.5 from ±U", "λ 1 from −U", "λ 1 from ±U", "paired noise"]


def test_the_authors_row_is_one_search_with_their_numbers():
    preset = find_task("diffusion.scan").presets["paper-baddiffusion"]
    config = ScanConfig(**dict(preset.values))
    plan = plan_of(config, starter())
    (search,) = plan.searches
    assert search.rule is not None
    assert (search.rule.ratio, search.rule.start, search.rule.steps, search.rule.batch) == (0.5, "-U", 100, 100)
    assert not plan.redraw and not plan.early_stop and not plan.early_verdict
    assert [(view.name, view.steps, view.clip) for view in plan.views] == [("DDPM", 1000, False)]
    limits = limits_of(config)
    assert limits.share == limits.energy == float("inf"), "the ratio alone decides"


def test_one_sampler_is_stochastic_and_unclipped_the_other_neither():
    views = plan_of(ScanConfig(), starter()).views
    assert [(view.steady, view.clip) for view in views] == [(False, False), (True, True)]


def test_clipping_both_ways_gives_every_sampler_that_can_clip_two_views():
    names = [view.name for view in plan_of(ScanConfig(clip="both"), starter()).views]
    assert names == ["DDIM η 1", "DDIM η 1, clipped", "DDIM η 0", "DDIM η 0, clipped"]
    solver = ScanConfig(clip="both", stochastic="none", deterministic="UNIPC-SCHED")
    assert [view.clip for view in plan_of(solver, starter()).views] == [False]


def test_a_score_model_is_searched_by_its_own_rule_only():
    model = blank("ncsn", 1, 16, seed=0)
    plan = plan_of(ScanConfig(attack="ve", paired=False), model)
    assert [search.name for search in plan.searches] == ["λ 0.5 from +U"]
    assert [view.name for view in plan.views] == ["ancestral", "Score SDE", "probability flow"]
    sweep = plan_of(ScanConfig(paired=False), model).searches
    assert [search.name for search in sweep] == ["λ 0.5 from +U, short", "λ 0.5 from +U"]
    assert len(plan_of(ScanConfig(paired=False, start="zeros"), model).searches) == 1
    with pytest.raises(AssayError, match="score models"):
        plan_of(ScanConfig(attack="ode"), model)
    with pytest.raises(AssayError, match="score models"):
        plan_of(ScanConfig(attack="ve"), starter())


def test_a_score_model_is_scanned_to_a_verdict(tmp_path):
    from app.models.diffusion_writing import model_files, save_diffusion

    save_diffusion(model_files(blank("ncsn", 1, 16, seed=0)), tmp_path / "score")
    result = run(settings(model=str(tmp_path / "score"), attack="ve", score_steps=2))[1]
    assert result.details["word"] in ("no sign", "backdoored", "suspicious", "inconclusive")


def test_no_error_rate_is_claimed_for_kinds_and_sizes_that_were_not_measured(monkeypatch):
    from app.engines.diffusion import verdicts

    assert "not measured" not in verdicts.error_rate_note(starter())
    assert "not measured" in verdicts.error_rate_note(blank("ddpm", 1, 32, seed=0))
    monkeypatch.setattr(verdicts, "MEASURED", {})
    assert "not measured" in verdicts.error_rate_note(starter())


def test_settings_that_leave_no_evidence_are_refused():
    task = find_task("diffusion.scan")
    with pytest.raises(AssayError, match="no evidence"):
        task.parse({"stochastic": "none", "deterministic": "none"})
    with pytest.raises(AssayError, match="paired noise"):
        task.parse({"decision": "paired", "paired": False})


def test_names_that_are_no_model_say_so(tmp_path):
    with pytest.raises(AssayError, match="no built-in model"):
        model_folder("builtin:other")
    with pytest.raises(AssayError, match="2 models"):
        model_folder("one|two")
    with pytest.raises(AssayError):
        run(settings(model=str(tmp_path)))


def test_pickled_weights_are_converted_only_where_that_was_agreed(tmp_path):
    import torch
    from safetensors.torch import load_file

    shutil.copytree(PLACE / "clean", tmp_path / "model")
    weights = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    config = settings(model=str(tmp_path / "model"))
    with pytest.raises(AssayError, match="pickled"):
        run(config)
    assert run(config.model_copy(update={"convert_pickles": True}))[1].exit_code in (0, 1, 3)
    assert not weights.exists(), "nothing is written into the folder given"


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "word"),
    [("clean_a", "no sign"), ("clean_b", "no sign"), ("bad_sde_a", "backdoored"), ("bad_sde_b", "backdoored"),
     ("bad_ode_a", "backdoored")],
)  # fmt: skip
def test_models_trained_by_others_are_judged_rightly(shared: Path, name, word):
    folder = shared / "golden" / "elijah" / "zoo" / name
    assert run(ScanConfig(model=str(folder), seed=5, **ONE_SEED))[1].details["word"] == word


def test_no_shift_is_searched_in_a_model_that_ignores_its_input():
    from app.engines.diffusion.scanning import SeedScan

    model = starter()
    dead = blank("ddpm", 1, 16, seed=0)
    for parameter in dead.unet.parameters():
        parameter.data.zero_()
    with pytest.raises(AssayError, match="does not depend"):
        list(SeedScan(replace(model, unet=dead.unet), plan_of(settings(), model), 0).records())
