"""The states of a run, and what a person may do in each."""

from typing import Literal

RunState = Literal["queued", "held", "starting", "running", "stopping", "done", "stopped", "failed", "interrupted"]

WAITING: frozenset[RunState] = frozenset({"queued", "held"})
ACTIVE: frozenset[RunState] = frozenset({"starting", "running", "stopping"})
RESUMABLE: frozenset[RunState] = frozenset({"stopped", "failed", "interrupted"})
OVER: frozenset[RunState] = RESUMABLE | {"done"}

BADGES: dict[RunState, tuple[str, str]] = {
    "queued": ("○", "queued"),
    "held": ("◌", "on hold"),
    "starting": ("◔", "starting"),
    "running": ("▶", "running"),
    "stopping": ("◑", "stopping"),
    "done": ("✓", "done"),
    "stopped": ("■", "stopped"),
    "failed": ("✗", "failed"),
    "interrupted": ("↯", "interrupted"),
}

ACTIONS: dict[RunState, tuple[str, ...]] = {
    "queued": ("start_now", "edit", "hold", "remove", "use_settings", "note"),
    "held": ("release", "edit", "remove", "use_settings", "note"),
    "starting": ("stop",),
    "running": ("stop", "duplicate", "note", "tear_off"),
    "stopping": ("force_stop",),
    "done": ("report", "use_settings", "compare", "probe", "export", "note", "trash"),
    "stopped": ("resume", "report", "use_settings", "compare", "export", "note", "trash"),
    "interrupted": ("resume", "report", "use_settings", "compare", "export", "note", "trash"),
    "failed": ("why", "resume", "use_settings", "save_bundle", "compare", "export", "note", "trash"),
}
"""State to action keys, the primary one first. Nothing else enables a button."""

MAY_BECOME: dict[RunState, frozenset[RunState]] = {
    "queued": frozenset({"starting", "held"}),
    "held": frozenset({"queued"}),
    "starting": frozenset({"running", "stopping", "failed", "stopped", "interrupted"}),
    "running": frozenset({"stopping", "done", "failed", "stopped", "interrupted"}),
    "stopping": frozenset({"stopped", "interrupted", "failed", "done"}),
    "done": frozenset(),
    "stopped": frozenset({"queued"}),
    "failed": frozenset({"queued"}),
    "interrupted": frozenset({"queued"}),
}
