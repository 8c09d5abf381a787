"""The methods: one folder per workspace, whose `tasks*.py` register what it can do."""

import importlib
import os
import pkgutil
from pathlib import Path

from app.core.errors import AssayError
from app.core.task import REGISTRY, Task

PLUGINS_VARIABLE = "ASSAY_TASK_MODULES"
"""Environment variable: further modules that register tasks, separated by commas."""


def load_tasks() -> dict[str, Task]:
    """Import every engine's tasks (configs only: the libraries come when a task runs) and return them by name."""
    for engine in pkgutil.iter_modules(__path__):
        for part in pkgutil.iter_modules([str(Path(folder) / engine.name) for folder in __path__]):
            if part.name.startswith("tasks"):
                importlib.import_module(f"{__name__}.{engine.name}.{part.name}")
    for module in filter(None, os.environ.get(PLUGINS_VARIABLE, "").split(",")):
        importlib.import_module(module.strip())
    return REGISTRY


def find_task(name: str) -> Task:
    """The task `name`; raises AssayError with the known names."""
    tasks = load_tasks()
    if name not in tasks:
        raise AssayError(
            f"There is no task “{name}”",
            remedy=f"Known tasks: {', '.join(sorted(tasks))}",
        )
    return tasks[name]
