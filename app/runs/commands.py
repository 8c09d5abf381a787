"""Asks a running host for something: one small file per command, taken in order and removed by the host."""

import itertools
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from app.core import AssayError
from app.runs.encoding import dumps
from app.runs.storage import TEMPORARY, Disk

FOLDER = "commands"
STOP = "stop"
LARGEST = 32 * 1024 * 1024

_count = itertools.count()


def ask(folder: Path, command: Mapping[str, Any], disk: Disk) -> None:
    """Leave `command` (a mapping with "name") for the host of the run in `folder`."""
    if not isinstance(command.get("name"), str) or not command["name"]:
        raise AssayError("A command needs a name", remedy='Give a mapping such as {"name": "stop"}.')
    data = dumps(dict(command))
    if len(data) > LARGEST:
        raise AssayError("The command is too large", remedy="Save big things as files and name them.")
    disk.make_folder(folder / FOLDER)
    disk.create(folder / FOLDER / f"{time.time_ns():020d}-{os.getpid()}-{next(_count)}.json", data)


def stop_asked(folder: Path) -> bool:
    """Whether a stop request lies there unread."""
    return any(command.get("name") == STOP for _, command in waiting(folder))


def waiting(folder: Path, known: frozenset[str] | set[str] = frozenset()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The commands that lie there, oldest first, with their files; those in `known` and damaged ones left out."""
    try:
        names = sorted(os.listdir(folder / FOLDER))
    except OSError:
        return
    for name in names:
        if name in known or name.endswith(TEMPORARY) or not name.endswith(".json"):
            continue
        path = folder / FOLDER / name
        try:
            command = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            continue
        if isinstance(command, dict) and isinstance(command.get("name"), str):
            yield path, command


def clear(folder: Path, disk: Disk) -> None:
    """Drop what nobody will read any more: a new attempt must not find the stop request of the last."""
    for path, _ in list(waiting(folder)):
        disk.remove(path)
