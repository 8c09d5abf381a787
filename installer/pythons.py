"""Which Python and which machine can run Assay, and where to find a fitting Python when this is not one.

Readable by Python 3.8, since its purpose is to tell an old Python that it is too old.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

SUPPORTED = ((3, 11), (3, 12), (3, 13))
GLIBC = {"x86_64": (2, 34), "aarch64": (2, 39)}
TRIED = "ASSAY_SETUP_PYTHON"
PROBE = "import sys, platform; print(*sys.version_info[:2], platform.python_implementation(), sys.maxsize > 2**32)"


def python_problem(
    version: Sequence[int] = tuple(sys.version_info[:3]),
    implementation: str = platform.python_implementation(),
    wide: bool = sys.maxsize > 2**32,
) -> str:
    """Why this Python cannot run Assay, or an empty text."""
    name = "{} {}".format(implementation, ".".join(map(str, version[:3])))
    if tuple(version[:2]) not in SUPPORTED:
        return f"This is {name}; Assay needs CPython 3.11, 3.12 or 3.13"
    if implementation != "CPython":
        return f"This is {name}; Assay needs CPython, 3.11 to 3.13"
    if not wide:
        return f"This is a 32-bit {name}; Assay needs a 64-bit CPython 3.11, 3.12 or 3.13"
    return ""


def machine_problem(
    system: str = sys.platform,
    machine: str = platform.machine(),
    libc: tuple[str, str] | None = None,
) -> str:
    """Why no wheel of Qt or PyTorch fits this machine, or an empty text."""
    if system == "darwin" and machine == "x86_64":
        return "PyTorch is no longer built for Intel Macs; Assay needs one with Apple silicon"
    if not system.startswith("linux"):
        return ""
    name, number = libc if libc is not None else platform.libc_ver()
    if name != "glibc":
        return "Assay needs a Linux with glibc (Debian, Ubuntu, Fedora and the like); this one has another C library"
    needed = GLIBC.get(machine)
    if needed is None:
        return f"There is no build of Qt for Linux on {machine}; Assay needs x86-64 or 64-bit ARM"
    if tuple(int(part) for part in number.split(".")[:2]) < needed:
        return (
            f"This Linux has glibc {number}; Qt needs {needed[0]}.{needed[1]} or newer on {machine} "
            f"({'Debian 12, Ubuntu 22.04' if machine == 'x86_64' else 'Debian 13, Ubuntu 24.04'} or newer)"
        )
    return ""


def fitting_python(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """A supported Python on PATH that really answers (a version manager's stand-in may not)."""
    for major, minor in SUPPORTED:
        found = which(f"python{major}.{minor}")
        if found is None:
            continue
        try:
            answer = subprocess.run(
                [found, "-I", "-c", PROBE], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.returncode == 0 and answer.stdout.split() == [str(major), str(minor), "CPython", "True"]:
            return found
    return None


def require_fitting_python() -> None:
    """Go on in a fitting Python when this one is not; end with the reason when there is none."""
    problem = python_problem()
    if not problem:
        return
    found = None if os.environ.get(TRIED) else fitting_python()
    if found is None:
        print(f"{problem}.\nNo other fitting Python is on PATH: install Python 3.11 and start again.", file=sys.stderr)
        sys.exit(1)
    print(f"{problem}: going on with {found}.", file=sys.stderr, flush=True)
    os.environ[TRIED] = found
    command = [found, *sys.argv]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(found, command)
