"""Undo and redo over whole sets of values."""

from dataclasses import dataclass, field
from typing import Any

LONGEST = 200


@dataclass
class History:
    """Snapshots of a form. Edits that carry the same `source` one after the other are one step."""

    present: dict[str, Any]
    _past: list[dict[str, Any]] = field(default_factory=list)
    _future: list[dict[str, Any]] = field(default_factory=list)
    _source: str = ""

    def record(self, values: dict[str, Any], source: str) -> None:
        """Remember `values` as the present; the same non-empty source as last time extends that step."""
        if values == self.present:
            return
        if not source or source != self._source:
            self._past.append(self.present)
            del self._past[:-LONGEST]
        self.present = dict(values)
        self._future.clear()
        self._source = source

    def close_step(self) -> None:
        """The next edit begins a step of its own."""
        self._source = ""

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def undo(self) -> dict[str, Any]:
        """The values before the last step; the present ones if there is none."""
        if self._past:
            self._future.append(self.present)
            self.present = self._past.pop()
        self._source = ""
        return self.present

    def redo(self) -> dict[str, Any]:
        if self._future:
            self._past.append(self.present)
            self.present = self._future.pop()
        self._source = ""
        return self.present
