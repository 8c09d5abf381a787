"""Drives a registered task as the host would, and keeps what it said in a form that can be compared bit for bit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core import Checkpoint, Config, Event, Ready, Result, Stopped
from app.core.task import Task
from app.engines import find_task
from app.runs.checkpoints import checkpoint_files, restore
from app.runs.encoding import Encoder
from tests.contract_cases import Case

LIMIT = 20_000
"""Events after which a tiny run is taken for endless."""


@dataclass(frozen=True)
class Told:
    """One event: its line of the log as JSON, the bytes of its files, and the state where it is a checkpoint."""

    kind: str
    name: str
    line: str
    files: tuple[tuple[str, bytes], ...]
    state: Mapping[str, Any] | None = None

    @property
    def content(self) -> tuple[str, tuple[tuple[str, bytes], ...]]:
        return self.line, self.files


@dataclass(frozen=True)
class Story:
    """All that a run said, and its result."""

    told: tuple[Told, ...]
    result: Result

    def checkpoints(self) -> list[int]:
        return [place for place, each in enumerate(self.told) if each.state is not None]

    def after(self, place: int, kinds: frozenset[str]) -> list[tuple[str, tuple[tuple[str, bytes], ...]]]:
        return [each.content for each in self.told[place + 1 :] if each.kind in kinds]


def tell(event: Event) -> Told:
    """The event as the log would hold it. Its number is left out, so that equal events are equal."""
    files: dict[str, bytes] = {}

    def save(path: str, data: bytes) -> None:
        files[path] = bytes(data)

    def copy(source: Path, path: str) -> None:
        if source.is_dir():
            files.update({f"{path}/{part.relative_to(source)}": part.read_bytes() for part in source.rglob("*.*")})
        else:
            files[path] = source.read_bytes()

    fields = Encoder(save, copy).fields(event, 0)
    state = None
    if isinstance(event, Checkpoint):
        state = restore(*checkpoint_files(event.state))
    line = json.dumps(fields, allow_nan=False, sort_keys=True)
    return Told(fields["k"], str(fields.get("name", "")), line, tuple(sorted(files.items())), state)


def play(
    task: Task, config: Config, case: Case, resume: Mapping[str, Any] | None = None, stop_at: int = LIMIT
) -> Story:
    """Run to the end. A session gets the commands of its case, then is stopped; `stop_at` stops after so many events."""
    run = task.start(config, resume)
    commands = [dict(command) for command in case.commands]
    told: list[Told] = []
    answer: dict[str, Any] | None = None
    stopped = False
    try:
        while True:
            event = run.send(answer)
            told.append(tell(event))
            assert len(told) < LIMIT, "the run has no end"
            answer = commands.pop(0) if isinstance(event, Ready) and commands else None
            finished = isinstance(event, Ready) and answer is None
            if not stopped and (finished or len(told) >= stop_at):
                stopped = True
                told.append(tell(run.throw(Stopped())))
                answer = None
    except StopIteration as end:
        return Story(tuple(told), end.value)
    except Stopped:
        return Story(tuple(told), Result(verdict="stopped", partial=True))


def prepared(case: Case, folder: Path) -> dict[str, Any]:
    """The settings of a case; what it needs from another task is made first, under `folder`."""
    values = dict(case.values)
    if case.needs is not None:
        name, settings, role = case.needs
        values["model"] = str(made(name, settings, role, folder))
    return case.adapt(values, folder) if case.adapt is not None else values


def made(name: str, settings: Mapping[str, Any], role: str, folder: Path) -> Path:
    """Run a task and write the artifact of `role` that it made; the path of it."""
    task = find_task(name)
    for told in play(task, task.parse(settings), Case(settings)).told:
        fields = json.loads(told.line)
        if told.kind == "artifact" and fields["role"] == role:
            for path, data in told.files:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            return folder / fields["file"]
    raise AssertionError(f"{name} made no artifact of role {role}")
