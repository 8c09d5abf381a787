"""The stamp of a finished environment: what it was made from, and whether that is still what is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from installer.place import Place

FORMAT = 1
State = Literal["absent", "half-made", "outdated", "ready"]


@dataclass(frozen=True)
class Stamp:
    """`executable` is the interpreter behind the environment's link; `system` says whether no system library lacked."""

    python: str
    executable: str
    torch: str
    locks: Mapping[str, str]
    system: bool


def write_stamp(place: Place, stamp: Stamp) -> None:
    """Last act of a set-up; it appears whole or not at all."""
    text = json.dumps({"format": FORMAT, **asdict(stamp)}, indent=1)
    beside = place.stamp.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, place.stamp)


def read_stamp(place: Place) -> Stamp | None:
    """The stamp, or None where there is none to be trusted: absent, torn, or of another format."""
    try:
        found = json.loads(place.stamp.read_text(encoding="utf-8"))
        if found.pop("format") != FORMAT:
            return None
        stamp = Stamp(**found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return stamp if isinstance(stamp.locks, dict) else None


def state_of(place: Place, *, for_tests: bool, torch: str | None) -> State:
    """How far the environment can be trusted, told from a few small files alone (no process is started).

    `torch` is the build asked for on the command line; None takes whichever is there.
    """
    if not (place.venv / "pyvenv.cfg").exists() and not place.python.exists():
        return "absent"
    stamp = read_stamp(place)
    if stamp is None or not os.access(place.python, os.X_OK) or os.path.realpath(place.python) != stamp.executable:
        return "half-made"
    wanted = place.lock_hashes(for_tests)
    if any(stamp.locks.get(name) != value for name, value in wanted.items()):
        return "outdated"
    return "ready" if torch in (None, stamp.torch) else "outdated"
