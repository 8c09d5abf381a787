"""Published figures as columns of a comparison: which of our figures they stand beside, and where they come from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.core import Citation, Figure
from app.core.task import Task
from app.runs.compare import Published
from app.widgets.declare import Reference


def published_columns(
    references: Mapping[str, Sequence[Reference]], ours: Iterable[Figure], task: Task | None
) -> tuple[Published, ...]:
    """One column for each text among `references` (metric → levels). A level without a figure of ours is left out."""
    known = {figure.name: figure for figure in ours}
    columns: dict[tuple[str, str], list[Figure]] = {}
    for metric, levels in references.items():
        like = next((known[name] for name in _names(metric, task) if name in known), None)
        if like is None:
            continue
        for level in levels:
            # What others print is no mean over our runs: neither interval nor n.
            figure = Figure(name=like.name, value=level.value, unit=like.unit, better=like.better)
            columns.setdefault((level.text, level.source), []).append(figure)
    return tuple(Published(text, tuple(figures), citation(source)) for (text, source), figures in columns.items())


def citation(source: str) -> Citation:
    """A source as text, with the address in it as its link."""
    found = next((word.rstrip(".,;)") for word in source.split() if word.startswith("https://")), "")
    return Citation(text=source or "published", link=found)


def _names(metric: str, task: Task | None) -> list[str]:
    """Names under which a figure may go that is the end of this metric's curve."""
    declared: Any = task.declaration("metric", metric) if task is not None else None
    names = [metric, declared.title if declared else "", metric.removesuffix("/test"), metric.replace("/", " ")]
    return [name for name in names if name]
