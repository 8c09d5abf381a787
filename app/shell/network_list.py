"""Every host that a run reached or was kept from, and why; read from the logs, where the hosts are written down."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.runs.plain_text import one_line
from app.runs.store import Store

MOST_RUNS = 500
LARGEST_LOG = 64_000_000
"""Bytes of a log that are looked at; what a run says about the network stands at its beginning."""

REFUSED, REACHED = b"A connection to ", b'"network"'


@dataclass(frozen=True)
class Contact:
    """One host and one run. `why` says what let it through or kept it."""

    host: str
    outcome: Literal["reached", "refused"]
    why: str
    run: str


def contacts(store: Store, most: int = MOST_RUNS) -> list[Contact]:
    """From the newest `most` runs, newest first, each host once for each run. For a worker thread."""
    found: dict[tuple[str, str, str], Contact] = {}
    for summary in store.summaries()[:most]:
        name = one_line(summary.name or summary.id)
        for contact in _told(store.folder(summary.id) / "events.jsonl", name):
            found.setdefault((summary.id, contact.host, contact.outcome), contact)
    return list(found.values())


def table(found: Sequence[Contact]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for a table."""
    return ["host", "outcome", "run", "why"], [[one.host, one.outcome, one.run, one.why] for one in found]


def _told(log: Path, run: str) -> list[Contact]:
    told = []
    try:
        with log.open("rb") as lines:
            for line in lines:
                if REFUSED in line or REACHED in line:
                    told += _read(line, run)
                if lines.tell() > LARGEST_LOG:
                    break
    except OSError:
        return told  # a run that is being deleted, or a folder that cannot be read: the list of problems names it
    return told


def _read(line: bytes, run: str) -> list[Contact]:
    try:
        event = json.loads(line)
    except ValueError:
        return []  # the torn end of a log
    if not isinstance(event, dict):
        return []
    what = str(event.get("what", ""))
    if event.get("k") == "warn" and what.startswith("A connection to ") and what.endswith(" was refused"):
        host = what.removeprefix("A connection to ").removesuffix(" was refused")
        return [Contact(host, "refused", "offline, or no setting of the run names it", run)]
    if event.get("k") == "network":
        return [Contact(str(event.get("host", "")), "reached", str(event.get("why", "")), run)]
    return []
