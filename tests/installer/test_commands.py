"""What dev.py hands on, and what it starts."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from installer import checks, commands, environment
from installer.faults import SetupError
from installer.place import Place


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, place: Place) -> list[list[str]]:
    """What Assay or the checks were started with."""
    ran: list[list[str]] = []
    monkeypatch.setattr(environment, "ensure", lambda *_words, **_more: None)
    monkeypatch.setattr(os, "execv", lambda _path, command: ran.append(list(command)[1:]))
    monkeypatch.setattr(os, "chdir", lambda _path: None)
    monkeypatch.setattr(checks.subprocess, "call", lambda command, **_more: ran.append(list(command)[1:]) or 0)
    monkeypatch.setattr(commands.signal, "signal", lambda _number, _handler: None)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return ran


def main(place: Place, *words: str) -> int:
    """`start` replaces the process; where that is only recorded it returns nothing, which counts as success here."""
    return commands.main(words, place.root) or 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux may lack a display")
def test_without_a_display_every_try_it_runs_instead(
    started: list[list[str]], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    main(place, "run")
    assert started == [["-m", "app", "demo", "--out", "assay-demo"]]
    assert "no display" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_with_a_display_the_window_opens(
    started: list[list[str]], place: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, ":0")
    main(place, "run")
    assert started == [["-m", "app"]]


def test_further_words_are_handed_on_to_assay_with_whole_paths(
    started: list[list[str]], place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "digits.csv").write_text("", encoding="utf-8")
    main(place, "run", str(tmp_path / "digits.csv"), "--store", "elsewhere")
    assert started == [["-m", "app", str(tmp_path / "digits.csv"), "--store", "elsewhere"]]


def test_the_whole_test_command_runs_every_check_and_the_tests_last(started: list[list[str]], place: Place) -> None:
    assert main(place, "test") == 0
    assert [command[1] for command in started] == ["ruff", "ruff", "mypy", "pytest"]


def test_arguments_of_pytest_are_handed_on(started: list[list[str]], place: Place) -> None:
    main(place, "test", "-k", "quantum", "--fast", "-x")
    assert started == [["-m", "pytest", "-m", "not slow and not xserver", "-k", "quantum", "-x"]]


def test_one_failed_check_fails_the_command_and_the_others_still_run(
    started: list[list[str]], place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(command: Sequence[str], **_more: object) -> int:
        started.append(list(command))
        return 1 if "mypy" in command else 0

    monkeypatch.setattr(checks.subprocess, "call", call)
    assert main(place, "test") == 1
    assert len(started) == 4
    assert "Failed: Types" in capsys.readouterr().out


def test_a_failed_set_up_is_told_and_nothing_is_started(
    started: list[list[str]], place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_words: object, **_more: object) -> None:
        raise SetupError("The disk is full", "Free some space.")

    monkeypatch.setattr(environment, "ensure", fail)
    assert main(place, "run") == 1
    assert started == []
    assert capsys.readouterr().err == "\nThe disk is full\nFree some space.\n"


def test_an_interrupted_set_up_says_how_to_go_on(
    started: list[list[str]], place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "ensure", interrupt)
    assert main(place, "test") == 130
    assert "Start again" in capsys.readouterr().err


def test_the_gate_runs_the_test_command() -> None:
    gate = (Path(__file__).resolve().parents[2] / ".ci" / "run").read_text(encoding="utf-8")
    assert gate.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in gate
    assert "python3 installer/dev.py test\n" in gate
