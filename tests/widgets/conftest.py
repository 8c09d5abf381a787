"""What tests of widgets share: the two looks, run records, and a guard against messages of Qt."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from app.widgets.theme import Theme, load_theme

HARMLESS = ("propagateSizeHints", "plugin does not support raise")


@pytest.fixture(autouse=True)
def quiet_qt() -> Iterator[list[str]]:
    """Any message of Qt fails the test, but for what the offscreen platform says of itself."""
    told: list[str] = []

    def hear(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if not any(known in message for known in HARMLESS):
            told.append(message)

    before = qInstallMessageHandler(hear)
    yield told
    qInstallMessageHandler(before)
    assert not told, told


@pytest.fixture(autouse=True)
def no_leftovers(qapp: QApplication) -> Iterator[None]:
    """What a test deletes later is gone before the next test begins."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    chosen = load_theme("light")
    if qapp.property("assay_test_theme") != "light":
        chosen.apply(qapp)
        qapp.setProperty("assay_test_theme", "light")
    return chosen


@pytest.fixture
def dark(qapp: QApplication) -> Theme:
    return load_theme("dark")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path
