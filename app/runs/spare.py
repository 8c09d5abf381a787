"""Starts host processes, and keeps one waiting warm so that the next run begins at once."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import app
from app.engines import PLUGINS_VARIABLE
from app.runs import processes
from app.runs.encoding import dumps

MOST_EARLY_DEATHS = 3
LEAST_LIFE = 10.0
CHECK_EVERY = 10.0

_left_running: list[subprocess.Popen[bytes]] = []


class Host:
    """A host process that this process started."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(8)
        self.stamp = stamp()
        self.started = time.monotonic()
        self._early: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        environment = {**os.environ, processes.TOKEN: self.token, "PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1"}
        environment["PYTHONIOENCODING"] = "utf-8:backslashreplace"
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
        self.process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=self._early,
            stderr=self._early,
            env=environment,
            start_new_session=True,
        )
        self.pid = self.process.pid
        self.born = processes.birth(self.pid)

    def give(self, job: Mapping[str, Any]) -> bool:
        """Hand over the one job; False if the process has died meanwhile."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(dumps(dict(job)) + b"\n")
            self.process.stdin.flush()
        except OSError:
            return False
        return True

    def exit_code(self) -> int | None:
        """None while it lives. When it has died, its group and offspring are ended before its number is given back."""
        if hasattr(os, "waitid") and self.process.returncode is None:
            try:
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    return None
            except ChildProcessError:
                return self.process.poll()
            processes.end_group(self.pid)
        code = self.process.poll()
        if code is not None:
            processes.end_tree(None, None, self.token, kill=True)
        return code

    def end(self) -> None:
        """End it and all it started, now."""
        processes.end_tree(self.pid, self.born, self.token, kill=True)
        self.process.kill()
        self.process.wait()
        self.release()

    def early_words(self) -> str:
        """What it printed before it took over the files of its run (an import that failed, say)."""
        self._early.seek(0)
        return self._early.read(65536).decode("utf-8", "replace")

    def let_go(self, keep_running: bool) -> None:
        """Leave it to itself. With `keep_running` it never notices; else its closed input tells it to end."""
        _left_running.append(self.process)  # collecting it would warn of a living child
        if keep_running:
            self._early.close()
        else:
            self.release()

    def release(self) -> None:
        """Let go of its handles."""
        self._early.close()
        if self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except OSError:
                return  # it died with a job half read


class Spare:
    """At most one waiting host. A dead or outdated one is replaced without a word; if they keep dying, none is kept."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._host: Host | None = None
        self._early_deaths = 0
        self._checked = 0.0

    @property
    def pid(self) -> int | None:
        return self._host.pid if self._host else None

    def take(self) -> Host:
        """The waiting host, or a fresh one."""
        host, self._host = self._host, None
        if host is not None and host.exit_code() is None and host.stamp == stamp():
            return host
        if host is not None:
            host.end()
        return Host()

    def keep(self) -> None:
        """Have one waiting; called now and then."""
        if self._host is not None and self._host.exit_code() is not None:
            self._early_deaths += time.monotonic() - self._host.started < LEAST_LIFE
            self._host.release()
            self._host = None
        if self._host is not None and time.monotonic() - self._checked > CHECK_EVERY:
            self._checked = time.monotonic()
            if self._host.stamp != stamp():
                self._host.end()
                self._host = None
        if self._wanted and self._host is None and self._early_deaths < MOST_EARLY_DEATHS:
            self._host = Host()

    def close(self) -> None:
        if self._host is not None:
            self._host.end()
            self._host = None


def command() -> list[str]:
    """How this program starts a host: as a module, or (in a frozen build) by its own switch."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--host"]
    return [sys.executable, "-P", "-m", "app.runs.host"]  # -P: a file in the current folder never shadows a library


def stamp() -> str:
    """What a waiting host was made from: another version or other plug-ins make it stale."""
    source = Path(app.__file__)
    try:
        changed = max(path.stat().st_mtime_ns for path in (source, *source.parent.glob("*/*.py")))
    except OSError:
        changed = 0
    return f"{app.__version__} {changed} {os.environ.get(PLUGINS_VARIABLE, '')}"


def _python_path() -> str:
    root = str(Path(app.__file__).resolve().parent.parent)
    given = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != root]
    return os.pathsep.join([root, *given])
