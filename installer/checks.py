"""Every check of this repository, each under its own heading; the tests come last, so their count closes the output."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence

from installer.place import Place

WORKERS = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0"]
FAST = ["-m", "not slow and not xserver"]
STATIC = (
    ("Lint", ["ruff", "check", "."]),
    ("Format", ["ruff", "format", "--check", "."]),
    ("Types", ["mypy"]),
)


def run_checks(place: Place, pytest_arguments: Sequence[str], *, fast: bool) -> int:
    """0 when all succeed, else 1. With arguments for pytest only the tests run."""
    checks = [] if pytest_arguments else list(STATIC)
    tests = ["pytest", *([] if pytest_arguments else WORKERS), *(FAST if fast else []), *pytest_arguments]
    failed = [title for title, words in [*checks, ("Tests", tests)] if not _succeeds(place, title, words)]
    if failed:
        print(f"\nFailed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def _succeeds(place: Place, title: str, words: Sequence[str]) -> bool:
    print(f"\n== {title}: {' '.join(words)}", flush=True)
    began = time.monotonic()
    # One thread for each process: the suite starts many at once, and the numbers must not depend on the cores.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    command = [str(place.python), "-m", *words]
    code = subprocess.call(command, cwd=place.root, env=environment, stdin=subprocess.DEVNULL)
    print(
        f"-- {title}: {'ok' if code == 0 else f'failed, exit code {code}'} ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    return code == 0
