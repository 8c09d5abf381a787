"""A scan can guard a download: its exit code tells clean, backdoored, faulty and unclear apart."""

import json

import pytest

SHORT = ("attack=sde", "seeds=1", "steps=50", "batch=16", "paired_steps=90", "stochastic_steps=40", "device=cpu")
FAST = (*(word for setting in SHORT for word in ("--set", setting)), "--json")


@pytest.mark.slow
@pytest.mark.parametrize(("starter", "code"), [("clean", 0), ("backdoored", 1)])
def test_a_scan_ends_with_the_code_of_its_verdict(assay, starter, code):
    answer = assay("run", "diffusion.scan", "--set", f"model=builtin:starter-{starter}", *FAST)
    assert answer.returncode == code, answer.stderr
    assert json.loads(answer.stdout.splitlines()[-1])["exit"] == code


@pytest.mark.slow
def test_a_folder_that_is_no_model_ends_with_two(assay, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        assert assay("run", "diffusion.scan", "--set", f"model={folder}", *FAST).returncode == 2
