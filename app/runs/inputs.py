"""Notes what a run's data and models look like when it is made, and tells when they are not the same any more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.core import AssayError, form_fields
from app.core.task import Task
from app.runs.encoding import plain


def note_inputs(task: Task, config: Mapping[str, Any]) -> dict[str, Any]:
    """Fingerprints by setting; raises AssayError where data that is named does not exist."""
    # Imported where inputs are read: it brings numpy, which the list of runs does without.
    from app.data.fingerprint import fingerprint

    inputs: dict[str, Any] = {}
    for field in form_fields(task.config):
        ref = config.get(field.name)
        if not isinstance(ref, str) or not ref:
            continue
        if field.widget == "data" or (field.widget == "model" and Path(ref).exists()):
            inputs[field.name] = plain(fingerprint(ref))
    return inputs


def refuse_changed_inputs(run: Mapping[str, Any]) -> None:
    """Raise AssayError if what a run was started with has changed since."""
    from app.data.fingerprint import changed

    for name, before in run["inputs"].items():
        what = changed(str(run["config"].get(name)), before)
        if what:
            raise AssayError(
                "What this run was started with has changed",
                where=name,
                why=what,
                remedy="Resume anyway, or start a new run with these settings.",
            )


def secret_names(task: Task, config: Mapping[str, Any]) -> list[str]:
    """The names of the secrets that the settings ask for."""
    names = [config.get(field.name) for field in form_fields(task.config) if field.widget == "secret"]
    return [name for name in names if isinstance(name, str) and name]
