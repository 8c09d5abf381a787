"""Makes the names under which runs are stored: ours, sortable, plain, whatever the user calls the run."""

import re
import secrets
import time

PATTERN = re.compile(r"\d{8}-\d{6}-[a-z0-9-]{1,60}-[0-9a-f]{4,8}")


def new_id(task: str, now: float) -> str:
    """Such as 20261124-105312-quantum-train-3f9a: local time, task, and four random digits."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    words = re.sub(r"[^a-z0-9]+", "-", task.lower()).strip("-")[:60].strip("-") or "run"
    return f"{stamp}-{words}-{secrets.token_hex(2)}"


def is_id(name: str) -> bool:
    """Whether a folder in the store can be a run of ours."""
    return PATTERN.fullmatch(name) is not None
