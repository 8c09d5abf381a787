"""What is known of a model beforehand: from its own settings and card, or from the notes of the zoo it lies in."""

from pathlib import Path

from app.core.errors import AssayError
from app.data.diffusion_folder import ModelFolder
from app.data.strict_json import read_json
from app.data.text import plain
from app.engines.diffusion.claimed_truth import truth_of
from app.engines.diffusion.zoo import CLEAN, UNKNOWN

NOTES = "zoo.json"
"""Beside the model folders: {model: {"attack": "none" or what it was made with}}."""


def known_truth(source: ModelFolder) -> str:
    """“clean”, the attack that the model was made with, or “unknown”. Claims are believed: they judge, not decide."""
    said = truth_of(source)
    return _noted(source.root) if said == UNKNOWN else said


def _noted(root: Path) -> str:
    try:
        notes = read_json(root.parent / NOTES)
    except (AssayError, OSError):
        return UNKNOWN  # most folders have no such notes
    told = notes.get(root.name) if isinstance(notes, dict) else None
    attack = told.get("attack") if isinstance(told, dict) else None
    if not isinstance(attack, str) or not attack:
        return UNKNOWN
    return CLEAN if attack == "none" else plain(attack, 80)
