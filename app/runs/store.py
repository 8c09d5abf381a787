"""All runs of one folder: made, listed, found, named, thrown away."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import app
from app.core import AssayError, Result
from app.engines import find_task
from app.runs import folder as folders
from app.runs import processes
from app.runs.encoding import dumps, plain
from app.runs.identity import is_id, new_id
from app.runs.index import Index
from app.runs.inputs import note_inputs
from app.runs.queue import Queue
from app.runs.states import ACTIVE
from app.runs.storage import Disk
from app.runs.summary import RunSummary, summarise

__all__ = ["Problem", "RunSummary", "Store", "default_root"]

DAY = 86_400.0
DELETING = ".deleting-"
MOST_SET_BACK = 6 * 3600.0
PACKAGES = ("numpy", "torch", "qiskit", "qiskit-aer", "qiskit-ibm-runtime")
"""Packages whose version may change a result, noted with every run."""


@dataclass(frozen=True)
class Problem:
    """A run folder that cannot be read fully, and what to do about it."""

    id: str
    what: str
    remedy: str


class Store:
    """The folder `root` with its runs. Any number of processes may use it at once."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = Path(root)
        self.runs = self.root / "runs"
        self.disk = disk or Disk()
        self.queue = Queue(self)
        try:
            self.disk.make_folder(self.runs)
            self.disk.make_folder(self.root / "cache")
        except OSError as error:
            raise AssayError(
                "The folder for runs cannot be used",
                where=str(root),
                why=error.strerror or str(error),
                remedy="Choose another folder in Settings, or free this one.",
            ) from error
        self._index = Index(self.runs, self.root / "cache", self.disk)

    def create(
        self,
        task_name: str,
        values: Mapping[str, Any],
        name: str = "",
        hold: bool = False,
        sweep: str | None = None,
        baseline: str | None = None,
    ) -> str:
        """Freeze a config, note what its inputs look like now, and queue it; the new run's id.

        Raises AssayError for a task or value that does not exist or fit, or where the store cannot be written.
        """
        task = find_task(task_name)
        config = plain(task.parse(values).model_dump(mode="json"))
        fields = {
            "format": folders.FORMAT,
            "task": task_name,
            "name": plain(name),
            "config": config,
            "inputs": note_inputs(task, config),
            "state": "held" if hold else "queued",
            "attempts": 0,
            "after": 0,
            "host": "",
            "versions": versions(),
            "session": task.session,
            "sweep": sweep,
            "baseline": baseline,
        }
        try:
            with self.queue.editing() as waiting:
                now = _later_than(waiting["newest"], time.time())
                run = next(run for run in iter(lambda: new_id(task_name, now), "") if not (self.runs / run).exists())
                self.disk.make_folder(self.runs / run)
                folders.write_run(self.runs / run, {**fields, "id": run, "created": now}, self.disk)
                waiting["order"].append(run)
                waiting["held"] += [run] * hold
                waiting["newest"] = now
        except OSError as error:
            raise _cannot_write(self.root, error) from error
        return run

    def ids(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.runs) if is_id(name))
        except OSError:
            return []  # the drive is away: `summaries` shows nothing either, and what is written says why

    def folder(self, run: str) -> Path:
        """The run's folder; raises AssayError for a name that is not a run's."""
        if not is_id(run):
            raise AssayError(f"“{plain(run)}” is not the name of a run")
        return self.runs / run

    def run(self, run: str) -> dict[str, Any]:
        """run.json in today's form."""
        return folders.read_run(self._existing(run))

    def config(self, run: str) -> dict[str, Any]:
        return dict(self.run(run)["config"])

    def result(self, run: str) -> Result | None:
        return folders.read_result(self._existing(run))

    def summary(self, run: str) -> RunSummary:
        waiting = self.queue.waiting()
        return summarise(self._existing(run), order=waiting["order"], held=waiting["held"])

    def summaries(self, trashed: bool = False) -> list[RunSummary]:
        """Runs that are not in the trash (or those that are), newest first."""
        found = self._index.summaries(**self.queue.waiting())
        return [summary for summary in found if summary.trashed == trashed]

    def search(self, text: str) -> list[RunSummary]:
        """Runs that fit every word of `text`: plain words, `#tag`, or `field=value` of their settings."""
        words = text.casefold().split()

        def matches(summary: RunSummary, content: str) -> bool:
            return all(_fits(word, summary, content) for word in words)

        waiting = self.queue.waiting()
        listed = self._index.recent(order=waiting["order"], held=waiting["held"])
        return self._index.search([summary for summary in listed if not summary.trashed], matches)

    def under_way(self, run: str) -> bool:
        """Whether the run has a living process, or is about to get one."""
        try:
            return self.summary(run).state in ACTIVE
        except AssayError:
            return False

    def rename(self, run: str, text: str) -> None:
        self._note(run, name=plain(text))

    def annotate(
        self, run: str, *, note: str | None = None, tags: Sequence[str] | None = None, starred: bool | None = None
    ) -> None:
        """Change what the user says about a run; what is None stays."""
        given = {"note": note, "tags": None if tags is None else list(tags), "starred": starred}
        self._note(run, **{name: plain(value) for name, value in given.items() if value is not None})

    def trash(self, run: str) -> None:
        """Put a run that is not under way into the trash; a waiting one leaves the queue."""
        if self.under_way(run):
            raise AssayError("A run under way cannot be thrown away", where=run, remedy="Stop it first.")
        self.queue.remove(run)
        self._note(run, trashed=time.time())

    def restore(self, run: str) -> None:
        self._note(run, trashed=None)

    def delete_forever(self, run: str) -> None:
        """Remove the run's folder from the disk. A link in it, or in its place, goes; its target stays."""
        place = self._existing(run)
        if self.under_way(run):
            raise AssayError("A run under way cannot be deleted", where=run, remedy="Stop it first.")
        self.queue.remove(run)
        doomed = self.runs / f"{DELETING}{run}"
        self.disk.move(place, doomed)  # gone at once; what a crash leaves is removed at the next start
        self.disk.remove_tree(doomed)

    def empty_trash(self, older_than_days: float = 30.0) -> int:
        """Delete what has been in the trash for longer; how many runs that was."""
        count = 0
        for summary in self.summaries(trashed=True):
            since = folders.read_notes(self.folder(summary.id)).get("trashed")
            if isinstance(since, (int, float)) and time.time() - since >= older_than_days * DAY:
                self.delete_forever(summary.id)
                count += 1
        return count

    def tidy(self) -> None:
        """Remove what interrupted deletions left."""
        for path in self.runs.glob(f"{DELETING}*"):
            self.disk.remove_tree(path)

    def problems(self) -> list[Problem]:
        """Run folders with damage, in words."""
        found = []
        for run in self.ids():
            place = self.runs / run
            try:
                fields = folders.read_run(place)
            except AssayError as error:
                found.append(Problem(run, str(error), "Its log and files are still there; delete the run or keep it."))
                continue
            finished = summarise(place, order=(), held=()).state == "done"
            if finished and folders.read_result(place) is None:
                found.append(Problem(run, f"The result of “{fields['name'] or run}” is missing", "Run it again."))
        return found

    def disk_use(self) -> dict[str, int]:
        """Bytes by kind: runs (without the next two), checkpoints, files, cache, trash; and the free space."""
        use = dict.fromkeys(("runs", "checkpoints", "files", "cache", "trash"), 0)
        for run in self.ids():
            trashed = bool(folders.read_notes(self.runs / run).get("trashed"))
            for path, size in _sizes(self.runs / run):
                part = path.relative_to(self.runs / run).parts[0]
                use["trash" if trashed else part if part in ("checkpoints", "files") else "runs"] += size
        use["cache"] = sum(size for _, size in _sizes(self.root / "cache"))
        status = os.statvfs(self.root) if hasattr(os, "statvfs") else None
        return use | {"free": status.f_bavail * status.f_frsize if status else 0}

    def _existing(self, run: str) -> Path:
        place = self.folder(run)
        if not place.is_dir():
            raise AssayError("There is no such run any more", where=run)
        return place

    def _note(self, run: str, **changes: Any) -> None:
        place = self._existing(run)
        try:
            self.disk.replace(place / folders.NOTES, dumps({**folders.read_notes(place), **changes}))
        except OSError as error:
            raise _cannot_write(place, error) from error
        self._index.outdate()


def default_root() -> Path:
    """Where runs are kept: ASSAY_STORE, else the user's data folder of this system."""
    named = os.environ.get("ASSAY_STORE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "assay"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/assay"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "assay"


@cache
def versions() -> dict[str, str]:
    """What a later reader needs to know of the programs that made a run."""
    found = {"assay": app.__version__, "python": sys.version.split()[0], "host": processes.host_name()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _later_than(newest: float, now: float) -> float:
    """Now, or just after the newest run where the clock was set back (summer time, a correction): order is kept."""
    return newest + 0.001 if 0 <= newest - now < MOST_SET_BACK else now


def _fits(word: str, summary: RunSummary, content: str) -> bool:
    if word.startswith("#") and len(word) > 1:
        return any(tag.casefold().startswith(word[1:]) for tag in summary.tags)
    field, equals, value = word.partition("=")
    if equals and field:
        return field in summary.config and str(summary.config[field]).casefold() == value
    return word in content


def _sizes(folder: Path) -> Iterator[tuple[Path, int]]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                yield path, path.lstat().st_size
            except OSError:
                continue


def _cannot_write(place: Path, error: OSError) -> AssayError:
    return AssayError(
        "The run list cannot be written",
        where=str(place),
        why=error.strerror or str(error),
        remedy="Check the disk and its free space.",
    )
