"""Two or more runs side by side: one table of what differs and what came out, and their curves in the same plots."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.core import AssayError
from app.engines import load_tasks
from app.runs.compare import Comparison, Published, compare
from app.runs.figures import figure_text
from app.runs.plain_text import one_line
from app.runs.records import Batch
from app.runs.report import effect_text
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.widgets.build import build_panel
from app.widgets.declare import Plot
from app.widgets.grid import PanelGrid
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.panels import Panel
from app.widgets.table import DataTable
from app.widgets.theme import Theme
from app.workspaces.declare import Workspace

WATCH = "compare/"
ACROSS = 2
LEAST_ROW = 210


class CompareView(QWidget):
    """The centre while runs are compared; runs equal but for their seed are folded into one column and one band."""

    left = Signal()
    problem = Signal(object)
    said = Signal(str, str)
    report_requested = Signal(object, str)
    """Runs, and the run whose column is the baseline ("" for the first)."""

    def __init__(self, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._theme = theme
        self._labels: dict[str, str] = {}
        self._plots: list[Panel] = []
        self._grid: PanelGrid | None = None
        self.runs: tuple[str, ...] = ()
        self._published: tuple[Published, ...] = ()
        self.comparison: Comparison | None = None
        self._title = Label("", theme, "title", wrap=True)
        self._note = Label("", theme, "body", "text-2", wrap=True)
        self._baseline = QComboBox()
        self._baseline.setAccessibleName("Baseline")
        self._baseline.setMinimumWidth(220)
        self._baseline.currentIndexChanged.connect(self._pin)
        self._report = QPushButton("Report")
        self._report.clicked.connect(self._write)
        self._back = QPushButton("Back")
        self._back.clicked.connect(self._leave)
        head = QHBoxLayout()
        head.setSpacing(theme.space("field"))
        head.addWidget(self._back)
        head.addWidget(self._title, 1)
        head.addWidget(Label("Baseline", theme, "body", "text-2"))
        head.addWidget(self._baseline)
        head.addWidget(self._report)
        self.figures = DataTable(theme)
        self.figures.setAccessibleName("Figures side by side")
        self.fields = DataTable(theme)
        self.fields.setAccessibleName("Settings that differ")
        self._tables = QTabWidget()
        self._tables.setDocumentMode(True)
        self._tables.addTab(self.figures, "Figures")
        self._tables.addTab(self.fields, "Settings that differ")
        self._room = QWidget()
        QVBoxLayout(self._room).setContentsMargins(0, 0, 0, 0)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._tables)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setAccessibleName("Curves side by side")
        scroll.setWidget(self._room)
        splitter.addWidget(scroll)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([240, 460])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("pane")] * 4)
        layout.setSpacing(theme.space("field"))
        layout.addLayout(head)
        layout.addWidget(self._note)
        layout.addWidget(splitter, 1)
        laboratory.following.arrived.connect(self._arrived)
        self.set_theme(theme)

    def show_runs(self, summaries: Sequence[RunSummary], workspace: Workspace) -> None:
        """Compare these runs; raises AssayError when there are fewer than two."""
        self.clear()
        self.runs = tuple(summary.id for summary in summaries)
        self._published = self._laboratory.published(self.runs)
        self.comparison = compare(summaries, published=self._published)
        self._title.setText(f"{len(summaries)} runs side by side")
        self._labels = self._named(self.comparison)
        self._baseline.blockSignals(True)
        self._baseline.clear()
        for title, column in zip(self.comparison.titles, self.comparison.columns, strict=True):
            self._baseline.addItem(one_line(title), column.runs[0].id)
        self._baseline.blockSignals(False)
        self._show_tables()
        self._show_plots(workspace)
        for run in self.runs:
            self._laboratory.following.watch(WATCH + run, self._laboratory.store.folder(run))

    def clear(self) -> None:
        """Follow no run any more."""
        for run in self.runs:
            self._laboratory.following.unwatch(WATCH + run)
        self.runs = ()
        self._plots = []
        if self._grid is not None:
            self._room.layout().removeWidget(self._grid)
            self._grid.hide()
            self._grid.deleteLater()
            self._grid = None

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._back.setIcon(icon("previous", theme))
        self._report.setIcon(icon("report", theme))

    @staticmethod
    def _named(comparison: Comparison) -> dict[str, str]:
        """A label per run, told apart by seed within a column."""
        labels = {}
        for title, column in zip(comparison.titles, comparison.columns, strict=True):
            for run, seed in zip(column.runs, column.seeds, strict=True):
                labels[run.id] = one_line(title if column.n == 1 else f"{title}, seed {seed}")
        return labels

    def _show_tables(self) -> None:
        found = self.comparison
        assert found is not None
        titles = [one_line(title) for title in found.titles]
        columns = ["figure", *titles, *(f"published: {one_line(column.title)}" for column in found.published)]
        rows: list[list[Any]] = []
        for row in found.rows:
            cells = []
            for cell in row.cells:
                text = "–" if cell.figure is None else figure_text(cell.figure)
                if cell.effect is not None:
                    text += f"   ({effect_text(cell.effect)})"
                cells.append(f"★ {text}" if cell.best else text)
            rows.append([row.name, *cells, *([""] * (len(columns) - 1 - len(cells)))])
        self.figures.set_table(columns, rows)
        differing = [[name, *map(_words, values)] for name, values in found.fields]
        self.fields.set_table(["setting", *titles], differing)
        self._tables.setTabText(1, f"Settings that differ ({len(differing)})")
        folded = [column for column in found.columns if column.n > 1]
        parts = [f"Folded, because only the seed differs: {len(folded)} of {len(found.columns)}" if folded else ""]
        methods = {cell.effect.method for row in found.rows for cell in row.cells if cell.effect is not None}
        parts += sorted(methods)[:2]
        sources = dict.fromkeys(one_line(column.source.text) for column in found.published)
        parts += [f"Published: {'; '.join(sources)}"] if sources else []
        self._note.setText(". ".join(filter(None, parts)))

    def _show_plots(self, workspace: Workspace) -> None:
        assert self.comparison is not None
        tasks = [load_tasks().get(name) for name in {column.task for column in self.comparison.columns}]
        emitted = [emits.name for task in tasks if task is not None for emits in task.emits if emits.kind == "metric"]
        declared = [panel for page in workspace.pages for row in page.rows for panel in row if isinstance(panel, Plot)]
        built = {declaration: build_panel(declaration, self._theme) for declaration in dict.fromkeys(declared)}
        self._plots = [panel for panel in built.values() if any(panel.wants("metric", name) for name in emitted)]
        folds = {
            one_line(title): [self._labels[run.id] for run in column.runs]
            for title, column in zip(self.comparison.titles, self.comparison.columns, strict=True)
            if column.n > 1
        }
        references = self._laboratory.references(self.runs[0])
        for panel in self._plots:
            panel.set_context(list(self._labels.values()))
            panel.exported.connect(self._exported)
            panel.failed.connect(self.problem)
            if folds:
                panel.set_folds(folds)
            for name, levels in references.items():
                for level in levels:
                    if panel.wants("metric", name):
                        panel.set_reference(name, level.value, level.text, level.source)
        rows = [self._plots[k : k + ACROSS] for k in range(0, len(self._plots), ACROSS)]
        self._grid = PanelGrid(rows, self._theme)
        self._grid.setMinimumHeight(LEAST_ROW * len(rows))
        self._room.layout().addWidget(self._grid)
        self._show_filled()

    def _show_filled(self) -> None:
        """Plots that have nothing yet leave the room to the others, but for the first row."""
        if self._grid is None or self._grid.large is not None:
            return
        used = 0
        for start in range(0, len(self._plots), ACROSS):
            row = self._plots[start : start + ACROSS]
            for panel in row:
                if not panel.torn_off:
                    panel.setVisible(panel.filled or start == 0)
            inner = row[0].parentWidget()
            if inner is not None and not row[0].torn_off:
                shown = start == 0 or any(panel.filled for panel in row)
                inner.setVisible(shown)
                used += shown
        self._grid.setMinimumHeight(LEAST_ROW * max(1, used))

    @Slot(str, object)
    def _arrived(self, key: str, batch: Batch) -> None:
        run = key.removeprefix(WATCH)
        if not key.startswith(WATCH) or run not in self._labels:
            return
        label = self._labels[run]
        for panel in self._plots:
            if batch.rewind is not None:
                panel.rewind(batch.rewind, label)
            wanted = {name: part for name, part in batch.points.items() if panel.wants("metric", name)}
            if wanted:
                fresh = not panel.filled
                panel.points_added(wanted, label)
                if fresh:
                    self._show_filled()
        self._laboratory.following.taken()

    @Slot()
    def _pin(self) -> None:
        """Compare with another column."""
        if self.comparison is None:
            return
        runs = [run for column in self.comparison.columns for run in column.runs]
        try:
            self.comparison = compare(runs, str(self._baseline.currentData()), self._published)
        except AssayError as error:
            self.problem.emit(error)
            return
        self._show_tables()

    @Slot()
    def _write(self) -> None:
        self.report_requested.emit(list(self.runs), str(self._baseline.currentData() or ""))

    @Slot(str)
    def _exported(self, path: str) -> None:
        self.said.emit(f"Written to {path}", "good")

    @Slot()
    def _leave(self) -> None:
        self.clear()
        self.left.emit()


def _words(value: Any) -> str:
    return "–" if value is None else ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
