"""A run of 1 000 000 events: how long until its headline figures and its whole curves are on screen.

`python -m tests.bench.big_run [events]`
"""

import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.lines import line, load

EVENTS = 1_000_000
HEADLINE_S, CURVES_S = 0.3, 2.0
STALL_MS = 50.0
LIMIT_S = 60.0


def main(events: int = EVENTS) -> int:
    """Print each figure beside its budget; 0 when all are held."""
    scratch = Path(tempfile.mkdtemp(prefix="assay-big-"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["ASSAY_CONFIG"] = str(scratch / "config")
    os.environ["ASSAY_TASK_MODULES"] = "tests.shell.fake_tasks"
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    run = make_run(scratch / "store", events)
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
    settle = time.monotonic() + 1.0
    while time.monotonic() < settle:
        app.processEvents()
    begin = time.perf_counter()
    window.show_run(run)
    app.processEvents()
    headline = time.perf_counter() - begin
    panel = page.view.panels()[0]
    longest, last = 0.0, time.perf_counter()
    while _points(panel) < events - 2 and time.perf_counter() - begin < LIMIT_S:
        app.processEvents()
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    curves = time.perf_counter() - begin
    points = _points(panel)
    shown = page.view.verdict.isVisible()
    laboratory.close(stop_runs=True)
    load()
    held = [
        line(f"headline figures of {events} events", headline, HEADLINE_S, ratio="" if shown else "NOT SHOWN"),
        line(f"curves of {points} points", curves, CURVES_S),
        line("longest stall while they came in", 1000 * longest, STALL_MS, "ms"),
        points >= events - 2 and shown,
    ]
    return 0 if all(held) else 1


def make_run(store: Path, events: int) -> str:
    """Write a finished run whose log has `events` lines; returns its id."""
    run = "20261120-101500-fake-chatty-beef"
    folder = store / "runs" / run
    folder.mkdir(parents=True)
    record = {
        "format": 1, "id": run, "task": "fake.chatty", "name": "a million points", "created": 1_795_000_000.0,
        "state": "done", "config": {"steps": events}, "pid": 0, "attempts": 1,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record))
    result = {"verdict": "Counted to a million", "figures": [{"name": "steps", "value": float(events)}]}
    (folder / "result.json").write_text(json.dumps(result))
    with (folder / "events.jsonl").open("w", encoding="utf-8") as log:
        log.write('{"n":1,"t":0.0,"k":"started","attempt":1,"pid":1,"at":1795000000.0}\n')
        for k in range(2, events):
            value = math.exp(-k / events * 4) + 0.05 * math.sin(k / 50)
            log.write(f'{{"n":{k},"t":{k / 1000:.3f},"k":"metric","name":"value","step":{k},"value":{value:.6f}}}\n')
        end = {
            "n": events,
            "t": events / 1000,
            "k": "finished",
            "state": "done",
            "result": result,
            "error": None,
            "at": 1795001000.0,
        }
        log.write(json.dumps(end) + "\n")
    return run


def _points(panel: object) -> int:
    return sum(len(curve) for curve in panel.data.curves.values())  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
