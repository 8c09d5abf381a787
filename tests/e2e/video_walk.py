"""Drop a video, summarise it, change the selection, play, step, and write the film: by mouse, in a real window."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from app.data.video import decode
from app.engines.video.clip_world import make_clip, read_barcode
from app.engines.video.clip_writing import write_clip
from app.workspaces.video.shot_menu import ShotMenu
from app.workspaces.video.summary import SummaryPanel
from tests.e2e.walking import Walk


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """24 s of nine shots, under a name as people give them."""
    path = tmp_path / "Урок 3 – größere Übung, zweiter Versuch mit langem Namen (final).mp4"
    write_clip(make_clip(24.0, shots=9, seed=11), path)
    return path


def test_a_person_summarises_a_video_and_writes_the_film_they_want(qtbot, hands, window, video):
    grown = []
    heard = SummaryPanel.record_added

    def listening(panel, record, folder):
        heard(panel, record, folder)
        if panel.bench.cut is None:
            grown.append((len(panel.footage.times), len(panel.footage.strip)))

    SummaryPanel.record_added = listening
    walk = VideoWalk(qtbot, hands, window)
    walk.show("empty")

    walk.drop(video)
    hands.shoot("dropped")
    walk.press(window.drops.card, "Open in Video")
    page = walk.page
    walk.until(lambda: page.setup.form.values()["video"] == str(video))
    walk.press(page, "Run")
    summary = walk.over("video.summarise")
    assert summary.state == "done", summary
    panel = next(panel for panel in page.view.panels() if isinstance(panel, SummaryPanel))
    walk.until(lambda: panel.bench.cut is not None and panel.surface.image is not None)
    frames = sorted({count for count, _ in grown if count})
    assert len(frames) >= 3 and frames[-1] == 720, "the timeline did not fill while the video was looked at"
    SummaryPanel.record_added = heard
    walk.until(lambda: "p =" in panel.controls.standing.text())
    walk.close_messages()
    walk.show("finished", narrow=False)

    first = panel.bench.cut
    dropped, pinned = int(np.flatnonzero(first.chosen)[0]), int(np.flatnonzero(~first.chosen)[-1])
    walk.choose(panel, dropped, "Must go (D)")
    assert not panel.bench.cut.chosen[dropped]
    before = panel.bench.cut
    walk.click_for(
        panel.timeline,
        lambda: panel.timeline.shot_room(pinned).center().toPoint(),
        lambda: panel.bench.cut is not before,
    )
    cut = panel.bench.cut
    assert pinned in panel.timeline.keep and dropped in panel.timeline.drop
    assert cut.chosen[pinned] and not cut.chosen[dropped] and 0 < cut.kept <= cut.budget
    walk.until(lambda: "p =" in panel.controls.standing.text())
    walk.show("pinned", narrow=False)

    walk.click(panel.transport.play)
    walk.until(lambda: panel.playing and panel.timeline.head > panel.footage.start + 0.5)
    assert number_of(panel.surface.image) is not None
    walk.click(panel.transport.play)
    walk.until(lambda: not panel.playing)
    for button, change in ((panel.transport.forward, 1), (panel.transport.forward, 1), (panel.transport.back, -1)):
        wanted = panel.footage.frame_at(panel.timeline.head) + change
        walk.click(button)
        walk.until(lambda wanted=wanted: number_of(panel.surface.image) == wanted)
        assert panel.footage.frame_at(panel.timeline.head) == wanted
    walk.show("stepped", narrow=False)

    wanted = [frame for first, last in cut.clips for frame in range(first, last + 1)]
    walk.click(panel.controls.write)
    written = walk.over("video.write")
    assert written.state == "done", written
    walk.show("written")
    film = next(window.laboratory.store.folder(written.id).rglob("*summary.mp4"))
    assert [read_barcode(frame.picture.to_ndarray(format="gray")) for frame in decode(film)] == wanted


def test_a_video_that_is_broken_is_told_in_the_window(qtbot, hands, window, video):
    content = video.read_bytes()
    broken = video.with_name("kaputt.mp4")
    broken.write_bytes(content[:200] + bytes(len(content) - 200))
    walk = VideoWalk(qtbot, hands, window)
    walk.drop(broken)
    hands.shoot("broken")
    walk.press(window.drops.card, "Close")
    page = walk.page
    page.fill("video.summarise", {"video": str(broken)})
    walk.press(page, "Run")
    summary = walk.over("video.summarise")
    assert summary.state == "failed" and "kaputt.mp4" in str(summary.error)
    walk.show("failed")


class VideoWalk(Walk):
    room = "video"

    def choose(self, panel: SummaryPanel, shot: int, words: str) -> None:
        """Right button on a shot, then a line of its menu; returns once the video is cut again."""
        before = panel.bench.cut
        self.click(panel.timeline, panel.timeline.shot_room(shot).center().toPoint(), button=3)
        self.until(lambda: [menu for menu in panel.findChildren(ShotMenu) if menu.isVisible()])
        menu = next(menu for menu in panel.findChildren(ShotMenu) if menu.isVisible())
        action = next(action for action in menu.actions() if action.text() == words)
        self.click(menu, menu.actionGeometry(action).center())
        self.until(lambda: panel.bench.cut is not before)


def number_of(image: QImage | None) -> int | None:
    """The number that the picture on the screen carries."""
    if image is None:
        return None
    grey = image.scaled(320, 180).convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return read_barcode(rows[:, : grey.width()])
