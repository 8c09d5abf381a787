"""Runs that were started together are told to the panels that sum them up, and what a run worked on goes along."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.engines.diffusion.starting import PLACE
from app.shell.together import Together
from app.workspaces import load_workspaces
from tests.shell.conftest import Open, until


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of two models, and of one that cannot be read."""
    folder = tmp_path / "downloads"
    for name in ("clean", "backdoored"):
        shutil.copytree(PLACE / name, folder / name)
    shutil.copytree(PLACE / "clean", folder / "cut short")
    weights = folder / "cut short" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    return folder


def test_a_batch_is_told_as_a_whole_and_again_when_one_of_it_changes(open_window: Open):
    window = open_window()
    window.open_tab("fake")
    configs = [{"steps": 3 + k} for k in range(3)]
    told: list[list[str]] = []
    together = Together(window.laboratory, window)
    together.changed.connect(lambda runs: told.append([summary.state for summary, _ in runs]))
    window.commands.queue_all("fake.chatty", configs)
    together.show(window.page("fake").view.run)
    until(lambda: told and len(told[-1]) == 3)
    until(lambda: told[-1] == ["done"] * 3, 60)
    together.show("")
    count = len(told)
    window.laboratory.run_changed.emit(window.page("fake").view.run)
    until(lambda: not together._timer.isActive())
    assert len(told) == count


def test_a_run_started_alone_is_a_batch_of_one(open_window: Open):
    window = open_window()
    window.open_tab("fake")
    for _ in range(2):
        window.laboratory.submit("fake.chatty", {"steps": 3})
    told: list[list[str]] = []
    together = Together(window.laboratory, window)
    together.changed.connect(lambda runs: told.append([summary.id for summary, _ in runs]))
    together.show(window.laboratory.store.ids()[0])
    until(lambda: told)
    assert told[-1] == window.laboratory.store.ids()[:1]


def test_a_folder_of_diffusion_models_is_offered_as_a_batch(open_window: Open, models: Path):
    window = open_window({"diffusion": load_workspaces()["diffusion"]})
    window.take_paths([models])
    until(lambda: window.drops.card is not None)
    card = window.drops.card
    (key, words), *_ = window.drops.targets(card.found)
    assert words == "Open in Diffusion" and "3 diffusion models" in card.found.summary
    card.chosen.emit(key, False)
    card.accept()
    page = window.page("diffusion")
    until(lambda: len(page.setup.values_for_each()) == 2)
    assert {Path(each["model"]).name for each in page.setup.values_for_each()} == {"clean", "backdoored"}


def test_what_a_run_worked_on_goes_along_with_what_it_made(open_window: Open, models: Path, tmp_path: Path):
    room = load_workspaces()["diffusion"]
    window = open_window({"diffusion": replace(room, tasks=("diffusion.scan", "diffusion.remove"))})
    window.open_tab("diffusion")
    page = window.page("diffusion")
    model = str(models / "backdoored")
    page.view.run = window.laboratory.store.create("diffusion.scan", {"model": model}, hold=True)
    page.take("diffusion.remove", "shift", str(tmp_path / "shift.safetensors"))
    values = page.setup.form.values()
    assert (values["model"], values["shift"]) == (model, str(tmp_path / "shift.safetensors"))
