"""The session that the panels of a page talk to: started when it is first asked, told each command, ended with the run."""

from collections import deque
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core import AssayError
from app.engines import find_task
from app.runs.states import ACTIVE, OVER
from app.shell.laboratory import Laboratory
from app.workspaces.declare import Session


class PanelSession(QObject):
    """At most one session run. Commands asked for before it is ready wait; see `Session.newest_only`."""

    failed = Signal(object)

    def __init__(self, sessions: tuple[Session, ...], laboratory: Laboratory, key: str, parent: QObject) -> None:
        """`key` is the name under which the log of the session is followed."""
        super().__init__(parent)
        self._session = sessions[0] if sessions else None
        self._laboratory = laboratory
        self._key = key
        self._waiting: deque[dict[str, Any]] = deque()
        self.run = ""

    @property
    def role(self) -> str:
        """The role of the artifact that the session works on; "" where the workspace has no session."""
        return self._session.role if self._session else ""

    def ask(self, command: dict[str, Any], artifact: Path | None) -> None:
        """Hand a command over; the session is started with `artifact` when it is not there yet."""
        if self._session is None:
            return
        if self._session.newest_only:
            self._waiting.clear()
        self._waiting.append(command)
        if self.run or self._start(self._session, artifact):
            self.push()

    def push(self) -> None:
        """Send what waits, as soon as the session runs."""
        if not self.run:
            return
        state = self._laboratory.summary(self.run).state
        if state in OVER:
            self._laboratory.following.unwatch(self._key)
            self.run = ""
            self._waiting.clear()
        while state in ACTIVE and self._waiting:
            self._laboratory.supervisor.command(self.run, self._waiting.popleft())

    def watch(self) -> None:
        """Tell the log from its beginning again."""
        if self.run:
            self._laboratory.following.watch(self._key, self._laboratory.store.folder(self.run))

    def close(self) -> None:
        """Stop the session; what it has made is kept in its run."""
        if not self.run:
            return
        self._laboratory.following.unwatch(self._key)
        run, self.run = self.run, ""
        self._waiting.clear()
        if self._laboratory.store.summary(run).state not in OVER:
            self._laboratory.supervisor.stop(run)

    def _start(self, session: Session, artifact: Path | None) -> bool:
        if artifact is None:
            self._waiting.clear()
            self.failed.emit(AssayError(session.missing, remedy="Select a finished run, or press Try it."))
            return False
        try:
            values = {session.field: str(artifact)}
            self.run = self._laboratory.submit(session.task, values, name=find_task(session.task).title)
        except AssayError as error:
            self._waiting.clear()
            self.failed.emit(error)
            return False
        self.watch()
        return True
