"""Panels as plain data: which events a panel of a workspace shows, and how."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Reference:
    """A published or baseline figure drawn as a dashed grey line at `value`, with its text and its source."""

    value: float
    text: str
    source: str = ""


@dataclass(frozen=True)
class Plot:
    """Curves of the metrics whose names match `metrics` (patterns such as "train/*")."""

    title: str
    metrics: tuple[str, ...] | str
    log_y: bool = False
    log_x: bool = False
    unit: str = ""
    y_range: tuple[float, float] | None = None
    references: tuple[Reference, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    """Words for metric names: (("train/loss", "training loss"), …)."""
    step_title: str = "step"
    empty: str = ""


@dataclass(frozen=True)
class Images:
    """A grid of the pictures whose event name matches `name`. `columns` = 0 fits as many as there is room for."""

    title: str
    name: str
    columns: int = 0
    thumbnail: int = 128
    latest_only: bool = False
    """Show only the pictures of the newest step."""
    compare: tuple[str, ...] = ()
    """Two event names to lay over each other in the viewer, such as ("before", "after")."""
    empty: str = ""


@dataclass(frozen=True)
class TableOf:
    """The latest table called `name`. `better` says for columns which value is best: (("accuracy", "higher"), …)."""

    title: str
    name: str
    better: tuple[tuple[str, Literal["higher", "lower"]], ...] = ()
    empty: str = ""


@dataclass(frozen=True)
class Heatmap:
    """The latest array (rows × columns) called `name`; its `labels` name the rows and the columns."""

    title: str
    name: str
    row_title: str = ""
    column_title: str = ""
    diverging: bool = False
    unit: str = ""
    empty: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal bars from the table `name`: columns label, value and, if present, interval, n, reference, note."""

    title: str
    name: str
    unit: str = ""
    references: tuple[Reference, ...] = ()
    empty: str = ""


@dataclass(frozen=True)
class TextOf:
    """The texts whose event name matches `name`, newest step shown, earlier ones one key away."""

    title: str
    name: str
    mono: bool = False
    empty: str = ""


@dataclass(frozen=True)
class LogOf:
    """The lines a run wrote: its log events and its findings."""

    title: str
    empty: str = ""


@dataclass(frozen=True)
class Custom:
    """A panel of its own class: `factory` is "package.module:Class", made with (title, theme)."""

    title: str
    consumes: tuple[tuple[str, str], ...]
    factory: str


Declaration = Plot | Images | TableOf | Heatmap | Bars | TextOf | LogOf | Custom


def consumes(declaration: Declaration) -> tuple[tuple[str, str], ...]:
    """The (kind, name pattern) pairs of the events that a declared panel shows."""
    match declaration:
        case Plot(metrics=str(pattern)):
            return (("metric", pattern),)
        case Plot(metrics=patterns):
            return tuple(("metric", pattern) for pattern in patterns)
        case Images(name=name):
            return (("image", name),)
        case TableOf(name=name) | Bars(name=name):
            return (("table", name),)
        case Heatmap(name=name):
            return (("array", name),)
        case TextOf(name=name):
            return (("text", name),)
        case LogOf():
            return (("log", "*"), ("warn", "*"))
        case Custom(consumes=pairs):
            return pairs
