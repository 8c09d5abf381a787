"""Widgets die when they are closed: nothing connected to a signal keeps them, and foreign text stays plain."""

import ast
import gc
import weakref
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QLabel

from app.widgets.theme import load_theme
from tests.widgets.gallery import PIECES, settle

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "app" / "widgets").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
def test_a_widget_opened_and_closed_twenty_times_leaves_nothing_behind(name, theme, folder, qapp):
    make, size = PIECES[name]
    survivors = []
    for _ in range(20):
        piece = make(theme, folder)
        piece.resize(size)
        piece.show()
        qapp.processEvents()
        survivors.append(weakref.ref(piece))
        piece.close()
        piece.deleteLater()
        del piece
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    alive = [ref() for ref in survivors if ref() is not None and shiboken6.isValid(ref())]
    assert not alive


@pytest.mark.parametrize("name", PIECES)
def test_no_label_takes_its_text_for_markup(name, theme, folder, qapp):
    piece = PIECES[name][0](theme, folder)
    for label in [*piece.findChildren(QLabel)]:
        assert label.textFormat() == Qt.TextFormat.PlainText or not label.text(), label.text()
    piece.deleteLater()


@pytest.mark.parametrize("name", PIECES)
def test_the_other_look_is_taken_over_by_a_living_widget(name, theme, folder, qapp):
    piece = PIECES[name][0](theme, folder)
    piece.resize(PIECES[name][1])
    piece.show()
    settle(piece)
    before = piece.grab().toImage()
    load_theme("dark").apply(qapp)
    settle(piece)
    after = piece.grab().toImage()
    theme.apply(qapp)
    piece.close()
    piece.deleteLater()
    places = [(x, y) for x in range(2, before.width(), 8) for y in range(2, before.height(), 8)]
    changed = sum(before.pixel(x, y) != after.pixel(x, y) for x, y in places)
    assert changed > len(places) / 4, "what it stands on, or what is written on it, has the other look"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_lambda_is_connected_to_a_signal(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
            assert not isinstance(node.args[0], ast.Lambda), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_module_is_one_thought_of_readable_length(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""') and len(text.splitlines()) <= 400, path.name
