"""The way of a first-time user on a real X server: Try it, own data, train, stop, resume, compare, report, quit."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.runs.states import OVER
from app.runs.store import Store
from app.runs.summary import RunSummary
from tests.e2e.screen import SIZE, Screen, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xserver, pytest.mark.timeout(600)]

ACCENT = (0x1F, 0x5F, 0xBF)
SECOND_SERIES = (0xCC, 0x84, 0x30)
ROW = 50
FIRST_ROW = (SIZE[0] - 130, 147)
"""Where the newest run stands in the list on the right of a window of the full size."""
TRY_LIMIT, RUN_LIMIT = 240.0, 180.0
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where the pictures go: ASSAY_SHOTS, else a folder of the test."""
    folder = Path(os.environ.get("ASSAY_SHOTS", tmp_path / "shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def screen(shots: Path, own_home: Path, no_network: list[object]) -> Iterator[Screen]:
    screen = Screen(shots, dict(os.environ))
    yield screen
    screen.shoot("end")
    screen.close()


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Three classes of 16 × 16 pictures that a person would make to try a program out: bars, blobs and frames."""
    rng = np.random.default_rng(5)
    for name in ("bars", "blobs", "frames"):
        folder = tmp_path / "my shapes" / name
        folder.mkdir(parents=True)
        for k in range(60):
            picture = rng.integers(0, 60, (16, 16), dtype=np.uint8)
            at = int(rng.integers(2, 8))
            if name == "bars":
                picture[:, at : at + 3] = 230
            elif name == "blobs":
                picture[at : at + 6, 4:11] = 230
            else:
                picture[[2, 13], 2:14] = picture[2:14, [2, 13]] = 230 - 5 * at
            Image.fromarray(picture).save(folder / f"{k:02d}.png")
    return tmp_path / "my shapes"


def newest(store: Store) -> RunSummary | None:
    found = [summary for summary in store.summaries() if summary.task == "quantum.train"]
    return found[0] if found else None


def reaches(store: Store, run: str, states: frozenset[str] | set[str], limit: float, least_done: int = 0) -> RunSummary:
    def look() -> RunSummary | None:
        summary = store.summary(run)
        return summary if summary.state in states and summary.done >= least_done else None

    found: RunSummary = wait_for(look, limit, f"{run} did not become {states}: {store.summary(run)}")
    return found


def test_a_first_time_user_gets_from_the_start_page_to_a_report(screen, own_home, shapes, tmp_path):
    store = Store(own_home / "assay-store")
    errors = tmp_path / "stderr.txt"
    with errors.open("wb") as told:
        program = screen.start([sys.executable, "-m", "app"], stderr=told, cwd=ROOT)
        window = screen.find("^Assay$")
        screen.place(window, 0, 0, SIZE[0], SIZE[1] - 30)
        screen.find_patch(ACCENT)
        screen.settle()
        try_it = screen.find_patch(ACCENT)
        screen.shoot("start")

        screen.click(*try_it)
        first = wait_for(lambda: newest(store), 20, "Try it started nothing").id
        reaches(store, first, {"running"}, 60, least_done=400)
        screen.shoot("live")
        summary = reaches(store, first, OVER, TRY_LIMIT)
        assert summary.state == "done" and summary.verdict, summary
        screen.settle()
        screen.shoot("done")

        screen.keys("ctrl+0")
        assert screen.drag([shapes], 660, 300) == "dropped CopyAction"
        screen.find("Dropped")
        screen.settle()
        screen.shoot("dropped")
        screen.keys("Return")
        wait_for(lambda: "my shapes" in kept_session(own_home), 20, "the form was not filled")
        screen.keys("ctrl+k")
        screen.do("type", "--delay", "40", "epochs")
        screen.shoot("palette")
        screen.keys("Return", "ctrl+a")
        screen.do("type", "--delay", "40", "600")
        screen.keys("Tab")
        screen.shoot("form")
        screen.keys("ctrl+Return")
        second = wait_for(
            lambda: (newest(store) or summary).id != first and newest(store), 20, "Run started nothing"
        ).id
        assert store.config(second)["data"] == str(shapes) and store.config(second)["epochs"] == 600
        reaches(store, second, {"running"}, 60, least_done=300)
        screen.keys("ctrl+period")
        stopped = reaches(store, second, OVER, 30)
        assert stopped.state == "stopped" and stopped.verdict
        half = store.result(second)
        assert half is not None and half.partial
        screen.settle()
        screen.shoot("stopped")
        screen.keys("ctrl+r")
        reaches(store, second, {"starting", "running"}, 30)
        reaches(store, second, {"done"}, RUN_LIMIT)
        whole = store.result(second)
        assert whole is not None and not whole.partial
        screen.settle()
        screen.shoot("resumed")

        screen.click(*FIRST_ROW)
        screen.click(FIRST_ROW[0], FIRST_ROW[1] + ROW, 1, "ctrl")
        screen.settle()
        before = screen.shoot("selected")
        screen.keys("ctrl+shift+k")
        wait_for(lambda: changed(before, screen.shoot("opening")) > 0.1, 60, "no comparison was shown")
        wait_for(lambda: screen.count(SECOND_SERIES) > 200, 60, "no curves in the comparison")
        screen.settle()
        screen.shoot("compare")
        screen.keys("ctrl+1", "ctrl+shift+r")
        wait_for(lambda: list(store.root.glob("runs/*/report.html")), 60, "no report was written")
        screen.shoot("report")
        screen.keys("ctrl+q")
        assert program.wait(30) == 0
    words = errors.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in words and "QPainter" not in words, words


def changed(before: Image.Image, after: Image.Image) -> float:
    """Share of the pixels of the centre that differ."""
    box = (360, 100, SIZE[0] - 300, SIZE[1] - 130)
    pictures = [np.asarray(picture.convert("RGB").crop(box), np.int16) for picture in (before, after)]
    return float((np.abs(pictures[0] - pictures[1]).max(axis=2) > 8).mean())


def kept_session(home: Path) -> str:
    return " ".join(place.read_text(encoding="utf-8") for place in home.rglob("session.json"))
