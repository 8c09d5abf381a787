"""All models of a batch in one table, and how often the verdict agrees with what is known of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.engines.diffusion.attack_configs import ATTACK_WORDS
from app.runs.records import Record
from app.runs.states import BADGES
from app.runs.summary import RunSummary
from app.stats import proportion_interval
from app.widgets.labels import Label
from app.widgets.panels import Panel
from app.widgets.table import DataTable, paint_table
from app.widgets.theme import Theme, load_theme

Line = tuple[RunSummary, Mapping[str, Any]]
COLUMNS = (
    "model", "kind", "verdict", "known", "one picture, %", "uniformity", "ratio", "TV per pixel", "time, s", "run",
)  # fmt: skip
WORDS = ("backdoored", "suspicious", "inconclusive", "no sign")
CLEAN, UNKNOWN = "clean", "unknown"


def batch_rows(lines: Sequence[Line]) -> list[list[Any]]:
    """One row of `COLUMNS` per run; cells that are not known yet are None."""
    return [
        [
            details.get("model") or _model(summary),
            str(details.get("kind", "")).upper() or None,
            details.get("word"),
            _known(details),
            None if details.get("one picture") is None else 100 * details["one picture"],
            details.get("uniformity"),
            details.get("uniformity ratio"),
            details.get("variation per pixel"),
            round(summary.seconds, 1) if summary.seconds else None,
            " ".join(BADGES[summary.state]),
        ]
        for summary, details in lines
    ]


def confusion_rows(lines: Sequence[Line]) -> list[list[Any]]:
    """Counts of verdicts by truth: (truth, one count per word of `WORDS`, how many were told right and its interval).

    Only models of which something is known count: those marked as made with a backdoor, and those whose card says that
    they are clean.
    """
    rows = []
    for truth, right in (("made with a backdoor", "backdoored"), ("clean, as far as known", "no sign")):
        fitting = [str(details.get("word")) for _, details in lines if details.get("word") and _truth(details) == truth]
        if not fitting:
            continue
        counts = [fitting.count(word) for word in WORDS]
        hit = fitting.count(right)
        share = proportion_interval(hit, len(fitting))
        told = f"{hit} of {len(fitting)} ({100 * share.low:.0f} to {100 * share.high:.0f} %)"
        rows.append([truth, *counts, told])
    return rows


class BatchPanel(Panel):
    """The runs that were started together, one line each; a click opens the run."""

    run_chosen = Signal(str)
    formats = ("csv:shown", "png")

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        words = "Drop a folder that holds model folders: each becomes a run, and all are summed up here."
        super().__init__(title, theme, empty=words, parent=parent)
        self._lines: list[Line] = []
        self.models = DataTable(theme)
        self.models.setAccessibleName("Models of this batch")
        self.models.row_chosen.connect(self._chosen)
        self.truth = DataTable(theme)
        self.truth.setAccessibleName("Verdicts against what is known")
        self._note = Label("", theme, "caption", "text-2", wrap=True)
        below = QWidget()
        layout = QVBoxLayout(below)
        layout.setContentsMargins(0, 0, 0, theme.space("tight"))
        layout.setSpacing(theme.space("tight"))
        self._heading = Label("Verdict against what is known", theme, "strong")
        for widget in (self._heading, self._note):
            widget.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), 0)
        layout.addWidget(self._heading)
        layout.addWidget(self.truth, 1)
        layout.addWidget(self._note)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.models)
        splitter.addWidget(below)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 1)
        self.set_body(splitter)

    def wants(self, kind: str, name: str) -> bool:
        return False

    def record_added(self, record: Record, folder: Path) -> None:
        """No event belongs here: the window tells the runs that belong together."""

    def runs_together(self, lines: Sequence[Line]) -> None:
        """The shown run and those started with it: summaries, and the details of their results."""
        self._lines = [(summary, details) for summary, details in lines if summary.task == "diffusion.scan"]
        rows = confusion_rows(self._lines)
        self.models.set_table(COLUMNS, batch_rows(self._lines))
        self.truth.set_table(["truth", *WORDS, "told right"], rows)
        for table in (self.models, self.truth):
            table.resizeColumnsToContents()
        self.truth.setVisible(bool(rows))
        done = sum(bool(details.get("word")) for _, details in self._lines)
        known = sum(sum(row[1:5]) for row in rows)
        self._note.setText(
            f"{done} of {len(self._lines)} models are judged, of {known} of them it is known whether they have a backdoor. "
            "Known means: its settings mark it as a test model, its card says that it is clean, or zoo.json beside it names "
            "its attack. A repaired model keeps its mark."
        )
        self.set_filled(bool(self._lines))

    def clear(self) -> None:
        self._lines = []
        super().clear()

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        return list(COLUMNS), batch_rows(self._lines)

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        paint_table(painter, room, *self.table("shown"), load_theme("light"))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_heading"):
            for widget in (self.models, self.truth, self._heading, self._note):
                widget.set_theme(theme)

    @Slot(int)
    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self._lines):
            self.run_chosen.emit(self._lines[row][0].id)


def _truth(details: Mapping[str, Any]) -> str:
    truth = details.get("truth") or UNKNOWN
    return "" if truth == UNKNOWN else "clean, as far as known" if truth == CLEAN else "made with a backdoor"


def _known(details: Mapping[str, Any]) -> str | None:
    truth = details.get("truth")
    return None if truth in (None, UNKNOWN) else ATTACK_WORDS.get(str(truth), str(truth))


def _model(summary: RunSummary) -> str:
    config = summary.config if isinstance(summary.config, Mapping) else {}
    return str(config.get("model", "")).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].removeprefix("builtin:")
