"""Commands that start work: run, try, measure, resume."""

import argparse
import signal
import time
from dataclasses import asdict
from typing import Any

from app.cli.context import Context, context, print_json
from app.cli.talk import Commands
from app.cli.watch import follow
from app.core import AssayError
from app.core.task import Task
from app.data.text import size_in_words
from app.engines import find_task, load_tasks
from app.runs.config_text import read_config_text, value_from_text
from app.runs.figures import duration_text
from app.runs.states import WAITING
from app.workspaces import load_workspaces

TRY_PRESET = "try"
PAUSE = 0.05


def run(options: argparse.Namespace) -> int:
    """Queue the task with its settings, start it, follow it."""
    task = find_task(options.task)
    return start(context(options), task.name, values_of(options, task), name=options.name, detach=options.detach)


def try_it(options: argparse.Namespace) -> int:
    task, values = trial(options.workspace)
    return start(context(options), task, values, name="Try it")


def resume(options: argparse.Namespace) -> int:
    surroundings = context(options)
    identifier = surroundings.find(options.run)
    stop_on_terminate()
    with surroundings.supervisor() as supervisor:
        supervisor.resume(identifier)
        return follow(surroundings, supervisor, identifier)


def measure(options: argparse.Namespace) -> int:
    """Memory, time and disk by a few real steps; 1 when the run would not fit."""
    from app.runs.measure import measure as take

    task = find_task(options.task)
    found = take(task.name, values_of(options, task), steps=options.steps)
    if options.json:
        print_json(asdict(found))
    else:
        print(f"peak memory  {size_in_words(found.peak_rss)}")
        print(f"each step    {duration_text(found.seconds_per_step)}")
        print(f"whole run    {duration_text(found.total_seconds)}")
        print(f"disk         {size_in_words(found.disk_bytes)}")
        print(found.advice)
    return 0 if found.fits else 1


def start(surroundings: Context, task: str, values: dict[str, Any], *, name: str = "", detach: bool = False) -> int:
    """Through the same queue as the window; `detach` returns once the run has its process."""
    stop_on_terminate()
    with surroundings.supervisor() as supervisor:
        identifier = supervisor.submit(task, values, name=name)
        if not detach:
            commands = Commands(supervisor, identifier) if find_task(task).session else None
            return follow(surroundings, supervisor, identifier, commands)
        while surroundings.store.summary(identifier).state in WAITING:
            time.sleep(PAUSE)
    if surroundings.json:
        print_json({"id": identifier, "folder": str(surroundings.store.folder(identifier))})
    else:
        print(identifier)
    return 0


def values_of(options: argparse.Namespace, task: Task) -> dict[str, Any]:
    """Preset, then file, then `--set`, later ones winning. Raises AssayError that names every unknown setting."""
    values: dict[str, Any] = {}
    if options.preset:
        if options.preset not in task.presets:
            known = ", ".join(task.presets) or "it has none"
            raise AssayError(f"{task.name} has no preset “{options.preset}”", remedy=f"Known presets: {known}")
        values.update(task.presets[options.preset].values)
    if options.config:
        values.update(_from_file(options.config, task))
    fields = task.config.model_fields
    for pair in options.set:
        name, equals, text = pair.partition("=")
        if not equals:
            raise AssayError(f"“{pair}” is no setting", remedy="Write --set name=value.")
        if name not in fields:
            raise AssayError(f"{task.name} has no setting “{name}”", remedy=f"Known settings: {', '.join(fields)}")
        values[name] = value_from_text(text, fields[name].annotation)
    return values


def _from_file(path: Any, task: Task) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AssayError("The settings file cannot be read", where=str(path), why=str(error)) from error
    read = read_config_text(text, load_tasks(), task.name)
    if read.task != task.name:
        raise AssayError(
            f"The settings are for {read.task}",
            where=str(path),
            remedy=f"Run that task, or remove the task from {path.name}.",
        )
    if read.unknown:
        raise AssayError(
            f"{task.name} has no setting called {', '.join(read.unknown)}",
            where=str(path),
            remedy=f"Known settings: {', '.join(task.config.model_fields)}",
        )
    return read.values


def trial(workspace: str) -> tuple[str, dict[str, Any]]:
    """Task and settings of the workspace's Try it; raises AssayError with the workspaces there are."""
    known = trials()
    if workspace not in known:
        raise AssayError(
            f"There is no workspace “{workspace}” to try", remedy=f"Known workspaces: {', '.join(sorted(known))}"
        )
    return known[workspace]


def trials() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every workspace's Try it: as its tab declares it, else a task's preset called “try”."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for task in load_tasks().values():
        if TRY_PRESET in task.presets:
            found.setdefault(task.workspace, (task.name, dict(task.presets[TRY_PRESET].values)))
    for key, workspace in load_workspaces().items():
        task_name, values = workspace.try_it
        found[key] = (task_name, dict(values))
    return found


def stop_on_terminate() -> None:
    """A polite kill means the same as Ctrl+C: stop the run and keep what it has."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
