"""The removal: the starter's backdoor is trained away, the source stays, and every fault of the user is said."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from app.core import Artifact, AssayError, Checkpoint, Log, Metric, Stage, Stopped, Table, collect
from app.data.diffusion_folder import read_diffusion_folder
from app.engines.diffusion.clean_images import clean_images
from app.engines.diffusion.metrics import attack_success
from app.engines.diffusion.picturing import Shifted, drawn, pictures
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.repairing import Look, read_shift, scan_settings, views_of
from app.engines.diffusion.rounds import Round
from app.engines.diffusion.starting import PLACE
from app.engines.diffusion.tasks_remove import remove
from app.engines.diffusion.tiny import corner
from app.engines.diffusion.triggers import box
from app.engines.diffusion.verdicts_remove import repaired_files
from app.models.diffusion import load_diffusion
from app.models.diffusion_writing import save_diffusion

TINY = {
    "steps": 10, "batch": 4, "warm_up": 2, "check_every": 5, "sampling_steps": 2, "images": 10, "quality_images": 16,
    "synthetic": 64, "rescan_seeds": 0, "scan_steps": 10, "device": "cpu",
}  # fmt: skip
SHORT = {
    "steps": 200, "batch": 12, "warm_up": 40, "sampling_steps": 50, "quality_images": 32, "synthetic": 64,
    "scan_steps": 90,
}  # fmt: skip


def shift_file(folder: Path, tau: torch.Tensor) -> str:
    save_file({"tau": tau}, folder / "shift.safetensors")
    return str(folder / "shift.safetensors")


def backdoored():
    return load_diffusion(PLACE / "backdoored")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_starters_backdoor_is_trained_away(tmp_path):
    events, result = collect(remove, RemoveConfig(rescan_seeds=1, device="cpu", **SHORT))
    assert result.details["word"] == "no sign" and result.exit_code == 0
    files = next(event for event in events if isinstance(event, Artifact) and event.role == "diffusion-model").source
    save_diffusion(files, tmp_path / "repaired")
    target, trigger = corner(1, 16) / 2 + 0.5, box(1, 16, 7, 0.0)[None]
    forced = {}
    for name, model in (("before", backdoored()), ("after", load_diffusion(tmp_path / "repaired"))):
        view = views_of(RemoveConfig(), model)[0]
        *_, last = drawn(model, view, 16, 77, Shifted(trigger))
        forced[name] = attack_success(pictures(model, last.x), target, 0.05)
    assert forced["before"] >= 0.9 and forced["after"] <= 1 / 16
    assert read_diffusion_folder(tmp_path / "repaired").test_model, "the mark of a test model stays"
    rows = next(event for event in events if isinstance(event, Table) and event.name == "repair").rows
    assert {row[0] for row in rows} >= {"still forced by the shift", "Fréchet-PCA, noise alone"}


def test_the_folder_given_stays_as_it_was(tmp_path):
    before = {path: path.read_bytes() for path in (PLACE / "backdoored").rglob("*.*")}
    collect(remove, RemoveConfig(shift=shift_file(tmp_path, -torch.ones(1, 1, 16, 16)), **TINY))
    assert before == {path: path.read_bytes() for path in (PLACE / "backdoored").rglob("*.*")}


@pytest.mark.slow
def test_nothing_is_changed_where_no_shift_is_found(monkeypatch):
    from app.engines.diffusion import scanning
    from app.engines.diffusion.detector import Verdict

    monkeypatch.setattr(scanning, "judge", lambda *_: Verdict("no sign", "none", "no rule fired"))
    events, result = collect(remove, RemoveConfig(model="builtin:starter-clean", **TINY))
    assert "nothing was changed" in result.verdict
    assert not any(isinstance(event, Artifact) for event in events)


def searched(shift: str, **changed: object):
    """What a removal says, its notes, and whether it searched for a shift itself."""
    events, result = collect(remove, RemoveConfig(shift=shift, **{**TINY, **changed}))
    own = any(isinstance(event, Stage) and event.name.startswith("seed") for event in events)
    return list(events), " ".join(result.notes), own


def first_look(events):
    """The first pictures that the removed shift makes."""
    return next(event.pixels for event in events if getattr(event, "name", "").startswith("before/triggered/"))


def test_a_given_shift_that_forces_the_pictures_is_the_one_that_is_removed(tmp_path):
    events, notes, own = searched(shift_file(tmp_path, box(1, 16, 7, 0.0)[None]), sampling_steps=20)
    assert not own and "stronger" not in notes
    assert not any(isinstance(event, Log) and "stronger" in event.text for event in events)


def test_where_a_given_shift_forces_little_a_stronger_one_is_searched_for(tmp_path, monkeypatch):
    from app.engines.diffusion import judging

    weak = shift_file(tmp_path, torch.zeros(1, 1, 16, 16))
    events, notes, own = searched(weak)
    told = next(event.text for event in events if isinstance(event, Log) and "a stronger one is searched" in event.text)
    assert own and "makes 0% of the pictures" in told and "a stronger one was searched for and removed" in notes
    monkeypatch.setattr(judging.Judged, "alike", -1.0)
    kept, notes, own = searched(weak)
    assert own and "may not be the backdoor" in notes
    for otherwise in ({"stronger": False}, {"loss": "exact"}):
        asked, notes, own = searched(weak, **otherwise)
        assert not own and "alike" not in notes and (first_look(asked) == first_look(kept)).all()


def test_a_shift_under_which_the_model_breaks_is_refused(tmp_path):
    for stronger in (True, False):
        with pytest.raises(AssayError, match="not finite"):
            searched(shift_file(tmp_path, torch.full((1, 1, 16, 16), 1e30)), stronger=stronger)


def test_shifts_of_other_searches_that_force_most_pictures_are_trained_beside_the_best(monkeypatch):
    from app.engines.diffusion import judging

    monkeypatch.setattr(judging, "_alike", lambda evidence, search: 1.0)
    events, _ = collect(remove, RemoveConfig(**{**TINY, "scan_steps": 90, "sampling_steps": 20}))
    state = next(event.state for event in events if isinstance(event, Checkpoint) and "remover" in event.state)
    assert len(state["beside"]) == 1 and len(state["remover"]["roaming"]["shifts"]) == 2


def test_a_shift_roams_where_it_was_measured_to_help():
    assert [RemoveConfig().reach_for(kind) for kind in ("ddpm", "ldm", "ncsn")] == [0.5, 0.5, 0.0]
    assert RemoveConfig(loss="exact").reach_for("ddpm") == 0


def test_the_card_and_the_methods_tell_of_the_roaming_shift(tmp_path):
    strong = shift_file(tmp_path, box(1, 16, 7, 0.0)[None])
    for reach, told in ((30.0, True), (0.0, False)):
        settings = RemoveConfig(shift=strong, stronger=False, reach=reach, **TINY)
        events, result = collect(remove, settings)
        files = next(
            event for event in events if isinstance(event, Artifact) and event.role == "diffusion-model"
        ).source
        assert ("roams" in result.methods) == ("Reach around the shift" in files["README.md"].decode()) == told


def test_a_removal_begun_before_there_was_a_roaming_shift_goes_on_without_it(tmp_path):
    settings = {"shift": shift_file(tmp_path, -torch.ones(1, 1, 16, 16)), "stronger": False, **TINY}
    straight, _ = collect(remove, RemoveConfig(reach=0.0, **settings))
    states = [event.state for event in straight if isinstance(event, Checkpoint) and "remover" in event.state]
    old = {**states[1], "remover": {k: v for k, v in states[1]["remover"].items() if k != "roaming"}}
    resumed, _ = collect(remove, RemoveConfig(**settings), old)
    tables = [next(event for event in told if isinstance(event, Table)).rows for told in (straight, resumed)]
    assert tables[0] == tables[1]


def test_a_shift_of_another_model_is_refused(tmp_path):
    with pytest.raises(AssayError, match="does not belong"):
        read_shift(Path(shift_file(tmp_path, torch.zeros(1, 3, 32, 32))), backdoored())
    with pytest.raises(AssayError, match="not finite"):
        read_shift(Path(shift_file(tmp_path, torch.full((1, 1, 16, 16), torch.nan))), backdoored())


def test_the_users_pictures_take_the_models_size_and_range():
    made = clean_images("builtin:digits", backdoored(), 0.1, seed=0)
    assert made.shape == (180, 1, 16, 16)
    assert made.min() >= -1 and made.max() <= 1 and made.min() < -0.9


def test_colour_pictures_become_grey_for_a_grey_model(tmp_path):
    generator = np.random.default_rng(0)
    for number in range(64):
        pixels = generator.integers(0, 255, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    assert clean_images(str(tmp_path), backdoored(), 1.0, seed=0).shape == (64, 1, 16, 16)


def test_too_few_pictures_and_tables_are_refused(tmp_path):
    with pytest.raises(AssayError, match="no pictures"):
        clean_images("builtin:iris", backdoored(), 1.0, seed=0)
    for number in range(3):
        Image.fromarray(np.full((16, 16), number, np.uint8)).save(tmp_path / f"{number}.png")
    with pytest.raises(AssayError, match="too few"):
        clean_images(str(tmp_path), backdoored(), 1.0, seed=0)


def test_after_denoising_through_the_shift_its_energy_is_no_evidence():
    taught = scan_settings(RemoveConfig(), backdoored(), 1, 1, repaired=True)
    assert taught.energy_limit > 1 and taught.early_verdict
    assert scan_settings(RemoveConfig(loss="exact"), backdoored(), 1, 1, repaired=True).energy_limit == 0.1
    assert scan_settings(RemoveConfig(), backdoored(), 1, 1, repaired=False).energy_limit == 0.1


def test_a_removal_stopped_before_its_first_look_gives_no_model_out(tmp_path):
    tau = -torch.ones(1, 1, 16, 16)
    run = remove(RemoveConfig(shift=shift_file(tmp_path, tau), **{**TINY, "steps": 20, "check_every": 10}))
    while not (isinstance(event := next(run), Metric) and event.name == "removal/shift"):
        assert not isinstance(event, Artifact)
    with pytest.raises(StopIteration) as end:
        run.throw(Stopped())
    assert "nothing was changed" in end.value.value.verdict and end.value.value.partial


def test_the_card_of_a_repaired_model_does_not_call_it_clean():
    model = load_diffusion(PLACE / "clean")
    look = Look(torch.zeros(2, 1, 16, 16), torch.zeros(2, 1, 16, 16), torch.zeros(1, 16, 16), 1.0)
    card = repaired_files(model, Round(look, look, model.unet.state_dict(), 10, ""), RemoveConfig())["README.md"]
    assert "backdoor_test_model" not in card.decode()
