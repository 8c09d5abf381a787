"""What a person decided about each analysed video; it outlives a look at another one, and the program."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.engines.video.cutting import Choices, choices_from

LASTING = ("vmax", "budget", "value", "weights", "keep", "drop")
"""Choices that the panel can change."""
MOST = 50


class Decisions:
    """By the folder of the analysis: two runs on one video are decided about apart, as their shots may differ."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Any]] = {}

    def keep(self, analysis: Path | None, given: Choices, decided: Choices) -> None:
        """Remember what differs from what the run itself chose; nothing, where nothing differs."""
        if analysis is None:
            return
        self._kept.pop(str(analysis), None)
        if decided == given:
            return
        values = {name: value for name, value in asdict(decided).items() if name in LASTING}
        self._kept[str(analysis)] = {"given": _shot_rule(given), "choices": values}
        for oldest in list(self._kept)[:-MOST]:
            del self._kept[oldest]

    def of(self, analysis: Path | None, given: Choices) -> dict[str, Any]:
        """Choices by name for `Bench.change`; pins are left out where the run now finds its shots otherwise."""
        entry = self._kept.get(str(analysis))
        if entry is None:
            return {}
        known = {name: value for name, value in entry["choices"].items() if name in LASTING}
        if entry["given"] != _shot_rule(given):
            known = {name: value for name, value in known.items() if name not in ("vmax", "keep", "drop")}
        choices = choices_from(known)
        return {name: getattr(choices, name) for name in known}

    def as_state(self) -> dict[str, Any]:
        """For JSON."""
        return dict(self._kept)

    def restore(self, state: object) -> None:
        """Take what `as_state` gave; entries of another form are passed over."""
        if isinstance(state, Mapping):
            for analysis, entry in state.items():
                if isinstance(entry, Mapping) and isinstance(entry.get("choices"), Mapping):
                    self._kept[str(analysis)] = {"given": entry.get("given"), "choices": dict(entry["choices"])}


def _shot_rule(choices: Choices) -> list[Any]:
    """What decides which frames shot number k holds, in the form that JSON gives back."""
    cut_times = [float(time) for time in choices.cut_times]
    return [
        choices.shots, choices.vmax, choices.shot_count, choices.shortest_shot, choices.longest_shot,
        choices.shot_length, choices.sensitivity, choices.refine, choices.longest_clip, cut_times,
    ]  # fmt: skip
