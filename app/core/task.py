"""A task: a generator from one config through a stream of events to one result."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from pydantic import ValidationError

from app.core.config import Config
from app.core.errors import AssayError, Stopped
from app.core.events import Event, Ready, State
from app.core.result import Citation, Result

Command = Mapping[str, Any]
Run = Generator[Event, Command | None, Result]
"""What a task function returns. A session receives commands as the value of `yield Ready()`."""


@dataclass(frozen=True)
class Emits:
    """An event a task may yield, declared once. `name` may end in `*`, which stands for any ending."""

    kind: Literal["metric", "image", "audio", "array", "table", "text", "artifact"]
    name: str
    title: str = ""
    unit: str = ""
    better: Literal["higher", "lower", None] = None
    loss: bool = False

    def covers(self, kind: str, name: str) -> bool:
        if kind != self.kind:
            return False
        return name.startswith(self.name[:-1]) if self.name.endswith("*") else name == self.name


@dataclass(frozen=True)
class Preset:
    """Named values for some settings. `source` says where they come from; the paper's own presets cite it."""

    title: str
    values: Mapping[str, Any]
    note: str = ""
    source: Citation | None = None


@dataclass(frozen=True)
class Task:
    """A registered task and all that the engine, the form and the screen need to know about it."""

    name: str
    title: str
    workspace: str
    function: Callable[..., Run]
    config: type[Config]
    emits: tuple[Emits, ...] = ()
    presets: Mapping[str, Preset] = field(default_factory=dict)
    session: bool = False
    stop_on_nan: bool = True
    failed_exit: int = 1
    """What the command line returns when a run fails; a task whose verdicts use 1 takes another."""

    def start(self, config: Config, resume: State | None = None) -> Run:
        return self.function(config, resume)

    def parse(self, values: Mapping[str, Any]) -> Config:
        """Check `values` and fill in the defaults; raises AssayError that names each bad setting."""
        try:
            return self.config.model_validate(dict(values))
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg']}" for fault in error.errors()]
            raise AssayError(
                f"{len(faults)} setting{'s' * (len(faults) > 1)} of {self.name} cannot be used",
                where=self.name,
                why="; ".join(faults),
                remedy=f"Known settings: {', '.join(self.config.model_fields)}",
            ) from error

    def declaration(self, kind: str, name: str) -> Emits | None:
        return next((emits for emits in self.emits if emits.covers(kind, name)), None)


REGISTRY: dict[str, Task] = {}


def task(
    name: str,
    *,
    title: str,
    emits: tuple[Emits, ...] = (),
    presets: Mapping[str, Preset] | None = None,
    session: bool = False,
    stop_on_nan: bool = True,
    failed_exit: int = 1,
) -> Callable[[Callable[..., Run]], Callable[..., Run]]:
    """Register a generator function `f(config, resume=None)` as the task `workspace.verb`.

    The config class is read from the annotation of its first parameter. `stop_on_nan` lets the host end the run at the
    first non-finite value of a loss-like metric.
    """

    def register(function: Callable[..., Run]) -> Callable[..., Run]:
        hints = get_type_hints(function)
        REGISTRY[name] = Task(
            name=name,
            title=title,
            workspace=name.split(".")[0],
            function=function,
            config=hints["config"],
            emits=emits,
            presets=dict(presets or {}),
            session=session,
            stop_on_nan=stop_on_nan,
            failed_exit=failed_exit,
        )
        return function

    return register


def collect(
    function: Callable[..., Run],
    config: Config,
    resume: State | None = None,
    commands: list[Command] | None = None,
) -> tuple[list[Event], Result]:
    """Run a task to its end in this process: all its events, and its result.

    A session is given `commands` one by one at its `Ready` events and closed when they are used up.
    """
    waiting = list(commands or [])
    run = function(config, resume)
    events: list[Event] = []
    answer: Command | None = None
    try:
        while True:
            event = run.send(answer)
            events.append(event)
            answer = None
            if isinstance(event, Ready):
                if waiting:
                    answer = waiting.pop(0)
                else:
                    event = run.throw(Stopped())
                    events.append(event)
    except StopIteration as end:
        return events, end.value
