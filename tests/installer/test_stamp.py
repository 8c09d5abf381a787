"""An environment is believed only with a whole stamp of what is asked for."""

from collections.abc import Callable

import pytest

from installer import environment as environments
from installer.place import RUN_LOCK, TEST_LOCK, Place
from installer.stamp import read_stamp, state_of

Make = Callable[..., Place]


def test_a_tree_that_was_never_set_up_has_no_environment(place: Place) -> None:
    assert state_of(place, for_tests=False, torch=None) == "absent"


def test_a_stamped_environment_is_ready(environment: Make) -> None:
    assert state_of(environment(), for_tests=False, torch=None) == "ready"


def test_an_environment_for_tests_also_runs_assay(environment: Make) -> None:
    assert state_of(environment(for_tests=True), for_tests=False, torch=None) == "ready"


def test_an_environment_for_running_is_not_enough_for_tests(environment: Make) -> None:
    assert state_of(environment(), for_tests=True, torch=None) == "outdated"


def test_without_a_stamp_an_environment_is_half_made(environment: Make) -> None:
    assert state_of(environment(stamped=False), for_tests=False, torch=None) == "half-made"


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_a_torn_stamp_is_no_stamp(environment: Make, length: int) -> None:
    place = environment()
    whole = place.stamp.read_bytes()
    place.stamp.write_bytes(whole[: min(length, len(whole) - 2)])
    assert state_of(place, for_tests=False, torch=None) == "half-made"


@pytest.mark.parametrize(
    "changes", [{"format": 0}, {"locks": None}, {"locks": "x"}, {"more": 1}, {"executable": "/nowhere/python3"}]
)
def test_a_strange_stamp_is_no_stamp(stamped_with: Make, changes: dict[str, object]) -> None:
    assert state_of(stamped_with(**changes), for_tests=False, torch=None) == "half-made"


def test_an_interpreter_that_went_away_makes_the_environment_half_made(environment: Make) -> None:
    place = environment()
    place.python.unlink()
    place.python.symlink_to("/nowhere/python3")
    assert state_of(place, for_tests=False, torch=None) == "half-made"


def test_a_changed_lock_makes_the_environment_outdated(environment: Make) -> None:
    place = environment()
    place.lock(RUN_LOCK).write_text("other==2.0\n", encoding="utf-8")
    assert state_of(place, for_tests=False, torch=None) == "outdated"


def test_a_changed_test_lock_does_not_keep_assay_from_starting(environment: Make) -> None:
    place = environment(for_tests=True)
    place.lock(TEST_LOCK).write_text("other==2.0\n", encoding="utf-8")
    assert state_of(place, for_tests=False, torch=None) == "ready"


def test_another_build_of_pytorch_is_installed_only_when_asked_for(environment: Make) -> None:
    place = environment(torch="cpu")
    assert state_of(place, for_tests=False, torch=None) == "ready"
    assert state_of(place, for_tests=False, torch="cpu") == "ready"
    assert state_of(place, for_tests=False, torch="cuda") == "outdated"


def test_a_second_start_begins_no_process(environment: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = environment()

    def refuse(*_words: object, **_more: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("subprocess.Popen.__init__", refuse)
    environments.ensure(place, for_tests=False, torch=None)


def test_what_was_installed_in_the_system_since_is_noted(environment: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = environment(system=False)
    monkeypatch.setattr("installer.system.missing", lambda for_tests: [])
    environments.ensure(place, for_tests=False, torch=None)
    stamp = read_stamp(place)
    assert stamp is not None and stamp.system
