"""The curves of a report: metrics that belong together on one picture, a table of values behind each."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from app.core.task import Emits, Task
from app.runs.curve import Level, Reference, Series, colour, dash, draw
from app.runs.evidence import Curve
from app.runs.figures import number
from app.stats import t_quantile

MOST_SERIES = 7
MOST_ROWS = 60

Clean = Callable[[str], str]


@dataclass(frozen=True)
class LegendEntry:
    name: str
    colour: str
    dash: str


@dataclass(frozen=True)
class Chart:
    """A picture, its legend, and at most 60 rows of (step, value of each series)."""

    title: str
    svg: Markup
    legend: tuple[LegendEntry, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int
    remarks: tuple[str, ...] = ()


def run_charts(
    curves: Mapping[str, Curve],
    task: Task | None,
    clean: Clean,
    references: Mapping[str, Sequence[Level]],
) -> list[Chart]:
    """One chart per family of metrics: `loss/train` and `loss/validation` share one if their units agree."""
    families: dict[tuple[object, ...], list[str]] = {}
    for name in curves:
        declared = _declared(task, name)
        stem = name.rpartition("/")[0] or name
        key = (stem, declared.unit, declared.better, declared.loss) if declared else (stem,)
        families.setdefault(key, []).append(name)
    charts = []
    for names in families.values():
        for first in range(0, len(names), MOST_SERIES):
            chosen = names[first : first + MOST_SERIES]
            series = [Series(clean(name), curves[name].step, curves[name].value) for name in chosen]
            levels = [level for name in chosen for level in references.get(name, ())]
            charts.append(_chart(_title(task, chosen, clean), series, _declared(task, chosen[0]), levels, clean))
    return charts


def comparison_charts(
    columns: Sequence[tuple[str, Sequence[Mapping[str, Curve]]]],
    task: Task | None,
    clean: Clean,
    references: Mapping[str, Sequence[Level]],
) -> list[Chart]:
    """One chart per metric with a line per column; several seeds become their mean with a 95 % band."""
    names = dict.fromkeys(name for _, runs in columns for run in runs for name in run)
    charts = []
    for name in names:
        series = []
        for title, runs in columns:
            having = [run[name] for run in runs if name in run]
            if having:
                series.append(fold(clean(title), having))
        for first in range(0, len(series), MOST_SERIES):
            part = series[first : first + MOST_SERIES]
            charts.append(
                _chart(_title(task, [name], clean), part, _declared(task, name), references.get(name, ()), clean)
            )
    return charts


def fold(name: str, curves: Sequence[Curve]) -> Series:
    """Mean over seeds at the steps that all of them have, with the half width of its 95 % t interval."""
    if len(curves) == 1:
        return Series(name, curves[0].step, curves[0].value)
    steps = curves[0].step
    for curve in curves[1:]:
        steps = np.intersect1d(steps, curve.step)
    values = np.stack([_at(curve, steps) for curve in curves])
    n = len(curves)
    half = t_quantile(0.975, n - 1) * values.std(axis=0, ddof=1) / math.sqrt(n)
    return Series(f"{name} (mean of {n})", steps, values.mean(axis=0), half)


def _at(curve: Curve, steps: np.ndarray) -> np.ndarray:
    """The last value logged at each of `steps`."""
    last = dict(zip(curve.step.tolist(), curve.value.tolist(), strict=True))
    return np.array([last[step] for step in steps.tolist()], dtype=float)


def _chart(
    title: str, series: Sequence[Series], declared: Emits | None, levels: Sequence[Level], clean: Clean
) -> Chart:
    log_y = _spans_decades(series) if declared is not None and declared.loss else False
    levels = [Reference(level.value, clean(level.text), clean(level.source)) for level in levels]
    unit = declared.unit if declared else ""
    svg = draw(series, title=title, unit=unit, log_y=log_y, references=levels)
    rows, left_out = _rows(series)
    remarks = [f"{level.text}: {level.source}" for level in levels if level.source]
    lost = sum(int((~np.isfinite(line.y)).sum()) for line in series)
    if lost:
        remarks.append(
            f"{lost} value{'s are' if lost > 1 else ' is'} not finite and leave{'' if lost > 1 else 's'} a gap."
        )
    if log_y:
        remarks.append("Logarithmic scale.")
    if any(line.band is not None for line in series):
        remarks.append("Shaded: 95 % t interval of the mean over seeds.")
    legend = tuple(LegendEntry(line.name, colour(k), dash(k)) for k, line in enumerate(series))
    return Chart(title, svg, legend, rows, left_out, tuple(remarks))


def _rows(series: Sequence[Series]) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Steps spread evenly from first to last."""
    lookups = [dict(zip(line.x.tolist(), line.y.tolist(), strict=True)) for line in series]
    steps = sorted({step for lookup in lookups for step in lookup})
    chosen = np.linspace(0, len(steps) - 1, min(len(steps), MOST_ROWS))
    shown = [steps[round(k)] for k in chosen]
    rows = tuple(
        (number(step), *(number(lookup[step]) if step in lookup else "" for lookup in lookups)) for step in shown
    )
    return rows, len(steps) - len(shown)


def _spans_decades(series: Sequence[Series]) -> bool:
    """Whether all values are above 0 and their range covers two powers of ten."""
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in series])
    return bool(len(values)) and float(values.min()) > 0 and float(values.max() / values.min()) > 100


def _declared(task: Task | None, name: str) -> Emits | None:
    return task.declaration("metric", name) if task else None


def _title(task: Task | None, names: Sequence[str], clean: Clean) -> str:
    declared = _declared(task, names[0])
    if len(names) == 1:
        if declared and declared.title and not declared.name.endswith("*"):
            return clean(declared.title)
        return clean(names[0])
    return clean(names[0].rpartition("/")[0] or names[0])
