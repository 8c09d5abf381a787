"""Other programs read the same cut out of the lists."""

import csv
import io
import json
import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from app.core import AssayError
from app.engines.video.edit_lists import (
    CLIP_COLUMNS,
    DROPPED,
    chapters,
    chapters_metadata,
    concat_list,
    edl,
    shots_csv,
    summary_json,
    timecode,
)
from app.engines.video.film import FilmClip

NTSC, NTSC_60 = Fraction(30_000, 1001), Fraction(60_000, 1001)


def clips_at(rate: Fraction, frames: list[tuple[int, int]]) -> list[FilmClip]:
    made, at = [], 0.0
    for first, last in frames:
        start, end = float(first / rate), float((last + 1) / rate)
        made.append(FilmClip(first, last, start, end, at))
        at += end - start
    return made


def frame_of(code: str, rate: Fraction) -> int:
    """The frame number that a time code means, counted the slow and plain way."""
    hours, minutes, seconds, frames = map(int, re.split("[:;]", code))
    minute = 60 * hours + minutes
    return ((minute * 60) + seconds) * round(rate) + frames - DROPPED.get(rate, 0) * (minute - minute // 10)


FRAMES = [(0, 149), (1795, 1900), (18_000, 18_100), (107_890, 108_000)]


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(24_000, 1001), NTSC, NTSC_60])
def test_an_edit_list_reads_back_to_the_frames_that_were_kept(rate):
    text = edl(clips_at(rate, FRAMES), title="a film", rate=float(rate), sound=True)
    assert text.splitlines()[:2] == ["TITLE: a film", f"FCM: {'' if rate in DROPPED else 'NON-'}DROP FRAME"]
    events = re.findall(r"^(\d{3})  AX       B     C        (\S+) (\S+) (\S+) (\S+)$", text, re.MULTILINE)
    assert [int(event[0]) for event in events] == [1, 2, 3, 4]
    at = 0
    for (first, last), (_, *codes) in zip(FRAMES, events, strict=True):
        length = last - first + 1
        assert [frame_of(code, rate) for code in codes] == [first, last + 1, at, at + length]
        at += length


@pytest.mark.parametrize("rate", [NTSC, NTSC_60])
def test_drop_frame_codes_skip_only_numbers_that_do_not_exist(rate):
    codes = [timecode(frame, rate) for frame in range(40_000)]
    assert len(set(codes)) == len(codes)
    assert [frame_of(code, rate) for code in codes] == list(range(40_000))
    assert not any(re.search(rf":\d[1-9]:00;0[{'01' if rate == NTSC else '0123'}]$", code) for code in codes)


def test_an_hour_of_29_97_is_an_hour_on_the_clock():
    assert timecode(107_892, NTSC) == "01:00:00;00"
    assert timecode(1800, NTSC) == "00:01:00;02"


def test_clips_of_a_variable_rate_follow_each_other_without_gap():
    random = np.random.default_rng(1)
    times = np.cumsum(random.uniform(0.02, 0.07, 1000))
    made, at = [], 0.0
    for first in range(0, 900, 90):
        start, end = float(times[first]), float(times[first + 41])
        made.append(FilmClip(first, first + 40, start, end, at))
        at += end - start
    text = edl(made, title="vfr", rate=22.7, sound=False)
    codes = [line.split()[4:] for line in text.splitlines() if line[:3].isdigit()]
    assert all(before[3] == after[2] for before, after in pairwise(codes))
    assert " V     C " in text


def test_the_concat_list_names_a_file_with_quotes_as_ffmpeg_reads_it():
    text = concat_list(clips_at(Fraction(25), [(0, 24)]), "/films/it's here.mp4")
    assert text == ("ffconcat version 1.0\nfile '/films/it'\\''s here.mp4'\ninpoint 0.000000\noutpoint 1.000000\n")
    with pytest.raises(AssayError):
        concat_list([], "a\nb.mp4")


def test_ffmpeg_plays_the_concat_list(tmp_path):
    import av

    from app.engines.video.clip_world import make_clip
    from app.engines.video.clip_writing import write_clip

    write_clip(make_clip(4.0, shots=2), tmp_path / "it's.mp4")
    made = clips_at(Fraction(30), [(0, 29), (60, 89)])
    (tmp_path / "concat.txt").write_text(concat_list(made, str(tmp_path / "it's.mp4")))
    with av.open(str(tmp_path / "concat.txt"), format="concat", options={"safe": "0"}) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 60


def test_chapters_cover_the_film_in_order():
    made = clips_at(Fraction(25), [(50, 99), (3_000, 3_024)])
    lines = chapters(made).splitlines()
    assert lines[0] == "WEBVTT"
    assert "00:00:00.000 --> 00:00:02.000" in lines and "00:00:02.000 --> 00:00:03.000" in lines
    assert "From 00:02:00.000" in lines


def test_ffmpeg_reads_the_chapters(tmp_path):
    import av

    (tmp_path / "chapters.txt").write_text(chapters_metadata(clips_at(Fraction(25), [(50, 99), (3_000, 3_024)])))
    with av.open(str(tmp_path / "chapters.txt"), format="ffmetadata") as container:
        found = [(each["start"], each["end"], each["metadata"]["title"]) for each in container.chapters()]
    assert found == [(0, 2000, "From 00:00:02.000"), (2000, 3000, "From 00:02:00.000")]


def test_a_cell_that_a_spreadsheet_would_run_is_text():
    rows = list(csv.reader(io.StringIO(shots_csv(("shot", "pinned"), [(1, "=1+1")]))))
    assert rows == [["shot", "pinned"], ["1", "'=1+1"]]


def test_the_summary_for_programs_names_every_clip():
    text = summary_json(clips_at(Fraction(25), [(0, 24)]), ("shot",), [(1,)], source="/a/b/film.mp4", rate=25.0)
    content = json.loads(text)
    assert content["source"] == "film.mp4" and content["shots"] == [{"shot": 1}]
    assert list(content["clips"][0]) == list(CLIP_COLUMNS) and content["clips"][0]["last frame"] == 24
