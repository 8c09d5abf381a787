"""The models that recent runs made, for the palette; read from their logs in a worker thread."""

import json
from typing import TYPE_CHECKING

from app.runs.plain_text import one_line
from app.runs.states import OVER
from app.shell.palette import Entry

if TYPE_CHECKING:
    from app.shell.laboratory import Laboratory

MOST_RUNS = 100
TAIL = 4_000_000
"""Bytes from the end of a log: models are made there."""
MARK = b'"artifact"'


class ModelSearch:
    """A call for a worker thread; gives an Entry for each model."""

    def __init__(self, laboratory: "Laboratory") -> None:
        self._store = laboratory.store

    def __call__(self) -> list[Entry]:
        found = []
        recent = [summary for summary in self._store.summaries() if summary.state in OVER][:MOST_RUNS]
        for summary in recent:
            name = one_line(summary.name or summary.id)
            for role in self._roles(summary.id):
                found.append(Entry("model", summary.id, f"Model of “{name}”", role, summary.task))
        return found

    def _roles(self, run: str) -> list[str]:
        """Roles with "model" in them, of what a run made; none from a log that cannot be read."""
        roles: dict[str, None] = {}
        try:
            with (self._store.folder(run) / "events.jsonl").open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - TAIL))
                lines = [line for line in log if MARK in line]
        except OSError:
            return []
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # cut by the seek, or the torn end
            role = str(event.get("role", "")) if isinstance(event, dict) and event.get("k") == "artifact" else ""
            if "model" in role:
                roles[role] = None
        return list(roles)
