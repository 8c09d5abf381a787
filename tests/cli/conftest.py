"""The command line as a user has it: a process of its own, with fake tasks and a store that is thrown away."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 60


@pytest.fixture
def environment(own_home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**kept, "ASSAY_TASK_MODULES": "tests.cli.fake_tasks", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


@pytest.fixture
def assay(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m app WORDS…` to its end."""

    def run(*words: object, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app", *map(str, words)],
            cwd=tmp_path,
            env={**environment, **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    return run


@pytest.fixture
def begin(environment: dict[str, str], tmp_path: Path):
    """Start `python -m app WORDS…` and leave it running; ended with the test."""
    started: list[subprocess.Popen[str]] = []
    # Ctrl-C reaches the commands also where the tests run in the background of a script, which ignores it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def popen(*words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *map(str, words)],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield popen
    signal.signal(signal.SIGINT, before)
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
