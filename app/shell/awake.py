"""Keeps the computer from falling asleep while a run is active; the lid still closes it."""

import shutil
import subprocess
import sys


class Awake:
    """`hold` and `release` may be called any number of times. Where the system offers no way, nothing happens."""

    def __init__(self) -> None:
        self._helper: subprocess.Popen[bytes] | None = None
        self._held = False

    @property
    def held(self) -> bool:
        return self._held

    def hold(self) -> None:
        if self._held:
            return
        if sys.platform == "win32":
            self._held = _windows(0x80000001)  # ES_CONTINUOUS | ES_SYSTEM_REQUIRED
            return
        command = _command()
        if command:
            self._helper = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self._held = True

    def release(self) -> None:
        self._held = False
        if sys.platform == "win32":
            _windows(0x80000000)  # ES_CONTINUOUS
        elif self._helper is not None:
            # `cat` ends with its input, and the inhibitor with `cat`: also when this process is killed.
            if self._helper.stdin is not None:
                self._helper.stdin.close()
            self._helper.terminate()
            self._helper.wait()
            self._helper = None


def _command() -> list[str]:
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "cat"]
    program = shutil.which("systemd-inhibit")
    bus = shutil.which("busctl") and _has_session()
    if program and bus:
        return [program, "--what=idle:sleep", "--who=Assay", "--why=A run is active", "--mode=block", "cat"]
    return []


def _has_session() -> bool:
    from pathlib import Path

    return Path("/run/systemd/system").is_dir()


def _windows(flags: int) -> bool:
    import ctypes

    return bool(ctypes.windll.kernel32.SetThreadExecutionState(flags))  # type: ignore[attr-defined]
