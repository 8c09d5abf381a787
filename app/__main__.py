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
    asked = _window_asked(words)
    if asked is None:
        from app.cli import main as command

        return command(words)
    if problem := _display_problem():
        print(problem, file=sys.stderr)
        return NO_DISPLAY
    from app.shell.start import main as window

    paths, store = asked
    return window(paths, store)


def _window_asked(words: Sequence[str]) -> tuple[list[Path], Path | None] | None:
    """The files to open and the store to use; None when the words are a command, or none that the window knows."""
    from app.cli.arguments import COMMANDS

    left, store = list(words), None
    if len(left) > 1 and left[0] == "--store":
        store, left = Path(left[1]), left[2:]
    elif left and left[0].startswith("--store="):
        store, left = Path(left[0].removeprefix("--store=")), left[1:]
    if left and (left[0] in COMMANDS or not all(Path(word).exists() for word in left)):
        return None
    return [Path(word) for word in left], store


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
