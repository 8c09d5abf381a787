"""What a model says itself of a backdoor: in its settings, or on its card."""

import re

from app.data.diffusion_folder import MARK, ModelFolder
from app.data.files import head_of, what_is_at
from app.engines.diffusion.zoo import CLEAN, UNKNOWN

OTHER = "other backdoor"
CARD = "README.md"
CARD_HEAD = 4096
"""Bytes of a card that are looked at: its front matter is at the top."""
_D2D = re.compile(r"\b(in|out)-d2d\b")
"""TrojDiff that leads to many pictures is one attack, whether blended or a patch."""
_CLEAN_MARK = re.compile(rf"^{MARK}: false\s*$", re.MULTILINE)


def truth_of(source: ModelFolder) -> str:
    """The attack that a model's settings name, “clean” where its card says so, else “unknown”."""
    if source.test_model:
        return attack_in(source.test_model)
    card = source.root / CARD
    if what_is_at(card) != "file":
        return UNKNOWN
    head = head_of(card, CARD_HEAD).decode("utf-8", "replace")
    return CLEAN if _CLEAN_MARK.search(head) else UNKNOWN


def attack_in(words: str) -> str:
    """The attack that a description names; `OTHER` for one that is not made here."""
    low = words.lower().strip()
    if low in ("none", CLEAN):
        return CLEAN
    if low == UNKNOWN:
        return UNKNOWN
    if "trojdiff" in low:
        many = _D2D.search(low)
        if many is not None:
            return f"trojdiff-{many[1]}-d2d"
        return "trojdiff-patch" if "patch" in low else "trojdiff-blend"
    if "villan" in low:
        return "villan-ode" if "ode" in low.replace("model", "") else "villan-sde"
    return "baddiffusion" if "baddiffusion" in low else OTHER
