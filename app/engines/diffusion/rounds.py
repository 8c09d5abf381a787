"""The rounds of a removal: each trains a shift away, and the scan that follows may find the shift of the next one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from app.engines.diffusion.detector import ALARMS
from app.engines.diffusion.repairing import Look

FROM_BEST = ("no sign", "", "inconclusive", *ALARMS)
"""Verdicts of a scan, the best first; empty where there was none."""


@dataclass(frozen=True)
class Round:
    """One round: looks before and after it under its shift, its best weights, and what the scan that followed says.

    `after` is None and `word` empty where it did not come that far; `updates` are its own and those of rounds before.
    """

    before: Look
    after: Look | None
    weights: Mapping[str, Any]
    updates: int
    word: str

    @classmethod
    def of(cls, state: Mapping[str, Any], earlier: int = 0) -> "Round":
        """From what a checkpoint holds of it, after `earlier` updates of other rounds."""
        remover, after = state["remover"], state.get("after")
        return cls(
            Look.of(state["before"]),
            None if after is None else Look.of(after),
            remover["best"],
            earlier + int(remover["step"]),
            str(state.get("word", "")),
        )

    @property
    def rank(self) -> tuple[int, float, float]:
        """The better the lower: by the scan that followed, the pictures still forced, and the quality."""
        assert self.after is not None
        quality = self.after.quality
        return FROM_BEST.index(self.word), self.after.forced, quality if math.isfinite(quality) else math.inf


def rounds_of(kept: Mapping[str, Any]) -> list[Round]:
    """All rounds of a removal's state, with the one that is under way where it has begun to train."""
    made: list[Round] = []
    for state in (*kept["rounds"], *([kept] if "remover" in kept else [])):
        made.append(Round.of(state, made[-1].updates if made else 0))
    return made


def best_of(rounds: Sequence[Round]) -> Round:
    """The best of those that were compared; the first where none was."""
    return min((each for each in rounds if each.after is not None), key=lambda each: each.rank, default=rounds[0])


def shifts_of(kept: Mapping[str, Any]) -> Tensor:
    """The shifts of all rounds, (n, c, h, w): of each the one that is looked at, and those that are trained beside it."""
    taus = [tau for each in (*kept["rounds"], kept) for tau in (each["tau"], *each.get("beside", ()))]
    return torch.cat([torch.as_tensor(tau).cpu() for tau in taus])


def begin_next(kept: dict[str, Any], shift: Tensor) -> None:
    """Put the present round with those that are over, and begin one that trains `shift` (1, c, h, w) away."""
    over: dict[str, Any] = {
        name: kept.pop(name) for name in ("tau", "beside", "before", "after", "word") if name in kept
    }
    remover = kept.pop("remover")
    over["remover"] = {"best": remover["best"], "step": remover["step"]}
    for name in ("view", "rescan"):
        kept.pop(name)
    kept["rounds"] = [*kept["rounds"], over]
    kept["tau"] = shift
