"""From an analysis folder to a film and lists, without looking twice."""

from pathlib import Path

import numpy as np
import pytest

from app.core import Artifact, AssayError, Stage, Table, Text, collect
from app.data.video import open_video
from app.engines.video.analysing import Analyser
from app.engines.video.clip_lists import cut_by_clips, parsed_clips
from app.engines.video.clip_world import make_clip, read_barcode
from app.engines.video.clip_writing import write_clip
from app.engines.video.cutting import Film
from app.engines.video.judging import with_story
from app.engines.video.tasks_write import write
from app.engines.video.write_configs import WriteConfig


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip, and the folder of its analysis as a run keeps it."""
    folder = tmp_path_factory.mktemp("write")
    path = folder / "clip.mp4"
    write_clip(make_clip(8.0, shots=4, seed=3), path)
    analyser = Analyser(path)
    list(analyser.chunks())
    found = with_story(analyser.result())
    kept = folder / "analysis"
    kept.mkdir()
    for name, data in found.files().items():
        (kept / name).write_bytes(data)
    return path, kept


def run(config: WriteConfig, folder: Path):
    """All events and the result; a file is copied at once, as the host does, because the task removes its own."""
    steps = write(config)
    events, files = [], {}
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return events, files, end.value
        events.append(event)
        if isinstance(event, Artifact):
            source = event.source
            data = source.read_bytes() if isinstance(source, Path) else source
            files[event.name] = folder / event.name
            files[event.name].write_bytes(data if isinstance(data, bytes) else data.encode())


def barcodes(path: Path) -> list[int | None]:
    with open_video(path) as video:
        return [read_barcode(frame.picture.to_ndarray(format="gray")) for frame in video.frames()]


def test_given_clips_are_written_as_given(clip, tmp_path):
    config = WriteConfig(analysis=str(clip[1]), clips=("70-100", "5 - 40"), preview=True, features=True)
    events, files, result = run(config, tmp_path)
    assert barcodes(files["summary.mp4"]) == [*range(5, 41), *range(70, 101)]
    assert "67 frames are there in time; the numbers in its pictures are the right ones" in result.verdict
    assert {"summary.edl", "chapters.vtt", "concat.txt", "shots.csv", "summary.json", "features.h5"} <= set(files)
    assert files["contact-sheet.pdf"].read_bytes().startswith(b"%PDF")
    assert files["preview.gif"].read_bytes().startswith(b"GIF89a")
    assert {type(event) for event in events} >= {Stage, Table, Text}
    (table,) = [event for event in events if isinstance(event, Table)]
    assert [row[4:6] for row in table.rows] == [(5, 40), (70, 100)]
    difference = next(figure for figure in result.figures if figure.name == "sound less picture")
    assert abs(difference.value) <= 30


def test_without_clips_the_settings_choose_within_the_budget(clip, tmp_path):
    config = WriteConfig(analysis=str(clip[1]), budget=30.0, sheet=False, lists=False)
    _, files, result = run(config, tmp_path)
    share = next(figure.value for figure in result.figures if figure.name == "share kept")
    assert 0 < share <= 30
    assert len(barcodes(files["summary.mp4"])) == round(share * 240 / 100)


def test_a_run_that_was_stopped_while_writing_keeps_no_film(clip, tmp_path):
    from app.core import Progress, Stopped

    steps = write(WriteConfig(analysis=str(clip[1]), clips=("0-200",)))
    event = next(steps)
    while not isinstance(event, Progress):
        event = next(steps)
    with pytest.raises(StopIteration) as end:
        steps.throw(Stopped())
    assert end.value.value.partial


def test_the_film_is_the_same_when_written_again(clip, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(WriteConfig(analysis=str(clip[1]), clips=("5-40",), preview=True, features=True), tmp_path / name)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_video_that_is_gone_is_named_with_what_to_do(clip, tmp_path):
    config = WriteConfig(analysis=str(clip[1]), video=str(tmp_path / "gone.mp4"), clips=("5-40",))
    with pytest.raises(AssayError, match="not where it was"):
        collect(write, config)


def test_another_video_is_refused(clip, tmp_path):
    other = tmp_path / "other.mp4"
    write_clip(make_clip(8.0, shots=4, seed=3, width=336), other)
    with pytest.raises(AssayError, match="size was 320 × 180, is 336 × 180"):
        collect(write, WriteConfig(analysis=str(clip[1]), video=str(other), clips=("5-40",)))
    write_clip(make_clip(8.0, shots=4, seed=4, rate=25), other)
    with pytest.raises(AssayError, match="not the"):
        collect(write, WriteConfig(analysis=str(clip[1]), video=str(other), clips=("5-40",)))


def test_lists_need_no_video(clip, tmp_path):
    config = WriteConfig(
        analysis=str(clip[1]), video=str(tmp_path / "gone.mp4"), clips=("5-40",), film=False, sheet=False
    )
    _, files, result = run(config, tmp_path)
    assert "summary.edl" in files and "summary.mp4" not in files
    assert "Files for 1 clip," in result.verdict


def test_nothing_to_write_is_said(clip):
    with pytest.raises(AssayError, match="Nothing is to be written"):
        collect(write, WriteConfig(analysis=str(clip[1]), film=False, sheet=False, lists=False))


@pytest.mark.parametrize("word", ["abc", "5-", "9-3", "0-240", "-4"])
def test_a_range_that_is_none_is_refused(word):
    with pytest.raises(AssayError):
        parsed_clips((word,), 240)


def test_ranges_that_touch_become_one():
    assert parsed_clips(("10-19", "5-9", "40", "15-25"), 100) == ((5, 25), (40, 40))


def test_clips_divide_the_shots_they_cut_through():
    film = Film(np.arange(100) / 10, np.zeros(100), np.arange(0, 100, 5), np.zeros((20, 2)), np.zeros((1, 20)), ("a",))
    cut = cut_by_clips(film, np.linspace(0, 1, 20), np.array([[0, 49], [50, 99]]), [(10, 19), (45, 60)])
    assert cut.shots.tolist() == [[0, 9], [10, 19], [20, 44], [45, 49], [50, 60], [61, 99]]
    assert cut.chosen.tolist() == [False, True, False, True, True, False]
    assert cut.kept == 26
