"""Run a Python program on hostile input in a process of its own: empty environment, no network, limits, scratch folder."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import app
from app.core.errors import AssayError

OUTPUT_LIMIT = 20_000
SECONDS = 600.0


@dataclass(frozen=True)
class Outcome:
    """How the process ended, and the first of what it wrote; all of it is to be read as hostile text."""

    code: int
    output: str
    errors: str


def run_apart(program: Sequence[str], stdin: BinaryIO, scratch: Path, seconds: float = SECONDS) -> Outcome:
    """Run `python *program` with the open file `stdin`, in the folder `scratch`, and wait for it.

    The child gets no variable of ours but where to import from, a network of its own without any interface where the
    system lets us make one, and its own process group, which is ended as a whole. It still has to call `limit_self`
    once its libraries are loaded. Raises AssayError where it takes longer than `seconds`.
    """
    output, errors = scratch / ".output", scratch / ".errors"
    command = [*_without_network(), sys.executable, "-P", "-s", "-B", *program]
    with output.open("wb") as out, errors.open("wb") as err:
        child = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=out,
            stderr=err,
            cwd=scratch,
            env=_environment(scratch),
            close_fds=True,
            start_new_session=True,
        )
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssayError(f"The separate process took longer than {seconds:g} s and was ended") from error
        finally:
            _end(child)
    return Outcome(code, _first(output), _first(errors))


def limit_self(memory: int, written: int) -> None:
    """Called in the child: at most `memory` bytes more than now, files of at most `written` bytes, no new processes.

    Also closes this process to network, children, unpickling and writing outside its scratch folder (an audit hook).
    """
    from app.data.confinement import close_process

    close_process()
    try:
        import resource
    except ImportError:
        return
    limits = [(resource.RLIMIT_FSIZE, written), (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_CORE, 0)]
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limits.append((resource.RLIMIT_AS, pages * resource.getpagesize() + memory))
    if hasattr(resource, "RLIMIT_NPROC"):
        limits.append((resource.RLIMIT_NPROC, 0))
    for kind, value in limits:
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


@functools.cache
def _without_network() -> tuple[str, ...]:
    """The command that gives a child a network without interfaces; empty where the system has none or forbids it."""
    tool = shutil.which("unshare")
    if tool is None:
        return ()
    command = (tool, "--map-root-user", "--net", "--")
    probe = subprocess.run([*command, sys.executable, "-S", "-c", ""], capture_output=True, check=False, env={})
    return command if probe.returncode == 0 else ()


def _environment(scratch: Path) -> dict[str, str]:
    found = {"HOME": str(scratch), "TMPDIR": str(scratch), "TEMP": str(scratch), "OMP_NUM_THREADS": "1"}
    found["PYTHONPATH"] = str(Path(app.__file__).resolve().parent.parent)
    if sys.platform == "win32":  # without it no library finds the system's own
        found["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "")
    return found


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    if hasattr(os, "killpg"):
        import signal

        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # nobody of the group is left
    else:
        child.kill()
    child.wait()


def _first(path: Path) -> str:
    with path.open("rb") as handle:
        return handle.read(OUTPUT_LIMIT).decode("utf-8", "replace")
