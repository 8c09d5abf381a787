"""The zoo run whole, at sizes that say nothing of detection: every kind is trained, written, scanned and repaired."""

import pytest

from app.core import Artifact, Checkpoint, Image, Stopped, Table, collect
from app.engines.diffusion.references import read_references
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tasks_zoo import zoo
from app.engines.diffusion.zoo_configs import ZooConfig
from app.models.diffusion import load_diffusion
from app.models.diffusion_writing import save_diffusion

TINY = {
    "base_updates": 2, "updates": 10, "autoencoder_updates": 2, "batch": 4, "scan_seeds": 1, "scan_images": 10,
    "scan_steps": 2, "sampling_steps": 2, "images": 10, "quality_images": 16, "removal_updates": 10, "device": "cpu",
}  # fmt: skip


def tables(events):
    return {event.name: event for event in events if isinstance(event, Table)}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "attack"), [("ldm", "baddiffusion"), ("ldm", "villan_ode"), ("ncsn", "villan_sde")])
def test_latent_and_score_models_go_the_whole_way(tmp_path, kind, attack):
    attacks = {"baddiffusion": False, "villan_sde": False, "villan_ode": False, attack: True}
    config = ZooConfig(ddpm=False, **{kind: True}, **attacks, clean_per_kind=1, **TINY)
    events, result = collect(zoo, config)
    made = {event.name: event.source for event in events if isinstance(event, Artifact)}
    (tmp_path / "references.json").write_text(made.pop("references.json"), encoding="utf-8")
    found = read_references(tmp_path / "references.json")
    assert {model.name for model in found.models} == set(made) and {model.kind for model in found.models} == {kind}
    assert set(made) == {f"{kind}-clean-1", f"{kind}-{attack.replace('_', '-')}-1"}
    for name, files in made.items():
        save_diffusion(files, tmp_path / name)
        model = load_diffusion(tmp_path / name)
        assert model.kind == kind and bool(model.source.test_model) == ("clean" not in name)
        assert (model.autoencoder is not None) == (kind == "ldm")
    found = tables(events)
    assert len(found["zoo/models"].rows) == 2 and len(found["zoo/removal"].rows) == 1
    judged = {f"found/{which}/{scan}" for which in ("clean", "shifted") for scan in ("ours", "reference")}
    assert {event.name for event in events if isinstance(event, Image)} == {"zoo/clean", "zoo/triggered"} | judged
    assert "of 1 backdoored" in result.verdict and not result.partial


@pytest.mark.slow
def test_backdoors_that_lead_to_many_pictures_go_the_whole_way():
    values = {**TINY, "baddiffusion": False, "villan_ode": False, "trojdiff_d2d": True, "clean_per_kind": 1}
    events, result = collect(zoo, ZooConfig(**values, reference_scan=False))
    models, removal = (tables(events)[name] for name in ("zoo/models", "zoo/removal"))
    assert [row[2] for row in models.rows] == ["clean", "TrojDiff, In-D2D", "TrojDiff, Out-D2D"]
    success, error = models.columns.index("success"), removal.columns.index("MSE before")
    assert all(0 <= row[success] <= 1 for row in models.rows[1:])
    assert len(removal.rows) == 2 and all(row[error] is None for row in removal.rows)
    assert "as like the target's real pictures" in result.methods and "of 2 backdoored" in result.verdict


@pytest.mark.slow
def test_rounds_go_through_all_kinds_again():
    attacks = {"baddiffusion": False, "villan_ode": False}
    values = {**TINY, **attacks, "ldm": True, "clean_per_kind": 3, "removal": "none"}
    events, result = collect(zoo, ZooConfig(**values, reference_scan=False))
    rows = tables(events)["zoo/models"].rows
    assert len(rows) == result.details["models"] == 6 and {row[1] for row in rows} == {"DDPM", "LDM"}


@pytest.mark.slow
def test_dropped_models_are_scanned_and_counted_by_what_they_say_of_themselves():
    values = {**TINY, "models": str(PLACE), "removal": "all", "reference_scan": False}
    events, result = collect(zoo, ZooConfig(**values))
    found = tables(events)
    assert [row[0] for row in found["zoo/models"].rows] == ["backdoored", "clean"]
    assert [row[0] for row in found["zoo/removal"].rows] == ["backdoored"]
    assert "of 1 backdoored" in result.verdict and [e.name for e in events if isinstance(e, Artifact)] == [
        "references.json"
    ]


def test_a_zoo_that_is_stopped_says_how_far_it_came():
    run = zoo(ZooConfig(**TINY))
    for event in run:
        if isinstance(event, Checkpoint):
            break
    with pytest.raises(StopIteration) as end:
        run.throw(Stopped())
    assert end.value.value.partial and "0 of" in end.value.value.verdict
