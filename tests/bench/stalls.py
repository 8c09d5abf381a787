"""Stalls of the window while four runs each emit 200 events a second, by the lateness of a 10 ms timer.

`python -m tests.bench.stalls [seconds]`
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.lines import line, load

RUNS, RATE = 4, 200
BUDGET_MS = 50.0
TICK_MS = 10
SECONDS = 15.0


def main(seconds: float = SECONDS) -> int:
    """Print the lateness beside its budget; 0 when no tick was later."""
    scratch = Path(tempfile.mkdtemp(prefix="assay-stalls-"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["ASSAY_CONFIG"] = str(scratch / "config")
    os.environ["ASSAY_TASK_MODULES"] = "tests.shell.fake_tasks"
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    from app.runs.settings import change_settings

    change_settings(parallel=RUNS)
    from PySide6.QtCore import QObject, Qt, QTimer, Slot

    from app.shell.laboratory import Laboratory
    from app.shell.main_window import MainWindow
    from app.shell.start import make_application
    from app.widgets.icons import GLYPHS
    from app.widgets.theme import ThemeKeeper
    from tests.shell.fake_tasks import FAKE

    GLYPHS.setdefault("fake", "flask")

    class Ticks(QObject):
        """Remembers how late each tick of a 10 ms timer came."""

        def __init__(self) -> None:
            super().__init__()
            self.late: list[float] = []
            self._last = time.perf_counter()
            self._timer = QTimer(self)
            self._timer.setTimerType(Qt.TimerType.PreciseTimer)
            self._timer.setInterval(TICK_MS)
            self._timer.timeout.connect(self.tick)
            self._timer.start()

        @Slot()
        def tick(self) -> None:
            now = time.perf_counter()
            self.late.append(1000 * (now - self._last) - TICK_MS)
            self._last = now

    GLYPHS.setdefault("fake", "flask")
    app = make_application()
    laboratory = Laboratory(scratch / "store", warm=False)
    window = MainWindow({"fake": FAKE}, laboratory, ThemeKeeper(app, "light"))
    window.resize(1600, 1000)
    window.show()
    window.after_paint()
    page = window.page("fake")
    window.open_tab("fake")
    steps = int(RATE * (seconds + 30))
    runs = [laboratory.submit("fake.chatty", {"steps": steps, "rate": float(RATE)}, f"chatty {k}") for k in range(RUNS)]
    window.show_run(runs[0])
    end = time.monotonic() + 60
    while time.monotonic() < end and len(page.view.panels()[0].table("raw")[1]) < 50:
        app.processEvents()
        time.sleep(0.005)
    ticks = Ticks()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        app.processEvents()
        time.sleep(0.001)
    late = sorted(ticks.late[5:])
    points = len(page.view.panels()[0].table("raw")[1])
    for run in runs:
        laboratory.supervisor.force_stop(run) if laboratory.store.summary(run).state == "stopping" else None
    laboratory.close(stop_runs=True)
    worst, high = late[-1], late[int(0.99 * len(late))]
    over = sum(value > BUDGET_MS for value in late)
    load()
    print(
        f"{len(late)} ticks of {TICK_MS} ms in {seconds:.0f} s; {RUNS} runs, {RATE} events/s each; {points} points shown"
    )
    line("lateness, 99 % of ticks", high, 10.0, "ms")
    return 0 if line("lateness, the worst tick", worst, BUDGET_MS, "ms", f"{over} ticks over it") else 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2])))
