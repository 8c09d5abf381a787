"""The system libraries that Qt, OpenCV and PortAudio load on Linux: which are missing, and the line that installs them."""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from installer.faults import SetupError, explain
from installer.progress import Progress


@dataclass(frozen=True)
class Need:
    """Something the system has to bring: a shared library, a program or a font, and its Debian package."""

    name: str
    package: str
    reason: str
    required: bool = True


LIBRARIES = (
    Need("libglib-2.0.so.0", "libglib2.0-0", "Qt"),
    Need("libGL.so.1", "libgl1", "Qt"),
    Need("libEGL.so.1", "libegl1", "Qt"),
    Need("libxkbcommon.so.0", "libxkbcommon0", "Qt"),
    Need("libfontconfig.so.1", "libfontconfig1", "Qt"),
    Need("libdbus-1.so.3", "libdbus-1-3", "Qt"),
    Need("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "Qt on X11"),
    Need("libxcb-cursor.so.0", "libxcb-cursor0", "Qt on X11"),
    Need("libxcb-icccm.so.4", "libxcb-icccm4", "Qt on X11"),
    Need("libxcb-keysyms.so.1", "libxcb-keysyms1", "Qt on X11"),
    Need("libxcb-shape.so.0", "libxcb-shape0", "Qt on X11"),
    Need("libxcb-xkb.so.1", "libxcb-xkb1", "Qt on X11"),
    Need("libportaudio.so.2", "libportaudio2", "recording sound", required=False),
    Need("libpulse.so.0", "libpulse0", "playing sound", required=False),
    Need("libXrandr.so.2", "libxrandr2", "playing video", required=False),
)
FONT = Need("Inter", "fonts-inter", "the look of the window", required=False)
FONT_FILES = ("/usr/share/fonts/**/Inter*", "/usr/local/share/fonts/**/Inter*", "~/.local/share/fonts/**/Inter*")
PROGRAMS = (
    Need("Xvfb", "xvfb", "the tests on a real X server", required=False),
    Need("xauth", "xauth", "the tests on a real X server", required=False),
    Need("xdotool", "xdotool", "the tests on a real X server", required=False),
    Need("openbox", "openbox", "the tests on a real X server", required=False),
)
PROBE = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
"""

Answers = Callable[[Sequence[str]], str]


def missing(for_tests: bool) -> list[Need]:
    """What this Linux lacks, in the order of the tables; nothing on other systems, whose wheels bring all."""
    if not sys.platform.startswith("linux"):
        return []
    needs = list(_not_loadable(LIBRARIES))
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        needs.insert(0, Need("venv", f"{version}-venv", "Python's own environments"))
    if not any(glob.iglob(os.path.expanduser(pattern), recursive=True) for pattern in FONT_FILES):
        needs.append(FONT)
    if for_tests:
        needs += [need for need in PROGRAMS if shutil.which(need.name) is None]
    return needs


def install_line(needs: Iterable[Need], answers: Answers | None = None, root: bool = False) -> str:
    """The one command that installs `needs` on Debian and Ubuntu."""
    return f"{'' if root else 'sudo '}apt-get install -y --no-install-recommends {' '.join(packages(needs, answers))}"


def packages(needs: Iterable[Need], answers: Answers | None = None) -> list[str]:
    """Debian names of `needs`, under the name this release knows: since 2024 some carry the suffix t64."""
    asked = list(dict.fromkeys(need.package for need in needs))
    policy = (answers or _answer)(["apt-cache", "policy", *asked, *(f"{name}t64" for name in asked)])
    known = _candidates(policy)
    return [f"{name}t64" if name not in known and f"{name}t64" in known else name for name in asked]


def provide(progress: Progress, for_tests: bool, log: Path) -> bool:
    """Install what is missing where that may be done; whether all is there. Raises SetupError when Assay cannot start."""
    needs = missing(for_tests)
    if not needs:
        return True
    if _may_install():
        _apt(progress, needs, log)
        needs = missing(for_tests)
    if not needs:
        return True
    names = ", ".join(f"{need.name} ({need.reason})" for need in needs)
    has_apt = shutil.which("apt-get") is not None
    line = install_line(needs, root=_is_root()) if has_apt else "the packages of your Linux that bring them"
    if any(need.required for need in needs):
        raise SetupError(f"System libraries are missing: {names}", f"Install them and start again:\n    {line}")
    progress.note(f"Missing, and not needed to start: {names}")
    progress.note(f"Install with: {line}")
    return False


def _apt(progress: Progress, needs: Sequence[Need], log: Path) -> None:
    """What apt-get cannot do is seen by looking again afterwards; here its reason is passed on."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    update = progress.follow(["apt-get", "update"], log, _apt_shown, environment=environment)
    command = install_line(needs, root=True).split()
    outcome = progress.follow(command, log, _apt_shown, environment=environment)
    if outcome.code != 0:
        what, remedy = explain((*update.tail, *outcome.tail))
        progress.note(f"apt-get could not install them{': ' + what if what else ''}. {remedy}".rstrip())
        for line in outcome.tail:
            progress.note(f"  {line}")


def _apt_shown(line: str) -> str | None:
    return line if line.startswith(("Get:", "Unpacking", "Setting up")) else None


def _may_install() -> bool:
    return _is_root() and shutil.which("apt-get") is not None and Path("/etc/debian_version").exists()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _not_loadable(needs: Sequence[Need]) -> list[Need]:
    """Asks the loader itself, in a process of its own: a table of it may be stale, and a library once loaded stays."""
    probe = [sys.executable, "-I", "-c", PROBE, *(need.name for need in needs)]
    answer = subprocess.run(probe, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=True)
    absent = set(answer.stdout.split())
    return [need for need in needs if need.name in absent]


def _answer(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, env=environment
    ).stdout


def _candidates(policy: str) -> set[str]:
    """Names with a version that can be installed, from the output of `apt-cache policy`."""
    known: set[str] = set()
    name = ""
    for line in policy.splitlines():
        if line and not line.startswith(" "):
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            known.add(name)
    return known
