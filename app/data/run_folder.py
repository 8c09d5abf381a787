"""Recognise what Assay itself wrote: a run folder, a report, a preset or config; all of it may come from a stranger."""

import html
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.files import open_plain, what_is_at
from app.data.inspection import Inspection, Problem
from app.data.strict_json import parse_json, read_json
from app.data.text import listed, plain, plural, size_in_words

FORMAT = 1
RUN_FILE = "run.json"
LISTING_LIMIT = 20_000
SIZE_WARNING = 20_000_000_000
CHECKPOINT_SUFFIXES = (".safetensors", ".json")

_META = re.compile(rb"""<meta\s+name=["']assay-run["']\s+content=(?:"([^"]*)"|'([^']*)')""")
_REPORT_HEAD = 1_000_000
_ABOUT = {"task": "Task", "name": "Name", "created": "Created", "state": "State"}


def is_run_folder(folder: Path) -> bool:
    return what_is_at(folder / RUN_FILE) == "file"


def describe_run_folder(folder: Path) -> Inspection:
    """A run folder in words. Raises AssayError where its run.json is damaged or no run's."""
    record = read_json(folder / RUN_FILE)
    if not isinstance(record, dict) or not isinstance(record.get("task"), str):
        raise AssayError(f"“{plain(folder.name)}” is no Assay run", where=RUN_FILE, why="it names no task")
    found = _Contents(folder)
    problems = list(found.problems())
    version = record.get("format", FORMAT)
    if isinstance(version, int) and version > FORMAT:
        problems.append(
            Problem(
                "warning",
                f"The run was written by a newer Assay (format {version})",
                RUN_FILE,
                "Some of it may be missing",
            )
        )
    task = plain(record["task"], 80)
    return Inspection(
        kind="run-folder",
        title=plain(str(record.get("name") or folder.name), 80),
        summary=f"A run of {task}",
        path=str(folder),
        count=None,
        facts=(*_facts(record), ("Files", f"{found.files:,}, {size_in_words(found.size)}")),
        problems=tuple(problems),
        options=_options(record),
    )


def describe_settings(path: Path, kind: str) -> Inspection | None:
    """A report (kind html), preset or config (json, toml) in words; None where the file is something else.

    Raises AssayError where it is damaged.
    """
    if kind == "html":
        record = _report_record(path)
        return _settings(path, record, "report", "The report of a run") if record is not None else None
    if kind == "toml":
        record = _read_toml(path)
        return _settings(path, record, "preset", "Settings")
    record = read_json(path)
    if not isinstance(record, dict) or not isinstance(record.get("task"), str):
        return None
    return _settings(path, record, "preset", "Settings")


def _settings(path: Path, record: Mapping[str, Any], kind: str, word: str) -> Inspection:
    options = _options(record)
    task = plain(options["task"], 80)
    problems = () if task else (Problem("note", "The settings name no task; they are tried in the open workspace"),)
    return Inspection(
        kind=kind,
        title=plain(str(record.get("name") or path.name), 80),
        summary=f"{word} of {task}" if task else f"{word} with {plural(len(options['values']), 'value')}",
        path=str(path),
        count=len(options["values"]),
        facts=_facts(record),
        problems=problems,
        options=options,
    )


def _options(record: Mapping[str, Any]) -> dict[str, Any]:
    values = next((record[key] for key in ("values", "config") if isinstance(record.get(key), dict)), None)
    if values is None:
        values = {key: value for key, value in record.items() if key != "task"} if "id" not in record else {}
    return {
        "task": str(record.get("task", "")),
        "values": values,
        "run": str(record.get("id", "")),
        "name": str(record.get("name", "")),
    }


def _facts(record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((title, plain(str(record[key]), 120)) for key, title in _ABOUT.items() if record.get(key))


def _report_record(path: Path) -> dict[str, Any] | None:
    with open_plain(path) as handle:
        match = _META.search(handle.read(_REPORT_HEAD))
    if match is None:
        return None
    text = html.unescape((match.group(1) or match.group(2) or b"").decode("utf-8", "replace"))
    record = parse_json(text.encode(), where=plain(path.name))
    return record if isinstance(record, dict) else None


def _read_toml(path: Path) -> dict[str, Any]:
    with open_plain(path) as handle:
        data = handle.read(1_000_001)
    name = plain(path.name)
    if len(data) > 1_000_000:
        raise AssayError(f"“{name}” is larger than 1 MB", where=name)
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise AssayError(f"“{name}” is no valid TOML", where=name, why=plain(str(error))) from error


class _Contents:
    """Counts a run folder's files and notes what is not as Assay writes it. Links are named, never followed."""

    def __init__(self, folder: Path) -> None:
        self.files = 0
        self.size = 0
        self._links: list[str] = []
        self._special: list[str] = []
        self._foreign: list[str] = []
        self._complete = True
        for place, folders, names in os.walk(folder, followlinks=False):
            for name in (*folders, *names):
                self._note(Path(place) / name, folder)
            if self.files > LISTING_LIMIT:
                self._complete = False
                break

    def problems(self) -> list[Problem]:
        found = []
        if self._links:
            found.append(Problem("error", f"Links lead out of the run: {listed(self._links)}", count=len(self._links)))
        if self._special:
            found.append(Problem("warning", f"No plain files: {listed(self._special)}", count=len(self._special)))
        if self._foreign:
            what = f"Checkpoints that Assay did not write are never read: {listed(self._foreign)}"
            found.append(Problem("warning", what, count=len(self._foreign)))
        if self.size > SIZE_WARNING:
            found.append(Problem("warning", f"The run takes {size_in_words(self.size)}"))
        if not self._complete:
            found.append(Problem("note", f"Looked at the first {LISTING_LIMIT:,} files"))
        return found

    def _note(self, path: Path, root: Path) -> None:
        shown = plain(os.path.relpath(path, root))
        if path.is_symlink():
            self._links.append(shown)
            return
        kind = what_is_at(path)
        if kind == "folder":
            return
        self.files += 1
        if kind != "file":
            self._special.append(f"{shown} ({kind})")
            return
        self.size += path.stat().st_size
        if "checkpoints" in path.relative_to(root).parts and path.suffix not in CHECKPOINT_SUFFIXES:
            self._foreign.append(shown)
