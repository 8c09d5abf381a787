"""Writes the report of a comparison beside the runs, with what others published."""

from pathlib import Path

from app.runs.report import render_comparison
from app.runs.storage import Disk
from app.shell.laboratory import Laboratory

COMPARISON = "comparison.html"


class ComparisonReport:
    """A call for a worker thread; gives the path of the report."""

    def __init__(self, laboratory: Laboratory, runs: list[str], baseline: str) -> None:
        self._laboratory, self._runs, self._baseline = laboratory, runs, baseline

    def __call__(self) -> Path:
        text = render_comparison(
            self._laboratory.store,
            self._runs,
            baseline=self._baseline or None,
            published=self._laboratory.published(self._runs),
            references=self._laboratory.references(self._runs[0]),
            redact=self._laboratory.secrets.redactor(),
        )
        path: Path = self._laboratory.root / COMPARISON
        Disk().replace(path, text.encode("utf-8"))
        return path
