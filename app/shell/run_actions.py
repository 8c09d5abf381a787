"""What a person may do with a run: each command is one that the run's state allows, and is undone rather than asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from app.core import AssayError
from app.runs.bundle import bundle_contents, save_bundle
from app.runs.report import write_report
from app.runs.states import ACTIONS
from app.shell.laboratory import Laboratory
from app.shell.notes_dialog import NotesDialog
from app.shell.sure_dialog import SureDialog
from app.widgets.theme import ThemeKeeper

ALWAYS = ("rename", "star", "show", "show_folder")


class RunActions(QObject):
    """Carries commands out, and says what the window has to do besides."""

    show_requested = Signal(str)
    fill_requested = Signal(str)
    rename_requested = Signal(str)
    probe_requested = Signal(str)
    compare_requested = Signal(str)
    tear_off_requested = Signal(str)
    trashed = Signal(str, str)
    """Run and name, for an Undo."""
    said = Signal(str, str)
    problem = Signal(object)

    def __init__(self, laboratory: Laboratory, keeper: ThemeKeeper, window: QWidget) -> None:
        super().__init__(window)
        self._laboratory = laboratory
        self._keeper = keeper
        self._window = window
        supervisor, queue = laboratory.supervisor, laboratory.store.queue
        self._table: dict[str, Callable[[str], Any]] = {
            "stop": supervisor.stop,
            "force_stop": self._force,
            "resume": self._resume,
            "hold": queue.hold,
            "release": queue.release,
            "start_now": self._start_next,
            "remove": self._trash,
            "trash": self._trash,
            "star": self._star,
            "note": self._note,
            "report": self.open_report,
            "export": self._export,
            "save_bundle": self._bundle,
            "why": self.show_requested.emit,
            "show": self.show_requested.emit,
            "show_folder": self._show_folder,
            "edit": self._edit,
            "use_settings": self.fill_requested.emit,
            "duplicate": self._duplicate,
            "rename": self.rename_requested.emit,
            "probe": self.probe_requested.emit,
            "compare": self.compare_requested.emit,
            "tear_off": self.tear_off_requested.emit,
        }

    @Slot(str, str)
    def act(self, key: str, run: str) -> None:
        """Do `key` to `run` if its state allows that; what cannot be done is said."""
        try:
            state = self._laboratory.store.summary(run).state
            if key in self._table and (key in ALWAYS or key in ACTIONS[state]):
                self._table[key](run)
        except AssayError as error:
            self.problem.emit(error)
        self._laboratory.run_changed.emit(run)

    def restore(self, run: str) -> None:
        self._laboratory.store.restore(run)
        self._laboratory.run_changed.emit(run)

    @Slot(str)
    def open_report(self, run: str) -> None:
        """Write the report in a worker thread, then show it in the browser."""
        errand = self._laboratory.background(_Report(self._laboratory, run))
        errand.done.connect(self._report_written)
        errand.failed.connect(self.problem)
        self._laboratory.send(errand)

    def _resume(self, run: str) -> None:
        self._laboratory.supervisor.resume(run)
        self.show_requested.emit(run)

    def _start_next(self, run: str) -> None:
        self._laboratory.store.queue.move(run, 0)
        self.said.emit("This run starts next.", "neutral")

    def _force(self, run: str) -> None:
        self._laboratory.supervisor.force_stop(run)

    def _edit(self, run: str) -> None:
        """A queued run goes back into the form: its settings are frozen while it waits."""
        self.fill_requested.emit(run)
        self._trash(run)

    def _duplicate(self, run: str) -> None:
        summary = self._laboratory.store.summary(run)
        self._laboratory.submit(summary.task, self._laboratory.store.config(run), summary.name)
        self.said.emit(f"“{summary.name or run}” is queued once more.", "neutral")

    def _trash(self, run: str) -> None:
        name = self._laboratory.store.summary(run).name or run
        self._laboratory.store.trash(run)
        self.trashed.emit(run, name)

    def _star(self, run: str) -> None:
        self._laboratory.store.annotate(run, starred=not self._laboratory.store.summary(run).starred)

    def _note(self, run: str) -> None:
        dialog = NotesDialog(self._laboratory.store.summary(run), self._keeper.theme, self._window)
        dialog.kept.connect(self._keep_note)
        dialog.open()

    def _show_folder(self, run: str) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._laboratory.store.folder(run))))

    def _export(self, run: str) -> None:
        chosen = QFileDialog.getExistingDirectory(self._window, "Export the run into a folder")
        if chosen:
            errand = self._laboratory.background(_Export(self._laboratory, run, Path(chosen)))
            errand.done.connect(self._written)
            errand.failed.connect(self.problem)
            self._laboratory.send(errand)

    def _bundle(self, run: str) -> None:
        """List what a bundle would hold before anything is written."""
        entries = bundle_contents(self._laboratory.store, run)
        dialog = SureDialog(
            "Save a bundle for a report of this fault",
            "The bundle holds the files below. Keys, tokens and your home folder's name are removed.",
            [f"{entry.name}: {entry.what}" for entry in entries],
            "Save bundle…",
            run,
            self._keeper.theme,
            self._window,
        )
        dialog.agreed.connect(self._save_bundle)
        dialog.open()

    @Slot(object)
    def _save_bundle(self, run: str) -> None:
        target, _ = QFileDialog.getSaveFileName(self._window, "Save the bundle", f"{run}.zip", "Zip archives (*.zip)")
        if target:
            errand = self._laboratory.background(_Bundle(self._laboratory, run, Path(target)))
            errand.done.connect(self._written)
            errand.failed.connect(self.problem)
            self._laboratory.send(errand)

    @Slot(str, str, object)
    def _keep_note(self, run: str, note: str, tags: tuple[str, ...]) -> None:
        try:
            self._laboratory.store.annotate(run, note=note, tags=tags)
        except AssayError as error:
            self.problem.emit(error)
        self._laboratory.run_changed.emit(run)

    @Slot(object)
    def _report_written(self, path: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        self.said.emit(f"Report written: {path}", "good")

    @Slot(object)
    def _written(self, path: Path) -> None:
        self.said.emit(f"Written to {path}", "good")


class _Report:
    """Write a run's report."""

    def __init__(self, laboratory: Laboratory, run: str) -> None:
        self._laboratory, self._run = laboratory, run

    def __call__(self) -> Path:
        references = self._laboratory.references(self._run)
        redact = self._laboratory.secrets.redactor()
        return write_report(self._laboratory.store, self._run, references=references, redact=redact)


class _Export:
    """Report, and curves as TensorBoard event files, into a folder of the user's."""

    def __init__(self, laboratory: Laboratory, run: str, target: Path) -> None:
        self._laboratory, self._run, self._target = laboratory, run, target

    def __call__(self) -> Path:
        from app.runs.storage import Disk
        from app.runs.tensorboard import export

        redact = self._laboratory.secrets.redactor()
        report = write_report(self._laboratory.store, self._run, redact=redact)
        Disk().create(self._target / f"{self._run}.html", report.read_bytes())
        export(self._laboratory.store, [self._run], self._target / "tensorboard", redact)
        return self._target


class _Bundle:
    """Save what a maintainer needs, without secrets."""

    def __init__(self, laboratory: Laboratory, run: str, target: Path) -> None:
        self._laboratory, self._run, self._target = laboratory, run, target

    def __call__(self) -> Path:
        redact = self._laboratory.secrets.redactor()
        return save_bundle(self._laboratory.store, self._run, self._target, redact)
