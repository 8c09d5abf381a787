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
    parts: str = ""
    r"""A regular expression with two groups that divides the words of a curve, such as r"(seed \d+) (.+)".

    One part alone can then be looked at, and of many curves those with the same second part share a colour.
    """
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
    with_ending: bool = False
    """Captions begin with the part of the event name that the `*` stands for."""
    compare: tuple[str, ...] = ()
    """Two event names to lay over each other in the viewer, such as ("before", "after")."""
    empty: str = ""


@dataclass(frozen=True)
class PictureTable:
    """The newest picture of each name, side by side: a row for each of `rows` (pattern, words), a column per ending.

    ("trigger/*", "raw") puts trigger/0 and trigger/1 into the columns "0" and "1", headed by `column` and the ending.
    With `more` rows, each row can also be chosen to be shown alone; those of `more` are shown only so.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...] = ()
    column: str = ""
    empty: str = ""


@dataclass(frozen=True)
class Wipe:
    """The newest pictures of two names over each other, with a divider to drag: `before` to its left, `after` right.

    Patterns such as "before/*" and "after/*" give a choice of the endings, called `choice`; the first one is shown.
    """

    title: str
    before: str
    after: str
    words: tuple[str, str] = ("before", "after")
    choice: str = ""
    empty: str = ""


@dataclass(frozen=True)
class TableOf:
    """The latest table called `name`. `better` says for columns which value is best: (("accuracy", "higher"), …).

    With `wrap` long words go on in further lines, for tables of few rows.
    """

    title: str
    name: str
    wrap: bool = False
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


Declaration = Plot | Images | PictureTable | Wipe | TableOf | Heatmap | Bars | TextOf | LogOf | Custom


def consumes(declaration: Declaration) -> tuple[tuple[str, str], ...]:
    """The (kind, name pattern) pairs of the events that a declared panel shows."""
    match declaration:
        case Plot(metrics=str(pattern)):
            return (("metric", pattern),)
        case Plot(metrics=patterns):
            return tuple(("metric", pattern) for pattern in patterns)
        case Images(name=name):
            return (("image", name),)
        case PictureTable(rows=rows, more=more):
            return tuple(("image", pattern) for pattern, _ in (*rows, *more))
        case Wipe(before=before, after=after):
            return (("image", before), ("image", after))
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
