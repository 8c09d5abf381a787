"""Samples what a run's process uses, once a second, and keeps its log flowing while the task is silent."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from app.runs.patience import DiskGone

if TYPE_CHECKING:
    from app.runs.log import EventLog

TICK = 0.1
SAMPLE = 1.0


class Sampler:
    """A side thread of the host. `drain` and `reached` give the places that were refused, and the hosts let through."""

    def __init__(
        self, log: "EventLog", drain: Callable[[], list[str]], reached: Callable[[], list[str]] = list
    ) -> None:
        self._log = log
        self._drain = drain
        self._reached = reached
        self._process = psutil.Process()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        self._process.cpu_percent()
        self._thread.start()

    def close(self) -> None:
        """End the thread and log a last sample, so that the peak is known."""
        self._closed.set()
        self._thread.join(2.0)
        self._warn()
        self._log.add("system", **self.sample())

    def sample(self) -> dict[str, Any]:
        """Bytes in use now and at most, percent of one core, and the accelerator's bytes where one is used."""
        return {
            "rss": self._process.memory_info().rss,
            "peak_rss": peak_rss(),
            "cpu": self._process.cpu_percent(),
            **_accelerator(),
        }

    def _run(self) -> None:
        due = time.monotonic()
        try:
            while not self._closed.wait(TICK):
                self._warn()
                if time.monotonic() >= due:
                    due = time.monotonic() + SAMPLE
                    self._log.add("system", **self.sample())
                self._log.tick()
        except (DiskGone, OSError):
            return  # the task's own thread meets the same fault and ends the run with words

    def _warn(self) -> None:
        for host in self._reached():
            self._log.add("network", host=host, why="the run's settings name it, and offline was off")
        for place in self._drain():
            self._log.add(
                "warn",
                what=f"A connection to {place} was refused",
                remedy="Runs stay on this machine unless their settings name the place and offline is switched off.",
            )


def peak_rss() -> int:
    """The most memory this process has held, in bytes."""
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        return int(line.split()[1]) * 1024
    info = psutil.Process().memory_info()
    return int(getattr(info, "peak_wset", info.rss))


def total_memory() -> int:
    """Bytes this process may use: the machine's, or less where a container says so."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def oom_kills() -> int:
    """How often the kernel has ended a process for lack of memory since it started."""
    count = 0
    for path, word in ((Path("/proc/vmstat"), "oom_kill"), (Path("/sys/fs/cgroup/memory.events"), "oom_kill")):
        try:
            lines = path.read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        count += sum(int(line.split()[1]) for line in lines if line.split()[:1] == [word])
    return count


def small_machine() -> bool:
    """Whether memory is too scarce to keep a process with torch waiting."""
    return total_memory() < 6 * 2**30 or (os.cpu_count() or 1) < 2


def _accelerator() -> dict[str, Any]:
    torch = sys.modules.get("torch")  # looked at only where the task has loaded it
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not hasattr(cuda, "is_initialized") or not cuda.is_initialized():
        return {}
    return {"gpu": int(cuda.memory_allocated()), "peak_gpu": int(cuda.max_memory_allocated())}
