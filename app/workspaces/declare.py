"""What a workspace is, as plain data: its question, its tasks, its panels, and what may be dropped on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.widgets.declare import Declaration, Reference, consumes

References = Callable[[str, Mapping[str, Any]], Mapping[str, Sequence[Reference]]]
"""(task, settings) → published or baseline figures by metric, drawn as reference lines."""


@dataclass(frozen=True)
class Page:
    """One page of the centre: rows of panels. `tasks` are those whose runs open on it first."""

    title: str
    rows: tuple[tuple[Declaration, ...], ...]
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """A task that panels talk to while it stays loaded.

    `field` of its config takes the artifact of `role` that the selected run made; `missing` says that it made none.
    With `newest_only` a command that still waits gives way to a later one (a pen that moves); else each is sent.
    """

    task: str
    role: str
    field: str
    missing: str = "There is no trained model to ask"
    newest_only: bool = True


@dataclass(frozen=True)
class Step:
    """One step of the tour: what to look at (a name the page knows) and what to know about it."""

    target: str
    text: str


@dataclass(frozen=True)
class Workspace:
    """A tab. `accepts` maps kinds of dropped data to the (task, setting) they fill."""

    key: str
    title: str
    question: str
    tasks: tuple[str, ...]
    try_it: tuple[str, Mapping[str, Any]]
    pages: tuple[Page, ...]
    try_it_seconds: int = 60
    accepts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()
    send_to: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    """Artifact role → (words, task, setting) of tasks that take it."""
    references: References | None = None
    tour: tuple[Step, ...] = ()

    @property
    def primary(self) -> str:
        """The task that the form shows first."""
        return self.tasks[0]

    def shown(self) -> tuple[tuple[str, str], ...]:
        """The (kind, name pattern) pairs of all events that some panel shows."""
        return tuple(pair for page in self.pages for row in page.rows for panel in row for pair in consumes(panel))
