"""What a person may do with a run: each command is one that the run's state allows, and is undone rather than asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.core import AssayError
from app.runs.states import ACTIONS
from app.shell.laboratory import Laboratory

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow
    from app.shell.run_view import RunView

ALWAYS = ("rename", "star", "show", "show_folder")


class RunActions(QObject):
    """Carries commands out, and says what the window has to do besides."""

    trashed = Signal(str, str)
    """Run and name, for an Undo."""
    said = Signal(str, str)
    problem = Signal(object)

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._laboratory = laboratory = window.laboratory
        self._keeper = window.keeper
        supervisor, queue = laboratory.supervisor, laboratory.store.queue
        self._table: dict[str, Callable[[str], Any]] = {
            "stop": supervisor.stop,
            "force_stop": self._force,
            "resume": self._resume,
            "hold": queue.hold,
            "release": queue.release,
            "start_now": supervisor.start_now,
            "remove": self._trash,
            "trash": self._trash,
            "star": self._star,
            "note": self._note,
            "report": self.open_report,
            "export": self._export,
            "save_bundle": self._bundle,
            "why": window.show_run,
            "show": window.show_run,
            "show_folder": self._show_folder,
            "edit": self._edit,
            "use_settings": self._use_settings,
            "duplicate": self._duplicate,
            "rename": self._rename,
            "probe": self._probe,
            "compare": self._compare,
            "tear_off": self._tear_off,
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

    def _use_settings(self, run: str) -> None:
        workspace = self._laboratory.store.summary(run).workspace
        if workspace in self._window.workspaces:
            self._window.open_tab(workspace)
            self._window.page(workspace).use_settings(run)

    def _view(self, run: str) -> "RunView":
        """The centre, with the run in it."""
        self._window.show_run(run)
        return self._window.page(self._laboratory.store.summary(run).workspace).view

    def _rename(self, run: str) -> None:
        self._view(run).strip.rename()

    def _probe(self, run: str) -> None:
        self._view(run).open_session_page()

    def _compare(self, run: str) -> None:
        """With the runs that are selected, else with the one in the centre."""
        page = self._window.pages.get(self._laboratory.store.summary(run).workspace)
        shown = [page.view.run] if page is not None and page.view.run else []
        chosen = self._window.runs.selected()
        self._window.commands.compare(list(dict.fromkeys([run, *(chosen if len(chosen) > 1 else shown)])))

    def _tear_off(self, run: str) -> None:
        view = self._view(run)
        panels = view.grid().panels()
        panel = next((panel for panel in panels if panel.filled), None)
        if panel is not None:
            panel.tear_off()

    def _resume(self, run: str) -> None:
        self._laboratory.supervisor.resume(run)
        self._window.show_run(run)

    def _force(self, run: str) -> None:
        self._laboratory.supervisor.force_stop(run)

    def _edit(self, run: str) -> None:
        """A queued run goes back into the form: its settings are frozen while it waits."""
        self._use_settings(run)
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
        from app.shell.notes_dialog import NotesDialog

        dialog = NotesDialog(self._laboratory.store.summary(run), self._keeper.theme, self._window)
        dialog.kept.connect(self._keep_note)
        dialog.open()

    def _show_folder(self, run: str) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._laboratory.store.folder(run))))

    def _export(self, run: str) -> None:
        """Ask which forms and where."""
        from app.shell.export_dialog import ExportDialog

        dialog = ExportDialog(self._laboratory.store.summary(run), self._keeper.theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.write_export)
        dialog.open()

    @Slot(str, object, object)
    def write_export(self, run: str, forms: Sequence[str], target: Path) -> None:
        """Write a run for other programs, and say where it lies."""
        from app.shell.export_dialog import Export

        errand = self._laboratory.background(Export(self._laboratory, run, forms, target))
        errand.done.connect(self._written)
        errand.failed.connect(self.problem)
        self._laboratory.send(errand)

    def _bundle(self, run: str) -> None:
        """List what a bundle would hold before anything is written."""
        from app.runs.bundle import bundle_contents
        from app.shell.sure_dialog import SureDialog

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
    def _keep_note(self, run: str, note: str, tags: list[str]) -> None:
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
        from app.runs.report import write_report

        references = self._laboratory.references(self._run)
        redact = self._laboratory.secrets.redactor()
        return write_report(self._laboratory.store, self._run, references=references, redact=redact)


class _Bundle:
    """Save what a maintainer needs, without secrets."""

    def __init__(self, laboratory: Laboratory, run: str, target: Path) -> None:
        self._laboratory, self._run, self._target = laboratory, run, target

    def __call__(self) -> Path:
        from app.runs.bundle import save_bundle

        redact = self._laboratory.secrets.redactor()
        return save_bundle(self._laboratory.store, self._run, self._target, redact)
