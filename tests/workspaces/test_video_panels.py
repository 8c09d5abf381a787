"""The panel of a video: pins solve again, steps are exact to the frame, and a closed panel leaves nothing."""

import gc
import json
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.engines.video.clip_world import read_barcode
from app.engines.video.cutting import Choices, Cut
from app.runs.records import Record
from app.widgets.build import build_panel
from app.widgets.theme import load_theme
from app.workspaces.video import SUMMARY
from app.workspaces.video.summary import SummaryPanel
from tests.shell.conftest import quiet_qt, until
from tests.workspaces.video_run import summary_records

assert quiet_qt  # a fixture, used here too


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    folder = tmp_path_factory.mktemp("run")
    return folder, summary_records(folder)


@pytest.fixture
def theme(qapp):
    chosen = load_theme("light")
    chosen.apply(qapp)
    return chosen


@pytest.fixture
def panel(theme, run):
    made = build_panel(SUMMARY, theme)
    made.resize(1000, 760)
    made.show()
    tell(made, run)
    until(lambda: made.bench.cut is not None)
    until(lambda: made.surface.image is not None)
    yield made
    made.close()
    made.bench.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def tell(panel: SummaryPanel, run: tuple[Path, list[Record]], only: str = "") -> None:
    folder, records = run
    for record in records:
        if panel.wants(record.kind, record.name) and record.name.startswith(only):
            panel.record_added(record, folder)


def click_shot(panel: SummaryPanel, shot: int) -> None:
    QTest.mouseClick(
        panel.timeline,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        panel.timeline.shot_room(shot).center().toPoint(),
    )


def shown_number(panel: SummaryPanel) -> int | None:
    return None if panel.surface.image is None else number_of(panel.surface.image)


def number_of(image: QImage) -> int | None:
    grey = image.scaled(320, 180).convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return read_barcode(rows[:, : grey.width()])


def test_it_wants_what_it_declares_and_starts_empty(theme):
    panel = build_panel(SUMMARY, theme)
    assert not panel.filled
    for kind, name in SUMMARY.consumes:
        if name not in ("shots", "shot values"):
            assert (
                panel.wants(kind, name.replace("*", "frames" if kind == "array" else "analysis")) or name == "frames/*"
            )
    panel.deleteLater()


def test_while_the_video_is_analysed_it_shows_what_is_known_so_far(theme, run):
    panel = build_panel(SUMMARY, theme)
    panel.resize(900, 700)
    panel.show()
    tell(panel, run, only="analysis/")
    assert panel.filled and panel.bench.cut is None
    assert len(panel.timeline.footage.strip) and len(panel.timeline.footage.seen)
    before = panel.timeline.grab().toImage()
    panel.timeline.footage.seen[:, 2] = 0
    panel.timeline.redraw()
    assert panel.timeline.grab().toImage() != before
    panel.close()
    panel.deleteLater()


def test_a_click_on_a_dropped_shot_keeps_it_and_the_selection_is_solved_again(panel):
    cut = panel.bench.cut
    shot = int(np.flatnonzero(~cut.chosen)[0])
    click_shot(panel, shot)
    until(lambda: panel.bench.cut is not cut)
    solved = panel.bench.cut
    assert solved.chosen[shot] and shot in panel.timeline.keep
    assert solved.kept <= solved.budget and not np.array_equal(solved.chosen, cut.chosen)
    assert f"{int(solved.chosen.sum())} of {len(solved.shots)} shots" in panel.controls.outcome.text()
    until(lambda: "p =" in panel.controls.standing.text())


def test_a_second_click_drops_the_shot_and_a_third_sets_it_free_again(panel):
    shot = int(np.flatnonzero(panel.bench.cut.chosen)[0])
    for wish in ("keep", "drop", "free"):
        before = panel.bench.cut
        click_shot(panel, shot)
        until(lambda before=before: panel.bench.cut is not before)
        assert (shot in panel.timeline.keep, shot in panel.timeline.drop) == (wish == "keep", wish == "drop")
        assert wish != "drop" or not panel.bench.cut.chosen[shot]


def test_keys_pin_the_shot_under_the_play_head_and_ctrl_z_takes_it_back(panel):
    first = panel.bench.cut
    panel.timeline.setFocus()
    panel.go(float(panel.footage.times[int(first.shots[1, 0])]))
    QTest.keyClick(panel.timeline, Qt.Key.Key_D)
    until(lambda: panel.bench.cut is not first)
    assert panel.bench.choices.drop == (1,)
    QTest.keyClick(panel.timeline, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    until(lambda: np.array_equal(panel.bench.cut.chosen, first.chosen))
    assert panel.bench.choices.drop == ()


def test_pins_that_exceed_the_budget_are_told_and_nothing_else_changes(panel):
    panel.bench.change(keep=tuple(range(len(panel.bench.cut.shots))))
    until(lambda: "Ctrl+Z" in panel.controls.standing.text())
    assert panel.controls.outcome.text()


def test_a_larger_budget_keeps_more(panel):
    before = panel.bench.cut
    panel.controls.budget.setValue(60)
    until(lambda: panel.bench.cut.budget > before.budget)
    assert panel.bench.cut.kept > before.kept


def test_arrow_keys_step_exactly_one_frame(panel):
    panel.timeline.setFocus()
    panel.go(float(panel.footage.times[100]))
    until(lambda: shown_number(panel) == 100)
    QTest.keyClick(panel.timeline, Qt.Key.Key_Right)
    until(lambda: shown_number(panel) == 101)
    for number in (100, 99):
        QTest.keyClick(panel.timeline, Qt.Key.Key_Left)
        until(lambda number=number: shown_number(panel) == number)


def test_a_click_in_the_summary_goes_to_that_place_in_the_video(panel):
    bottom = panel.timeline.height() - 12
    QTest.mouseClick(panel.timeline, Qt.MouseButton.LeftButton, pos=QPoint(70, bottom))
    first = panel.bench.cut.clips[0]
    assert first[0] <= panel.footage.frame_at(panel.timeline.head) <= first[1]


def test_playing_the_summary_shows_frames_of_the_clips_only_and_ends(panel):
    panel.transport.what.setCurrentIndex(1)
    numbers = set()
    panel.play()
    assert panel.playing
    first = panel.surface.image
    until(lambda: panel.surface.image is not first)
    while panel.playing:
        numbers.add(shown_number(panel))
        shown = panel.surface.image
        until(lambda shown=shown: panel.surface.image is not shown or not panel.playing)
    inside = {frame for first, last in panel.bench.cut.clips for frame in range(first, last + 1)}
    assert numbers and numbers <= inside


def test_no_sound_device_is_said_and_the_video_plays(panel):
    panel.play()
    until(lambda: any("No sound" in label.text() for label in panel.transport.findChildren(QLabel)))
    head = panel.timeline.head
    until(lambda: panel.timeline.head > head)


def test_a_panel_that_changes_its_size_while_it_plays_plays_on(panel):
    panel.play()
    until(lambda: panel.timeline.head > panel.footage.start)
    panel.resize(1040, 800)
    until(lambda: not panel._wish.isActive())
    head = panel.timeline.head
    until(lambda: panel.timeline.head > head + 0.3)
    assert panel.playing


def test_a_video_that_has_been_taken_away_is_told_when_play_is_pressed(panel, run):
    clip = Path(panel.footage.path)
    clip.rename(clip.with_name("elsewhere.mp4"))
    panel.play()
    clip.with_name("elsewhere.mp4").rename(clip)
    assert not panel.playing and panel.surface.image is None and str(clip) in panel.surface._words


def test_a_dead_player_is_told_in_place_of_the_picture_and_comes_back(panel):
    panel.playback._process.kill()
    until(lambda: panel.surface.image is None)
    panel.go(float(panel.footage.times[30]))
    until(lambda: shown_number(panel) == 30)


def test_ratings_go_to_the_session_for_the_two_seconds_under_the_play_head(panel, qtbot):
    panel._rate.setChecked(True)
    panel.timeline.setFocus()
    panel.go(float(panel.footage.times[70]))
    with qtbot.waitSignal(panel.command_requested) as heard:
        QTest.keyClick(panel.timeline, Qt.Key.Key_4)
    told = heard.args[0]
    assert (told["name"], told["start"], told["end"], told["score"]) == ("rate", 2.0, 4.0, 4)


def test_the_film_is_asked_for_with_the_clips_that_are_shown(panel, qtbot):
    with qtbot.waitSignal(panel.run_requested) as heard:
        panel.controls.write.click()
    task, values, name = heard.args
    assert task == "video.write" and name == "Film of clip.mp4" and Path(values["analysis"]).is_dir()
    assert values["clips"] == [f"{first}-{last}" for first, last in panel.bench.cut.clips]


def kept_one(panel: SummaryPanel) -> int:
    """Pin the first shot that is not in the summary; its number."""
    before = panel.bench.cut
    shot = int(np.flatnonzero(~before.chosen)[0])
    click_shot(panel, shot)
    until(lambda: panel.bench.cut is not before)
    return shot


def opened(theme, run: tuple[Path, list[Record]], state: dict) -> tuple[Cut, Choices, dict]:
    """The cut, the choices and the view's state of a new panel with the restored `state` of an old one."""
    other = build_panel(SUMMARY, theme)
    other.restore_view(json.loads(json.dumps(state)))
    tell(other, run)
    until(lambda: other.bench.cut is not None)
    answer = other.bench.cut, other.bench.choices, other.view_state()
    other.bench.close()
    other.deleteLater()
    return answer


def test_choices_survive_in_the_state_of_the_view(panel, theme, run):
    shot = kept_one(panel)
    cut, choices, _ = opened(theme, run, panel.view_state())
    assert choices.keep == (shot,) and np.array_equal(cut.chosen, panel.bench.cut.chosen)


def test_choices_survive_when_the_run_is_left_and_opened_again(panel, run):
    shot = kept_one(panel)
    panel.clear()
    tell(panel, run)
    until(lambda: panel.bench.cut is not None)
    assert panel.bench.choices.keep == (shot,) and panel.bench.cut.chosen[shot]


def test_the_place_is_kept_when_the_run_is_told_again_and_left_with_the_run(panel, run):
    panel.set_context(["this one"])
    panel.go(panel.footage.start + 2.0)
    until(lambda: panel.surface.image is not None)
    for name, place in (("this one", 2.0), ("another", 0.0)):
        panel.clear()
        panel.set_context([name])
        tell(panel, run)
        assert panel.timeline.head == pytest.approx(panel.footage.start + place if place else 0.0)


def test_choices_survive_a_look_at_another_video(panel, theme, run, tmp_path):
    shot = kept_one(panel)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other", summary_records(tmp_path / "other", seconds=10)
    _, choices, state = opened(theme, other, panel.view_state())
    assert choices.keep == ()
    assert opened(theme, run, state)[1].keep == (shot,)


def test_pins_are_not_put_on_the_shots_of_another_rule(panel, theme, run):
    kept_one(panel)
    folder, records = run
    records = [with_choices(each, shots="uniform", shot_length=1.0) for each in records]
    assert opened(theme, (folder, records), panel.view_state())[1].keep == ()


def with_choices(record: Record, **changed: object) -> Record:
    """A record of a selection made with other choices; other records as they are."""
    if record.name != "selection":
        return record
    meta = record.data["meta"]
    choices = {**meta["choices"], **changed}
    return replace(record, data={**record.data, "meta": {**meta, "choices": choices}})


def test_a_pin_taken_back_is_not_remembered(panel, theme, run):
    kept_one(panel)
    first = panel.bench.cut
    panel.bench.undo()
    until(lambda: panel.bench.cut is not first)
    assert panel.view_state()["decisions"] == {}


def test_what_was_undone_can_be_done_again(panel):
    first = panel.bench.cut
    shot = kept_one(panel)
    panel.bench.undo()
    until(lambda: np.array_equal(panel.bench.cut.chosen, first.chosen))
    assert panel.bench.choices.keep == ()
    panel.bench.redo()
    until(lambda: panel.bench.cut.chosen[shot])
    assert panel.bench.choices.keep == (shot,)


def test_pins_that_contradict_each_other_are_told_and_the_cut_stays(panel, qtbot):
    before = panel.bench.cut
    with qtbot.waitSignal(panel.bench.failed):
        panel.bench.change(keep=(0,), drop=(0,))
    assert panel.bench.cut is before


def test_a_smaller_penalty_finds_more_shots_at_once(panel):
    before = panel.bench.cut
    panel.bench.recut(vmax=0.05)
    until(lambda: panel.bench.cut is not before)
    assert len(panel.bench.cut.shots) > len(before.shots)


def test_a_part_that_is_told_twice_is_shown_once(theme, run):
    panel = build_panel(SUMMARY, theme)
    sizes = []
    for _ in range(2):
        tell(panel, run, only="analysis/")
        sizes.append((len(panel.footage.times), len(panel.footage.seen), len(panel.footage.strip)))
    assert sizes[0] == sizes[1]
    panel.bench.close()
    panel.deleteLater()


def test_hidden_it_ends_its_process(panel):
    process = panel.playback._process
    panel.hide()
    assert process.poll() is not None


@pytest.mark.slow
def test_opened_and_closed_twenty_times_it_leaves_nothing(theme, run, qapp):
    panels, processes = [], []
    for _ in range(20):
        panel = build_panel(SUMMARY, theme)
        panel.resize(800, 600)
        panel.show()
        tell(panel, run)
        panel.play()
        QApplication.processEvents()
        processes.append(panel.playback._process)
        panels.append(weakref.ref(panel))
        panel.close()
        panel.deleteLater()
        del panel
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert all(process.poll() is not None for process in processes)
    until(lambda: not [ref for ref in panels if gc.collect() >= 0 and ref() is not None and shiboken6.isValid(ref())])
