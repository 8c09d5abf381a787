"""pip inside the environment: its command, its surroundings, and one short line for each of its long ones."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from installer.faults import SetupError, explain
from installer.place import Place
from installer.progress import Progress

# Would send the packages elsewhere, or let a stranger's modules into pip.
UNWANTED = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_REQUIRE_HASHES")
COLLECTING = re.compile(r"Collecting (\S+)")
SATISFIED = re.compile(r"Requirement already satisfied: (\S+)")
DOWNLOADING = re.compile(r"\s*Downloading (?:\S*/)?([^/\s]+?)-([^-\s]+)-\S+\.whl\S* \((.+)\)")
WAITING = re.compile(r"WARNING: Retrying ")


def run_pip(
    progress: Progress, place: Place, arguments: Sequence[str], expected: int = 0, keep_open: Sequence[int] = ()
) -> None:
    """One pip command, told as progress (`expected` packages). Raises SetupError with its last lines when it fails."""
    command = [str(place.python), "-I", "-m", "pip", *arguments]
    place.scratch.mkdir(parents=True, exist_ok=True)
    environment = surroundings(place)
    outcome = progress.follow(command, place.log, Shown(expected), environment=environment, keep_open=keep_open)
    if outcome.code == 0:
        return
    what, remedy = explain(outcome.tail)
    said = "\n".join(f"    {line}" for line in outcome.tail)
    raise SetupError(
        f"{what or 'pip did not succeed'}. pip's last lines:\n{said}",
        f"{remedy}\n".lstrip() + f"Everything it said: {place.log}",
    )


def surroundings(place: Place) -> dict[str, str]:
    """The environment variables for pip; indexes, proxies and caches stay as the person set them."""
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    scratch = str(place.scratch)
    return {
        **kept,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": scratch,
        "TEMP": scratch,
        "TMP": scratch,
    }


def without_hashes(lock: str) -> str:
    """The pins of a lock alone, to hold another install to them (pip would ask every package for a hash otherwise)."""
    pins = (line.removesuffix("\\").rstrip() for line in lock.splitlines() if line[:1].isalnum())
    return "".join(f"{pin}\n" for pin in pins)


def count_pins(*locks: Path) -> int:
    """How many packages the locks name; those meant for other systems are counted too."""
    return sum(line[:1].isalnum() for lock in locks for line in lock.read_text(encoding="utf-8").splitlines())


class Shown:
    """Turns pip's lines into "collected 12 of 104: numpy"; called with each line, None for those that say nothing."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._collected = 0

    def __call__(self, line: str) -> str | None:
        of = f" of {self._expected}" if self._expected else ""
        if found := COLLECTING.match(line) or SATISFIED.match(line):
            self._collected += 1
            return f"collected {self._collected}{of}: {re.split(r'[=<>!~;[]', found.group(1))[0]}"
        if found := DOWNLOADING.match(line):
            return f"collected {self._collected}{of}: downloading {found.group(1)} {found.group(2)} ({found.group(3)})"
        if line.startswith("Installing collected packages"):
            return f"installing {line.count(',') + 1} packages"
        if line.startswith("Successfully installed"):
            return "installed"
        return "the package index does not answer, trying again" if WAITING.match(line) else None
