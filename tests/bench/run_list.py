"""10 000 runs: listed, and filtered by a word, a tag and a setting.

`python -m tests.bench.run_list [runs]`
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.lines import line, load

RUNS = 10_000
LIST_S, FILTER_MS = 1.0, 100.0


def main(runs: int = RUNS) -> int:
    """Print each figure beside its budget; 0 when all are held."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.runs.store import Store
    from app.shell.run_list import RunList
    from app.shell.start import make_application

    app = make_application()
    with tempfile.TemporaryDirectory(prefix="assay-list-") as scratch:
        store = Store(Path(scratch))
        make_runs(store.root, runs)
        begin = time.perf_counter()
        Store(Path(scratch)).summaries()
        first = time.perf_counter() - begin
        begin = time.perf_counter()
        found = Store(Path(scratch)).summaries()
        again = time.perf_counter() - begin
        model = RunList(store)
        begin = time.perf_counter()
        model.fill(found)
        app.processEvents()
        shown = time.perf_counter() - begin
        slowest = 0.0
        for words in ("digits", "#paper", "seed=7", "accuracy 0.9", "nothing like it"):
            begin = time.perf_counter()
            model.narrow(words, "")
            slowest = max(slowest, 1000 * (time.perf_counter() - begin))
    load()
    line(f"{len(found)} runs, index made from nothing, once", first)
    held = [
        line("read with the index and listed", again + shown, LIST_S, ratio=f"{again:.2f} read + {shown:.2f} shown"),
        line("slowest filter", slowest, FILTER_MS, "ms"),
    ]
    return 0 if all(held) else 1


def make_runs(root: Path, runs: int) -> None:
    """Write `runs` finished runs as the engine would have left them."""
    for k in range(runs):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(1_790_000_000 + k))
        run = f"{stamp}-quantum-train-{k % 65536:04x}"
        folder = root / "runs" / run
        folder.mkdir(parents=True)
        record = {
            "format": 1, "id": run, "task": "quantum.train", "name": f"digits {k}", "created": 1_790_000_000.0 + k,
            "state": "done", "config": {"seed": k % 50, "epochs": 40}, "pid": 0, "attempts": 1,
        }  # fmt: skip
        (folder / "run.json").write_text(json.dumps(record))
        finished = {
            "n": 2,
            "t": 9.5,
            "k": "finished",
            "state": "done",
            "result": None,
            "error": None,
            "at": 1_790_000_009.0 + k,
        }
        rows = [{"n": 1, "t": 0.0, "k": "started", "attempt": 1, "pid": 1, "at": 1_790_000_000.0 + k}, finished]
        (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if k % 10 == 0:
            (folder / "notes.json").write_text(json.dumps({"tags": ["paper"], "starred": True}))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
