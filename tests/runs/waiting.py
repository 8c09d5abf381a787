"""Waiting for runs, and reading what they told."""

import time
from collections.abc import Callable

from app.runs import processes
from app.runs.follower import Follower


def until(condition: Callable[[], object], limit: float = 20.0, step: Callable[[], object] | None = None) -> object:
    """Wait until `condition()` is true and return its value; calls `step` meanwhile."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if step is not None:
            step()
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
    return value


def follow(store, run):
    follower = Follower(store.folder(run))
    points, records = {}, []
    while not (batch := follower.poll()).empty:
        if batch.rewind is not None:
            points = {name: curve.until(batch.rewind) for name, curve in points.items()}
        for name, curve in batch.points.items():
            points[name] = points[name].joined(curve) if name in points else curve
        records += batch.records
    return points, records


def logged(store, run, kind, name=None):
    records = follow(store, run)[1]
    return [record for record in records if record.kind == kind and (name is None or record.name == name)]


def value_count(store, run):
    points = follow(store, run)[0]
    return len(points["value"]) if "value" in points else 0


def no_process_left(store, run):
    return not processes.survivors(None, None, store.run(run)["token"])
