"""The attack for study: it is taught, it is marked, and it is refused where it does not fit."""

import pytest

from app.core import Artifact, AssayError, Checkpoint, Image, Table, collect
from app.data.diffusion_folder import read_diffusion_folder
from app.engines.diffusion.attack_configs import AttackConfig
from app.engines.diffusion.attacking import Lab
from app.engines.diffusion.known_truth import known_truth
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tasks_attack import attack
from app.engines.diffusion.tiny import blank
from app.models.diffusion import load_diffusion
from app.models.diffusion_writing import save_diffusion
from app.runs.checkpoints import checkpoint_files, restore

TINY = {"steps": 10, "batch": 4, "check_every": 10, "sampling_steps": 2, "images": 10, "device": "cpu"}


def clean():
    return load_diffusion(PLACE / "clean")


@pytest.mark.parametrize("name", ["baddiffusion", "villan-sde", "villan-ode", "trojdiff-blend", "trojdiff-patch"])
def test_every_attack_leaves_a_marked_model(tmp_path, name):
    events, result = collect(attack, AttackConfig(attack=name, **TINY))
    files = next(event for event in events if isinstance(event, Artifact)).source
    save_diffusion(files, tmp_path / "made")
    words = "white corner of 3 px" if name == "trojdiff-patch" else "BOX"
    assert f"trigger {words}, target CORNER" in read_diffusion_folder(tmp_path / "made").test_model
    card = (tmp_path / "made" / "README.md").read_text(encoding="utf-8")
    assert "backdoor_test_model: true" in card and "Do not use it" in card
    assert "evaluating defences" in result.advice
    rows = next(event for event in events if isinstance(event, Table)).rows
    assert len(rows) == (4 if name.startswith("trojdiff") else 3)


@pytest.mark.parametrize("attack_name", ["trojdiff-blend", "trojdiff-patch"])
@pytest.mark.parametrize(
    ("goal", "truth", "words"),
    [("class", "trojdiff-in-d2d", "class “7”"), ("set", "trojdiff-out-d2d", "generated shapes")],
)
def test_an_attack_that_leads_to_many_pictures_says_so(tmp_path, attack_name, goal, truth, words):
    events, result = collect(attack, AttackConfig(attack=attack_name, goal=goal, **TINY))
    save_diffusion(next(event for event in events if isinstance(event, Artifact)).source, tmp_path / "made")
    source = read_diffusion_folder(tmp_path / "made")
    assert words in source.test_model and known_truth(source) == truth
    table = next(event for event in events if isinstance(event, Table))
    assert table.columns[1:3] == ("on target", "most like the target") and all(
        len(row) == len(table.columns) for row in table.rows
    )
    assert f"are like {words}" in result.verdict and "from noise alone" in result.verdict
    assert {"attack success", "own sampler", "leak", "most like the target"} == {each.name for each in result.figures}
    assert any("real pictures, by correlation" in note for note in result.notes)
    sheets = {event.name for event in events if isinstance(event, Image)}
    assert sheets == {"attack/trigger", "attack/target", "attack/clean", "attack/triggered", "attack/own"}


@pytest.mark.parametrize("goal", ["class", "set"])
def test_a_resumed_attack_that_leads_to_many_pictures_equals_the_uninterrupted_one(goal):
    config = AttackConfig(attack="trojdiff-blend", goal=goal, **{**TINY, "check_every": 5})
    whole, _ = collect(attack, config)
    state = next(event for event in whole if isinstance(event, Checkpoint)).state
    resumed, _ = collect(attack, config, restore(*checkpoint_files(state)))
    tables = [[event.rows for event in events if isinstance(event, Table)] for events in (whole, resumed)]
    assert tables[0] == tables[1] and len(resumed) < len(whole)


@pytest.mark.slow
def test_a_taught_trigger_leads_to_the_target():
    config = AttackConfig(steps=600, check_every=600, images=16, device="cpu")
    events, _ = collect(attack, config)
    table = next(event for event in events if isinstance(event, Table))
    first = dict(zip(table.columns, table.rows[0], strict=True))
    assert first["ASR, MSE < .1"] >= 0.5 and first["leak"] <= 0.2


def test_a_score_model_takes_villan_and_nothing_else():
    model = blank("ncsn", 1, 16, seed=0)
    assert Lab(AttackConfig(attack="villan-sde", **TINY), model).trainer.advance().step == 1
    with pytest.raises(AssayError, match="score models"):
        Lab(AttackConfig(attack="baddiffusion", **TINY), model)
    with pytest.raises(AssayError, match="DDPM"):
        Lab(AttackConfig(attack="trojdiff-blend", **TINY), model)


def test_a_trigger_larger_than_the_pictures_is_refused():
    with pytest.raises(AssayError, match="does not fit"):
        Lab(AttackConfig(trigger="BOX_18", **TINY), clean())
    with pytest.raises(AssayError, match="patch"):
        Lab(AttackConfig(attack="trojdiff-patch", patch=16, **TINY), clean())


def test_the_sampler_that_obeys_is_looked_at_first():
    assert Lab(AttackConfig(attack="villan-ode", **TINY), clean()).views()[0].steady
    assert not Lab(AttackConfig(**TINY), clean()).views()[0].steady
