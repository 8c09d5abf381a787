"""Folders of things make one run each; panels may ask for runs; logs that are watched anew are told once."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.runs.states import OVER
from app.shell.following import FollowThread
from app.shell.panel_session import PanelSession
from app.workspaces.declare import Session
from app.workspaces.video import WORKSPACE as VIDEO
from tests.shell.conftest import Open, until


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "holiday"
    folder.mkdir()
    for number in range(2):
        write_clip(make_clip(2.0, width=208, height=118, rate=10, seed=number), folder / f"day {number}.mp4")
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42 and no more")
    return folder


def test_a_folder_of_videos_makes_one_run_for_each_that_can_be_read(open_window: Open, clips: Path):
    window = open_window({"video": VIDEO})
    page = window.page("video")
    window.open_tab("video")
    page.setup.take_paths("video.summarise", "video", [clips])
    until(lambda: len(page.setup.values_for_each()) == 2)
    page.start()
    store = window.laboratory.store
    until(lambda: len(store.ids()) == 2)
    videos = sorted(Path(store.config(run)["video"]).name for run in store.ids())
    assert videos == ["day 0.mp4", "day 1.mp4"]
    assert len({store.summary(run).sweep or run for run in store.ids()}) == 1
    until(lambda: all(store.summary(run).state in OVER for run in store.ids()), 60)
    assert {store.summary(run).state for run in store.ids()} == {"done"}


def test_what_was_read_for_an_earlier_watch_is_not_told_again(qapp, tmp_path: Path):
    folder = tmp_path / "run"
    folder.mkdir()
    point = {"n": 1, "t": 0.1, "k": "metric", "name": "value", "step": 1, "value": 0.5}
    (folder / "events.jsonl").write_text(json.dumps(point) + "\n", encoding="utf-8")
    following = FollowThread()
    told: list[str] = []
    following.arrived.connect(lambda key, batch: told.append(key))
    following.watch("page", folder)
    first = following._followers["page"]
    batch = first.poll()
    following.watch("page", folder)
    following._hand_over("page", batch, first)
    assert told == []
    again = following._followers["page"]
    following._hand_over("page", again.poll(), again)
    assert told == ["page"]


class FakeLaboratory(QObject):
    """Stands in for the laboratory: a session that is starting until it is let run."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "starting"
        self.sent: list[dict] = []
        self.following = self.supervisor = self.store = self

    def submit(self, task, values, name=""):
        return "the-session"

    def summary(self, run):
        return self

    def command(self, run, command):
        self.sent.append(command)

    def folder(self, run):
        return Path()

    def watch(self, key, folder):
        return None


@pytest.mark.parametrize(("newest_only", "expected"), [(True, [3]), (False, [1, 2, 3])])
def test_commands_wait_for_the_session_all_or_the_newest(qapp, newest_only: bool, expected: list[int]):
    laboratory = FakeLaboratory()
    session = Session("quantum.probe", role="model", field="model", newest_only=newest_only)
    asked = PanelSession((session,), laboratory, "key", laboratory)  # type: ignore[arg-type]
    laboratory.state = "queued"
    for number in (1, 2, 3):
        asked.ask({"number": number}, Path("model"))
    assert laboratory.sent == []
    laboratory.state = "running"
    asked.push()
    assert [command["number"] for command in laboratory.sent] == expected
