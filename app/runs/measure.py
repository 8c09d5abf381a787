"""Measures before Start: a few real steps in a throw-away process tell peak memory, time and disk."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from app.core import AssayError
from app.runs.patience import size_in_words
from app.runs.spare import Host
from app.runs.states import OVER
from app.runs.store import Store
from app.runs.system import total_memory
from app.runs.tail import rows_backwards

LIMIT = 300.0
RESERVE = 0.9
"""Share of the free memory that a run may take before it counts as not fitting."""
CHECKPOINTS = 2


@dataclass(frozen=True)
class Measurement:
    """What a run would need: bytes at its peak and on disk, seconds per step and in total (None: not known)."""

    peak_rss: int
    seconds_per_step: float | None
    total_seconds: float | None
    disk_bytes: int
    fits: bool
    advice: str


def measure(task: str, values: Mapping[str, Any], steps: int = 3, limit: float = LIMIT) -> Measurement:
    """Run `steps` Progress steps of the task in a process and a store of their own, both gone afterwards.

    Raises AssayError for settings that do not fit, and the task's own error where it fails before those steps.
    """
    with tempfile.TemporaryDirectory(prefix="assay-measure-") as scratch:
        store = Store(Path(scratch))
        run = store.create(task, values, hold=True)
        folder = store.folder(run)
        host = Host()
        try:
            host.give({"folder": str(folder), "offline": True, "keep_running": False, "steps": steps + 1})
            end = time.monotonic() + limit
            while host.exit_code() is None and time.monotonic() < end:
                time.sleep(0.02)
            early = host.early_words()
        finally:
            host.end()
        rows = list(rows_backwards(folder))[::-1]
        return _judge(rows, _sizes(folder), early)


def _judge(rows: list[dict[str, Any]], sizes: Mapping[str, int], early: str) -> Measurement:
    finished = next((row for row in rows if row["k"] == "finished"), {})
    if finished.get("state") == "failed":
        raise AssayError.from_dict(finished.get("error") or {})
    peak = max((int(row.get("peak_rss", 0)) for row in rows if row["k"] == "system"), default=0)
    if not rows or (finished.get("state") not in OVER and not peak):
        last = early.strip().splitlines()[-1:] or ["it printed nothing"]
        raise AssayError("The trial run ended before it could be measured", why=last[0])
    progress = [row for row in rows if row["k"] == "progress"]
    first, last_step = (progress[0], progress[-1]) if len(progress) > 1 else ({}, {})
    steps = int(last_step.get("done", 0)) - int(first.get("done", 0))
    per_step = (last_step["t"] - first["t"]) / steps if steps > 0 else None
    ended = finished.get("state") == "done"
    left = int(last_step.get("total", 0)) - int(last_step.get("done", 0))
    so_far = float(rows[-1]["t"])
    total = so_far if ended else None if per_step is None else so_far + per_step * max(0, left)
    grows = (int(last_step.get("total", 1)) / max(1, int(last_step.get("done", 1)))) if not ended else 1.0
    disk = int((sizes["log"] + sizes["files"]) * grows) + CHECKPOINTS * sizes["checkpoint"]
    free = psutil.virtual_memory().available
    fits = peak <= free * RESERVE
    return Measurement(peak, per_step, total, disk, fits, _advice(peak, free, fits))


def _advice(peak: int, free: int, fits: bool) -> str:
    machine = f"{size_in_words(free)} of {size_in_words(total_memory())} are free"
    words = f"The first steps took {size_in_words(peak)}; {machine}."
    if fits:
        return f"{words} It fits."
    return f"{words} It does not fit: choose a smaller batch or model, or close other programs."


def _sizes(folder: Path) -> dict[str, int]:
    checkpoints = sorted((folder / "checkpoints").glob("*.safetensors"))
    return {
        "log": (folder / "events.jsonl").stat().st_size if (folder / "events.jsonl").exists() else 0,
        "files": sum(path.stat().st_size for path in (folder / "files").rglob("*") if path.is_file()),
        "checkpoint": checkpoints[-1].stat().st_size if checkpoints else 0,
    }
