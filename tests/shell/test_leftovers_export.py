"""A run leaves in the forms that were ticked."""

import zipfile
from pathlib import Path

import pytest

from app.core import AssayError
from app.shell.export_dialog import Export, ExportDialog
from app.shell.main_window import MainWindow
from tests.shell.conftest import until


def finished(window: MainWindow) -> str:
    run = window.laboratory.submit("fake.chatty", {"steps": 20}, "Talk")
    until(lambda: window.laboratory.store.summary(run).state == "done")
    return run


def test_ticked_forms_are_written_and_the_place_is_said(window: MainWindow, tmp_path: Path) -> None:
    run = finished(window)
    window.act("export", run)
    dialog = window.findChild(ExportDialog)
    assert dialog is not None and dialog.forms() == ("report", "csv")
    dialog.boxes["zip"].setChecked(True)
    target = tmp_path / "out"
    target.mkdir()
    dialog.chosen.emit(run, dialog.forms(), target)
    dialog.accept()
    until(lambda: any(str(target) in toast.text for toast in window.toasts._toasts.values()))
    names = {path.name for path in target.iterdir()}
    assert f"{run}.html" in names and any(name.endswith(".csv") for name in names)
    with zipfile.ZipFile(target / f"{run}.zip") as archive:
        assert f"{run}/events.jsonl" in archive.namelist()


def test_what_the_child_cannot_do_is_said_with_its_reason(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(window)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "mlflow.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", f"{hidden}:{Path(__file__).parents[2]}")
    with pytest.raises(AssayError) as caught:
        Export(window.laboratory, run, ("mlflow",), tmp_path / "out")()
    assert "MLflow" in caught.value.what and "tracking" in caught.value.why


def test_nothing_ticked_cannot_be_exported(window: MainWindow) -> None:
    dialog = ExportDialog(window.laboratory.store.summary(finished(window)), window.keeper.theme)
    for box in dialog.boxes.values():
        box.setChecked(False)
    assert not dialog._go.isEnabled()
