"""Knows processes by number and birth, so that a stranger with a reused number is never taken for ours."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

TOKEN = "ASSAY_HOST_TOKEN"
"""Environment variable that marks a host and everything it starts, also what has left its group and session."""


def birth(pid: int) -> str | None:
    """When the living process `pid` was born, in a form that a changed clock does not alter; None if there is none."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def alive(pid: object, born: object) -> bool:
    """Whether the process that had this number and birth still runs."""
    return isinstance(pid, int) and not isinstance(pid, bool) and pid > 0 and bool(born) and birth(pid) == born


def me() -> dict[str, object]:
    """This process as others can recognise it."""
    return {"pid": os.getpid(), "born": birth(os.getpid()), "host": host_name()}


def host_name() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def end_tree(pid: int | None, born: str | None, token: str, *, kill: bool) -> list[int]:
    """Signal the process, its group, its descendants and all that carry its token; whom it reached.

    Only processes proven ours are signalled: the number must have the right birth, or the token must be in its
    environment.
    """
    found = {process.pid: process for process in _ours(pid, born, token)}
    number = signal.SIGKILL if kill and hasattr(signal, "SIGKILL") else signal.SIGTERM
    reached = []
    for process in found.values():
        with contextlib.suppress(psutil.Error, OSError):
            process.send_signal(number)  # psutil compares the birth again before it signals
            reached.append(process.pid)
    return reached


def end_group(leader: int) -> None:
    """Kill what is left in the process group of a dead, not yet reaped `leader` (whose number is still its own)."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(leader, signal.SIGKILL)


def survivors(pid: int | None, born: str | None, token: str) -> list[int]:
    """Numbers of the living processes that belong to a run."""
    return [process.pid for process in _ours(pid, born, token)]


def _ours(pid: int | None, born: str | None, token: str) -> Iterable[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    if pid is not None and alive(pid, born):
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(pid)
            found[pid] = leader
            found |= {child.pid: child for child in leader.children(recursive=True)}
    for process in psutil.process_iter() if token else ():
        if process.pid in found or process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(TOKEN) == token:
                found[process.pid] = process
    return list(found.values())


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return ""
