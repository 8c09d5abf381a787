"""Going on after an end of any kind: nothing told is lost, and the curve is the one an undisturbed run draws."""

import os
import random
import resource
import sys
import time

import numpy as np
import pytest

from app.core import AssayError
from app.runs import checkpoints
from tests.runs.waiting import follow, until, value_count


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Curve and total of fake.count with 40 steps, computed here by the same task."""
    from app.core import Metric, collect
    from tests.runs.fake_tasks import Count, count

    events, result = collect(count, Count(steps=40))
    return [event.value for event in events if isinstance(event, Metric)], result.figures[0].value


def agrees(store, run, undisturbed):
    curve = follow(store, run)[0]["value"]
    assert curve.step.tolist() == list(range(1, 41))
    assert curve.value.tolist() == undisturbed[0]
    assert store.result(run).figures[0].value == undisturbed[1]


def test_resumed_after_stop_equals_uninterrupted(store, supervise, undisturbed):
    """P8, bit for bit; sequence numbers go on, and the time between attempts does not count."""
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 40, "pause": 0.02})
    until(lambda: value_count(store, run) > 12, step=supervisor.pump)
    supervisor.stop(run)
    supervisor.wait(run, 10)
    assert store.result(run).partial
    supervisor.resume(run)
    assert store.summary(run).state == "queued"
    summary = supervisor.wait(run, 20)
    assert summary.state == "done" and not store.result(run).partial and summary.seconds < 10
    agrees(store, run, undisturbed)
    with pytest.raises(AssayError):
        supervisor.resume(run)


def test_resumed_before_the_last_thread_of_a_killed_host_has_gone_nothing_is_left_open(
    store, supervise, undisturbed, monkeypatch
):
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 40, "pause": 0.02})
    until(lambda: value_count(store, run) > 12, step=supervisor.pump)
    host = supervisor._watched[run].host
    with monkeypatch.context() as patched:
        patched.setattr(os, "waitid", lambda *_: None)  # as the system says while a thread is still ending
        os.kill(host.pid, 9)
        until(lambda: store.summary(run).state == "interrupted")
        supervisor.resume(run)
    assert host.process.returncode == -9 and host.process.stdin.closed
    assert supervisor.wait(run, 20).state == "done"
    agrees(store, run, undisturbed)


def kill_and_resume(store, supervise, undisturbed, rng, count, at_once=5):
    """Kill each of `count` runs at a random moment, resume it, compare; how many were hit before they were done."""
    supervisor = supervise(parallel=at_once)
    runs = [supervisor.submit("fake.count", {"steps": 40, "pause": 0.012}) for _ in range(count)]
    deadlines, hit = {}, set()

    def strike():
        supervisor.pump()
        for run in runs:
            pid = store.run(run)["pid"]
            if pid and run not in deadlines:
                deadlines[run] = time.monotonic() + rng.uniform(0.1, 1.2)
            if run not in hit and time.monotonic() > deadlines.get(run, 1e12):
                hit.add(run)
                told = value_count(store, run)
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    continue
                assert value_count(store, run) >= told  # whatever a reader has seen stays

    until(lambda: len(hit) == count and not store.queue.active(), limit=60 + count, step=strike)
    ends = [store.summary(run) for run in runs]
    assert {end.state for end in ends} <= {"interrupted", "done"}
    broken = [end.id for end in ends if end.state == "interrupted"]
    assert all("SIGKILL" in store.summary(run).error["what"] for run in broken)
    for run in broken:
        supervisor.resume(run)
    for run in runs:
        assert supervisor.wait(run, 60 + count).state == "done"
        agrees(store, run, undisturbed)
    return len(broken)


def test_hosts_killed_at_random_times_lose_nothing_that_was_told(store, supervise, undisturbed):
    """Fault 1 in short: SIGKILL at random times, then Resume; the curve is the undisturbed one."""
    seed = int(os.environ.get("ASSAY_SEED", "11"))
    print("seed", seed)
    assert kill_and_resume(store, supervise, undisturbed, random.Random(seed), 15) >= 3


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_random_kills(store, supervise, undisturbed):
    """Fault 1 in full."""
    seed = int(os.environ.get("ASSAY_SEED", str(time.time_ns() % 10_000)))
    print("seed", seed)
    assert kill_and_resume(store, supervise, undisturbed, random.Random(seed), 200) > 50


def test_a_damaged_checkpoint_gives_way_to_the_one_before(store, supervise, undisturbed):
    """Fault 9 on checkpoints: the older one is used, and the run says so."""
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 40, "pause": 0.02})
    until(lambda: len(checkpoints.numbers(store.folder(run))) == 2, step=supervisor.pump)
    supervisor.force_stop(run)
    supervisor.wait(run, 10)
    newest = store.folder(run) / "checkpoints" / f"{checkpoints.numbers(store.folder(run))[0]:06d}.safetensors"
    newest.write_bytes(newest.read_bytes()[:-3])
    supervisor.resume(run)
    assert supervisor.wait(run, 20).state == "done"
    agrees(store, run, undisturbed)
    assert any(record.kind == "warn" for record in follow(store, run)[1])


def test_a_run_without_a_checkpoint_begins_anew(store, supervise, undisturbed):
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 40, "pause": 0.02, "every": 1000})
    until(lambda: value_count(store, run) > 3, step=supervisor.pump)
    supervisor.stop(run)
    supervisor.wait(run, 10)
    supervisor.resume(run)
    assert supervisor.wait(run, 20).state == "done"
    agrees(store, run, undisturbed)


def test_a_run_pauses_while_the_disk_is_full_and_goes_on(store, supervise):
    """Fault 15 in a real process: the system refuses larger files, later allows them."""
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 400, "pause": 0.005, "every": 1000})
    until(lambda: value_count(store, run) > 2, step=supervisor.pump)
    pid = store.run(run)["pid"]
    size = (store.folder(run) / "events.jsonl").stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 700, resource.RLIM_INFINITY))
    summary = until(lambda: (s := store.summary(run)).paused and s, step=supervisor.pump)
    assert "disk is full" in summary.paused and summary.state == "running"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert supervisor.wait(run, 20).state == "done"
    curve = follow(store, run)[0]["value"]
    assert curve.step.tolist() == list(range(1, 401)) and np.isfinite(curve.value).all()


def test_a_run_whose_disk_stays_full_can_be_stopped(store, supervise):
    """Faults 15 and 16: it cannot write its last words, so the supervisor finds it ended and Resume is offered."""
    supervisor = supervise(grace=1.0)
    run = supervisor.submit("fake.count", {"steps": 4000, "pause": 0.005, "every": 1000})
    until(lambda: value_count(store, run) > 2, step=supervisor.pump)
    resource.prlimit(store.run(run)["pid"], resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    until(lambda: store.summary(run).paused, step=supervisor.pump)
    supervisor.stop(run)
    summary = supervisor.wait(run, 20)
    assert summary.state == "stopped" and "could not write" in summary.error["what"]
    supervisor.resume(run)
    assert supervisor.store.queue.order() == [run]


BROKEN_HOST = """
import errno
from app.runs import host
from app.runs.storage import Disk

writes = 0

def break_down(operation, path):
    global writes
    writes += operation == "append"
    if operation == "append" and writes > 20:
        raise OSError(errno.EIO, "Input/output error")

host.Disk = lambda: Disk(break_down)
host.main()
"""


def test_a_disk_that_breaks_fails_the_run_and_keeps_what_was_written(store, supervise, monkeypatch, undisturbed):
    """Fault 16: EIO; not tried again, said in words, resumed once the disk is mended."""
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 40, "pause": 0.01})
    with monkeypatch.context() as broken:
        broken.setattr("app.runs.spare.command", lambda: [sys.executable, "-c", BROKEN_HOST])
        summary = supervisor.wait(run, 20)
    assert summary.state == "failed" and "disk failed" in summary.error["what"]
    assert "Input/output error" in summary.error["why"] and value_count(store, run) > 3
    supervisor.resume(run)
    assert supervisor.wait(run, 20).state == "done"
    agrees(store, run, undisturbed)


def test_a_store_taken_away_while_running_does_no_harm(store, supervise, tmp_path):
    """Fault 17: the folder is renamed under a running process; the run waits, goes on when it is back, and is whole."""
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 40, "pause": 0.02})
    until(lambda: value_count(store, run) > 2, step=supervisor.pump)
    away = tmp_path / "away"
    store.root.rename(away)
    log, sizes = away / "runs" / run / "events.jsonl", []

    def stands_still():
        sizes.append(log.stat().st_size)
        return len(sizes) > 30 and len(set(sizes[-30:])) == 1

    until(stands_still)
    assert not store.root.exists()  # nothing made the store anew
    away.rename(store.root)
    assert supervisor.wait(run, 20).state == "done"
    assert follow(store, run)[0]["value"].step.tolist() == list(range(1, 41))
