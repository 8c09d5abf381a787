"""What the condition t = 1 means for features: entries thrown far off, frames out of order, query words damaged."""

from typing import Literal

import torch
from torch import Tensor

Disturbance = Literal["entries", "order", "both"]

SHARE = 0.3
FAR = 3.0
"""Standard deviations by which a disturbed entry lies off (method 2.1)."""
WINDOW = 4
"""Picks within which frames change places: 2 s at the usual two per second."""


def disturb(x: Tensor, kind: Disturbance, amplitude: Tensor, generator: torch.Generator) -> Tensor:
    """A disturbed copy of features (T, d); `amplitude` (d,) is how far an entry is thrown."""
    if kind != "entries":
        x = x[shuffled_in_windows(len(x), generator)]
    return throw_entries(x, amplitude, generator) if kind != "order" else x


def throw_entries(x: Tensor, amplitude: Tensor, generator: torch.Generator) -> Tensor:
    """30 % of the entries become plus or minus `amplitude` (d,)."""
    draw = torch.rand(x.shape, generator=generator)
    # One draw serves twice: below SHARE an entry is hit, below half of SHARE its sign is minus.
    return torch.where(draw < SHARE, torch.where(draw < SHARE / 2, -amplitude, amplitude), x)


def shuffled_in_windows(length: int, generator: torch.Generator) -> Tensor:
    """An order (T,) in which frames move only inside windows of two seconds."""
    key = torch.arange(length) // WINDOW + torch.rand(length, generator=generator, dtype=torch.float64)
    return torch.argsort(key)


def amplitude_of(videos: list[Tensor]) -> Tensor:
    """(d,) three standard deviations of each dimension over all frames of `videos`."""
    return FAR * torch.cat(videos).std(0, correction=0)


def damage_words(text: str, generator: torch.Generator) -> str:
    """Each word is dropped or misspelt (two letters change places) with a chance of a quarter each; never an empty text."""
    kept = []
    for word in text.split():
        chance, place = torch.rand(2, generator=generator).tolist()
        if chance < 0.25:
            continue
        if chance < 0.5 and len(word) > 1:
            at = int(place * (len(word) - 1))
            word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        kept.append(word)
    return " ".join(kept) or text
