"""Appends a run's events to its log, in batches, each whole or still to come."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.core import Event
from app.runs import checkpoints
from app.runs.encoding import Encoder, dumps, plain
from app.runs.patience import Patience
from app.runs.storage import Disk
from app.runs.tail import LOG, ends_torn, rows_backwards

BATCH_BYTES = 64 * 1024
BATCH_SECONDS = 0.1
FSYNC_SECONDS = 5.0
FREE_FLUSHES = 50.0
FLUSHES_PER_SECOND = 200.0
"""Events that come no faster are written at once: what follows may be native code that lets no thread run."""

PROMPT = frozenset({"started", "resumed", "stage", "ready", "warn", "checkpoint", "finished"})
"""Kinds that are written at once: rare, and somebody waits for them."""


class EventLog:
    """The one writer of `events.jsonl`, `files/` and `checkpoints/` of a run. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        patience: Patience,
        redact: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda kind, fields: fields,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._disk = disk
        self._patience = patience
        self._redact = redact
        self._clock = clock
        self._lock = threading.RLock()
        self._buffer = bytearray()
        self._encoder = Encoder(self._save, self._copy)
        for name in ("files", "checkpoints", "commands"):
            patience(lambda name=name: disk.make_folder(folder / name), 4096)  # type: ignore[misc]
        last: dict[str, Any] = next(rows_backwards(folder, limit=1 << 40), {"n": 0, "t": 0.0})
        self.seq: int = last["n"]
        self._base = float(last.get("t") or 0.0) - clock()
        self._file = patience(lambda: disk.open_append(folder / LOG), 4096)
        if ends_torn(folder / LOG):  # what was torn stays as it is: a log is never rewritten
            self._buffer += b"\n"
        self._flushed = self._synced = clock()
        self._free = FREE_FLUSHES

    def event(self, event: Event) -> dict[str, Any]:
        """Log what a task said; the fields of its line."""
        with self._lock:
            return self._add(self._encoder.fields(event, self.seq + 1))

    def add(self, kind: str, **fields: Any) -> None:
        """Log a fact of the host itself."""
        with self._lock:
            self._add({"k": kind, **plain(fields)})

    def tick(self) -> None:
        """Write what has waited long enough; called a few times a second from a side thread."""
        if self._lock.acquire(blocking=False):  # if a write is under way, there is nothing to hurry
            try:
                self._flush_if_due()
            finally:
                self._lock.release()

    def flush(self, *, hard: bool = False) -> None:
        """Write all that waits; with `hard`, until it survives a power loss."""
        with self._lock:
            while self._buffer:
                written = self._patience(lambda: self._disk.append(self._file, bytes(self._buffer)), len(self._buffer))
                del self._buffer[:written]
            self._flushed = self._clock()
            if hard or self._flushed - self._synced >= FSYNC_SECONDS:
                self._patience(lambda: self._disk.fsync(self._file), 4096)  # a broken disk is not asked twice
                self._synced = self._flushed

    def close(self) -> None:
        with self._lock:
            self.flush(hard=True)
            self._file.close()

    def seconds(self) -> float:
        """Seconds of work since the first start, not counting time between attempts."""
        return self._base + self._clock()

    def _add(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        kind = fields["k"]
        fields = self._redact(kind, dict(fields))
        self.seq += 1
        self._buffer += dumps({"n": self.seq, "t": round(self.seconds(), 4), **fields}) + b"\n"
        if kind in PROMPT:
            self.flush(hard=kind in ("checkpoint", "finished"))
        else:
            self._flush_if_due()
        if kind == "checkpoint":
            self._make_room()
        return fields

    def _flush_if_due(self) -> None:
        if not self._buffer:
            return
        since = self._clock() - self._flushed
        if self._free + since * FLUSHES_PER_SECOND >= 1 or len(self._buffer) >= BATCH_BYTES or since >= BATCH_SECONDS:
            self._free = min(FREE_FLUSHES, max(0.0, self._free + since * FLUSHES_PER_SECOND - 1))
            self.flush()

    def _save(self, name: str, data: bytes) -> None:
        path = self._folder / name
        hard = name.startswith("checkpoints/")
        if name.count("/") > 1:  # an artifact of several files has a folder of its own
            self._patience(lambda: self._disk.make_folder(path.parent), 0)
        self._patience(lambda: (self._disk.replace if hard else self._disk.create)(path, data), len(data))

    def _copy(self, source: Path, name: str) -> None:
        size = sum(path.stat().st_size for path in (source.rglob("*") if source.is_dir() else [source]))
        self._patience(lambda: self._disk.copy(source, self._folder / name), size)

    def _make_room(self) -> None:
        for seq in checkpoints.numbers(self._folder)[checkpoints.KEPT :]:
            stem = self._folder / "checkpoints" / f"{seq:06d}"
            self._disk.remove(stem.with_suffix(".json"))
            self._disk.remove(stem.with_suffix(".safetensors"))
