"""A window on the screen that the process was started on, and the hands of the person before it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.screen import Hands

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow


@pytest.fixture
def hands() -> Iterator[Hands]:
    made = Hands(Path(os.environ["ASSAY_SHOTS"]), dict(os.environ))
    yield made
    made.close()


@pytest.fixture
def window(qapp, own_home) -> "Iterator[MainWindow]":
    from PySide6.QtCore import QCoreApplication, QEvent

    from app.shell.start import make_application, open_window
    from tests.e2e.walking import WIDE

    shown = open_window(make_application(), mode="light")
    shown.setGeometry(WIDE)
    yield shown
    shown.leave()
    shown.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
