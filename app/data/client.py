"""Ask the helper process about dropped files; it is started when needed, and again when a file has broken it."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from app.core.errors import AssayError
from app.data.files import join_ref
from app.data.inspection import Inspection
from app.data.text import plain

FIRST_LOOK, WHOLE_LOOK = 0.8, 8.0
START_LIMIT = 30.0
ANSWER_LIMIT = 32_000_000
PATH_LIMIT = 1000
KEPT = (
    "PATH",
    "HOME",
    "USERPROFILE",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "WINDIR",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
)


class HelperClient:
    """One helper process and the conversation with it. Calls block, so they belong in worker threads; one at a time."""

    def __init__(self, command: list[str] | None = None) -> None:
        """`command` starts the helper in another way than by this Python (a frozen build, a test)."""
        self._command = command or [sys.executable, "-X", "utf8", "-m", "app.data.helper"]
        self._lock = threading.Lock()
        self._helper: _Helper | None = None
        self._requests = 0
        self._closed = False

    def inspect(self, paths: list[Path], timeout: float = 12.0, thorough: bool = False) -> Inspection:
        """What `paths` are together, at first sight or, if `thorough`, after up to 8 s.

        Raises AssayError where the helper crashed, gave no answer within `timeout` seconds, or was closed, and for more
        than `PATH_LIMIT` paths.
        """
        if len(paths) > PATH_LIMIT:
            raise AssayError(f"{len(paths):,} things were dropped at once", remedy="Drop the folder that holds them")
        answer = self._ask(
            {
                "do": "inspect",
                "paths": [str(Path(path).absolute()) for path in paths],
                "budget": WHOLE_LOOK if thorough else FIRST_LOOK,
            },
            timeout,
            plain(join_ref(list(paths))),
        )
        return Inspection.from_dict(answer["inspection"])

    def warm_up(self) -> None:
        """Start the helper now, so that the first drop is answered at once."""
        self._ask({"do": "ping"}, START_LIMIT, "")

    def close(self) -> None:
        """End the helper, also in the middle of a request; later calls raise AssayError."""
        self._closed = True
        helper = self._helper
        if helper is not None:
            helper.kill()
        with self._lock:
            self._drop()

    def _ask(self, request: dict[str, Any], timeout: float, where: str) -> dict[str, Any]:
        with self._lock:
            if self._closed:
                raise AssayError("The file reader is closed")
            self._requests += 1
            helper = self._running()
            try:
                answer = helper.ask({"id": self._requests, **request}, timeout)
            except _NoAnswerError as fault:
                self._drop()
                raise fault.as_error(where) from fault
        if not answer.get("ok"):
            raise AssayError.from_dict(answer.get("error", {}))
        return answer

    def _running(self) -> "_Helper":
        if self._helper is None or not self._helper.alive():
            self._drop()
            self._helper = _Helper(self._command)
            if self._closed:
                # Closed while this one started: `close` may have missed it, so it is looked at again after it is known.
                self._drop()
                raise AssayError("The file reader is closed")
            try:
                self._helper.ask({"id": 0, "do": "ping"}, START_LIMIT)
            except _NoAnswerError as fault:
                last = self._helper.last_words()
                self._drop()
                raise AssayError("The file reader does not start", why=last or fault.why) from fault
        return self._helper

    def _drop(self) -> None:
        if self._helper is not None:
            self._helper.kill()
            self._helper.forget()
            self._helper = None


class _NoAnswerError(Exception):
    """The helper died or was silent for too long."""

    def __init__(self, why: str, late: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.late = late

    def as_error(self, where: str) -> AssayError:
        if self.late:
            return AssayError(
                "Reading the file took too long",
                where=where,
                why=self.why,
                remedy="It may be damaged, or made to do this",
            )
        return AssayError(
            "The file crashed the reader",
            where=where,
            why=self.why,
            remedy="Assay itself is not affected; do not use the file",
        )


class _Helper:
    """The process, a thread that collects its answers, and its last words."""

    def __init__(self, command: list[str]) -> None:
        self._words: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._scratch = tempfile.TemporaryDirectory(prefix="assay-reader-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=_environment(self._scratch.name),
            cwd=self._scratch.name,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._collector = threading.Thread(target=self._collect, name="file reader answers", daemon=True)
        self._collector.start()

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Raises _NoAnswerError where none comes or it is not the one asked for."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty as error:
            raise _NoAnswerError(f"no answer after {timeout:g} s", late=True) from error
        except OSError as error:
            raise self._death() from error
        if not line.endswith(b"\n"):
            raise self._death()
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _NoAnswerError("its answer makes no sense") from error
        if not isinstance(answer, dict) or answer.get("id") != request["id"]:
            raise _NoAnswerError("its answer belongs to another question")
        return answer

    def kill(self) -> None:
        with suppress(OSError):
            self._process.kill()

    def forget(self) -> None:
        """Close what belonged to the process, which has been killed."""
        self._process.wait(timeout=10)
        self._collector.join(timeout=10)
        for stream in (self._process.stdin, self._process.stdout, self._words):
            # A request that was never sent is still in the buffer, and nobody is left to read it.
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        self._scratch.cleanup()

    def last_words(self) -> str:
        """The last line of what the process wrote to its error stream."""
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - 4000))
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        return plain(lines[-1]) if lines else ""

    def _collect(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(ANSWER_LIMIT):
            self._answers.put(line)
        self._answers.put(b"")

    def _death(self) -> _NoAnswerError:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return _NoAnswerError("its answer was cut short")
        self._words.seek(0)
        if b"Timeout (" in self._words.read(100_000):
            return _NoAnswerError("it was still busy after 10 s", late=True)
        return _NoAnswerError(f"the process ended with {_cause(code)}")


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _environment(scratch: str) -> dict[str, str]:
    """Only what Python needs to start: no tokens, no proxies, no settings of the desktop."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    root = str(Path(__file__).resolve().parents[2])
    return {
        **kept,
        "PYTHONPATH": root,
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": scratch,
        "TEMP": scratch,
        "TMP": scratch,
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
