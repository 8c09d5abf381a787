"""Measure before the start: a few real steps in a throw-away process tell memory, time and disk."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core import AssayError
from app.data.text import size_in_words
from app.engines import find_task
from app.runs.figures import duration_text
from app.runs.measure import Measurement, measure
from app.shell.laboratory import Laboratory
from app.widgets.labels import Label
from app.widgets.runbar import ThinBar
from app.widgets.theme import Theme


class MeasureDialog(QDialog):
    """Measures as soon as it opens; Run starts what was measured."""

    run_requested = Signal(str, object)

    def __init__(
        self, task: str, values: Mapping[str, Any], laboratory: Laboratory, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._task, self._values = task, dict(values)
        self.setWindowTitle("Measure")
        self.setMinimumWidth(480)
        self._words = Label("Three real steps are taken in a process of their own…", theme, "body", "text-2", wrap=True)
        self._bar = ThinBar(theme, still=laboratory.settings.reduced_motion)
        self._bar.set_share(None)
        self._figures = QFormLayout()
        self._figures.setHorizontalSpacing(theme.space("group"))
        self.run_button = QPushButton("Run")
        self.run_button.setProperty("primary", True)
        self.run_button.setEnabled(False)
        self.run_button.clicked.connect(self._run)
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(self.run_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label(find_task(task).title, theme, "heading", wrap=True))
        layout.addWidget(self._words)
        layout.addWidget(self._bar)
        layout.addLayout(self._figures)
        layout.addLayout(row)
        self._theme = theme
        errand = laboratory.background(_Measure(task, self._values))
        errand.done.connect(self.show_measurement)
        errand.failed.connect(self.show_failure)
        laboratory.send(errand)

    @Slot(object)
    def show_measurement(self, found: Measurement) -> None:
        self._bar.hide()
        self._words.setText(f"{'It fits.' if found.fits else 'It does not fit.'} {found.advice}".strip())
        self._words.set_token("success" if found.fits else "danger")
        unknown = "not known after three steps"
        step = duration_text(found.seconds_per_step) if found.seconds_per_step is not None else unknown
        whole = f"about {duration_text(found.total_seconds)}" if found.total_seconds is not None else unknown
        for name, text in (
            ("Peak memory", size_in_words(found.peak_rss)),
            ("Each step", step),
            ("Whole run", whole),
            ("Disk", size_in_words(found.disk_bytes)),
        ):
            self._figures.addRow(Label(name, self._theme, "body", "text-2"), Label(text, self._theme, "strong"))
        self.run_button.setEnabled(True)

    @Slot(object)
    def show_failure(self, error: AssayError) -> None:
        self._bar.hide()
        self._words.setText(str(error))
        self._words.set_token("danger")

    @Slot()
    def _run(self) -> None:
        self.run_requested.emit(self._task, self._values)
        self.accept()


class _Measure:
    """Measure in a worker thread."""

    def __init__(self, task: str, values: Mapping[str, Any]) -> None:
        self._task, self._values = task, values

    def __call__(self) -> Measurement:
        return measure(self._task, self._values)
