"""Reports: one self-contained HTML file for a run or a comparison, without scripts, fit to be sent to anyone."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from app.core import Result, form_fields
from app.core.task import Task
from app.data.text import size_in_words
from app.engines import load_tasks
from app.runs.charts import comparison_charts, run_charts
from app.runs.compare import Comparison, Effect, Published, compare
from app.runs.config_text import changed, to_command_line, to_text
from app.runs.curve import Level
from app.runs.evidence import gather
from app.runs.exhibits import exhibits
from app.runs.figures import duration_text, number
from app.runs.page import fill
from app.runs.plain_text import one_line
from app.runs.redaction import Redact, redact_record, redactor
from app.runs.states import BADGES, OVER
from app.runs.storage import Disk
from app.runs.store import Store
from app.runs.summary import RunSummary

References = Mapping[str, Sequence[Level]]
"""Levels to draw into the curve of each metric: baselines, or what a paper reports."""

FILE = "report.html"


def write_report(store: Store, run: str, *, references: References | None = None, redact: Redact | None = None) -> Path:
    """Render the report of `run` into its folder and return the path. Raises AssayError when there is no such run."""
    page = render(store, run, references=references, redact=redact)
    path = store.folder(run) / FILE
    Disk().create(path, page.encode("utf-8", "replace"))
    return path


def render(
    store: Store,
    run: str,
    *,
    references: References | None = None,
    redact: Redact | None = None,
    now: datetime | None = None,
) -> str:
    """The report of `run` as HTML, at any time of its life: what is not there yet is said.

    `redact` removes known secrets (`Secrets.redactor()`); text that looks like a credential is removed in any case.
    """
    redact = redact or redactor()
    summary, folder, record = store.summary(run), store.folder(run), store.run(run)
    task = load_tasks().get(summary.task)
    evidence = gather(folder)
    shown = exhibits(folder, evidence, task)
    result = store.result(run)
    config = redact_record(summary.config, redact)
    return fill(
        "report.html.j2",
        redact,
        now or datetime.now(),
        carried=_carried(summary, config),
        title=one_line(summary.name or (task.title if task else summary.task)),
        workspace=summary.workspace.capitalize(),
        task_title=task.title if task else summary.task,
        state=summary.state,
        badge=" ".join(BADGES[summary.state]),
        partial=_is_partial(summary, result),
        facts=_facts(summary),
        error=_fault(summary),
        result=result,
        no_verdict=_no_verdict(summary),
        warnings=[
            {"what": what, "remedy": remedy, "count": count} for (what, remedy), count in evidence.warnings.items()
        ],
        charts=run_charts(evidence.curves, task, lambda text: redact(one_line(text)), references or {}),
        pictures=shown.pictures,
        sounds=shown.sounds,
        maps=shown.maps,
        tables=shown.tables,
        texts=shown.texts,
        artifacts=shown.artifacts,
        settings=_settings(task, config),
        command=to_command_line(task, config) if task else "",
        provenance=_provenance(summary, record, evidence.peak_memory, evidence.attempts, evidence.stages),
        details=[(name, _detail(value)) for name, value in (result.details if result else {}).items()],
        problems=[*shown.problems, *evidence.problems],
    )


def render_comparison(
    store: Store,
    runs: Sequence[str],
    *,
    baseline: str | None = None,
    published: Sequence[Published] = (),
    references: References | None = None,
    redact: Redact | None = None,
    now: datetime | None = None,
) -> str:
    """The comparison of `runs` (two or more) as HTML. Raises AssayError when they cannot be compared."""
    redact = redact or redactor()
    summaries = [store.summary(run) for run in runs]
    comparison = compare(summaries, baseline, published)
    tasks = {summary.task for summary in summaries}
    task = load_tasks().get(tasks.pop()) if len(tasks) == 1 else None
    columns = [
        (title, [gather(store.folder(run.id)).curves for run in group.runs])
        for title, group in zip(comparison.titles, comparison.columns, strict=True)
    ]
    return fill(
        "comparison.html.j2",
        redact,
        now or datetime.now(),
        carried="",
        title=f"{task.title if task else 'Runs'}: {len(comparison.columns)} compared",
        facts=[f"{len(summaries)} runs", *([task.name] if task else [])],
        columns=_columns(comparison),
        rows=_rows(comparison),
        methods=_methods(comparison),
        charts=comparison_charts(columns, task, lambda text: redact(one_line(text)), references or {}),
        fields=[
            (name, [to_text(redact_record(value, redact)) for value in values]) for name, values in comparison.fields
        ],
        runs=[_run_row(summary) for summary in summaries],
        sources=[column.source for column in comparison.published],
    )


def _carried(summary: RunSummary, config: Any) -> str:
    """What a dropped report fills the form with; ASCII only, so that no character is changed on the way."""
    return json.dumps({"task": summary.task, "config": config, "id": summary.id, "name": summary.name})


def _is_partial(summary: RunSummary, result: Result | None) -> bool:
    return bool(result and result.partial) or (summary.state in OVER and summary.state != "done")


def _no_verdict(summary: RunSummary) -> str:
    if summary.state in OVER:
        return "The run ended before it could give a result. What it had found by then is below."
    return "The run is not over. This is what it has found so far."


def _facts(summary: RunSummary) -> list[str]:
    started = datetime.fromtimestamp(summary.created).strftime("%d %B %Y, %H:%M")
    facts = [started, f"took {duration_text(summary.seconds)}" if summary.seconds else "", summary.device]
    return [fact for fact in [*facts, *(f"#{tag}" for tag in summary.tags)] if fact]


def _fault(summary: RunSummary) -> Mapping[str, str] | None:
    if not summary.error:
        return None
    return {name: str(summary.error.get(name) or "") for name in ("what", "where", "why", "remedy", "traceback")}


def _settings(task: Task | None, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    if task is None:
        return [
            {"name": name, "title": name, "value": to_text(value), "unit": "", "default": "", "changed": False}
            for name, value in config.items()
        ]
    differs = changed(task.config, config)
    known = form_fields(task.config)
    rows = [
        {
            "name": field.name,
            "title": field.title,
            "value": to_text(config.get(field.name, field.default)),
            "unit": field.unit,
            "default": "" if field.required else to_text(field.default),
            "changed": field.name in differs,
        }
        for field in known
    ]
    foreign = [name for name in config if name not in {field.name for field in known}]
    return rows + [
        {"name": n, "title": f"{n} (unknown)", "value": to_text(config[n]), "unit": "", "default": "", "changed": True}
        for n in foreign
    ]


def _provenance(
    summary: RunSummary,
    record: Mapping[str, Any],
    peak_memory: float,
    attempts: int,
    stages: Sequence[tuple[str, float]],
) -> list[tuple[str, str]]:
    lines = [("Run", summary.id), ("Task", summary.task)]
    if "seed" in summary.config:
        lines.append(("Seed", str(summary.config["seed"])))
    lines.append(("Device", summary.device or "not recorded"))
    if host := record.get("host"):
        lines.append(("Machine", _detail(host)))
    if attempts > 1:
        lines.append(("Attempts", f"{attempts}; resumed from the last checkpoint"))
    if peak_memory:
        lines.append(("Peak memory", size_in_words(round(peak_memory))))
    if stages:
        lines.append(("Stages", ", ".join(f"{name} at {duration_text(time)}" for name, time in stages[:20])))
    for name in ("inputs", "versions"):
        if value := record.get(name):
            lines.append((name.capitalize(), _detail(value)))
    if summary.note:
        lines.append(("Note", summary.note))
    return lines


def _detail(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_detail(item)}" for name, item in value.items())[:2_000]
    if isinstance(value, (list, tuple)):
        return ", ".join(_detail(item) for item in value)[:2_000]
    return str(value)[:2_000]


def _columns(comparison: Comparison) -> list[dict[str, Any]]:
    ours = [
        {
            "title": title,
            "subtitle": f"{group.n} run{'s' * (group.n > 1)}",
            "baseline": k == comparison.baseline,
            "group": True,
        }
        for k, (title, group) in enumerate(zip(comparison.titles, comparison.columns, strict=True))
    ]
    printed = [
        {"title": column.title, "subtitle": "published", "baseline": False, "group": False}
        for column in comparison.published
    ]
    return ours + printed


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "better": row.better,
            "cells": [
                {
                    "figure": cell.figure,
                    "best": cell.best,
                    "effect": {"text": effect_text(cell.effect), "method": cell.effect.method} if cell.effect else None,
                }
                for cell in row.cells
            ],
        }
        for row in comparison.rows
    ]


def effect_text(effect: Effect) -> str:
    """“+0.021 (0.004 to 0.038), better”."""
    sign = "+" if effect.difference > 0 else ""
    gap = effect.interval
    between = f" ({number(gap.low)} to {number(gap.high)})" if gap and math.isfinite(gap.half) else ""
    return f"{sign}{number(effect.difference)}{between}{', ' if effect.verdict else ''}{effect.verdict}"


def _methods(comparison: Comparison) -> str:
    used = dict.fromkeys(cell.effect.method for row in comparison.rows for cell in row.cells if cell.effect)
    return "; ".join(used).capitalize() + "." if used else ""


def _run_row(summary: RunSummary) -> dict[str, Any]:
    return {
        "name": one_line(summary.name or summary.task),
        "state": summary.state,
        "badge": " ".join(BADGES[summary.state]),
        "seed": summary.config.get("seed", ""),
        "verdict": summary.verdict,
        "time": duration_text(summary.seconds) if summary.seconds else "",
        "id": summary.id,
    }
