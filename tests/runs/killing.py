"""Kills runs in the middle, and reads what they had told in the end."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.runs import processes
from app.runs.store import Store
from app.runs.supervisor import Supervisor
from tests.runs.waiting import until

LASTING = frozenset({"metric", "array", "table", "text", "image", "artifact"})
"""Kinds of events that a run is read by afterwards."""
LIMIT = 400.0
"""Seconds after which a run that should take some is taken for stuck, on a busy machine too."""


@contextmanager
def supervised(folder: Path) -> Iterator[Supervisor]:
    """A supervisor of a new store in `folder`, whose processes are gone afterwards."""
    store = Store(folder)
    made = Supervisor(store, warm=False)
    try:
        yield made
    finally:
        tokens = [str(store.run(run)["token"]) for run in store.ids()]
        made.close(stop_runs=False)
        for token in filter(None, tokens):
            processes.end_tree(None, None, token, kill=True)


def finished(supervisor: Supervisor, task: str, values: Mapping[str, Any]) -> str:
    """A run that nobody disturbed, when it is over."""
    run = supervisor.submit(task, values)
    assert supervisor.wait(run, LIMIT).state == "done"
    return run


def killed(supervisor: Supervisor, task: str, values: Mapping[str, Any], *moments: Callable[[str], object]) -> str:
    """A run that was killed and resumed at each of `moments` in turn, when it is over; a moment gets the run's name."""
    store = supervisor.store
    run = supervisor.submit(task, values)
    for moment in moments:
        until(lambda moment=moment: moment(run), limit=LIMIT, step=supervisor.pump)
        os.kill(store.run(run)["pid"], 9)
        until(lambda: store.summary(run).state == "interrupted", limit=30, step=supervisor.pump)
        supervisor.resume(run)
    assert supervisor.wait(run, LIMIT).state == "done"
    return run


def events(store: Store, run: str) -> list[dict[str, Any]]:
    """What the log holds so far; the line that is being written is left out."""
    log = store.folder(run) / "events.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def stages(store: Store, run: str) -> list[str]:
    return [event["name"] for event in events(store, run) if event["k"] == "stage"]


def count(store: Store, run: str, name: str) -> int:
    """Events of that name so far; those that a resume took back count, too."""
    return sum(event.get("name") == name for event in events(store, run))


def told(store: Store, run: str) -> list[tuple[dict[str, Any], dict[str, bytes]]]:
    """All that lasts, without what a resume took back: fields of each event, and the bytes of its files."""
    kept: list[dict[str, Any]] = []
    for event in events(store, run):
        if event["k"] == "resumed":
            kept = [each for each in kept if each["n"] <= event["after"]]
        elif event["k"] in LASTING:
            kept.append(event)
    return [_content(store.folder(run), event) for event in kept]


def newest(store: Store, run: str, name: str, part: str = "") -> bytes:
    """The artifact of that name which the log names last; of a folder the file `part`."""
    files = [event["file"] for event in events(store, run) if event["k"] == "artifact" and event["name"] == name]
    return (store.folder(run) / files[-1] / part).read_bytes()


def _content(folder: Path, event: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    # Files are named after the event's number, which differs after a resume.
    fields = {name: value for name, value in event.items() if name not in ("n", "t", "file")}
    if "file" not in event:
        return fields, {}
    path = folder / event["file"]
    parts = sorted(path.rglob("*.*")) if path.is_dir() else [path]
    return fields, {str(part.relative_to(path)): part.read_bytes() for part in parts if part.is_file()}
