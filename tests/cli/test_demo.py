"""The demonstration leaves a folder that can be opened anywhere."""

import json

import pytest

from app.cli import demo


def test_each_workspace_leaves_a_report_and_an_index(assay, tmp_path):
    answer = assay("demo", "fake", "--out", "shown")
    assert answer.returncode == 0, answer.stderr
    index = (tmp_path / "shown" / "index.html").read_text()
    assert 'href="fake.html"' in index and "The curve falls" in index
    assert "The curve falls" in (tmp_path / "shown" / "fake.html").read_text()
    picture = tmp_path / "shown" / "fake.png"
    assert picture.is_file() or ("No screenshot" in answer.stderr and "No screenshot" in index)


def test_its_runs_are_kept_apart_from_the_users(assay, tmp_path):
    assay("demo", "fake", "--out", "shown")
    assert json.loads(assay("runs", "list", "--json").stdout) == []
    assert json.loads(assay("runs", "list", "--json", "--store", tmp_path / "shown" / "store").stdout)


@pytest.mark.parametrize("command, told", [("no.such.module", "missing"), ("json.tool", "ended with code")])
def test_a_screenshot_that_cannot_be_taken_is_said(tmp_path, monkeypatch, command, told):
    monkeypatch.setattr(demo, "SCREENSHOT", command)
    if command == "no.such.module":
        monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    assert told in demo.take_screenshot(tmp_path, "run", tmp_path / "x.png", "light")


def test_an_unknown_workspace_is_refused(assay):
    answer = assay("demo", "nothing")
    assert answer.returncode == 2 and "Known workspaces" in answer.stderr
