import html
import json
import os
import pickle

import pytest

from app.data.inspect import inspect
from tests.data import making

RECORD = {
    "format": 1,
    "id": "20260102-030405-quantum-train-1a2b",
    "task": "quantum.train",
    "name": "three and nine",
    "config": {"epochs": 5, "data": "builtin:digits"},
    "created": "2026-01-02T03:04:05",
    "state": "done",
}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / RECORD["id"]
    (folder / "files").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    (folder / "run.json").write_text(json.dumps(RECORD))
    (folder / "events.jsonl").write_text('{"n":1}\n')
    return folder


def test_a_run_folder_is_recognised_and_gives_its_settings(run):
    found = inspect([run])
    assert (found.kind, found.title, found.summary) == ("run-folder", "three and nine", "A run of quantum.train")
    assert found.options["values"] == RECORD["config"]
    assert found.options["run"] == RECORD["id"]
    assert found.usable


def test_what_a_hostile_run_folder_holds_is_named_and_never_followed(run, tmp_path):
    canary = tmp_path / "canary"
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (run / "files" / "out").symlink_to(secret)
    (run / "files" / "up").symlink_to(tmp_path)
    (run / "checkpoints" / "000001.pt").write_bytes(pickle.dumps(making.Canary(canary)))
    if hasattr(os, "mkfifo"):
        os.mkfifo(run / "files" / "pipe")
    found = inspect([run])
    words = " / ".join(problem.what for problem in found.problems)
    assert os.path.join("files", "out") in words
    assert "000001.pt" in words
    assert not found.usable
    assert not canary.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested more than"),
        ('{"task": "a", "task": "b"}', "given twice"),
        ("[]", "no Assay run"),
        ('{"task": 3}', "no Assay run"),
        ("\x00\x01", "no valid JSON"),
    ],
)
def test_a_damaged_run_record_is_a_message(run, text, message):
    (run / "run.json").write_text(text)
    found = inspect([run])
    assert found.kind == "unknown"
    assert message in found.problems[0].what


def test_a_run_of_a_later_format_opens_with_a_warning(run):
    (run / "run.json").write_text(json.dumps({**RECORD, "format": 7}))
    assert "newer Assay" in inspect([run]).problems[0].what


def test_a_name_that_would_act_is_shown_plain(run):
    (run / "run.json").write_text(json.dumps({**RECORD, "name": "\x1b[2J\u202e<b>x</b>"}))
    assert inspect([run]).title == "\\x1b[2J\\u202e<b>x</b>"


@pytest.mark.parametrize("key", ["values", "config"])
def test_a_preset_is_recognised_by_its_content(tmp_path, key):
    path = tmp_path / "mine.txt"
    path.write_text(json.dumps({"task": "quantum.train", key: {"epochs": 3}}))
    found = inspect([path])
    assert (found.kind, found.options["task"], found.options["values"]) == ("preset", "quantum.train", {"epochs": 3})


def test_a_toml_config_may_leave_its_task_out(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3\nrate = 0.5\n")
    found = inspect([path])
    assert (found.kind, found.options["task"], found.options["values"]) == ("preset", "", {"epochs": 3, "rate": 0.5})
    path.write_text('task = "quantum.train"\n[config]\nepochs = 4\n')
    assert inspect([path]).options["values"] == {"epochs": 4}


@pytest.mark.parametrize("text", ["a = [" + "[" * 50_000, "a = 1\na = 2", "a = " + "9" * 10_000, "= 3"])
def test_a_bad_toml_is_a_message(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert "no valid TOML" in inspect([path]).problems[0].what


def test_a_report_gives_back_its_settings(tmp_path):
    path = tmp_path / "report.html"
    about = html.escape(json.dumps({"task": "quantum.train", "config": {"epochs": 5}, "id": RECORD["id"]}))
    path.write_text(f'<!doctype html><html><head><meta name="assay-run" content="{about}"></head></html>')
    found = inspect([path])
    assert (found.kind, found.options["values"]) == ("report", {"epochs": 5})


def test_other_pages_and_json_files_are_unknown_and_say_what_was_expected(tmp_path):
    for name, text in (("a.html", "<html><script>alert(1)</script></html>"), ("a.json", '{"some": "thing"}')):
        path = tmp_path / name
        path.write_text(text)
        found = inspect([path])
        assert found.kind == "unknown"
        assert "Expected:" in found.problems[0].remedy
