"""The two commands of the set-up: `run` opens Assay, `test` runs every check of this repository."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from installer import environment
from installer.checks import run_checks
from installer.faults import SetupError
from installer.place import Place
from installer.torch_builds import BUILDS

DEMO = ["demo", "--out", "assay-demo"]


def main(words: Sequence[str], root: Path) -> int:
    """The exit code: Assay's or the tests' own, 1 when the set-up failed, 130 when it was interrupted."""
    options, rest = parser().parse_known_args(words)
    place = Place(root)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        environment.ensure(
            place,
            for_tests=options.command == "test",
            torch=options.torch,
            check_system=not options.no_system_check,
        )
        if options.command == "test":
            return run_checks(place, rest, fast=options.fast)
    except SetupError as error:
        print(f"\n{error.what}", *([error.remedy] if error.remedy else []), sep="\n", file=sys.stderr, flush=True)
        return error.code
    except KeyboardInterrupt:
        print("\nInterrupted. Start again to go on from here.", file=sys.stderr)
        return 130
    return start(place, rest)


def parser() -> argparse.ArgumentParser:
    """Arguments it does not know are handed on to Assay or to pytest."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--torch", choices=tuple(BUILDS), help="the build of PyTorch (default: the one pip finds)")
    common.add_argument("--no-system-check", action="store_true", help="do not look at the system's libraries")
    top = argparse.ArgumentParser(prog="installer/dev.py", description="Set up Assay, then start it or test it.")
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "run",
        parents=[common],
        allow_abbrev=False,
        help="open Assay; without a display, run every Try it into assay-demo/",
    )
    test = commands.add_parser("test", parents=[common], allow_abbrev=False, help="run the tests, lint and types")
    test.add_argument("--fast", action="store_true", help="leave out the tests that are slow or need an X server")
    return top


def start(place: Place, rest: Sequence[str]) -> int:
    """Become Assay (on Windows: wait for it). Without a display, every workspace's Try it runs instead."""
    words = [os.path.abspath(word) if os.path.exists(word) else word for word in rest]
    if not words and not has_display(os.environ):
        out = place.root / DEMO[-1]
        print(
            "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.\n"
            f"Running every workspace's Try it instead; reports and screenshots go to {out}",
            flush=True,
        )
        words = DEMO
    command = [str(place.python), "-m", "app", *words]
    os.chdir(place.root)
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)


def has_display(variables: Mapping[str, str], system: str = sys.platform) -> bool:
    """Whether a window can open; only Linux may lack a display."""
    if not system.startswith("linux"):
        return True
    return any(variables.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
