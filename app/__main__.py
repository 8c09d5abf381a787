"""Start Assay: the window, or one command without it."""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

NO_DISPLAY = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command, or of the window when no command is named. File names open in the window."""
    multiprocessing.freeze_support()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and not _are_paths(words):
        from app.cli import main as command

        return command(words)
    if problem := _display_problem():
        print(problem, file=sys.stderr)
        return NO_DISPLAY
    from app.shell.start import main as window

    return window([Path(word) for word in words])


def _are_paths(words: Sequence[str]) -> bool:
    """Whether every word names something that exists, and the first is no command."""
    from app.cli.arguments import COMMANDS

    return words[0] not in COMMANDS and all(Path(word).exists() for word in words)


def _display_problem() -> str:
    """Qt ends the process with a dump of its plugins when there is no screen, so that is found out before."""
    if sys.platform != "linux" or any(map(os.environ.get, ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"))):
        return ""
    return (
        "Assay cannot open its window: this session has no display (neither DISPLAY nor WAYLAND_DISPLAY is set).\n"
        "Everything also works without one: python -m app --help"
    )


if __name__ == "__main__":
    sys.exit(main())
