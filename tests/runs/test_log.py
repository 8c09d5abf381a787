"""The log of a run: what is cut, torn or full costs no more than promised."""

import errno
import json

import numpy as np
import pytest

from app.core import Artifact, AssayError, Checkpoint, Image, Metric, Progress, Stage
from app.runs import checkpoints
from app.runs.follower import Follower
from app.runs.log import EventLog
from app.runs.patience import DiskGone, Patience, pause_words
from app.runs.storage import Disk


class PowerLoss(BaseException):
    """The machine goes dark."""


class Clock:
    """A clock that only moves when it is told to, or when somebody sleeps by it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def open_log(folder, disk=None, *, stopping=lambda: False, clock=None):
    disk, clock = disk or Disk(), clock or Clock()
    patience = Patience(folder, disk, stopping, clock=clock, sleep=clock.sleep)
    return EventLog(folder, disk, patience, clock=clock)


def tell(log, steps=6):
    """What a small task says: metrics, a picture each second step, a checkpoint each third."""
    log.add("started", attempt=1)
    log.event(Stage("train"))
    for step in range(1, steps + 1):
        log.event(Metric("loss", step, 1 / step))
        if step % 2 == 0:
            log.event(Image("picture", step, np.zeros((2, 2))))
        if step % 3 == 0:
            log.event(Checkpoint({"step": step, "weights": np.arange(step)}))
    log.add("finished", state="done", result=None, error=None, traceback="")
    log.close()


def read_all(folder):
    follower = Follower(folder)
    points, records = {}, []
    while not (batch := follower.poll()).empty:
        if batch.rewind is not None:
            points = {name: curve.until(batch.rewind) for name, curve in points.items()}
            records = [record for record in records if record.seq <= batch.rewind]
        for name, curve in batch.points.items():
            points[name] = points[name].joined(curve) if name in points else curve
        records += batch.records
    return points, records, follower


def test_what_is_told_is_read_back_in_order(tmp_path):
    tell(open_log(tmp_path))
    points, records, follower = read_all(tmp_path)
    assert points["loss"].step.tolist() == [1, 2, 3, 4, 5, 6]
    assert points["loss"].value.tolist() == [1 / k for k in range(1, 7)]
    assert [record.kind for record in records].count("image") == 3
    assert all((tmp_path / record.data["file"]).exists() for record in records if record.kind == "image")
    seqs = sorted([*points["loss"].seq.tolist(), *(record.seq for record in records)])
    assert seqs == list(range(1, len(seqs) + 1))
    assert follower.finished["state"] == "done" and not follower.problems


def test_a_log_cut_at_any_byte_opens_and_goes_on(tmp_path):
    """Fault 9, P2: cut everywhere; the reader never raises, the writer goes on after the cut with new numbers."""
    tell(open_log(tmp_path))
    whole = (tmp_path / "events.jsonl").read_bytes()
    complete = 0
    for cut in range(len(whole)):
        (tmp_path / "events.jsonl").write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n")
        points, records, _ = read_all(tmp_path)
        told = len(points["loss"]) if "loss" in points else 0
        assert told + len(records) == lines
        if cut % 37 == 0:
            log = open_log(tmp_path)
            torn_but_whole = whole[cut : cut + 1] == b"\n"  # only the line's end was lost: the line counts
            assert log.seq == lines + torn_but_whole
            log.event(Metric("loss", 99, 0.5))
            log.close()
            assert (tmp_path / "events.jsonl").read_bytes().startswith(whole[:cut])
            assert read_all(tmp_path)[0]["loss"].step[-1] == 99
        complete += 1
    assert complete == len(whole)


def test_power_lost_before_any_operation_leaves_a_run_that_resumes(tmp_path):
    """Fault 8, P1, P2, P5: the machine dies at the n-th operation; then also with the unsynced end of the log gone."""
    for n in range(1000):
        folder = tmp_path / str(n)
        folder.mkdir()
        left, synced = [n], [0]

        def hook(operation, path, left=left, synced=synced):
            if left[0] == 0:
                raise PowerLoss
            left[0] -= 1
            if operation == "fsync" and path.name == "events.jsonl":
                synced[0] = path.stat().st_size

        try:
            tell(open_log(folder, Disk(hook)))
        except PowerLoss:
            pass
        else:
            break
        for cut in [None] if not (folder / "events.jsonl").exists() else [None, synced[0]]:
            if cut is not None:
                with open(folder / "events.jsonl", "r+b") as file:
                    file.truncate(cut)
            _points, records, follower = read_all(folder)
            assert not [problem for problem in follower.problems if "damaged" in problem]
            named = [record.data["file"] for record in records if record.kind == "image"]
            assert all((folder / name).exists() for name in named)
            told = [record for record in records if record.kind == "checkpoint"]
            saved, problems = checkpoints.newest(folder)
            assert not problems
            assert not told or (saved is not None and saved.state["step"] == len(saved.state["weights"]))
            log = open_log(folder)
            log.event(Metric("loss", 1, 1.0))
            log.close()
    assert n > 30


def test_a_full_disk_pauses_the_log_and_loses_nothing(tmp_path):
    """Fault 15: ENOSPC at the n-th operation for three tries; the log is the same as without."""
    tell(open_log(tmp_path / "plain"))
    wanted = read_all(tmp_path / "plain")[0]["loss"].value.tolist()
    for n in range(0, 60, 3):
        folder = tmp_path / str(n)
        folder.mkdir()
        left, failures = [n], [3]

        def hook(operation, path, left=left, failures=failures):
            left[0] -= 1
            if left[0] < 0 and failures[0] and operation != "unlink":
                failures[0] -= 1
                raise OSError(errno.ENOSPC, "full")

        clock = Clock()
        log = open_log(folder, Disk(hook), clock=clock)
        tell(log)
        points, _records, follower = read_all(folder)
        assert points["loss"].value.tolist() == wanted and not follower.problems
        assert not list(folder.rglob("*.tmp"))
        assert all(path.stat().st_size for path in (folder / "files").iterdir())


def test_a_pause_says_how_many_bytes_it_waits_for(tmp_path):
    """Fault 15: what the user sees meanwhile, although nothing more fits on the disk."""
    seen = []
    full = [False]

    def hook(operation, path):
        if full[0] and operation != "overwrite":
            raise OSError(errno.ENOSPC, "full")

    clock = Clock()

    def sleep(seconds):
        seen.append(pause_words(tmp_path))
        full[0] = False

    patience = Patience(tmp_path, disk := Disk(hook), lambda: False, clock=clock, sleep=sleep)
    patience.prepare()
    log = EventLog(tmp_path, disk, patience, clock=clock)
    full[0] = True
    log.event(Artifact("block", b"x" * 5000, "dataset"))
    log.close()
    assert len(seen) == 1 and "5.0 KB" in seen[0] and "full" in seen[0]
    assert pause_words(tmp_path) == ""


def test_a_stop_during_a_full_disk_ends_the_wait(tmp_path):
    def hook(operation, path):
        if path.name == "events.jsonl" and operation == "append":
            raise OSError(errno.ENOSPC, "full")

    log = open_log(tmp_path, Disk(hook), stopping=lambda: True)
    with pytest.raises(DiskGone):
        log.event(Stage("x"))


def test_a_broken_disk_is_not_asked_again(tmp_path):
    """Fault 16: EIO on append, and on fsync, which is never retried as if it had worked."""
    for operation_to_fail in ("append", "fsync"):
        folder = tmp_path / operation_to_fail
        folder.mkdir()
        tries = []

        def hook(operation, path, wanted=operation_to_fail, tries=tries):
            if operation == wanted and path.name == "events.jsonl":
                tries.append(operation)
                raise OSError(errno.EIO, "Input/output error")

        log = open_log(folder, Disk(hook))
        with pytest.raises((DiskGone, OSError)):
            log.event(Metric("loss", 1, 1.0))
            log.flush(hard=True)
        assert len(tries) == 1


def test_a_store_that_is_away_is_waited_for_and_then_given_up(tmp_path):
    """Fault 17: the folder cannot be written; back in time, the run goes on; else it ends with words."""
    away = [5]

    def hook(operation, path):
        if operation == "append" and away[0]:
            away[0] -= 1
            raise OSError(errno.EROFS, "Read-only file system")

    log = open_log(tmp_path, Disk(hook))
    log.event(Stage("x"))
    assert read_all(tmp_path)[1][0].name == "x"
    away[0] = 10_000
    with pytest.raises(DiskGone):
        log.event(Stage("y"))


def test_points_are_flushed_within_a_second_and_synced_within_five(tmp_path):
    """P1, P4: the promise about what a process death and a power loss may cost."""
    clock, synced = Clock(), []

    def hook(operation, path):
        if operation == "fsync" and path.name == "events.jsonl":
            synced.append(clock.now)

    log = open_log(tmp_path, Disk(hook), clock=clock)
    for tick in range(100):
        log.event(Progress(tick, 100))
        clock.now += 0.1
        log.tick()
        on_disk = (tmp_path / "events.jsonl").read_bytes().count(b"\n")
        assert log.seq - on_disk <= 10
    assert len(synced) >= 1 and max(b - a for a, b in zip([0.0, *synced], synced, strict=False)) <= 5.2


def test_values_that_are_not_finite_stand_as_words_in_valid_json(tmp_path):
    """Fault 45: JSON has no NaN."""
    log = open_log(tmp_path)
    for value in (float("nan"), float("inf"), float("-inf")):
        log.event(Metric("m", 1, value))
    log.close()
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line, parse_constant=pytest.fail)["value"] for line in lines] == ["nan", "inf", "-inf"]
    values = read_all(tmp_path)[0]["m"].value
    assert np.isnan(values[0]) and values[1] == np.inf and values[2] == -np.inf


def test_objects_cannot_be_pickled_into_a_run(tmp_path):
    log = open_log(tmp_path)
    with pytest.raises(AssayError):
        log.event(Checkpoint({"thing": object()}))
    log.close()
