"""The list of runs that wait: kept on disk, edited freely, each taken exactly once by whichever Assay is free."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core import AssayError
from app.runs import folder as folders
from app.runs import processes
from app.runs.encoding import dumps
from app.runs.lock import locked

if TYPE_CHECKING:
    from app.runs.store import Store

FILE = "queue.json"
LOCK = "lock"


class Queue:
    """Order, holds and the runs now under way, shared by all processes that use one store."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    @property
    def _path(self) -> Path:
        return self._store.root / FILE

    def order(self) -> list[str]:
        """Waiting runs, the next one first, those on hold in their place."""
        return list(self._read()["order"])

    def held(self) -> set[str]:
        return set(self._read()["held"])

    def waiting(self) -> dict[str, list[str]]:
        """Order and holds as they stood at one moment, under "order" and "held"."""
        content = self._read()
        return {"order": content["order"], "held": content["held"]}

    def active(self) -> list[str]:
        """Runs that were taken and not yet seen to end."""
        return list(self._read()["active"])

    def add(self, run: str, *, hold: bool = False, position: int | None = None) -> None:
        with self.editing() as content:
            if run not in content["order"]:
                content["order"].insert(len(content["order"]) if position is None else position, run)
            if hold and run not in content["held"]:
                content["held"].append(run)

    def move(self, run: str, position: int) -> None:
        """Put a waiting run at `position` (0 is next)."""
        with self.editing() as content:
            self._must_wait(run, content)
            content["order"].remove(run)
            content["order"].insert(max(0, position), run)

    def hold(self, run: str) -> None:
        with self.editing() as content:
            self._must_wait(run, content)
            if run not in content["held"]:
                content["held"].append(run)

    def release(self, run: str) -> None:
        with self.editing() as content:
            self._must_wait(run, content)
            content["held"] = [name for name in content["held"] if name != run]

    def remove(self, run: str) -> bool:
        """Take a run out of the list; False if it is not in it (any more), and then nothing is changed."""
        with self.editing() as content:
            if run not in content["order"]:
                return False
            for names in ("order", "held"):
                content[names] = [name for name in content[names] if name != run]
            return True

    def claim_next(self, limit: int) -> str | None:
        """Take the next run that may start, while fewer than `limit` are under way in the whole store; its id.

        The caller owns it from here on. Of several processes that ask at once, one gets it. A session mostly waits for
        its user, so it neither counts nor is kept waiting.
        """
        waiting = self.waiting()
        if not set(waiting["order"]) - set(waiting["held"]):
            return None  # the usual case needs no lock
        with self.editing() as content:
            content["active"] = [name for name in content["active"] if self._store.under_way(name)]
            full = sum(not self._is_session(name) for name in content["active"]) >= limit
            free: list[str] = [name for name in content["order"] if name not in content["held"]]
            for run in free:
                if full and not self._is_session(run):
                    continue
                content["order"].remove(run)
                if self._take(run):
                    content["active"].append(run)
                    return run
            return None

    def claim(self, run: str) -> bool:
        """Take one waiting run whatever else is under way; False if somebody else has it already."""
        with self.editing() as content:
            if run not in content["order"]:
                return False
            for names in ("order", "held"):
                content[names] = [name for name in content[names] if name != run]
            taken = self._take(run)
            content["active"] += [run] * taken
            return taken

    def ended(self, run: str) -> None:
        """A run that was taken is over."""
        with self.editing() as content:
            content["active"] = [name for name in content["active"] if name != run]

    @contextmanager
    def editing(self) -> Iterator[dict[str, Any]]:
        """The content, locked against every other process; written back if it changed."""
        with locked(self._store.root / LOCK):
            content = self._read()
            before = dumps(content)
            yield content
            if dumps(content) != before:
                self._store.disk.replace(self._path, dumps(content))

    def _is_session(self, run: str) -> bool:
        try:
            return bool(folders.read_run(self._store.folder(run))["session"])
        except AssayError:
            return False

    def _take(self, run: str) -> bool:
        place = self._store.folder(run)
        try:
            fields = folders.read_run(place)
        except AssayError:
            return False  # gone or damaged: the list of problems names it
        fields |= {
            "state": "starting",
            "attempts": fields["attempts"] + 1,
            "owner": processes.me(),
            "pid": None,
            "pid_started": None,
            "error": None,
            "exit": None,
        }
        folders.write_run(place, fields, self._store.disk)
        return True

    def _read(self) -> dict[str, Any]:
        try:
            content = folders.read_object(self._path)
        except AssayError:
            content = {}  # none yet, or damaged: the runs themselves are untouched and can be queued again
        lists = {
            name: [run for run in content.get(name, []) if isinstance(run, str)]
            if isinstance(content.get(name), list)
            else []
            for name in ("order", "held", "active")
        }
        newest = content.get("newest")
        return {"format": 1, "newest": float(newest) if isinstance(newest, (int, float)) else 0.0, **lists}

    @staticmethod
    def _must_wait(run: str, content: dict[str, Any]) -> None:
        if run not in content["order"]:
            raise AssayError("This run does not wait in the queue any more", where=run)
