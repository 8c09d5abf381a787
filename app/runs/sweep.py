"""Sweeps: lists of runs over chosen values and seeds, and seeds folded into one line with an interval."""

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import AssayError, Figure
from app.core.task import Task
from app.runs.config_text import value_from_text
from app.runs.states import RunState
from app.runs.summary import RunSummary

SEED = "seed"
MOST_RUNS = 10_000


def expand(
    values: Mapping[str, Any], over: Mapping[str, Sequence[Any]], seeds: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """Every combination of `over` × `seeds` on top of `values`; the last field changes fastest, seeds fastest of all.

    Raises AssayError for an empty list of values, or for more than 10 000 runs.
    """
    axes = {**over, **({SEED: list(seeds)} if seeds else {})}
    for name, choices in axes.items():
        if not choices:
            raise AssayError(
                f"The sweep has no values for “{name}”", remedy="Give at least one value, or leave it out."
            )
    count = math.prod(len(choices) for choices in axes.values())
    if count > MOST_RUNS:
        raise AssayError(f"This sweep would make {count} runs", why=f"at most {MOST_RUNS} are allowed")
    return [{**values, **dict(zip(axes, chosen, strict=True))} for chosen in itertools.product(*axes.values())]


def parse_over(task: Task, text: str) -> tuple[str, list[Any]]:
    """Read `field=v1,v2,…`; a value that itself holds commas is written as JSON: `classes=[0,1],[0,7]`.

    Raises AssayError when the task has no such field.
    """
    name, _, choices = text.partition("=")
    if name not in task.config.model_fields:
        raise AssayError(
            f"{task.name} has no setting “{name}”", remedy=f"Known settings: {', '.join(task.config.model_fields)}"
        )
    annotation = task.config.model_fields[name].annotation
    return name, [value_from_text(choice, annotation) for choice in _split(choices)]


def parse_seeds(text: str) -> list[int]:
    """Read `0-4` or `0,3,7-9`; raises AssayError when it is neither."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or (dash and int(last) < int(first)):
            raise AssayError(f"“{text}” is no list of seeds", remedy="Write 0-4 or 0,3,7.")
        if dash and int(last) - int(first) >= MOST_RUNS:
            raise AssayError(f"“{text}” is too many seeds", why=f"at most {MOST_RUNS} runs are allowed")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


def check(task: Task, configs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each config checked and made complete before any is queued; raises AssayError for the first bad one."""
    return [task.parse(values).model_dump(mode="json") for values in configs]


@dataclass(frozen=True)
class Group:
    """Runs that are equal but for their seed. `figures` are means over the finished ones, with 95 % t intervals."""

    task: str
    config: dict[str, Any]
    runs: tuple[RunSummary, ...]
    figures: tuple[Figure, ...]

    @property
    def seeds(self) -> tuple[Any, ...]:
        return tuple(run.config.get(SEED) for run in self.runs)

    @property
    def n(self) -> int:
        return len(self.runs)

    def values(self, figure: str) -> dict[Any, float]:
        """The figure of each run that has it, by seed."""
        return {run.config.get(SEED): shown.value for run in self.runs for shown in run.figures if shown.name == figure}

    def states(self) -> tuple[RunState, ...]:
        return tuple(run.state for run in self.runs)


def groups(summaries: Iterable[RunSummary]) -> list[Group]:
    """Fold runs of one task that differ in nothing but the seed, in the order in which they first appear."""
    found: dict[str, list[RunSummary]] = {}
    for run in summaries:
        config = {name: value for name, value in run.config.items() if name != SEED}
        found.setdefault(json.dumps([run.task, config], sort_keys=True, default=str), []).append(run)
    return [_group(tuple(runs)) for runs in found.values()]


@dataclass(frozen=True)
class SweepTable:
    """One row per combination: the swept fields, how many runs are finished, then each figure."""

    fields: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[tuple[Group, tuple[Any, ...], tuple[Figure | None, ...]], ...]


def table(summaries: Iterable[RunSummary]) -> SweepTable:
    """What a sweep found so far; fields that are the same everywhere are left out."""
    folded = groups(summaries)
    fields = differing_fields([group.config for group in folded])
    names = tuple(dict.fromkeys(figure.name for group in folded for figure in group.figures))
    rows = []
    for group in folded:
        by_name = {figure.name: figure for figure in group.figures}
        rows.append((group, tuple(group.config.get(name) for name in fields), tuple(map(by_name.get, names))))
    return SweepTable(fields, names, tuple(rows))


def differing_fields(configs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Names whose values are not the same in all `configs`, in the order of the first config that has them."""
    names = dict.fromkeys(name for config in configs for name in config)
    absent = object()
    return tuple(name for name in names if any(c.get(name, absent) != configs[0].get(name, absent) for c in configs))


def _group(runs: tuple[RunSummary, ...]) -> Group:
    config = {name: value for name, value in runs[0].config.items() if name != SEED}
    collected: dict[str, list[Figure]] = {}
    for run in runs:
        for figure in run.figures:
            collected.setdefault(figure.name, []).append(figure)
    return Group(runs[0].task, config, runs, tuple(_fold(figures) for figures in collected.values()))


def _fold(figures: list[Figure]) -> Figure:
    """Mean over runs. A single run keeps its own interval, which is over its samples."""
    finite = [figure.value for figure in figures if math.isfinite(figure.value)]
    if len(figures) == 1 or not finite:
        return figures[0]
    from app.stats import mean_interval  # brings numpy, which the list of runs and the first paint do without

    interval = mean_interval(finite)
    lost = len(figures) - len(finite)
    return figures[0].model_copy(
        update={
            "value": interval.centre,
            "interval": interval.half if math.isfinite(interval.half) else None,
            "n": len(finite),
            "note": f"mean over {len(finite)} seeds" + (f"; {lost} without a finite value left out" if lost else ""),
        }
    )


def _split(text: str) -> list[str]:
    """Split at commas that are not inside brackets or quotation marks."""
    parts, depth, quoted, current = [], 0, False, ""
    for letter in text:
        if letter == '"':
            quoted = not quoted
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0 and not quoted:
            parts.append(current)
            current = ""
        else:
            current += letter
    return [part.strip() for part in [*parts, current] if part.strip()]
