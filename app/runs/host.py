"""The process of a run: waits warm for one job on its standard input, runs the task, and writes all that it says."""

import contextlib
import importlib
import os
import threading
import time
import traceback
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from app.core import secrets
from app.engines import find_task
from app.runs import checkpoints, processes
from app.runs import folder as folders
from app.runs.console import Console
from app.runs.drive import Driver, Outcome
from app.runs.encoding import dumps, plain
from app.runs.failures import explain
from app.runs.inbox import Inbox
from app.runs.log import EventLog
from app.runs.network import NetworkGuard, named_hosts
from app.runs.patience import DISK_LOST, DiskGone, Patience
from app.runs.redaction import redact_record, redactor
from app.runs.storage import Disk
from app.runs.system import Sampler, small_machine

ORPHAN_GRACE = 10.0
NICENESS = 5
"""Where the window and a run want the processor at once, the window gets it first."""
Job = dict[str, Any]


def main() -> None:
    """Wait for a job (one line of JSON), run it, and leave without ceremony: nothing is held that needs closing."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    if not os.environ.get("ASSAY_NO_TORCH") and not small_machine():
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    line = _read_line()
    if not line:
        os._exit(0)  # whoever kept this process ready has gone
    job = orjson.loads(line)
    console = Console(Path(job["folder"]), list((job.get("secrets") or {}).values()))
    try:
        code = run(job, Disk())
    except DiskGone as error:
        code = error.code
        _say(f"Assay: {error}")
    except BaseException as error:
        code = 1
        _say("".join(traceback.format_exception(error)))
    console.close()
    os._exit(code)


def run(job: Job, disk: Disk) -> int:
    """Run the job's task in its folder: 0 once `finished` is in the log. Raises DiskGone where that cannot be."""
    folder = Path(job["folder"])
    held: dict[str, str] = job.get("secrets") or {}
    secrets.hold(held)
    inbox = Inbox(folder, disk)
    patience = Patience(folder, disk, stopping=lambda: inbox.stop_asked, sleep=inbox.rest)
    fields = folders.read_run(folder)
    inbox.open()
    if not job.get("keep_running"):
        threading.Thread(target=_watch_parent, args=(inbox,), name="parent", daemon=True).start()
    log = EventLog(folder, disk, patience, _redaction(list(held.values())))
    patience.prepare()
    log.add("started", attempt=fields["attempts"], pid=os.getpid(), at=time.time())
    guard = NetworkGuard()
    sampler = Sampler(log, lambda: _taken(guard.attempts), lambda: _taken(guard.reached))
    sampler.start()
    outcome = _attempt(job, fields, log, inbox, guard)
    inbox.close()
    sampler.close()
    _finish(folder, outcome, log, disk, patience)
    return 0


def _taken(places: deque[str]) -> list[str]:
    return [places.popleft() for _ in range(len(places))]


def _say(words: str) -> None:
    with contextlib.suppress(OSError):  # the console lies on the same full or broken disk
        print(words, flush=True)


def _attempt(job: Job, fields: dict[str, Any], log: EventLog, inbox: Inbox, guard: NetworkGuard) -> Outcome:
    try:
        task = find_task(fields["task"])
        config = task.parse(fields["config"])
        if not job.get("offline", True):
            guard.allow(named_hosts(config))
        guard.install()
        state = _resume_state(Path(job["folder"]), fields, log)
    except Exception as error:
        words = explain(error, fields["task"], "")
        return Outcome("failed", error=words, traceback="".join(traceback.format_exception(error)))
    return Driver(task, log, inbox, job.get("steps")).run(lambda: task.start(config, state))


def _resume_state(folder: Path, fields: dict[str, Any], log: EventLog) -> dict[str, Any] | None:
    """The state to go on from, with the note in the log that makes readers forget what came after it."""
    if fields["attempts"] <= 1:
        return None
    saved, problems = checkpoints.newest(folder)
    for problem in problems:
        log.add("warn", what=problem, remedy="An older checkpoint is used, or the run begins anew.")
    log.add("resumed", after=saved.seq if saved else 0, checkpoint=saved.file if saved else None)
    return saved.state if saved else None


def _finish(folder: Path, outcome: Outcome, log: EventLog, disk: Disk, patience: Patience) -> None:
    result = None
    if outcome.result is not None:
        result = plain(outcome.result.model_dump(mode="json"))
        data = dumps(result)
        patience(lambda: disk.replace(folder / folders.RESULT, data), len(data))
    log.add(
        "finished", state=outcome.state, result=result, error=outcome.error, traceback=outcome.traceback, at=time.time()
    )
    log.close()


def _redaction(hidden: list[str]) -> Any:
    told = redactor(hidden)
    told_name = lru_cache(maxsize=10_000)(told)  # names of metrics come again and again

    def redact(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        if kind == "metric" and hidden:
            return {**fields, "name": told_name(str(fields["name"]))}
        if kind in ("metric", "progress", "system") or not (hidden or kind in ("log", "warn", "finished")):
            return fields
        return dict(redact_record(fields, told))

    return redact


def _warm_up() -> None:
    """Load what most tasks need while nobody waits for it; a machine without it has tasks that say so."""
    try:
        torch = importlib.import_module("torch")
        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
        importlib.import_module("torch.optim")
    except (ImportError, OSError):
        return


def _watch_parent(inbox: Inbox) -> None:
    """End with whoever started this: asked to stop first, then the whole group goes."""
    while os.read(0, 4096):
        continue
    inbox.ask_to_stop()
    time.sleep(ORPHAN_GRACE)
    processes.end_tree(None, None, os.environ.get(processes.TOKEN, ""), kill=True)
    os._exit(DISK_LOST)


def _read_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            return b""
        line += part
    return bytes(line)


if __name__ == "__main__":
    main()
