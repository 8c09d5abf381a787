"""From Start to the first event of a run, with a warm spare process and with none: `python -m tests.bench.first_event`."""

import os
import tempfile
import time
from pathlib import Path

from app.runs.follower import Follower
from app.runs.store import Store
from app.runs.supervisor import Supervisor
from tests.bench.lines import line, load

WARM_UP_S = 6.0
LIMIT_S = 60.0


def first_event(*, warm: bool) -> float:
    """Seconds until a fake run has told its first point."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        supervisor = Supervisor(store, warm=warm)
        supervisor.start()
        time.sleep(WARM_UP_S if warm else 0.5)
        began = time.perf_counter()
        run = supervisor.submit("fake.count", {})
        follower = Follower(store.folder(run))
        while not follower.poll().points and time.perf_counter() - began < LIMIT_S:
            time.sleep(0.002)
        took = time.perf_counter() - began
        supervisor.wait(run, LIMIT_S)
        supervisor.close()
        return took


if __name__ == "__main__":
    os.environ["ASSAY_TASK_MODULES"] = "tests.runs.fake_tasks"
    load()
    line("Start to first event, warm", first_event(warm=True), 1.0)
    line("Start to first event, cold", first_event(warm=False), 12.0)
