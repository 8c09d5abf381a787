"""Runs from submit to result, and every way in which they end, in real processes."""

import json
import os
import time

import numpy as np
import pytest

from app.core import AssayError
from app.runs import processes
from app.runs.encoding import dumps
from app.runs.states import OVER
from app.runs.summary import RunSummary
from tests.runs.waiting import follow, logged, no_process_left, until, value_count


def test_a_submitted_run_ends_with_its_result(store, supervise):
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 7}, name="seven")
    assert store.summary(run).state == "queued"
    summary = supervisor.wait(run, 30)
    assert (summary.state, summary.verdict, summary.name) == ("done", "Counted to 7", "seven")
    assert summary.figures[0].name == "total" and summary.ended >= summary.created
    assert store.result(run).details == {"step": 7} and not store.result(run).partial
    assert follow(store, run)[0]["value"].step.tolist() == list(range(1, 8))
    assert store.queue.order() == [] and store.queue.active() == []
    assert not list(store.root.rglob("*.tmp")) and not (store.root / "lock").exists()


def test_every_kind_of_event_is_kept_as_an_ordinary_file(store, supervise):
    """P5: a file exists before the event that names it."""
    supervisor = supervise()
    run = supervisor.submit("fake.everything", {})
    assert supervisor.wait(run, 30).state == "done"
    folder = store.folder(run)
    records = follow(store, run)[1]
    kinds = {record.kind for record in records}
    assert kinds >= {"stage", "progress", "image", "audio", "array", "table", "text", "log", "warn", "artifact"}
    files = [record.data["file"] for record in records if "file" in record.data and record.kind != "checkpoint"]
    assert len(files) == 8 and all((folder / name).exists() for name in files)
    array = next(record for record in records if record.kind == "array")
    assert np.load(folder / array.data["file"], allow_pickle=False).tolist() == [[0, 1, 2], [3, 4, 5]]
    printed = (folder / "console.log").read_text()
    assert "printed by the task" in printed and "to stderr" in printed


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        ("segfault", "failed", "SIGSEGV"),
        ("exit", "failed", "code 7"),
        ("memory", "failed", "memory"),
        ("error", "failed", "a value that cannot be"),
        ("assay error", "failed", "The set is empty"),
        ("bad return", "failed", "no result"),
    ],
)
def test_a_run_that_fails_says_what_why_and_what_to_do(store, supervise, kind, state, words):
    """Faults 2 and 3, and errors of Python: the supervisor lives, the run tells."""
    supervisor = supervise()
    run = supervisor.submit("fake.pest", {"kind": kind})
    summary = supervisor.wait(run, 30)
    assert summary.state == state
    assert words in f"{summary.error['what']} {summary.error['why']}"
    assert summary.error["remedy"] if kind != "bad return" else True
    if kind == "segfault":
        assert "Segmentation fault" in (store.folder(run) / "crash.log").read_text()
        assert store.run(run)["exit"]["signal"] == "SIGSEGV"
    if kind == "memory":
        assert "peak" in summary.error["why"] and "smaller batch" in summary.error["remedy"]
    if kind == "error":
        assert "ValueError" in summary.error["traceback"]


def test_a_kill_by_the_system_for_memory_is_told_from_any_other_kill(store, supervise):
    """Fault 3: SIGKILL with a raised counter of the kernel (injected)."""
    kills = [0]
    supervisor = supervise(oom_counter=lambda: kills[0])
    run = supervisor.submit("fake.count", {"steps": 10_000, "pause": 0.01})
    until(lambda: value_count(store, run) > 3, step=supervisor.pump)
    kills[0] += 1
    os.kill(store.run(run)["pid"], 9)
    summary = supervisor.wait(run, 10)
    assert summary.state == "failed" and "lack of memory" in summary.error["what"] and "peak" in summary.error["what"]


def test_stop_keeps_a_partial_result(store, supervise):
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 10_000, "pause": 0.01})
    until(lambda: value_count(store, run) > 3, step=supervisor.pump)
    asked = time.monotonic()
    supervisor.stop(run)
    assert store.summary(run).state in ("stopping", "stopped")
    summary = supervisor.wait(run, 10)
    print("stop took", time.monotonic() - asked)
    assert summary.state == "stopped" and store.result(run).partial and not summary.error
    assert time.monotonic() - asked < 5


@pytest.mark.parametrize("stage", ["import", "load", "caching", "step", "evaluation", "save"])
def test_stop_works_in_every_stage(store, supervise, stage):
    """Fault 5: also where the task does not yield; ≤ 5 s, and a partial result."""
    supervisor = supervise()
    run = supervisor.submit("fake.stages", {"block": stage})
    until(lambda: logged(store, run, "stage", stage), step=supervisor.pump)
    asked = time.monotonic()
    supervisor.stop(run)
    summary = supervisor.wait(run, 10)
    assert summary.state == "stopped" and summary.verdict == f"Stopped in {stage}"
    assert time.monotonic() - asked < 5


def test_a_run_deep_in_native_code_is_ended_after_the_grace(store, supervise):
    """Fault 4: no yield, no Python, all locks held; it shows as silent, and Stop still works."""
    supervisor = supervise(grace=0.7)
    run = supervisor.submit("fake.pest", {"kind": "sleep once in c"})
    until(lambda: value_count(store, run), step=supervisor.pump)
    until(lambda: store.summary(run).silent > 0.3, step=supervisor.pump)
    supervisor.stop(run)
    summary = supervisor.wait(run, 10)
    assert summary.state == "stopped" and "ended" in summary.error["what"]
    assert value_count(store, run) == 1 and no_process_left(store, run)


def test_a_halted_process_is_ended_too(store, supervise):
    """Fault 4 by SIGSTOP: terminate does nothing, kill does."""
    supervisor = supervise(grace=0.5)
    run = supervisor.submit("fake.count", {"steps": 10_000, "pause": 0.01})
    until(lambda: value_count(store, run), step=supervisor.pump)
    os.kill(store.run(run)["pid"], 19)
    supervisor.stop(run)
    assert supervisor.wait(run, 10).state == "stopped"
    assert no_process_left(store, run)


def test_the_whole_tree_goes_also_what_has_left_its_group(store, supervise):
    """Fault 6: the task swallows the request, has a child and a double-forked grandchild in a session of its own."""
    supervisor = supervise(grace=0.5)
    run = supervisor.submit("fake.pest", {"kind": "offspring"})
    until(lambda: logged(store, run, "log"), step=supervisor.pump)
    token = store.run(run)["token"]
    assert len(until(lambda: len(found := processes.survivors(None, None, token)) >= 3 and found)) >= 3
    supervisor.stop(run)
    assert supervisor.wait(run, 10).state == "stopped"
    assert no_process_left(store, run)


def test_force_stop_ends_at_once(store, supervise):
    supervisor = supervise()
    run = supervisor.submit("fake.pest", {"kind": "ignore stop"})
    until(lambda: logged(store, run, "progress"), step=supervisor.pump)
    began = time.monotonic()
    supervisor.stop(run)
    supervisor.force_stop(run)
    assert supervisor.wait(run, 5).state == "stopped" and time.monotonic() - began < 2


def test_what_is_left_when_a_run_is_done_is_ended(store, supervise):
    """P6: a run that ends well may not leave children that hold memory."""
    supervisor = supervise()
    run = supervisor.submit("fake.pest", {"kind": "offspring"})
    until(lambda: logged(store, run, "log"), step=supervisor.pump)
    os.kill(store.run(run)["pid"], 9)
    assert supervisor.wait(run, 10).state == "interrupted"
    assert no_process_left(store, run)


def test_a_loss_that_is_no_number_fails_the_run_and_keeps_the_checkpoint(store, supervise):
    """Fault 45: named causes, valid JSON, and Resume from the last good checkpoint."""
    supervisor = supervise()
    run = supervisor.submit("fake.diverge", {})
    summary = supervisor.wait(run, 30)
    assert summary.state == "failed" and "energy became nan at step 7" in summary.error["what"]
    assert "learning rate" in summary.error["why"] and "last good checkpoint" in summary.error["remedy"]
    supervisor.resume(run)
    assert supervisor.wait(run, 30).state == "done"
    curve = follow(store, run)[0]["energy"]
    assert curve.step.tolist() == list(range(1, 20)) and np.isfinite(curve.value).all()


def test_a_metric_that_is_no_loss_may_be_no_number(store, supervise):
    """Fault 45: only loss-like metrics end a run, and only where the task lets them."""
    supervisor = supervise()
    runs = [supervisor.submit("fake.diverge", {"loss": False}), supervisor.submit("fake.diverge_freely", {})]
    assert [supervisor.wait(run, 30).state for run in runs] == ["done", "done"]


def test_a_session_answers_commands_until_it_is_stopped(store, supervise):
    supervisor = supervise()
    run = supervisor.submit("fake.echo", {})
    until(lambda: logged(store, run, "ready"), step=supervisor.pump)
    for word in ("one", "two"):
        supervisor.command(run, {"name": word})
    until(lambda: len(logged(store, run, "text")) == 2, step=supervisor.pump)
    assert [record.data["text"] for record in logged(store, run, "text")] == ["one", "two"]
    assert [record.data["command"]["name"] for record in logged(store, run, "command")] == ["one", "two"]
    supervisor.stop(run)
    summary = supervisor.wait(run, 10)
    assert summary.state == "stopped" and summary.verdict == "Heard 2"
    with pytest.raises(AssayError):
        supervisor.command(run, {"name": "three"})


def test_a_run_that_reaches_out_is_refused_and_told(store, supervise):
    """Fault 51, P9: offline in the host; attempts stand in the run."""
    supervisor = supervise()
    run = supervisor.submit("fake.pest", {"kind": "network"})
    assert supervisor.wait(run, 30).state == "done"
    told = [record.data["what"] for record in logged(store, run, "warn")]
    assert any("198.51.100.7:80" in words for words in told) and any("example.org" in words for words in told)
    assert len(logged(store, run, "log")) == 2


def test_a_secret_reaches_the_task_and_nothing_else(store, supervise):
    """P11, fault 68: not in argv, environment, config, log, console, result or traceback."""
    value = "s3cr3t-value-31415"
    supervisor = supervise(secrets={"service.key": value}.get)
    run = supervisor.submit("fake.secret", {})
    summary = supervisor.wait(run, 30)
    assert summary.state == "failed" and "RuntimeError" in summary.error["why"]
    for path in store.root.rglob("*"):
        assert not path.is_file() or value.encode() not in path.read_bytes(), path
    assert "printing" in (store.folder(run) / "console.log").read_text()


def test_a_task_that_does_not_exist_here_fails_with_words(store, supervise, monkeypatch):
    supervisor = supervise()
    run = supervisor.submit("fake.count", {})
    monkeypatch.setenv("ASSAY_TASK_MODULES", "")
    summary = supervisor.wait(run, 30)
    assert summary.state == "failed" and "fake.count" in summary.error["what"]


def test_a_host_that_cannot_even_start_says_why(store, supervise, monkeypatch):
    """Its last words are in the error, though it never reached the run's own console."""
    monkeypatch.setattr("app.runs.spare.command", lambda: ["/bin/sh", "-c", "echo no module named numpy >&2; exit 1"])
    supervisor = supervise()
    run = supervisor.submit("fake.count", {})
    summary = supervisor.wait(run, 10)
    assert summary.state == "failed" and "no module named numpy" in summary.error["why"]


def test_durations_do_not_depend_on_the_clock_on_the_wall(store, supervise):
    """Fault 11: suspended, then continued; seconds of work come from the monotonic clock, order from numbers."""
    supervisor = supervise()
    run = supervisor.submit("fake.count", {"steps": 30, "pause": 0.01})
    until(lambda: value_count(store, run) > 2, step=supervisor.pump)
    os.kill(store.run(run)["pid"], 19)
    assert store.summary(run).state == "running"
    os.kill(store.run(run)["pid"], 18)
    assert supervisor.wait(run, 10).state in OVER
    curve = follow(store, run)[0]["value"]
    assert (np.diff(curve.time) >= 0).all() and (np.diff(curve.seq) > 0).all()


def test_start_now_does_not_wait_for_others(store, supervise):
    supervisor = supervise()
    first = supervisor.submit("fake.count", {"steps": 1000, "pause": 0.02})
    until(lambda: store.summary(first).state == "running", step=supervisor.pump)
    second = supervisor.submit("fake.count", {}, hold=True)
    supervisor.start_now(second)
    assert supervisor.wait(second, 20).state == "done" and store.summary(first).state == "running"
    with pytest.raises(AssayError):
        supervisor.start_now(second)


def test_a_full_disk_at_the_start_delays_the_run_and_leaves_no_process(store, supervise):
    """Fault 15: run.json cannot be written when the process is to be named; later it can."""
    import errno

    full = [False]

    def hook(operation, path):
        if full[0] and path.name == "run.json" and b'"running"' not in path.read_bytes():
            raise OSError(errno.ENOSPC, "full")

    supervisor = supervise()
    run = supervisor.submit("fake.count", {})
    assert store.queue.claim(run)
    supervisor._to_start.append(run)
    store.disk._before, full[0] = hook, True
    with pytest.raises(OSError):
        supervisor.pump()
    assert not supervisor._watched
    full[0] = False
    assert supervisor.wait(run, 20).state == "done"


def test_a_result_that_is_not_finite_comes_back_as_it_was(store, supervise):
    """Fault 45: in result.json, the log and the index."""
    supervisor = supervise()
    run = supervisor.submit("fake.pest", {"kind": "nan figure"})
    assert supervisor.wait(run, 20).state == "done"
    figure = store.result(run).figures[0]
    assert np.isnan(figure.value) and np.isinf(figure.interval)
    again = RunSummary.from_dict(json.loads(dumps(store.summary(run).as_dict())))
    assert np.isnan(again.figures[0].value) and np.isinf(again.figures[0].interval) and again.verdict == "Odd"
