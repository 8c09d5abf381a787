"""Runs side by side: only the settings that differ, and each figure's effect against a pinned baseline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.core import AssayError, Citation, Figure
from app.runs.summary import RunSummary
from app.runs.sweep import Group, differing_fields, groups
from app.stats import Interval, paired_difference, unpaired_difference


@dataclass(frozen=True)
class Published:
    """What a paper reports under the same names, shown as a column of its own and never averaged with ours."""

    title: str
    figures: tuple[Figure, ...]
    source: Citation


@dataclass(frozen=True)
class Effect:
    """Difference to the baseline. `method` says in words how the interval was made, or why there is none."""

    difference: float
    interval: Interval | None
    method: str
    verdict: Literal["better", "worse", "no clear difference", "too few runs to say", ""]


@dataclass(frozen=True)
class Cell:
    figure: Figure | None
    effect: Effect | None = None
    best: bool = False


@dataclass(frozen=True)
class Row:
    """One figure over all columns."""

    name: str
    unit: str
    better: Literal["higher", "lower", None]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """`columns` are groups of runs equal but for the seed, then published figures in `published`.

    `fields` holds (name, value per group) for differing settings only; `rows` have a cell per group, then one per
    published column.
    """

    columns: tuple[Group, ...]
    titles: tuple[str, ...]
    baseline: int
    fields: tuple[tuple[str, tuple[Any, ...]], ...]
    rows: tuple[Row, ...]
    published: tuple[Published, ...] = ()


def compare(
    summaries: Iterable[RunSummary], baseline: str | None = None, published: Sequence[Published] = ()
) -> Comparison:
    """Put runs side by side; `baseline` is the id of any run in the group to compare with (else the first).

    Raises AssayError when there are fewer than two runs, or the baseline is none of them.
    """
    runs = list(summaries)
    if len(runs) < 2:
        raise AssayError("A comparison needs at least two runs", why=f"{len(runs)} given")
    columns = tuple(groups(runs))
    pinned = 0
    if baseline is not None:
        holders = [k for k, group in enumerate(columns) if any(run.id == baseline for run in group.runs)]
        if not holders:
            raise AssayError(f"The baseline “{baseline}” is not among the compared runs")
        pinned = holders[0]
    names = differing_fields([group.config for group in columns])
    return Comparison(
        columns=columns,
        titles=_titles(columns, names),
        baseline=pinned,
        fields=tuple((name, tuple(group.config.get(name) for group in columns)) for name in names),
        rows=tuple(_row(name, columns, pinned, published) for name in _figure_names(columns)),
        published=tuple(published),
    )


def effect(name: str, first: Group, second: Group) -> Effect | None:
    """`second` less `first` in the figure `name`; None when one of them lacks it."""
    a, b = _figure(first.figures, name), _figure(second.figures, name)
    if a is None or b is None:
        return None
    interval, method = _difference(name, first, second, a, b)
    return Effect(b.value - a.value, interval, method, _verdict(interval, b.value - a.value, b.better or a.better))


def _difference(name: str, first: Group, second: Group, a: Figure, b: Figure) -> tuple[Interval | None, str]:
    ours = {seed: value for seed, value in first.values(name).items() if math.isfinite(value)}
    theirs = {seed: value for seed, value in second.values(name).items() if math.isfinite(value)}
    shared = [seed for seed in ours if seed in theirs and seed is not None]
    if len(shared) >= 2 and len(shared) == len(ours) == len(theirs):
        pairs = paired_difference([ours[seed] for seed in shared], [theirs[seed] for seed in shared])
        return pairs, f"paired by seed, 95 % t interval, n = {len(shared)}"
    if len(ours) >= 2 and len(theirs) >= 2:
        return unpaired_difference(list(ours.values()), list(theirs.values())), (
            f"unpaired, 95 % Welch interval, n = {len(ours)} and {len(theirs)}"
        )
    if len(ours) == len(theirs) == 1 and a.interval is not None and b.interval is not None:
        half = math.hypot(a.interval, b.interval)
        gap = b.value - a.value
        return Interval(gap, gap - half, gap + half, a.n + b.n), (
            "from both intervals over samples, as if independent; other seeds were not tried"
        )
    return None, "one run against one: no interval without more seeds"


def _verdict(
    interval: Interval | None, difference: float, better: Literal["higher", "lower", None]
) -> Literal["better", "worse", "no clear difference", "too few runs to say", ""]:
    if interval is None:
        return "too few runs to say"
    if not interval.excludes(0):
        return "no clear difference"
    if better is None:
        return ""
    return "better" if (difference > 0) == (better == "higher") else "worse"


def _row(name: str, columns: Sequence[Group], baseline: int, published: Sequence[Published]) -> Row:
    figures = [_figure(group.figures, name) for group in columns]
    printed = [_figure(column.figures, name) for column in published]
    model = next(figure for figure in figures if figure is not None)
    values = [figure.value for figure in figures if figure is not None and math.isfinite(figure.value)]
    top = None
    if model.better and len(set(values)) > 1:
        top = max(values) if model.better == "higher" else min(values)
    cells = [
        Cell(
            figure,
            effect(name, columns[baseline], group) if k != baseline else None,
            figure is not None and top is not None and figure.value == top,
        )
        for k, (group, figure) in enumerate(zip(columns, figures, strict=True))
    ]
    return Row(name, model.unit, model.better, (*cells, *(Cell(figure) for figure in printed)))


def _titles(columns: Sequence[Group], names: Sequence[str]) -> tuple[str, ...]:
    """What tells a column from the others: its own name where the runs have different ones, else what differs."""
    titles = []
    for group in columns:
        own = {run.name for run in group.runs}
        said = ", ".join(f"{name} {_short(group.config.get(name))}" for name in names[:3])
        titles.append(own.pop() if len(own) == 1 and all(own) else said or group.task)
    if len(set(titles)) == len(titles):
        return tuple(titles)
    return tuple(
        f"{title} ({', '.join(f'{name} {_short(group.config.get(name))}' for name in names[:3]) or group.runs[0].id})"
        for title, group in zip(titles, columns, strict=True)
    )


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 24 else f"…{text[-23:]}"


def _figure(figures: Iterable[Figure], name: str) -> Figure | None:
    return next((figure for figure in figures if figure.name == name), None)


def _figure_names(columns: Iterable[Group]) -> list[str]:
    return list(dict.fromkeys(figure.name for group in columns for figure in group.figures))


def as_dict(comparison: Comparison) -> Mapping[str, Any]:
    """The comparison as JSON-ready values, for the command line."""
    return {
        "baseline": comparison.titles[comparison.baseline],
        "columns": [
            {"title": title, "runs": [run.id for run in group.runs], "n": group.n}
            for title, group in zip(comparison.titles, comparison.columns, strict=True)
        ],
        "fields": {name: list(values) for name, values in comparison.fields},
        "figures": [
            {
                "name": row.name,
                "unit": row.unit,
                "better": row.better,
                "cells": [_cell_dict(cell) for cell in row.cells],
            }
            for row in comparison.rows
        ],
        "published": [{"title": column.title, "source": column.source.text} for column in comparison.published],
    }


def _cell_dict(cell: Cell) -> dict[str, Any]:
    record: dict[str, Any] = {"best": cell.best}
    if cell.figure is not None:
        record |= {"value": cell.figure.value, "interval": cell.figure.interval, "n": cell.figure.n}
    if cell.effect is not None:
        gap = cell.effect.interval
        record["effect"] = {
            "difference": cell.effect.difference,
            "low": gap.low if gap else None,
            "high": gap.high if gap else None,
            "method": cell.effect.method,
            "verdict": cell.effect.verdict,
        }
    return record
