"""Take from this process what a reader of hostile files does not need: network, children, pickles, writing, memory."""

import faulthandler
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MEMORY_LIMIT = 2_000_000_000
WALL_LIMIT = 10.0

FORBIDDEN = (
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.kill",
    "pty.spawn",
    "pickle.find_class",
    "webbrowser.open",
    "ctypes.dlopen",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC


class ForbiddenError(PermissionError):
    """The confined process tried something that it must not do."""


def confine() -> None:
    """Limit this process for good: memory, and by audit hook network, child processes, pickles, writing elsewhere.

    What a hook cannot see (native code that was taken over) it cannot stop: the limits of the operating system and the
    separate process are the second wall. Where there is no `resource` module, the hook and the time limit remain.
    """
    _limit_memory()
    close_process()


def close_process() -> None:
    """The audit hook of `confine` alone, for a process that sets limits of its own."""
    sys.dont_write_bytecode = True
    sys.addaudithook(_Hook(Path(tempfile.gettempdir())))


def start_clock(seconds: float = WALL_LIMIT) -> None:
    """End the process if `stop_clock` is not called within `seconds`, whatever it is doing then."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    _limit_processor_time(seconds)


def stop_clock() -> None:
    faulthandler.cancel_dump_traceback_later()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    # macOS has the name of this limit but refuses to set it.
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor_time(seconds: float) -> None:
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # Counted from the start of the process, and a warm helper has used some already. Twice: two threads may work.
    soft = int(usage.ru_utime + usage.ru_stime + 2 * seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


class _Hook:
    def __init__(self, scratch: Path) -> None:
        self._scratch = str(scratch.resolve()) + os.sep

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            raise ForbiddenError(f"the file reader tried {event}")
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
        if writes or event in CHANGES:
            self._check_place(event, arguments[0])

    def _check_place(self, event: str, path: Any) -> None:
        # A number is a file that is open already; a bare name belongs to a folder handle, as rmtree uses them.
        if isinstance(path, (str, bytes)):
            place = os.path.abspath(os.fsdecode(path))
            if not place.startswith(self._scratch) and os.path.dirname(os.fsdecode(path)):
                raise ForbiddenError(f"the file reader tried {event} at {place!r}")
