"""What every command needs: the store, the settings in force, the secrets, and a supervisor where runs are started."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.core import AssayError
from app.runs.plain_text import one_line
from app.runs.report import References
from app.runs.secrets import Secrets
from app.runs.settings import Settings, load_settings, store_folder
from app.runs.store import Store
from app.runs.supervisor import Supervisor
from app.workspaces import load_workspaces


@dataclass(frozen=True)
class Context:
    """The surroundings of one command."""

    store: Store
    settings: Settings
    secrets: Secrets
    json: bool
    offline: bool

    def find(self, text: str) -> str:
        """The id of the run that `text` means: an id, a unique part of one, or “last”. Raises AssayError otherwise."""
        known = self.store.ids()
        if text in known:
            return text
        if text == "last":
            found = [summary.id for summary in self.store.summaries()[:1]]
        else:
            found = [run for run in known if text in run]
        if len(found) == 1:
            return found[0]
        shown = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
        raise AssayError(
            f"{'Several runs match' if found else 'There is no run'} “{one_line(text)}”",
            where=str(self.store.root),
            why=shown,
            remedy="See them all with: runs list",
        )

    def references(self, run: str) -> References:
        """What the run's workspace draws into its curves to compare with."""
        summary = self.store.summary(run)
        workspace = load_workspaces().get(summary.workspace)
        if workspace is None or workspace.references is None:
            return {}
        return workspace.references(summary.task, summary.config)

    @contextmanager
    def supervisor(self) -> Iterator[Supervisor]:
        """A working supervisor. Runs that others started go on when it closes."""
        made = Supervisor(
            self.store,
            parallel=self.settings.parallel,
            offline=self.offline,
            keep_running=True,
            warm=False,
            secrets=self.secrets.get,
        )
        made.start()
        try:
            yield made
        finally:
            made.close(stop_runs=False)


def context(options: argparse.Namespace) -> Context:
    loaded = load_settings()
    for problem in loaded.problems:
        print(problem, file=sys.stderr)
    return Context(
        store=Store(store_folder(loaded.settings, options.store)),
        settings=loaded.settings,
        secrets=Secrets(),
        json=options.json,
        offline=loaded.settings.offline if options.offline is None else options.offline,
    )


def print_json(record: Any) -> None:
    """One JSON document on standard output; values that JSON lacks (NaN) as words."""
    print(json.dumps(finite(record), indent=2, ensure_ascii=False, default=str))


def finite(record: Any) -> Any:
    """`record` with numbers that are not finite as "nan", "inf", "-inf", as in the log."""
    if isinstance(record, float) and (record != record or record in (float("inf"), float("-inf"))):
        return str(record)
    if isinstance(record, dict):
        return {str(name): finite(value) for name, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [finite(item) for item in record]
    return record


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    """Aligned columns; cells are made plain, since names come from anywhere."""
    shown = [columns, *([one_line(cell, 120) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in shown) for k in range(len(columns))]
    for row in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
