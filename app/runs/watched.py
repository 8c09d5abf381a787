"""A run under way as its supervisor sees it: one process tree, asked, told and finally made to end."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core import AssayError
from app.runs import folder as folders
from app.runs import processes
from app.runs.failures import explain_death
from app.runs.patience import pause_words
from app.runs.spare import Host
from app.runs.summary import last_words
from app.runs.tail import LOG


@dataclass
class Watched:
    """`host` is there if this process started it; else it is known by number and birth only.

    `asked` is when it was asked to stop, on the supervisor's clock.
    """

    run: str
    folder: Path
    pid: int
    born: str | None
    token: str
    host: Host | None = None
    oom_before: int = 0
    asked: float | None = None
    terminated: bool = False
    killed: bool = False
    seen: tuple[Any, ...] = field(default_factory=tuple)

    def dead(self) -> bool:
        if self.host is not None:
            return self.host.exit_code() is not None
        return not processes.alive(self.pid, self.born)

    def push(self, now: float, grace: float) -> None:
        """Once asked to stop: terminate its tree after the grace, kill it after another."""
        waited = now - self.asked if self.asked is not None else 0.0
        if waited > 2 * grace and not self.killed:
            self.end(kill=True)
        elif waited > grace and not self.terminated:
            self.end(kill=False)

    def end(self, *, kill: bool) -> None:
        self.terminated = True
        self.killed = self.killed or kill
        processes.end_tree(self.pid, self.born, self.token, kill=kill)

    def bury(self) -> None:
        """End what is left of a process whose run is over, and wait for it: its last threads may still be there."""
        processes.end_tree(self.pid, self.born, self.token, kill=True)
        if self.host is not None:
            self.host.process.wait()

    def moved(self) -> bool:
        """Whether its log grew, or a pause began or ended, since this was asked last."""
        try:
            size = (self.folder / LOG).stat().st_size
        except OSError:
            size = 0
        before, self.seen = self.seen, (size, pause_words(self.folder))
        return before != self.seen

    def asked_by_others(self) -> bool:
        """Whether another process wrote that this run is to stop."""
        try:
            return bool(folders.read_run(self.folder)["state"] == "stopping")
        except AssayError:
            return False

    def ending(self, after: int, oom_now: int) -> dict[str, Any]:
        """State, error and exit of the run whose process is dead, for run.json; its offspring is ended."""
        processes.end_tree(None, None, self.token, kill=True)
        code = self.host.exit_code() if self.host else None
        words = last_words(self.folder, after)
        if words.finished is not None:
            exit_ = {"code": code, "signal": ""}
            return {"state": words.finished.get("state"), "error": words.finished.get("error"), "exit": exit_}
        state, error, ending = explain_death(
            code,
            system=words.system,
            oom=self.host is not None and oom_now > self.oom_before,
            forced=self.terminated or self.killed,
            console=self._console(),
        )
        return {"state": state, "error": error, "exit": ending}

    def release(self) -> None:
        if self.host is not None:
            self.host.release()

    def _console(self) -> str:
        early = self.host.early_words() if self.host else ""
        try:
            return early + (self.folder / "console.log").read_bytes()[-65536:].decode("utf-8", "replace")
        except OSError:
            return early
