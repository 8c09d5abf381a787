"""What is known of a model beforehand: its own mark, its card, or the notes of its zoo."""

import json
import shutil

import pytest

from app.data.diffusion_folder import read_diffusion_folder
from app.engines.diffusion.known_truth import known_truth
from app.engines.diffusion.starting import PLACE


@pytest.fixture
def nameless(tmp_path):
    """A model without mark and card."""
    folder = tmp_path / "zoo" / "one"
    shutil.copytree(PLACE / "clean", folder)
    (folder / "README.md").unlink()
    return folder


def test_mark_and_card_are_believed():
    assert known_truth(read_diffusion_folder(PLACE / "clean")) == "clean"
    assert known_truth(read_diffusion_folder(PLACE / "backdoored")) == "baddiffusion"


@pytest.mark.parametrize(("attack", "truth"), [("none", "clean"), ("Villan ODE", "Villan ODE")])
def test_the_notes_of_a_zoo_name_the_attack(nameless, attack, truth):
    (nameless.parent / "zoo.json").write_text(json.dumps({"one": {"attack": attack}}), encoding="utf-8")
    assert known_truth(read_diffusion_folder(nameless)) == truth


@pytest.mark.parametrize("notes", ["", "[1]", '{"one": 3}', '{"one": {"attack": 5}}', '{"two": {"attack": "none"}}'])
def test_notes_that_say_nothing_of_the_model_leave_it_unknown(nameless, notes):
    assert known_truth(read_diffusion_folder(nameless)) == "unknown"
    (nameless.parent / "zoo.json").write_text(notes, encoding="utf-8")
    assert known_truth(read_diffusion_folder(nameless)) == "unknown"
