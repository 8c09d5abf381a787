"""Start-up: from `python` to the first paint and to a usable window, beside a bare PySide6 + pyqtgraph window.

`python -m tests.bench.startup [times]`
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.lines import line, load

PAINTED_S, USABLE_S, MEMORY_MB = 1.0, 1.5, 250.0
TIMES = 5

BARE = """
import sys, time, psutil
import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Plot(pg.PlotWidget):
    seen = False
    def paintEvent(self, event):
        super().paintEvent(event)
        if not self.seen:
            self.seen = True
            QTimer.singleShot(0, done)
def done():
    since = time.time() - psutil.Process().create_time()
    print(since, since, flush=True)
    app.quit()
app = QApplication(sys.argv)
app.setStyle("Fusion")
window = QMainWindow()
window.setCentralWidget(Plot())
window.resize(1360, 860)
window.show()
app.exec()
"""

ASSAY = """
import sys, time, psutil
from pathlib import Path
born = psutil.Process().create_time()
from PySide6.QtCore import QTimer
from app.shell.start import make_application, open_window
app = make_application()
window = open_window(app, Path(sys.argv[1]))
painted = []
def look():
    if not painted:
        painted.append(time.time() - born)
        QTimer.singleShot(0, window, usable)
def usable():
    # The event loop answers again after everything that start-up put into it.
    if not window.ready:
        QTimer.singleShot(1, window, usable)
        return
    print(painted[0], time.time() - born, flush=True)
    heavy = sorted({"torch", "transformers", "diffusers", "qiskit", "sklearn", "cv2"} & set(sys.modules))
    print(",".join(heavy) or "none", psutil.Process().memory_info().rss / 1e6, flush=True)
    window.leave()
    app.quit()
window.painted.connect(look)
app.exec()
"""


def main(times: int = TIMES) -> int:
    """Print each figure beside its budget; 0 when all are held."""
    bare, painted, usable = [], [], []
    heavy, memory = "", 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(times):
            bare.append(float(_run(BARE, scratch)[0].split()[0]))
            first, second = _run(ASSAY, scratch)
            painted.append(float(first.split()[0]))
            usable.append(float(first.split()[1]))
            heavy, memory = second.split()[0], float(second.split()[1])
    middle = statistics.median
    load()
    line("bare PySide6 + pyqtgraph window painted", middle(bare))
    held = [
        line(
            "window painted",
            middle(painted),
            PAINTED_S,
            ratio=f"{middle(painted) / middle(bare):.2f} x the bare window",
        ),
        line("window usable", middle(usable), USABLE_S, ratio=f"{middle(usable) / middle(bare):.2f} x the bare window"),
        line("memory of the window's process", memory, MEMORY_MB, "MB"),
        line(f"heavy modules in it ({heavy})", 0 if heavy == "none" else 1, 0.5, ""),
    ]
    return 0 if all(held) else 1


def _run(code: str, scratch: str) -> list[str]:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "ASSAY_CONFIG": str(Path(scratch) / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(scratch) / "store")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip().splitlines()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
