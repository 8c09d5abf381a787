"""Assay without a screen: the same tasks, store, queue and reports as in the window."""

import importlib
import sys
from collections.abc import Sequence

from app.cli.arguments import parse
from app.core import AssayError

OK, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 all went well (or the code that the run's result names), 1 a run failed, 2 something given cannot be used,
    130 stopped by Ctrl+C.
    """
    _keep_odd_names_printable()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    module, _, function = options.handler.partition(":")
    try:
        # Imported by name so that listing tasks does not wait for what running them needs.
        return int(getattr(importlib.import_module(f"app.cli.{module}"), function)(options))
    except AssayError as error:
        _say_fault(error, as_json=options.json)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more can be said to it, at exit either.
        sys.stdout = open("/dev/null" if sys.platform != "win32" else "nul", "w")  # noqa: SIM115
        return OK


def _keep_odd_names_printable() -> None:
    """A file name that is not valid in the terminal's encoding must not end the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _say_fault(error: AssayError, *, as_json: bool) -> None:
    from app.runs.plain_text import plain_text
    from app.runs.redaction import redact_record, redactor

    if as_json:
        import json

        print(json.dumps({"k": "error", **redact_record(error.as_dict(), redactor())}))
        return
    redact = redactor()
    place = f" ({error.where})" if error.where else ""
    for line in (f"{error.what}{place}", error.why, error.remedy):
        if line:
            print(redact(plain_text(line, 2_000)), file=sys.stderr)
