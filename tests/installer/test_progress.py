"""Long output becomes one moving line in a terminal and few plain lines in a pipe; the log keeps everything."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installer import pip
from installer.faults import SetupError
from installer.pip import Shown
from installer.place import Place
from installer.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Goes on by `pace` seconds with each look at it."""

    def __init__(self, pace: float) -> None:
        self.now = 0.0
        self.pace = pace

    def __call__(self) -> float:
        self.now += self.pace
        return self.now


def test_steps_are_numbered_and_timed() -> None:
    stream = io.StringIO()
    progress = Progress(2, stream, Clock(30.0))
    progress.step("Packages")
    progress.done()
    assert stream.getvalue() == "[1/2] Packages\n      done (0:30)\n"


def test_a_terminal_has_one_moving_line() -> None:
    stream = Terminal()
    progress = Progress(1, stream, Clock(0.1))
    progress.step("Packages")
    for number in range(5):
        progress.detail(f"collected {number}")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r\033[K") == 6


def test_a_pipe_has_few_plain_lines() -> None:
    stream = io.StringIO()
    progress = Progress(1, stream, Clock(0.5))
    progress.step("Packages")
    for number in range(100):
        progress.detail(f"collected {number}")
    lines = stream.getvalue().splitlines()
    assert 5 <= len(lines) <= 12
    assert "\r" not in stream.getvalue() and "\033" not in stream.getvalue()


def test_a_command_that_says_nothing_new_still_shows_life_in_a_pipe() -> None:
    stream = io.StringIO()
    progress = Progress(1, stream, Clock(1.0))
    progress.step("Packages")
    for _ in range(40):
        progress.detail("installing")
    assert 2 <= stream.getvalue().count("installing") <= 4


def test_the_log_keeps_every_line_and_the_outcome_the_last_twenty(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; [print(n) for n in range(50)]; print('end', file=sys.stderr); sys.exit(3)",
    ]
    outcome = Progress(1, io.StringIO()).follow(command, tmp_path / "log", lambda line: line)
    assert outcome.code == 3
    assert len(outcome.tail) == 20
    assert outcome.tail[-1] == "end"
    assert "\n0\n1\n" in (tmp_path / "log").read_text(encoding="utf-8")


def test_the_lines_of_pip_are_condensed() -> None:
    shown = Shown(104)
    told = [
        shown(line)
        for line in (
            "Collecting numpy==2.4.6 (from -r requirements.lock (line 3))",
            "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.9 MB)",
            "Requirement already satisfied: scipy==1.17.1 in ./lib",
            "Ignoring pywin32-ctypes: markers do not match",
            "Installing collected packages: numpy, scipy",
        )
    ]
    assert told == [
        "collected 1 of 104: numpy",
        "collected 1 of 104: downloading numpy 2.4.6 (16.9 MB)",
        "collected 2 of 104: scipy",
        None,
        "installing 2 packages",
    ]


@pytest.fixture
def failing_pip(environment: Callable[..., Place], tmp_path: Path) -> Place:
    """An environment whose Python says 30 lines and fails."""
    place = environment()
    place.python.unlink()
    script = "#!/bin/sh\nfor n in $(seq 30); do echo line $n; done\necho 'ERROR: [Errno 28] No space left on device'\nexit 2\n"
    place.python.write_text(script, encoding="utf-8")
    place.python.chmod(0o755)
    return place


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for Python")
def test_a_failed_pip_shows_its_last_lines_the_cause_and_the_log(failing_pip: Place) -> None:
    with pytest.raises(SetupError) as caught:
        pip.run_pip(Progress(1, io.StringIO()), failing_pip, ["install", "numpy"])
    assert caught.value.what.startswith("The disk is full")
    assert "line 12\n" in caught.value.what and "line 11\n" not in caught.value.what
    assert str(failing_pip.log) in caught.value.remedy
    assert caught.value.code != 0


def test_pip_is_kept_from_settings_that_would_send_packages_elsewhere(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_CERT", "/my/certificate")
    surroundings = pip.surroundings(place)
    assert "PIP_TARGET" not in surroundings and "PYTHONPATH" not in surroundings
    assert surroundings["PIP_CERT"] == "/my/certificate"
    assert surroundings["TMPDIR"] == str(place.scratch)
