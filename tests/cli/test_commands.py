"""The command line, driven as a real process."""

import json
import signal
import time
from pathlib import Path

import pytest

from app.runs.settings import load_settings


def lines(answer) -> list[dict]:
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture
def finished(assay):
    """The id of a run that went well."""
    answer = lines(assay("run", "fake.curve", "--json", "--set", "steps=3", "--set", "seed=1"))
    return answer[0]["id"]


def test_tasks_are_listed_with_their_titles(assay):
    answer = assay("tasks")
    assert answer.returncode == 0
    assert "fake.curve Draw a curve" in " ".join(answer.stdout.split())


def test_a_tasks_settings_say_type_range_and_default(assay):
    answer = assay("tasks", "fake.curve")
    assert "steps  (whole number ≥ 1 ≤ 1e+06; default 20)" in answer.stdout
    assert "kind  (smooth | rough; default smooth)" in answer.stdout


def test_listing_tasks_imports_no_heavy_library(environment, tmp_path):
    import subprocess
    import sys

    probe = (
        "import sys, app.cli; code = app.cli.main(['tasks']); "
        "print(sorted({'torch', 'qiskit', 'sklearn', 'scipy', 'PySide6', 'jinja2', 'tqdm'} & set(sys.modules)))"
    )
    environment["ASSAY_TASK_MODULES"] = ""
    answer = subprocess.run(
        [sys.executable, "-c", probe], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_run_prints_its_verdict_and_figures_and_returns_zero(assay):
    answer = assay("run", "fake.curve", "--set", "steps=3")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0] == "The curve falls"
    assert "accuracy: 0.90" in answer.stdout and "± 0.020, n = 100" in answer.stdout
    assert "warning: The curve is not real Use a real task." in answer.stderr


def test_a_runs_events_come_as_json_lines_in_the_order_of_the_log(assay):
    answer = lines(assay("run", "fake.curve", "--json", "--set", "steps=3"))
    assert answer[0]["k"] == "run" and answer[-1]["k"] == "end"
    numbers = [line["n"] for line in answer[1:-1]]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers)
    log = (Path(answer[0]["folder"]) / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["k"] for line in log] == [line["k"] for line in answer[1:-1]]
    assert answer[-1]["state"] == "done" and answer[-1]["exit"] == 0
    assert answer[-1]["result"]["verdict"] == "The curve falls"


def test_the_exit_code_is_the_one_that_the_result_asks_for(assay):
    assert assay("run", "fake.curve", "--set", "steps=1", "--set", "exit_code=7").returncode == 7


def test_a_failed_run_returns_one_and_says_what_where_why_and_what_to_do(assay):
    answer = assay("run", "fake.curve", "--set", "fail_at=1")
    assert answer.returncode == 1
    for words in ("The curve broke (step 1)", "it was told to", "Do not tell it to."):
        assert words in answer.stderr


@pytest.mark.parametrize(
    "words, told",
    [
        (("run", "fake.curve", "--set", "nope=1"), "Known settings: steps"),
        (("run", "fake.curve", "--set", "rate=-1"), "rate: Input should be greater than 0"),
        (("run", "no.task"), "Known tasks: diffusion.attack"),
        (("run", "fake.curve", "--config", "missing.toml"), "missing.toml"),
        (("run", "fake.curve", "--preset", "none"), "Known presets: try, paper"),
        (("runs", "show", "nothing"), "There is no run"),
        (("runs", "export", "nothing", "--csv", "x"), "There is no run"),
        (("settings", "set", "theme", "pink"), "theme"),
        (("settings", "set", "nope", "1"), "Known settings"),
        (("sweep", "fake.curve", "--over", "rate="), "no values"),
        (("nonsense",), "invalid choice"),
    ],
)
def test_what_cannot_be_used_returns_two_and_names_what_can(assay, words, told):
    answer = assay(*words)
    assert answer.returncode == 2
    assert told in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_fault_in_json_is_json(assay):
    answer = assay("run", "no.task", "--json")
    assert answer.returncode == 2
    assert lines(answer)[0]["k"] == "error"


def test_later_words_win_over_the_file_and_the_file_over_the_preset(assay, tmp_path):
    (tmp_path / "mine.toml").write_text("[settings]\nrate = 0.3\nsteps = 2\n")
    answer = lines(
        assay("run", "fake.curve", "--json", "--preset", "paper", "--config", "mine.toml", "--set", "steps=4")
    )
    shown = json.loads(assay("runs", "show", answer[0]["id"], "--json").stdout)
    assert (shown["config"]["steps"], shown["config"]["rate"]) == (4, 0.3)


def test_ctrl_c_stops_the_run_keeps_its_partial_result_and_returns_130(begin, assay):
    process = begin("run", "fake.curve", "--json", "--set", "steps=100000", "--set", "pause=0.01")
    first = json.loads(process.stdout.readline())
    for line in process.stdout:
        if json.loads(line)["k"] == "progress":
            break
    process.send_signal(signal.SIGINT)
    last = [json.loads(line) for line in process.stdout][-1]
    assert process.wait(20) == 130
    assert last["state"] == "stopped" and last["result"]["partial"] is True
    assert (Path(first["folder"]) / "result.json").is_file()


def test_a_stopped_run_is_resumed_from_where_it_was(begin, assay):
    process = begin("run", "fake.curve", "--json", "--set", "steps=60", "--set", "pause=0.02")
    run = json.loads(process.stdout.readline())["id"]
    for line in process.stdout:
        record = json.loads(line)
        if record["k"] == "checkpoint" and record["n"] > 50:
            break
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(20) == 130
    answer = assay("runs", "resume", run, "--json")
    assert answer.returncode == 0, answer.stderr
    end = lines(answer)[-1]
    assert end["state"] == "done" and end["result"]["details"]["steps"] == 60


def test_another_command_stops_a_run(begin, assay):
    process = begin("run", "fake.curve", "--json", "--set", "steps=100000", "--set", "pause=0.01")
    run = json.loads(process.stdout.readline())["id"]
    for line in process.stdout:
        if json.loads(line)["k"] == "progress":
            break
    answer = assay("runs", "stop", run)
    assert answer.returncode == 0 and "stopped" in answer.stdout
    process.stdout.read()
    assert process.wait(20) == 130


def test_a_detached_run_goes_on_without_the_command(assay):
    run = assay("run", "fake.curve", "--detach", "--set", "steps=20", "--set", "pause=0.02").stdout.strip()
    limit = time.monotonic() + 20
    state = ""
    while state != "done" and time.monotonic() < limit:
        state = json.loads(assay("runs", "show", run, "--json").stdout)["state"]
    assert state == "done"


def test_try_runs_what_the_workspace_declares(assay):
    answer = assay("try", "fake", "--json")
    assert answer.returncode == 0
    assert len([line for line in lines(answer) if line["k"] == "progress"]) == 5


def test_runs_are_listed_found_and_shown(assay, finished):
    listed = json.loads(assay("runs", "list", "--json").stdout)
    assert [run["id"] for run in listed] == [finished]
    assert json.loads(assay("runs", "list", "seed=1", "--json").stdout)
    assert not json.loads(assay("runs", "list", "seed=2", "--json").stdout)
    assert "python -m app run fake.curve --set steps=3 --set seed=1" in assay("runs", "show", "last").stdout


@pytest.mark.slow
def test_reports_comparisons_and_exports_are_written(assay, finished, tmp_path):
    other = lines(assay("run", "fake.curve", "--json", "--set", "steps=3", "--set", "rate=0.5"))[0]["id"]
    assert assay("runs", "report", finished, "--out", "one.html").returncode == 0
    assert "The curve falls" in (tmp_path / "one.html").read_text()
    answer = assay("runs", "compare", finished, other, "--out", "two.html")
    assert answer.returncode == 0, answer.stderr
    assert "rate" in answer.stdout and "against the baseline" in answer.stdout
    assert "<svg" in (tmp_path / "two.html").read_text()
    assert assay("runs", "export", finished, other, "--csv", "curves").returncode == 0
    rows = (tmp_path / "curves" / f"{finished}.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[0] == "metric,step,value,seconds" and len(rows) == 1 + 9


@pytest.mark.slow
def test_the_default_report_lies_in_the_run_and_fills_the_form_again(assay, finished):
    path = Path(assay("runs", "report", "last").stdout.strip())
    assert path.name == "report.html"
    answer = lines(assay("run", "fake.curve", "--json", "--config", path))
    shown = json.loads(assay("runs", "show", answer[0]["id"], "--json").stdout)
    assert (shown["config"]["steps"], shown["config"]["seed"]) == (3, 1)


def test_a_bundle_is_listed_before_it_is_saved(assay, finished, tmp_path):
    assert "events.jsonl" in assay("runs", "bundle", finished, "--dry-run").stdout
    assert not list(tmp_path.glob("*.zip"))
    assert assay("runs", "bundle", finished).returncode == 0
    assert list(tmp_path.glob("*.zip"))


@pytest.mark.slow
def test_a_run_is_trashed_restored_and_deleted_only_when_meant(assay, finished):
    assay("runs", "trash", finished)
    assert json.loads(assay("runs", "list", "--json").stdout) == []
    assay("runs", "restore", finished)
    assert assay("runs", "delete", finished).returncode == 2
    assert json.loads(assay("runs", "list", "--json").stdout)
    assert assay("runs", "delete", finished, "--yes").returncode == 0
    assert assay("runs", "show", finished).returncode == 2


@pytest.mark.slow
def test_a_sweep_runs_every_combination_and_folds_the_seeds(assay):
    answer = assay("sweep", "fake.curve", "--json", "--over", "rate=0.1,0.2", "--seeds", "0-1", "--set", "steps=2")
    assert answer.returncode == 0, answer.stderr
    rows = json.loads(answer.stdout)
    assert [row["settings"] for row in rows] == [{"rate": 0.1}, {"rate": 0.2}]
    assert [len(row["runs"]) for row in rows] == [2, 2]
    assert rows[0]["figures"][0]["n"] == 2


def test_a_sweep_with_one_bad_combination_queues_nothing(assay):
    assert assay("sweep", "fake.curve", "--over", "rate=0.1,-1").returncode == 2
    assert json.loads(assay("runs", "list", "--json").stdout) == []


def test_settings_are_set_shown_and_reset(assay):
    assert assay("settings", "set", "theme", "dark").returncode == 0
    assert load_settings().settings.theme == "dark"
    assert json.loads(assay("settings", "list", "--json").stdout)["theme"] == "dark"
    assay("settings", "reset", "theme")
    assert load_settings().settings.theme == "system"


def test_a_key_is_read_from_standard_input_and_never_shown(assay):
    answer = assay("settings", "key", "ibm_quantum.token", "--place", "file", stdin="very-secret-key-123\n")
    assert answer.returncode == 0, answer.stderr
    shown = assay("settings", "keys")
    assert "file" in shown.stdout
    assert "very-secret" not in shown.stdout + shown.stderr + answer.stdout + answer.stderr


def test_without_a_keyring_a_key_is_refused_with_the_ways_out(assay):
    answer = assay("settings", "key", "ibm_quantum.token", stdin="very-secret-key-123\n")
    assert answer.returncode == 2
    assert "ASSAY_IBM_QUANTUM_TOKEN" in answer.stderr and "--place file" in answer.stderr


def test_without_a_display_the_window_is_refused_in_words(assay, environment):
    environment.pop("QT_QPA_PLATFORM", None)
    answer = assay()
    assert answer.returncode == 3
    assert "no display" in answer.stderr and "Traceback" not in answer.stderr


def test_the_version_is_told(assay):
    assert assay("--version").stdout.startswith("Assay ")


def test_a_reader_that_goes_away_is_no_fault(begin):
    process = begin("tasks", "fake.curve")
    process.stdout.close()
    assert process.wait(20) in (0, 120)
    assert "Traceback" not in process.stderr.read()


def test_names_with_terminal_codes_are_shown_without_them(assay):
    answer = assay("run", "fake.curve", "--set", "steps=1", "--set", "name=\x1b[31mred\u202e")
    assert "\x1b" not in answer.stdout + answer.stderr
    assert "⟨U+202E⟩" in answer.stdout


@pytest.mark.slow
def test_ctrl_c_in_a_sweep_stops_what_runs_and_holds_what_waits(begin, assay):
    process = begin("sweep", "fake.curve", "--seeds", "0-3", "--set", "steps=100000", "--set", "pause=0.01")
    limit = time.monotonic() + 20
    states: list[str] = []
    while "running" not in states and time.monotonic() < limit:
        states = [run["state"] for run in json.loads(assay("runs", "list", "--json").stdout)]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    states = [run["state"] for run in json.loads(assay("runs", "list", "--json").stdout)]
    assert sorted(states) == ["held", "held", "held", "stopped"]


def test_a_run_in_the_queue_leaves_it_when_stopped(begin, assay):
    process = begin("run", "fake.curve", "--json", "--set", "steps=100000", "--set", "pause=0.01")
    for line in process.stdout:
        if json.loads(line)["k"] == "progress":
            break
    other = begin("run", "fake.curve", "--json", "--set", "steps=1")
    waiting = json.loads(other.stdout.readline())["id"]
    assert "left the queue" in assay("runs", "stop", waiting).stdout
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(20) == 130


def test_measuring_tells_memory_time_and_disk_and_leaves_no_run(assay):
    answer = json.loads(assay("measure", "fake.curve", "--json").stdout)
    assert answer["fits"] and answer["peak_rss"] > 1e6 and answer["total_seconds"] > 0
    assert json.loads(assay("runs", "list", "--json").stdout) == []


def test_a_dry_sweep_tells_its_cost_and_queues_nothing(assay):
    answer = assay("sweep", "fake.curve", "--dry-run", "--json", "--over", "rate=0.1,0.2", "--seeds", "0-2")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert len(told["runs"]) == 6 and told["disk_bytes"] > 0
    assert json.loads(assay("runs", "list", "--json").stdout) == []
