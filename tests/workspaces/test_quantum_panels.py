"""The panels that only the quantum workspace has: fed with records as a run would write them."""

import base64
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QSlider

from app.engines.quantum.showing import circuit_of
from app.runs.records import Record
from app.widgets.build import build_panel
from app.widgets.theme import load_theme
from app.workspaces.quantum import BLOCH, CIRCUIT, DRAWN_STATE, NOISE, PAD
from app.workspaces.quantum.circuit import CircuitView
from app.workspaces.quantum.noise import NoisePanel
from app.workspaces.quantum.pad import CANVAS, PadPanel
from tests.shell.conftest import quiet_qt, until

assert quiet_qt  # a fixture, used here too


def array(folder: Path, name: str, values: np.ndarray, labels: list[list[str]], **meta: object) -> Record:
    """An array record with its file, as the host writes them."""
    path = f"files/000001-{name.replace('/', '-')}.npy"
    (folder / "files").mkdir(exist_ok=True)
    np.save(folder / path, values)
    return Record(1, 0.5, "array", name, 1, {"file": path, "labels": labels, "meta": meta})


def shown(panel, size: tuple[int, int] = (520, 360)):
    panel.resize(*size)
    panel.show()
    QApplication.processEvents()
    return panel


def differs(panel, act) -> bool:
    before = panel.grab().toImage()
    act()
    QApplication.processEvents()
    return panel.grab().toImage() != before


@pytest.fixture
def theme(qapp):
    chosen = load_theme("light")
    chosen.apply(qapp)
    return chosen


@pytest.mark.parametrize("declaration", [BLOCH, CIRCUIT, PAD, DRAWN_STATE, NOISE], ids=lambda each: each.title)
def test_a_panel_wants_what_it_declares_and_starts_empty(declaration, theme):
    panel = shown(build_panel(declaration, theme))
    assert not panel.filled
    for kind, name in declaration.consumes:
        assert panel.wants(kind, name), (kind, name)
    assert not panel.wants("metric", "loss/train")
    panel.close()


@pytest.mark.parametrize("declaration", [BLOCH, CIRCUIT, PAD, DRAWN_STATE, NOISE], ids=lambda each: each.title)
def test_a_panel_takes_the_other_look(declaration, theme, qapp):
    panel = shown(build_panel(declaration, theme))
    panel.set_filled(True)
    QApplication.processEvents()
    assert differs(panel, lambda: load_theme("dark").apply(qapp))
    theme.apply(qapp)
    panel.close()


def test_bloch_spheres_show_an_arrow_per_class_and_follow_a_new_array(theme, tmp_path):
    panel = shown(build_panel(BLOCH, theme))
    vectors = np.zeros((2, 2, 3))
    vectors[0, :, 2], vectors[1, :, 2] = 1.0, -1.0
    labels = [["three", "nine"], ["qubit 1", "qubit 2"]]
    panel.record_added(array(tmp_path, "states/bloch", vectors, labels), tmp_path)
    assert panel.filled
    turned = vectors[:, :, [2, 0, 1]]
    assert differs(panel, lambda: panel.record_added(array(tmp_path, "states/bloch", turned, labels), tmp_path))
    panel.clear()
    assert not panel.filled
    panel.close()


@pytest.mark.parametrize(("qubits", "layers"), [(1, "S"), (2, "SD"), (4, "SDE")])
def test_the_circuit_is_drawn_whole_and_told_to_readers(theme, qubits, layers):
    panel = build_panel(CIRCUIT, theme)
    shown(panel, (900, 420))
    table = circuit_of(SimpleNamespace(qubits=qubits, layers=layers))  # type: ignore[arg-type]
    record = Record(
        1, 0.1, "table", "circuit", 0, {"columns": list(table.columns), "rows": [list(r) for r in table.rows]}
    )
    panel.record_added(record, Path())
    view = next(iter(panel.findChildren(CircuitView)))
    gates = [row for row in table.rows if row[1] != "wires"]
    assert panel.filled and view.accessibleDescription().count(" on ") == len(gates)
    assert view.minimumWidth() > 58 * max(int(row[0]) for row in table.rows)
    panel.close()


def test_a_stroke_on_the_pad_asks_the_session_once_for_what_is_drawn(theme):
    panel = build_panel(PAD, theme)
    assert isinstance(panel, PadPanel)
    shown(panel, (640, 420))
    panel.set_filled(True)
    QApplication.processEvents()
    asked: list[dict] = []
    panel.command_requested.connect(asked.append)
    pad = panel._pad
    middle = pad.rect().center()
    QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(pad, middle + QPoint(20, 20))
    QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=middle + QPoint(20, 20))
    until(lambda: asked, 5)
    assert asked[-1]["name"] == "draw" and asked[-1]["side"] == CANVAS
    pixels = np.frombuffer(base64.b64decode(asked[-1]["pixels"]), np.uint8)
    assert pixels.size == CANVAS * CANVAS and pixels.max() == 255
    assert len(asked) <= 2, "one question per moment, not per movement"
    panel.close()


def test_the_pad_is_wiped_and_shows_a_sample(theme, tmp_path):
    panel = shown(build_panel(PAD, theme), (640, 420))
    panel.record_added(array(tmp_path, "probe/sample", np.full((8, 8), 200, np.uint8), []), tmp_path)
    assert panel.filled and panel._pad.pixels().max() == 200
    wipe = next(button for button in panel.findChildren(QPushButton) if button.text() == "Clear")
    wipe.click()
    assert panel._pad.pixels().max() == 0
    panel.close()


def test_the_answer_to_a_drawing_names_the_class_its_fidelity_and_its_margin(theme, tmp_path):
    panel = shown(build_panel(PAD, theme), (640, 420))
    record = array(tmp_path, "probe/fidelities", np.array([0.2, 0.9, 0.4]), [["two", "three", "nine"]])
    panel.record_added(record, tmp_path)
    words = panel._answer.text()
    assert "three" in words and "0.900" in words and "0.500" in words
    panel.clear()
    panel.close()


def test_noise_settings_are_asked_for_once_they_rest(theme):
    panel = build_panel(NOISE, theme)
    assert isinstance(panel, NoisePanel)
    shown(panel)
    panel.set_filled(True)
    asked: list[dict] = []
    panel.command_requested.connect(asked.append)
    slider = next(iter(panel.findChildren(QSlider)))
    for value in (4, 5, 6):
        slider.setValue(value)
    device = next(box for box in panel.findChildren(QComboBox) if box.accessibleName() == "Device noise")
    device.setCurrentIndex(1)
    until(lambda: asked, 5)
    expected = {"name": "evaluate", "estimator": "inversion", "device": "fake_manila", "shots": 10_000}
    assert asked == [expected]
    panel.record_added(Record(3, 1.0, "text", "probe/estimate", 1, {"text": "93 % <b>read</b>"}), Path())
    assert "<b>" in panel._answer.text() and panel._answer.textFormat() == Qt.TextFormat.PlainText
    panel.close()


@pytest.mark.parametrize("declaration", [BLOCH, DRAWN_STATE, PAD], ids=lambda each: each.title)
def test_a_damaged_array_changes_nothing_and_raises_nothing(declaration, theme, tmp_path):
    panel = shown(build_panel(declaration, theme))
    name = next(name for kind, name in declaration.consumes if kind == "array")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "bad.npy").write_bytes(b"\x93NUMPY no array")
    record = Record(1, 0.5, "array", name, 1, {"file": "files/bad.npy", "labels": [["a"]], "meta": {}})
    panel.record_added(record, tmp_path)
    QApplication.processEvents()
    panel.close()
