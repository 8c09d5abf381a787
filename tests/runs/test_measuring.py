"""Measure before Start, and the guard against crash loops."""

import json

import pytest

from app.core import AssayError
from app.runs.measure import measure
from app.runs.startguard import StartGuard


def test_a_few_steps_tell_memory_time_and_disk(tmp_path):
    """ux (b) 13."""
    found = measure("fake.count", {"steps": 500, "pause": 0.01})
    assert found.peak_rss > 10e6 and found.fits and "fits" in found.advice
    assert 0.008 < found.seconds_per_step < 0.2
    assert 500 * 0.008 < found.total_seconds < 100
    assert found.disk_bytes > 500 * 100


def test_a_task_that_fails_at_once_gives_its_own_error(tmp_path):
    with pytest.raises(AssayError) as caught:
        measure("fake.pest", {"kind": "assay error"})
    assert caught.value.what == "The set is empty"


def test_settings_that_do_not_fit_are_not_measured():
    with pytest.raises(AssayError):
        measure("fake.count", {"steps": -1})


def test_the_third_start_in_a_row_that_fails_sets_the_newest_change_aside(store, tmp_path):
    """Fault 13: a poisoned run and poisoned settings."""
    settings = tmp_path / "settings.json"
    guard = StartGuard(store.root, settings)
    old = store.create("fake.count", {})
    assert guard.begin() is None
    guard.succeeded()
    bad = store.create("fake.count", {})
    settings.write_text("poison")
    assert guard.begin() is None
    assert guard.begin() is None
    aside = guard.begin()
    assert aside is not None and aside.runs == (bad,) and aside.settings
    assert store.ids() == [old] and (aside.folder / bad / "run.json").exists()
    assert not settings.exists() and settings.with_name("settings.json.aside").read_text() == "poison"
    assert guard.begin() is None


def test_starts_that_succeed_are_never_counted(store):
    guard = StartGuard(store.root)
    run = store.create("fake.count", {})
    for _ in range(5):
        assert guard.begin() is None
        guard.succeeded()
    (store.root / "cache" / "start-attempt.json").write_bytes(b"{")
    assert guard.begin() is None and store.ids() == [run]
    assert json.loads((store.root / "cache" / "start-attempt.json").read_text())["failed"] == 1
