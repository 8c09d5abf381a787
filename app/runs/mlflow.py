"""Runs as MLflow runs, written after the fact: a tracking server's hiccup cannot touch a run that is over."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core import AssayError
from app.runs.config_text import to_text
from app.runs.evidence import Evidence, gather
from app.runs.redaction import Redact, redact_record, redactor
from app.runs.report import render
from app.runs.store import Store
from app.runs.summary import RunSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
BATCH = 1_000
LONGEST_TAG = 5_000
STATUS = {"done": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "interrupted": "KILLED"}
RUN_TAG = "assay.run"


def export(store: Store, runs: Sequence[str], target: str | Path, redact: Redact | None = None) -> list[str]:
    """Write each run to the tracking store `target` and return MLflow's ids for them.

    `target` is a folder (an SQLite file is made in it) or a `sqlite:` or `http(s):` address. Experiments are named
    after tasks. A run exported before is replaced. Raises AssayError without the library or access to `target`.
    """
    redact = redact or redactor()
    _send_nothing_home()
    client, artifacts = _client(target)
    return [_write(client, artifacts, store, run, redact) for run in runs]


def _write(client: "MlflowClient", artifacts: Path | None, store: Store, run: str, redact: Redact) -> str:
    summary = store.summary(run)
    experiment = _experiment(client, artifacts, summary.task)
    for old in client.search_runs([experiment], f"tags.`{RUN_TAG}` = '{run}'"):
        client.delete_run(old.info.run_id)
    tags = {
        RUN_TAG: run,
        "assay.state": summary.state,
        "assay.verdict": redact(summary.verdict)[:LONGEST_TAG],
        "mlflow.note.content": redact(summary.note)[:LONGEST_TAG],
        **{f"tag.{tag}": "yes" for tag in summary.tags},
    }
    made = client.create_run(
        experiment, start_time=int(summary.created * 1000), tags=tags, run_name=redact(summary.name) or run
    )
    identifier: str = made.info.run_id
    _log(client, identifier, summary, gather(store.folder(run)), redact)
    client.log_text(identifier, render(store, run, redact=redact), "report.html")
    ended = int((summary.ended or summary.created + summary.seconds) * 1000)
    client.set_terminated(identifier, STATUS.get(summary.state, "RUNNING"), end_time=ended)
    return identifier


def _log(client: "MlflowClient", identifier: str, summary: RunSummary, evidence: Evidence, redact: Redact) -> None:
    from mlflow.entities import Metric, Param

    settings = redact_record(summary.config, redact)
    for part in _parts([Param(_key(name), to_text(value)[:LONGEST_TAG]) for name, value in settings.items()], 100):
        client.log_batch(identifier, params=part)
    points = (
        Metric(_key(redact(name)), value, int((summary.created + time) * 1000), step)
        for name, curve in evidence.curves.items()
        for step, value, time in zip(curve.step.tolist(), curve.value.tolist(), curve.time.tolist(), strict=True)
    )
    ended = int((summary.ended or summary.created) * 1000)
    figures = (Metric(f"figure/{_key(figure.name)}", figure.value, ended, 0) for figure in summary.figures)
    for series in (points, figures):
        for batch in _parts(series, BATCH):
            client.log_batch(identifier, metrics=batch)


def _experiment(client: "MlflowClient", artifacts: Path | None, task: str) -> str:
    found = client.get_experiment_by_name(task)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(task, artifact_location=(artifacts / task).as_uri() if artifacts else None))


def _client(target: str | Path) -> tuple["MlflowClient", Path | None]:
    """A client, and the folder for artifacts where that is ours to choose."""
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise _missing(str(error)) from error
    text = str(target)
    artifacts: Path | None = None
    if text.startswith("sqlite:"):
        artifacts = Path(text.removeprefix("sqlite:///")).absolute().parent / "artifacts"
    elif not text.startswith(("http://", "https://")):
        folder = Path(text).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        text, artifacts = f"sqlite:///{folder / DATABASE}", folder / "artifacts"
    try:
        client = MlflowClient(tracking_uri=text)
        client.search_experiments(max_results=1)
    except ImportError as error:
        raise _missing(str(error)) from error
    except MlflowException as error:
        raise AssayError("The MLflow store cannot be used", where=text, why=str(error).splitlines()[0]) from error
    return client, artifacts


def _send_nothing_home() -> None:
    """MLflow reports its own use to its makers unless told not to, by variables that it reads when imported."""
    os.environ.update({"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"})


def _missing(why: str) -> AssayError:
    return AssayError(
        "Runs cannot be exported to MLflow",
        why=f"a package is not installed ({why})",
        remedy="Install the extra: pip install 'assay[tracking]'.",
    )


def _key(name: str) -> str:
    """MLflow takes letters, digits and a few signs in names, and no path that climbs."""
    kept = "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)[:240]
    return "/".join(part for part in kept.split("/") if part.strip(". ")) or "_"


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
