"""Commands about runs that exist: list, show, stop, report, compare, export, bundle, trash."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from app.cli.context import Context, context, print_json, print_table
from app.cli.watch import print_outcome
from app.core import AssayError
from app.data.export import write_csv
from app.data.text import size_in_words
from app.engines import load_tasks
from app.runs.config_text import to_command_line, to_text
from app.runs.evidence import gather
from app.runs.figures import duration_text, figure_text
from app.runs.plain_text import one_line
from app.runs.states import BADGES, WAITING
from app.runs.storage import Disk
from app.runs.summary import RunSummary

STOP_PATIENCE = 30.0


def list_runs(options: argparse.Namespace) -> int:
    """Newest first; words, #tags and field=value narrow it down."""
    store = context(options).store
    text = " ".join(options.query)
    found = store.search(text) if text else store.summaries(trashed=options.trashed)
    shown = found[: options.limit] if options.limit > 0 else found
    if options.json:
        print_json([_record(summary) for summary in shown])
        return 0
    if not found:
        print(f"No run matches “{one_line(text)}”." if text else "No runs yet. Begin with: python -m app try quantum")
        return 0
    print_table(["id", "state", "started", "time", "name", "verdict"], [_row(summary) for summary in shown])
    if len(found) > len(shown):
        print(f"… {len(found) - len(shown)} more (--limit 0 for all)", file=sys.stderr)
    return 0


def show(options: argparse.Namespace) -> int:
    """Settings, state, result, and the command that would do it again."""
    surroundings = context(options)
    summary = surroundings.store.summary(surroundings.find(options.run))
    if options.json:
        result = surroundings.store.result(summary.id)
        folder = str(surroundings.store.folder(summary.id))
        print_json({**_record(summary), "folder": folder, "result": result.model_dump(mode="json") if result else None})
        return 0
    print(f"{summary.id}  {' '.join(BADGES[summary.state])}  {one_line(summary.name)}")
    task = load_tasks().get(summary.task)
    if task:
        print(to_command_line(task, summary.config))
    else:
        for name, value in summary.config.items():
            print(f"  {one_line(name)} = {one_line(to_text(value))}")
    if summary.note:
        print(f"note: {one_line(summary.note, 1_000)}")
    print_outcome(surroundings, summary)
    return 0


def stop(options: argparse.Namespace) -> int:
    """Ask and wait; a run that still waits in the queue leaves it."""
    surroundings = context(options)
    run = surroundings.find(options.run)
    with surroundings.supervisor() as supervisor:
        if surroundings.store.summary(run).state in WAITING:
            surroundings.store.queue.remove(run)
            _answer(surroundings, {"id": run, "state": "removed"}, f"{run} left the queue")
            return 0
        if options.force:
            supervisor.force_stop(run)
        else:
            supervisor.stop(run)
        try:
            summary = supervisor.wait(run, timeout=STOP_PATIENCE)
        except TimeoutError as error:
            raise AssayError("The run has not stopped yet", where=run, why=str(error), remedy="Add --force.") from error
    _answer(surroundings, {"id": run, "state": summary.state}, f"{run} {summary.state}")
    return 0


def report(options: argparse.Namespace) -> int:
    from app.runs.report import render, write_report

    surroundings = context(options)
    run = surroundings.find(options.run)
    redact, references = surroundings.secrets.redactor(), surroundings.references(run)
    if options.out:
        path = _save(options.out, render(surroundings.store, run, references=references, redact=redact))
    else:
        path = write_report(surroundings.store, run, references=references, redact=redact)
    _answer(surroundings, {"id": run, "report": str(path)}, str(path))
    return 0


def compare(options: argparse.Namespace) -> int:
    """As a table, or as a page with `--out`."""
    from app.runs.compare import as_dict
    from app.runs.compare import compare as compare_runs
    from app.runs.report import effect_text, render_comparison

    surroundings = context(options)
    runs = [surroundings.find(run) for run in options.runs]
    baseline = surroundings.find(options.baseline) if options.baseline else None
    found = compare_runs([surroundings.store.summary(run) for run in runs], baseline)
    if options.out:
        page = render_comparison(
            surroundings.store,
            runs,
            baseline=baseline,
            references=surroundings.references(runs[0]),
            redact=surroundings.secrets.redactor(),
        )
        _save(options.out, page)
    if surroundings.json:
        print_json(as_dict(found))
        return 0
    titles = [f"{title}{' (baseline)' if k == found.baseline else ''}" for k, title in enumerate(found.titles)]
    rows = [["runs", *(str(group.n) for group in found.columns)]]
    rows += [[name, *(to_text(value) for value in values)] for name, values in found.fields]
    for row in found.rows:
        cells = [f"{figure_text(c.figure)}{' *' if c.best else ''}" if c.figure else "" for c in row.cells]
        rows.append([row.name, *cells])
        if any(cell.effect for cell in row.cells):
            rows.append(["  against the baseline", *(effect_text(c.effect) if c.effect else "" for c in row.cells)])
    print_table(["", *titles], rows)
    return 0


def export(options: argparse.Namespace) -> int:
    surroundings = context(options)
    runs = [surroundings.find(run) for run in options.runs]
    redact = surroundings.secrets.redactor()
    made: dict[str, Any] = {}
    if options.tensorboard:
        from app.runs import tensorboard

        made["tensorboard"] = list(map(str, tensorboard.export(surroundings.store, runs, options.tensorboard, redact)))
    if options.mlflow:
        from app.runs import mlflow

        made["mlflow"] = mlflow.export(surroundings.store, runs, options.mlflow, redact)
    if options.csv:
        made["csv"] = [str(_write_curves(surroundings, run, options.csv)) for run in runs]
    if not made:
        raise AssayError("Nothing to export to", remedy="Give --tensorboard DIR, --mlflow TARGET or --csv DIR.")
    lines = [f"{name}: {place}" for name, places in made.items() for place in places]
    _answer(surroundings, made, "\n".join(lines))
    return 0


def bundle(options: argparse.Namespace) -> int:
    """List what would be sent, then save it, unless only the list was asked for."""
    from app.runs.bundle import bundle_contents, save_bundle

    surroundings = context(options)
    run = surroundings.find(options.run)
    redact = surroundings.secrets.redactor(home=Path.home())
    entries = bundle_contents(surroundings.store, run, redact)
    record: dict[str, Any] = {"id": run, "files": [{"name": e.name, "size": e.size, "what": e.what} for e in entries]}
    if not surroundings.json:
        print_table(["file", "size", "what"], [[e.name, size_in_words(e.size), e.what] for e in entries])
    if not options.dry_run:
        record["bundle"] = str(
            save_bundle(surroundings.store, run, options.out or Path(f"assay-bundle-{run}.zip"), redact)
        )
        print(record["bundle"], file=sys.stderr)
    if surroundings.json:
        print_json(record)
    return 0


def trash(options: argparse.Namespace) -> int:
    surroundings = context(options)
    run = surroundings.find(options.run)
    surroundings.store.trash(run)
    _answer(surroundings, {"id": run, "trashed": True}, f"{run} is in the trash. Back with: runs restore {run}")
    return 0


def restore(options: argparse.Namespace) -> int:
    surroundings = context(options)
    run = surroundings.find(options.run)
    surroundings.store.restore(run)
    _answer(surroundings, {"id": run, "trashed": False}, f"{run} is back.")
    return 0


def delete(options: argparse.Namespace) -> int:
    """From the disk for ever; asks in a terminal, needs --yes elsewhere."""
    surroundings = context(options)
    run = surroundings.find(options.run)
    folder = surroundings.store.folder(run)
    if not options.yes:
        if not sys.stdin.isatty():
            raise AssayError("Deleting needs your word", where=str(folder), remedy="Add --yes.")
        if input(f"Delete {folder} from the disk for ever? [y/N] ").strip().lower() not in ("y", "yes"):
            return 0
    surroundings.store.delete_forever(run)
    _answer(surroundings, {"id": run, "deleted": True}, f"{run} is deleted.")
    return 0


def _write_curves(surroundings: Context, run: str, target: Path) -> Path:
    """One line for each point: metric, step, value, seconds since the run began."""
    rows = (
        (name, step, value, time)
        for name, curve in gather(surroundings.store.folder(run)).curves.items()
        for step, value, time in zip(curve.step.tolist(), curve.value.tolist(), curve.time.tolist(), strict=True)
    )
    path = target / f"{run}.csv"
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_csv(path, ["metric", "step", "value", "seconds"], rows)
    except OSError as error:
        raise AssayError(
            "The curves could not be written", where=str(path), why=error.strerror or str(error)
        ) from error
    return path


def _save(path: Path, page: str) -> Path:
    try:
        Disk().replace(path.expanduser(), page.encode("utf-8", "replace"))
    except OSError as error:
        raise AssayError("The page could not be written", where=str(path), why=error.strerror or str(error)) from error
    return path


def _record(summary: RunSummary) -> dict[str, Any]:
    record = summary.as_dict()
    if isinstance(record.get("error"), dict):
        record["error"] = dict(record["error"])
    return record


def _row(summary: RunSummary) -> list[str]:
    started = datetime.fromtimestamp(summary.created).strftime("%Y-%m-%d %H:%M")
    took = duration_text(summary.seconds) if summary.seconds else ""
    verdict = summary.verdict or (summary.error or {}).get("what", "") or summary.stage
    name = ("★ " if summary.starred else "") + summary.name
    return [summary.id, " ".join(BADGES[summary.state]), started, took, name, verdict]


def _answer(surroundings: Context, record: dict[str, Any], words: str) -> None:
    if surroundings.json:
        print_json(record)
    else:
        print(words)
