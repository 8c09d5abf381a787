"""Frames come by their stamps, each once; hostile files end in a message."""

import json
from itertools import pairwise

import pytest

from app.core import AssayError
from app.data.video import decode, open_video, probe
from app.engines.video.clip_world import make_clip, read_barcode
from app.engines.video.clip_writing import write_clip


@pytest.fixture(scope="module", params=["a.mp4", "a.webm", "a.avi", "a.ts", "a.mkv"])
def clip_file(request, tmp_path_factory):
    clip = make_clip(2, seed=3)
    path = tmp_path_factory.mktemp("clips") / request.param
    write_clip(clip, path)
    return clip, path


def test_every_frame_comes_once_and_in_order(clip_file):
    clip, path = clip_file
    frames = list(decode(path))
    assert [read_barcode(frame.picture.to_ndarray(format="gray")) for frame in frames] == list(range(clip.frames))
    assert [frame.number for frame in frames] == list(range(clip.frames))
    assert all(after.stamp > before.stamp for before, after in pairwise(frames))


def test_a_file_cut_at_each_tenth_gives_frames_or_a_message(clip_file, tmp_path):
    _, path = clip_file
    content = path.read_bytes()
    cut = tmp_path / path.name
    for tenth in range(10):
        cut.write_bytes(content[: len(content) * tenth // 10])
        _read_or_refuse(cut)


def test_flipped_bits_give_frames_or_a_message(clip_file, tmp_path):
    _, path = clip_file
    for place in range(0, 100, 7):
        content = bytearray(path.read_bytes())
        content[len(content) * place // 100] ^= 0x5A
        broken = tmp_path / path.name
        broken.write_bytes(content)
        _read_or_refuse(broken)


def test_a_rotated_clip_has_its_sizes_swapped(tmp_path):
    path = tmp_path / "turned.mp4"
    write_clip(make_clip(1, sound=False), path, rotation=90)
    info = probe(path)
    assert (info.rotation, info.width, info.height) == (90, 180, 320)


def test_a_clip_of_variable_rate_keeps_its_times(tmp_path):
    path = tmp_path / "variable.mp4"
    clip = make_clip(3, variable=True)
    write_clip(clip, path)
    assert probe(path).variable_rate
    assert [frame.time for frame in decode(path)] == pytest.approx(list(clip.stamps / 30))


@pytest.mark.parametrize(
    "content", [b"", b"x", b"#EXTM3U\na.mp4\n", b"ffconcat version 1.0\nfile a.mp4\n", b"hello\n" * 99]
)
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(AssayError):
        probe(path)


@pytest.mark.shared_data
def test_counts_and_stamps_are_those_of_the_reference(shared):
    expected = json.loads((shared / "golden/videosum/video_probe_expected.json").read_text())
    for name, facts in expected.items():
        times = [frame.time for frame in decode(shared / "data/videosum" / name)]
        assert len(times) == facts["n_frames_decoded"], name
        assert (times[0], times[-1]) == pytest.approx((facts["first_pts"], facts["last_pts"]), abs=1e-9)


def _read_or_refuse(path):
    try:
        with open_video(path) as video:
            for _ in video.frames():
                pass
    except AssayError as error:
        assert error.why
