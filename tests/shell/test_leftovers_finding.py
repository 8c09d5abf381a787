"""Hosts, models, keys and heights."""

import json
import socket
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication

from app.runs.network import NetworkGuard
from app.shell.main_window import MainWindow
from app.shell.model_search import ModelSearch
from app.shell.network_list import contacts
from app.shell.palette import matching
from tests.shell.conftest import until


def finished(window: MainWindow) -> str:
    run = window.laboratory.submit("fake.chatty", {"steps": 20}, "Talk")
    until(lambda: window.laboratory.store.summary(run).state == "done")
    return run


def tell(window: MainWindow, run: str, **event: object) -> None:
    log: Path = window.laboratory.store.folder(run) / "events.jsonl"
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"n": 900, "t": 1.0, **event}) + "\n")


def test_settings_list_every_host_with_the_reason(window: MainWindow) -> None:
    run = finished(window)
    tell(window, run, k="warn", what="A connection to huggingface.co was refused", remedy="")
    tell(window, run, k="network", host="api.ibm.com", why="named")
    assert {(one.host, one.outcome) for one in contacts(window.laboratory.store)} == {
        ("huggingface.co", "refused"),
        ("api.ibm.com", "reached"),
    }
    window.commands.open_settings()
    dialog = window.commands._settings
    assert dialog is not None
    until(lambda: dialog.contacts.source.rowCount() == 2)
    dialog.accept()


def test_a_host_that_is_let_through_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("192.0.2.1", 443))])
    guard = NetworkGuard()
    guard.allow(["*.example.org"])
    for _ in range(2):
        guard._look_up(("api.example.org",))
    guard._connect((None, ("192.0.2.1", 443)))
    assert list(guard.reached) == ["api.example.org"] and not guard.attempts


def test_density_changes_the_height_of_controls_at_once(window: MainWindow) -> None:
    window.commands.open_settings()
    dialog = window.commands._settings
    assert dialog is not None
    dialog.density_chosen.emit("touch")
    assert window.keeper.theme.height() == 36
    dialog.density_chosen.emit("normal")
    assert window.keeper.theme.height() == 28
    dialog.accept()


def test_a_question_mark_opens_the_shortcuts(window: MainWindow) -> None:
    assert QKeySequence("?") in window.commands._actions["keys"].shortcuts()


def test_models_are_found_by_an_at_sign_and_control_enter_tears_off(window: MainWindow) -> None:
    run = finished(window)
    tell(window, run, k="artifact", name="model", role="quantum-model", file="files/m.safetensors")
    (model,) = ModelSearch(window.laboratory)()
    assert matching([model], "@talk") == [model] and not matching([model], "@nothing")
    window.commands.open_palette()
    palette = window.commands.palette
    assert palette is not None
    palette._line.setText("@")
    until(lambda: palette._list.count() == 1)
    taken: list[object] = []
    palette.chosen_apart.connect(taken.append)
    press = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    QApplication.sendEvent(palette._line, press)
    assert taken == [model]
    assert window.page("fake").view.run == run
