"""Stalls of the window while four runs each emit 200 events a second, by the lateness of a 10 ms timer.

Beside it the lateness of a Qt process that does nothing, at the same time: so much of it is the machine's.

`python -m tests.bench.stalls [seconds]`
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from tests.bench.lines import line, load

RUNS, RATE = 4, 200
BUDGET_MS = 50.0
TICK_MS = 10
SECONDS = 15.0
STARTED = 10_000
"""Bytes of log after which a run counts as under way: four processes that start are another load."""

BARE = """
import sys
from PySide6.QtWidgets import QApplication, QWidget
from tests.bench.stalls import watch
app = QApplication([])
window = QWidget()
window.show()
print(watch(app, float(sys.argv[1]))[0][-1])
"""


def main(seconds: float = SECONDS) -> int:
    """Print the lateness beside its budget; 0 when no tick was later."""
    scratch = Path(tempfile.mkdtemp(prefix="assay-stalls-"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["ASSAY_CONFIG"] = str(scratch / "config")
    os.environ["ASSAY_TASK_MODULES"] = "tests.shell.fake_tasks"
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    from app.runs.settings import change_settings

    change_settings(parallel=RUNS)
    from app.shell.laboratory import Laboratory
    from app.shell.main_window import MainWindow
    from app.shell.start import make_application
    from app.widgets.icons import GLYPHS
    from app.widgets.theme import ThemeKeeper
    from tests.shell.fake_tasks import FAKE

    GLYPHS.setdefault("fake", "flask")
    app = make_application()
    laboratory = Laboratory(scratch / "store", warm=False)
    window = MainWindow({"fake": FAKE}, laboratory, ThemeKeeper(app, "light"))
    window.resize(1600, 1000)
    window.show()
    window.after_paint()
    page = window.page("fake")
    window.open_tab("fake")
    watch(app, 0.5)
    idle, _ = watch(app, seconds / 3)
    steps = int(RATE * (2 * seconds + 60))
    runs = [laboratory.submit("fake.chatty", {"steps": steps, "rate": float(RATE)}, f"chatty {k}") for k in range(RUNS)]
    window.show_run(runs[0])
    end = time.monotonic() + 60
    while time.monotonic() < end and len(page.view.panels()[0].table("raw")[1]) < 50:
        app.processEvents()
        time.sleep(0.005)
    logs = [laboratory.store.folder(run) / "events.jsonl" for run in runs]
    while time.monotonic() < end and not all(log.exists() and log.stat().st_size > STARTED for log in logs):
        app.processEvents()
        time.sleep(0.005)
    beside = [sys.executable, "-c", BARE, str(seconds - 1)]
    with subprocess.Popen(beside, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bare:
        shown, longest = watch(app, seconds)
        idler = float(bare.communicate(timeout=60)[0])
    points = len(page.view.panels()[0].table("raw")[1])
    window.open_tab("")
    listed, _ = watch(app, seconds / 3)
    laboratory.close(stop_runs=True)
    over = sum(value > BUDGET_MS for value in shown)
    load()
    print(f"{RUNS} runs, {RATE} events/s each; {points} points shown")
    line("lateness, nothing runs, 99 % of ticks", high(idle), None, "ms")
    line("lateness, nothing runs, the worst tick", idle[-1], None, "ms")
    line("lateness, four runs listed, the worst tick", listed[-1], BUDGET_MS, "ms")
    line("lateness, one of four shown, 99 % of ticks", high(shown), max(10.0, 2 * high(idle)), "ms")
    line("the same of a Qt process that does nothing, beside it", idler, None, "ms")
    line("processor time of the longest pass of the event loop", longest, BUDGET_MS, "ms")
    words = f"{over} of {len(shown)} ticks over it"
    return 0 if line("lateness, one of four shown, the worst tick", shown[-1], BUDGET_MS, "ms", words) else 1


def high(late: list[float]) -> float:
    """What 99 % of the ticks stay under."""
    return late[int(0.99 * len(late))]


def watch(app: QApplication, seconds: float) -> tuple[list[float], float]:
    """Milliseconds by which the ticks of a 10 ms timer came late, in order of size; and the most processor time, in
    milliseconds, that one pass of the event loop took: what is ours of a stall, however busy the machine is.
    """
    ticks = Ticks()
    longest = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = time.thread_time()
        app.processEvents()
        longest = max(longest, time.thread_time() - before)
        time.sleep(0.001)
    ticks.end()
    return sorted(ticks.late[5:]), 1000 * longest


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

    def end(self) -> None:
        self._timer.stop()


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2])))
