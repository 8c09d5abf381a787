"""A bug report as one zip: what happened, without keys, without the user's data, without the name of their home."""

import io
import json
import platform
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import app
from app.core import AssayError
from app.runs.evidence import confined
from app.runs.redaction import Redact, redact_record, redactor
from app.runs.settings import load_settings
from app.runs.storage import Disk
from app.runs.store import Store

LARGEST_TAIL = 2_000_000
"""Bytes of the end of a long log: what went wrong is said last."""

TEXTS = {
    "run.json": "settings, machine and versions of the run",
    "events.jsonl": "what the run reported",
    "console.log": "what it printed",
    "crash.log": "where it crashed",
    "result.json": "its result",
}


@dataclass(frozen=True)
class Entry:
    """A file of the bundle, as the user is shown it before anything is saved."""

    name: str
    size: int
    what: str


def bundle_contents(store: Store, run: str, redact: Redact | None = None) -> tuple[Entry, ...]:
    """What `save_bundle` would write for `run`, with sizes before compression. Pictures and data are never in it."""
    return tuple(Entry(name, len(data), what) for name, data, what in _files(store, run, redact or _redactor()))


def save_bundle(store: Store, run: str, target: Path, redact: Redact | None = None) -> Path:
    """Write the zip to `target` and return it; raises AssayError when that place cannot be written.

    `redact` removes the known keys and the home folder: `Secrets.redactor(home=Path.home())`.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, _ in _files(store, run, redact or _redactor()):
            archive.writestr(name, data)
    try:
        Disk().replace(target, packed.getvalue())
    except OSError as error:
        raise AssayError(
            "The bundle could not be saved",
            where=str(target),
            why=error.strerror or str(error),
            remedy="Choose another place.",
        ) from error
    return target


def _redactor() -> Redact:
    return redactor(home=Path.home())


def _files(store: Store, run: str, redact: Redact) -> list[tuple[str, bytes, str]]:
    folder = store.folder(run)
    files = []
    for name, what in TEXTS.items():
        if confined(folder, name, 1 << 62) is not None:
            files.append((name, _redacted(folder / name, redact), what))
    settings = redact_record(load_settings().settings.model_dump(mode="json"), redact)
    about = {
        "assay": app.__version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "machine": platform.machine(),
        "qt": _version_of("PySide6"),
        "torch": _version_of("torch"),
    }
    files.append(("settings.json", _as_json(settings), "your settings"))
    files.append(("about.json", _as_json(about), "versions of Assay, Python and the system"))
    return files


def _redacted(path: Path, redact: Redact) -> bytes:
    """The end of the text in `path`, redacted line by line; a JSON line also by the names of its fields."""
    with open(path, "rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - LARGEST_TAIL))
        text = file.read(LARGEST_TAIL).decode("utf-8", "replace")
    lines = text.splitlines()[1:] if size > LARGEST_TAIL else text.splitlines()
    clean = _json_line(redact) if path.suffix in (".json", ".jsonl") else redact
    if path.suffix == ".json":
        lines = [" ".join(lines)]
    head = [f"({size - LARGEST_TAIL} earlier bytes left out)"] if size > LARGEST_TAIL else []
    return "\n".join([*head, *map(clean, lines), ""]).encode()


def _json_line(redact: Redact) -> Callable[[str], str]:
    def clean(line: str) -> str:
        try:
            return json.dumps(redact_record(json.loads(line), redact), ensure_ascii=False)
        except (ValueError, RecursionError):
            return redact(line)

    return clean


def _as_json(record: object) -> bytes:
    return json.dumps(record, indent=2, ensure_ascii=False).encode()


def _version_of(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
