"""The process that reads dropped files: one JSON request per line on stdin, one JSON answer per line on stdout."""

import faulthandler
import json
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from app.core.errors import AssayError
from app.data import confinement
from app.data.inspect import FIRST_LOOK, WHOLE_LOOK, inspect
from app.data.text import plain

REQUEST_LIMIT = 4_000_000


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the other end closes. A request that takes over 10 s ends the process."""
    while line := requests.readline(REQUEST_LIMIT):
        confinement.start_clock()
        answer = answer_to(line)
        # Plain ASCII: half of a file name that is no text survives as an escape.
        answers.write(json.dumps(answer, allow_nan=False).encode() + b"\n")
        answers.flush()
        confinement.stop_clock()


def answer_to(line: bytes) -> dict[str, Any]:
    """The answer to one request: `{"id", "ok": true, …}`, or `{"id", "ok": false, "error": {what, …}}`."""
    number: Any = None
    try:
        request = json.loads(line)
        number = request.get("id")
        return {"id": number, "ok": True, **_do(request)}
    except AssayError as error:
        return {"id": number, "ok": False, "error": error.as_dict()}
    except MemoryError:
        words = AssayError("The file needs too much memory to be looked at", why="more than 2 GB")
        return {"id": number, "ok": False, "error": words.as_dict()}
    except Exception as error:
        # The edge: whatever a hostile file provoked becomes a message for the user, and the traceback a record.
        traceback.print_exc(file=sys.stderr)
        words = AssayError(
            "The file could not be looked at",
            why=plain(f"{type(error).__name__}: {error}", 300),
            remedy="This is a fault of Assay: please report it, with the file if you can",
        )
        return {"id": number, "ok": False, "error": words.as_dict(), "traceback": traceback.format_exc(limit=-12)}


def _do(request: dict[str, Any]) -> dict[str, Any]:
    match request.get("do"):
        case "inspect":
            budget = min(float(request.get("budget", FIRST_LOOK)), WHOLE_LOOK)
            found = inspect([Path(path) for path in request["paths"]], budget=budget)
            return {"inspection": found.as_dict()}
        case "ping":
            return {}
        case other:
            raise AssayError(f"The file reader does not know “{plain(str(other), 60)}”")


def main() -> None:
    faulthandler.enable()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    # Nothing that a library prints may get between the answers.
    sys.stdout = sys.stderr
    confinement.confine()
    serve(requests, answers)


if __name__ == "__main__":
    main()
