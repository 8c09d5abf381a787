"""Reads what stands in a run folder, of this version or an older one, without ever changing it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from app.core import AssayError, Result
from app.runs.encoding import dumps
from app.runs.storage import Disk

FORMAT = 1
RUN = "run.json"
NOTES = "notes.json"
RESULT = "result.json"
LARGEST = 64 * 1024 * 1024

Fields = dict[str, Any]

MIGRATIONS: dict[int, Callable[[Fields], Fields]] = {}
"""From the fields of format n to those of n + 1; applied in memory whenever an old run is read."""

EMPTY: Mapping[str, Any] = {
    "task": "",
    "name": "",
    "config": {},
    "inputs": {},
    "created": 0.0,
    "state": "interrupted",
    "pid": None,
    "pid_started": None,
    "host": "",
    "attempts": 0,
    "after": 0,
    "device": "",
    "error": None,
    "exit": None,
    "versions": {},
    "session": False,
    "sweep": None,
    "baseline": None,
    "token": "",
    "owner": None,
}
"""Every field of run.json with the value that it has where an old or damaged file lacks it."""


def read_run(folder: Path, migrations: Mapping[int, Callable[[Fields], Fields]] = MIGRATIONS) -> Fields:
    """run.json in today's form; raises AssayError where it is missing, damaged or from a newer Assay."""
    fields = read_object(folder / RUN)
    version = fields.get("format", 0)
    if not isinstance(version, int) or version > FORMAT:
        raise AssayError(
            "This run was made by a newer version of Assay",
            where=folder.name,
            why=f"its format is {version}; this version reads up to {FORMAT}",
            remedy="Update Assay to open it.",
        )
    for number in range(version, FORMAT):
        fields = migrations[number](fields) if number in migrations else fields
    return {**EMPTY, **_fitting(fields), "id": folder.name, "format": FORMAT}


def write_run(folder: Path, fields: Mapping[str, Any], disk: Disk) -> None:
    disk.replace(folder / RUN, dumps(dict(fields)))


def read_notes(folder: Path) -> Fields:
    """What the user said about the run; empty where that is missing or damaged."""
    try:
        return read_object(folder / NOTES)
    except AssayError:
        return {}


def read_result(folder: Path) -> Result | None:
    """What the task returned; None while it has not, or where the file is damaged."""
    try:
        return Result.model_validate(read_object(folder / RESULT))
    except (AssayError, ValidationError):
        return None


def read_object(path: Path) -> Fields:
    """The JSON mapping in a file; raises AssayError that says what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise AssayError(f"{path.name} is too large to be what it says", where=path.parent.name)
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise AssayError(f"{path.name} is missing", where=path.parent.name) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise AssayError(f"{path.name} cannot be read", where=path.parent.name, why=str(error)) from error
    if not isinstance(value, dict):
        raise AssayError(f"{path.name} does not hold a mapping", where=path.parent.name)
    return value


def inside(folder: Path, name: object) -> Path | None:
    """The file that an event names, if it lies in the run folder (links included); None for one that leads out."""
    if not isinstance(name, str) or not name:
        return None
    path, root = (folder / name).resolve(), folder.resolve()
    return path if path.is_relative_to(root) and path != root else None


def _fitting(fields: Fields) -> Fields:
    """Without the known fields whose value has a type that today's readers would stumble over."""
    return {
        name: value
        for name, value in fields.items()
        if name not in EMPTY
        or EMPTY[name] is None
        or isinstance(value, float if (kind := type(EMPTY[name])) is float else kind)
        or (isinstance(EMPTY[name], float) and isinstance(value, int))
    }
