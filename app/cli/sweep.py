"""Sweep: a list of runs over values and seeds through the local queue, and the table that comes of it."""

import argparse
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

from app.cli.context import Context, context, finite, print_json, print_table
from app.cli.start import stop_on_terminate, values_of
from app.cli.watch import exit_code
from app.core.task import Task
from app.data.text import size_in_words
from app.engines import find_task
from app.runs.config_text import to_text
from app.runs.figures import duration_text, figure_text
from app.runs.measure import measure
from app.runs.plain_text import one_line
from app.runs.states import OVER, WAITING
from app.runs.supervisor import Supervisor
from app.runs.sweep import check, expand, parse_over, parse_seeds, table

PAUSE = 0.1
STOPPED = 130


def sweep(options: argparse.Namespace) -> int:
    """Check all runs before any is queued; the code is that of the first run that did not go well."""
    task = find_task(options.task)
    over = dict(parse_over(task, text) for text in options.over)
    seeds = parse_seeds(options.seeds) if options.seeds else []
    configs = check(task, expand(values_of(options, task), over, seeds))
    surroundings = context(options)
    if options.dry_run:
        return _estimate(surroundings, task, configs)
    stop_on_terminate()
    key = f"sweep-{uuid.uuid4().hex[:8]}"
    with surroundings.supervisor() as supervisor:
        runs = [supervisor.submit(task.name, values, sweep=key) for values in configs]
        _say(f"{key}: {len(runs)} runs queued")
        codes = _follow_all(surroundings, supervisor, runs)
    print_sweep(surroundings, runs)
    return next((code for code in codes if code), 0)


def print_sweep(surroundings: Context, runs: Sequence[str]) -> None:
    """One line for each combination, seeds folded."""
    found = table(surroundings.store.summary(run) for run in runs)
    if surroundings.json:
        print_json(
            [
                {
                    "settings": dict(zip(found.fields, values, strict=True)),
                    "runs": [run.id for run in group.runs],
                    "figures": [figure.model_dump(mode="json") for figure in figures if figure],
                }
                for group, values, figures in found.rows
            ]
        )
        return
    rows = [
        [*(to_text(value) for value in values), str(group.n), *(figure_text(f) if f else "" for f in figures)]
        for group, values, figures in found.rows
    ]
    print_table([*found.fields, "runs", *found.figures], rows)


def _follow_all(surroundings: Context, supervisor: Supervisor, runs: Sequence[str]) -> list[int]:
    """Exit codes of the runs in order. Ctrl+C stops what runs and holds what waits; a second one does not wait."""
    left = list(runs)
    codes: dict[str, int] = {}
    stopping = False
    while left:
        try:
            for run in list(left):
                summary = surroundings.store.summary(run)
                if summary.state in OVER:
                    left.remove(run)
                    codes[run] = exit_code(surroundings, summary)
                    _say(f"{len(codes)}/{len(runs)} {run} {summary.state}: {summary.verdict}")
                elif stopping and summary.state in WAITING:
                    left.remove(run)
                    codes[run] = STOPPED
            time.sleep(PAUSE)
        except KeyboardInterrupt:
            if stopping:
                break
            stopping = True
            _stop_all(surroundings, supervisor, left)
    return [STOPPED] if stopping else [codes[run] for run in runs]


def _stop_all(surroundings: Context, supervisor: Supervisor, runs: Sequence[str]) -> None:
    waiting = [run for run in runs if surroundings.store.summary(run).state in WAITING]
    for run in waiting:
        surroundings.store.queue.hold(run)
    _say(f"Stopping. {len(waiting)} runs that had not begun stay in the queue, on hold.")
    for run in runs:
        if surroundings.store.summary(run).state in ("starting", "running"):
            supervisor.stop(run)


def _estimate(surroundings: Context, task: Task, configs: Sequence[dict[str, Any]]) -> int:
    """Count, time and disk by measuring the first run; the others are taken to be like it."""
    found = measure(task.name, configs[0])
    one, parallel = found.total_seconds, surroundings.settings.parallel
    seconds = None if one is None else one * len(configs) / parallel
    disk = found.disk_bytes * len(configs)
    if surroundings.json:
        print_json({"runs": list(configs), "seconds": finite(seconds), "disk_bytes": disk, "fits": found.fits})
    else:
        print(
            f"{len(configs)} runs; time {duration_text(seconds)}, disk {size_in_words(disk)}, if all are like the first."
        )
        print(found.advice)
    return 0 if found.fits else 1


def _say(text: str) -> None:
    print(one_line(text, 500), file=sys.stderr, flush=True)
