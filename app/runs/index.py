"""A disposable memory of all runs' summaries, so that ten thousand are listed at once; rebuilt wherever in doubt."""

import os
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import orjson

from app.core import AssayError
from app.runs import folder as folders
from app.runs.encoding import dumps
from app.runs.identity import is_id
from app.runs.states import OVER
from app.runs.storage import Disk
from app.runs.summary import RunSummary, summarise

FORMAT = 1
FILE = "index.json"
SETTLED = 2_000_000_000
"""Nanoseconds: a folder changed more recently may change again within the clock's grain, so it is not trusted."""
SAVE_AFTER = 10.0
RECENT = 1.0


class Index:
    """Summaries by run id. A run that is over is read again only when its folder has changed."""

    def __init__(self, runs: Path, cache: Path, disk: Disk) -> None:
        self._runs = runs
        self._file = cache / FILE
        self._disk = disk
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, RunSummary]] = {}
        self._texts: dict[str, tuple[RunSummary, str]] = {}
        self._listed: tuple[float, int, list[RunSummary]] = (-RECENT, 0, [])
        self._loaded = False
        self._unsaved = 0
        self._saved = 0.0

    def recent(self, order: Collection[str], held: Collection[str]) -> list[RunSummary]:
        """As `summaries`, or as they were listed within the last second, where no run has come or gone since."""
        when, place, listed = self._listed
        if time.monotonic() - when < RECENT and place == self._changed():
            return listed
        return self.summaries(order, held)

    def summaries(self, order: Collection[str], held: Collection[str]) -> list[RunSummary]:
        """All runs, newest first."""
        place = self._changed()
        with self._lock:
            self._load()
            found: dict[str, RunSummary] = {}
            now = time.time_ns()
            waiting = set(order)
            for name, changed in self._folders():
                known = self._known.get(name)
                if known and known[0] == changed and name not in waiting and known[1].state in OVER:
                    found[name] = known[1]
                    continue
                summary = summarise(self._runs / name, order=order, held=held)
                found[name] = summary
                settled = summary.state in OVER and now - changed > SETTLED
                if settled or name in self._known:
                    self._known[name] = (changed if settled else -1, summary)
                    self._unsaved += settled
            for name in self._known.keys() - found.keys():
                del self._known[name]
                self._texts.pop(name, None)
                self._unsaved += 1
            self._save()
            listed = sorted(found.values(), key=lambda summary: (summary.created, summary.id), reverse=True)
            self._listed = (time.monotonic(), place, listed)
            return listed

    def outdate(self) -> None:
        """Something was changed here: the next search looks again."""
        self._listed = (-RECENT, 0, [])

    def search(self, summaries: list[RunSummary], matches: Callable[[RunSummary, str], bool]) -> list[RunSummary]:
        """Those that match, given each with its words in lower case."""
        return [summary for summary in summaries if matches(summary, self._text(summary))]

    def _text(self, summary: RunSummary) -> str:
        known = self._texts.get(summary.id)
        if known is None or known[0] is not summary:
            said = (summary.name, summary.note, summary.verdict, summary.state, *summary.tags)
            words = (summary.id, summary.task, *said)
            known = self._texts[summary.id] = (summary, "\n".join(words).casefold())
        return known[1]

    def _folders(self) -> list[tuple[str, int]]:
        try:
            with os.scandir(self._runs) as entries:
                return [
                    (entry.name, entry.stat(follow_symlinks=False).st_mtime_ns)
                    for entry in entries
                    if (entry.name in self._known or is_id(entry.name)) and entry.is_dir(follow_symlinks=True)
                ]
        except OSError:
            return []

    def _changed(self) -> int:
        try:
            return os.stat(self._runs).st_mtime_ns
        except OSError:
            return 0

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            content = folders.read_object(self._file)
            if content["format"] == FORMAT:
                self._known = {
                    name: (changed, RunSummary.from_dict(fields)) for name, (changed, fields) in content["runs"].items()
                }
        except (AssayError, KeyError, TypeError, ValueError, AttributeError, orjson.JSONDecodeError):
            self._known = {}

    def _save(self) -> None:
        due = self._unsaved >= 200 or (self._unsaved and time.monotonic() - self._saved > SAVE_AFTER)
        if not due:
            return
        runs = {name: (changed, summary.as_dict()) for name, (changed, summary) in self._known.items() if changed > 0}
        try:
            self._disk.make_folder(self._file.parent)
            self._disk.create(self._file, dumps({"format": FORMAT, "runs": runs}))
        except OSError:
            return  # a full disk costs only the next start some time
        self._unsaved, self._saved = 0, time.monotonic()
