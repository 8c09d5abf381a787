"""What the first paint must not wait for."""

import subprocess
import sys
from pathlib import Path

LATER = {"numpy", "PIL", "safetensors", "pyqtgraph", "qtawesome", "torch", "qiskit", "sklearn"}


def test_the_window_stands_before_numbers_pictures_and_plots_are_imported():
    code = f"import sys, app.shell.start; print(sorted({LATER!r} & set(sys.modules)))"
    place = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
