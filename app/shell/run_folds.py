"""Which runs belong together in the list: those of a sweep, and those equal but for their seed. Knows no screen."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.core import Figure
from app.runs.figures import figure_text
from app.runs.plain_text import one_line
from app.runs.states import BADGES, WAITING, RunState
from app.runs.summary import RunSummary
from app.runs.sweep import SEED, groups

SWEEP = "sweep:"


@dataclass(frozen=True)
class Fold:
    """Runs under one line. `state` is the one that most deserves to be seen."""

    key: str
    title: str
    words: str
    state: RunState
    runs: tuple[str, ...]


class Folds:
    """Remembers what each run is folded under: its settings are frozen, so that is worked out once."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def key(self, summary: RunSummary) -> str:
        """Equal for runs that belong together; safe to ask in a worker thread."""
        known = self._keys.get(summary.id)
        if known is None:
            known = self._keys[summary.id] = SWEEP + summary.sweep if summary.sweep else _settings(summary)
        return known

    def prepare(self, summaries: list[RunSummary]) -> list[RunSummary]:
        """Work all keys out, where nobody waits; gives the list back."""
        for summary in summaries:
            self.key(summary)
        return summaries

    def arrange(
        self, summaries: Iterable[RunSummary], order: Mapping[str, int], unfolded: Collection[str]
    ) -> tuple[list[str], dict[str, list[str]]]:
        """Rows (ids of runs and keys of folds) and the runs of each fold.

        Runs that wait come first, the next to start on top (`order` is their place in the queue); the others follow
        as they came. A fold stands where its first run would; `unfolded` ones are followed by their runs.
        """
        fitting = list(summaries)
        waiting = sorted((s for s in fitting if s.state in WAITING), key=lambda s: order.get(s.id, len(order)))
        listed = [*waiting, *(s for s in fitting if s.state not in WAITING)] if waiting else fitting
        together: dict[str, list[RunSummary]] = {}
        for summary in listed:
            together.setdefault(self.key(summary), []).append(summary)
        folds = {key: [run.id for run in runs] for key, runs in together.items() if _worth_a_fold(key, runs)}
        rows: list[str] = []
        begun: set[str] = set()
        for summary in listed:
            key = self._keys[summary.id]
            if key not in folds:
                rows.append(summary.id)
            elif key not in begun:
                begun.add(key)
                rows += [key, *folds[key]] if key in unfolded else [key]
        return rows, folds


def fold_of(key: str, runs: Sequence[RunSummary]) -> Fold:
    """The line over `runs`: how many there are, how they stand, and their mean with its interval."""
    parts = groups(runs)
    name = one_line(runs[-1].name or runs[-1].task)
    if key.startswith(SWEEP):
        title = f"Sweep: {len(runs)} runs" + (f" of {len(parts)} settings" if len(parts) > 1 else "")
    else:
        title = f"{name} × {len(runs)} seeds"
    counted = Counter(run.state for run in runs)
    state = next(state for state in SEEN_FIRST if state in counted)
    standing = " · ".join(f"{count} {BADGES[state][1]}" for state, count in counted.items())
    figure = _headline([part.figures[0] for part in parts if part.figures])
    words = f"{figure.name} {figure_text(figure)}" if figure is not None else ""
    if words and len(parts) > 1:
        words = f"best {words}"
    whole = len(counted) == 1 and state == "done"
    return Fold(key, title, words if words and whole else " · ".join(filter(None, (standing, words))), state,
                tuple(run.id for run in runs))  # fmt: skip


SEEN_FIRST: tuple[RunState, ...] = (
    "running", "stopping", "starting", "failed", "interrupted", "queued", "held", "stopped", "done",
)  # fmt: skip


def _settings(summary: RunSummary) -> str:
    config = summary.config if isinstance(summary.config, Mapping) else {}
    rest = {name: value for name, value in config.items() if name != SEED}
    return json.dumps([summary.task, rest], sort_keys=True, default=str)


def _worth_a_fold(key: str, runs: Sequence[RunSummary]) -> bool:
    """The same seed twice says nothing about spread, so such runs stay apart."""
    if len(runs) < 2:
        return False
    return key.startswith(SWEEP) or len({str(run.config.get(SEED)) for run in runs}) == len(runs)


def _headline(figures: Sequence[Figure]) -> Figure | None:
    if not figures or len({figure.name for figure in figures}) > 1:
        return None
    if len(figures) > 1 and figures[0].better is None:
        return None
    return min(figures, key=lambda f: f.value) if figures[0].better == "lower" else max(figures, key=lambda f: f.value)
