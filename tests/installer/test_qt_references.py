"""PySide6 6.12.0 lost a reference to None on every void call; CPython before 3.12 dies of that, so this one must not."""

import subprocess
import sys

import pytest

PROBE = """
import sys
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel

class Sender(QObject):
    told = Signal(object)

application = QApplication([])
label, sender = QLabel(), Sender()
nothing, truth = sys.getrefcount(None), sys.getrefcount(True)
for _ in range(1000):
    label.setText("x")
for _ in range(5000):
    sender.told.emit(True)
print(sys.getrefcount(None) - nothing, sys.getrefcount(True) - truth)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True cannot be lost since CPython 3.12")
def test_calls_into_qt_keep_their_references() -> None:
    answer = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    none, true = map(int, answer.stdout.split())
    assert none > -100
    assert true > -100
