"""Export of a run: which forms, into which folder; written in a worker thread, by a child process where libraries load."""

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core import AssayError
from app.runs.plain_text import one_line
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.widgets.labels import Label
from app.widgets.theme import Theme

FORMS: tuple[tuple[str, str, str], ...] = (
    ("report", "Report", "One HTML file that opens anywhere"),
    ("csv", "Curves as CSV", "Every metric with its steps and times"),
    ("zip", "Run folder as a zip file", "All that Assay keeps of the run, checkpoints and log included"),
    ("tensorboard", "TensorBoard", "Event files below “tensorboard”"),
    ("mlflow", "MLflow", "A tracking database below “mlflow”; needs the extra “tracking”"),
)
CHILD_LIMIT_S = 600


class ExportDialog(QDialog):
    """`chosen` hands over the run, the forms and the folder."""

    chosen = Signal(str, object, object)

    def __init__(self, summary: RunSummary, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = summary.id
        self.setWindowTitle("Export")
        self.setMinimumWidth(480)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.setSpacing(theme.space("field"))
        layout.addWidget(Label(f"Export “{one_line(summary.name or summary.id)}”", theme, "heading", wrap=True))
        self.boxes: dict[str, QCheckBox] = {}
        for key, words, detail in FORMS:
            box = self.boxes[key] = QCheckBox(words)
            box.setChecked(key in ("report", "csv"))
            box.setAccessibleDescription(detail)
            box.toggled.connect(self._offer)
            line = Label(detail, theme, "caption", "text-2", wrap=True)
            line.setContentsMargins(theme.space("wide"), 0, 0, 0)
            pair = QVBoxLayout()
            pair.setSpacing(0)
            pair.addWidget(box)
            pair.addWidget(line)
            layout.addLayout(pair)
        self._go = QPushButton("Choose a folder…")
        self._go.setProperty("primary", True)
        self._go.setDefault(True)
        self._go.clicked.connect(self._choose)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self._go)
        layout.addLayout(row)

    def forms(self) -> tuple[str, ...]:
        """The keys that are ticked."""
        return tuple(key for key, box in self.boxes.items() if box.isChecked())

    @Slot()
    def _offer(self) -> None:
        self._go.setEnabled(bool(self.forms()))

    @Slot()
    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Export into a folder")
        if folder:
            self.chosen.emit(self._run, self.forms(), Path(folder))
            self.accept()


class Export:
    """A call for a worker thread; gives the folder. What is written already stays when a later form fails."""

    def __init__(self, laboratory: Laboratory, run: str, forms: Sequence[str], target: Path) -> None:
        self._laboratory, self._run, self._forms, self._target = laboratory, run, forms, target

    def __call__(self) -> Path:
        if "report" in self._forms:
            self._report()
        if "zip" in self._forms:
            zip_run(self._laboratory.store.folder(self._run), self._target / f"{self._run}.zip")
        places = {"csv": self._target, "tensorboard": self._target / "tensorboard", "mlflow": self._target / "mlflow"}
        for form in self._forms:
            if form in places:
                self._child(form, places[form])
        return self._target

    def _report(self) -> None:
        from app.runs.report import write_report
        from app.runs.storage import Disk

        redact = self._laboratory.secrets.redactor()
        references = self._laboratory.references(self._run)
        report = write_report(self._laboratory.store, self._run, references=references, redact=redact)
        Disk().create(self._target / f"{self._run}.html", report.read_bytes())

    def _child(self, form: str, place: Path) -> None:
        """The command line does it: libraries for other programs never load into the window's process."""
        place.mkdir(parents=True, exist_ok=True)
        program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "app"]
        words = ["runs", "export", self._run, f"--{form}", str(place), "--store", str(self._laboratory.root)]
        title = next(words for key, words, _ in FORMS if key == form)
        try:
            done = subprocess.run(
                [*program, *words], capture_output=True, text=True, timeout=CHILD_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AssayError(f"The export to {title} took too long", where=str(place)) from error
        if done.returncode:
            why = one_line(" ".join(done.stderr.split()))[:400]
            raise AssayError(f"The export to {title} did not work", where=str(place), why=why)


def zip_run(folder: Path, target: Path) -> None:
    """Pack a run's folder; links are left out, and an unfinished file never has the final name."""
    partial = target.with_name(target.name + ".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                archive.write(path, f"{folder.name}/{path.relative_to(folder)}")
    partial.replace(target)
