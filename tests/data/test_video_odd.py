"""Odd but lawful films are read right; what cannot be read is refused with the reason."""

import numpy as np
import pytest

from app.core import AssayError
from app.data.video import decode, open_video, probe, upright
from tests.data import making_odd_video as odd


def colours(frame, rotation: int = 0) -> np.ndarray:
    return upright(frame.picture.to_ndarray(format="rgb24"), rotation)


def is_corner(pixels: np.ndarray) -> bool:
    return bool(np.abs(pixels.reshape(-1, 3).mean(axis=0) - odd.CORNER).max() < 40)


def refusal(path) -> AssayError:
    with pytest.raises(AssayError) as caught:
        probe(path)
    return caught.value


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_cover_art_is_not_taken_for_the_film(tmp_path, name):
    path = odd.film(tmp_path / name, cover=True)
    info = probe(path)
    assert (info.width, info.height, info.codec) == (odd.WIDTH, odd.HEIGHT, "mpeg4")
    assert len(list(decode(path))) == odd.FRAMES


def test_a_song_with_a_cover_is_sound_only(tmp_path):
    assert "it holds sound only" in refusal(odd.song_with_cover(tmp_path / "song.mp3")).why


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv422p10le", "yuv444p12le", "gray10le"])
def test_more_than_8_bits_are_read_as_8_and_said(tmp_path, pixels):
    path = odd.film(tmp_path / "deep.mkv", codec="ffv1", pixels=pixels)
    assert any("More than 8 bits" in note for note in probe(path).notes)
    frames = list(decode(path))
    assert len(frames) == odd.FRAMES
    seen = colours(frames[0])
    assert seen.dtype == np.uint8
    if pixels != "gray10le":
        assert is_corner(seen[2:20, 2:28])


@pytest.mark.parametrize("cut", [False, True])
def test_an_avi_without_index_is_read_whole(tmp_path, cut):
    path = odd.without_index(odd.film(tmp_path / "film.avi"), cut=cut)
    times = [frame.time for frame in decode(path)]
    assert times == pytest.approx([number / odd.RATE for number in range(odd.FRAMES)])


@pytest.mark.parametrize(
    ("name", "pairs", "codec"),
    [
        ("film.avi", [(b"FMP4", b"ZQ9X")], "ZQ9X"),
        ("film.mp4", [(b"mp4v", b"zq9x"), (b"esds", b"free")], "zq9x"),
        ("film.mkv", [(b"V_MPEG4/ISO/ASP", b"V_ZQ9X/ISO/ASPX")], "V_ZQ9X/ISO/ASPX"),
        ("film.avi", [(b"FMP4", b"vvc1")], "vvc"),
    ],
)
def test_a_codec_that_cannot_be_decoded_is_named(tmp_path, name, pairs, codec):
    found = refusal(odd.changed(odd.film(tmp_path / name), *pairs))
    assert codec in found.why
    assert "convert it" in found.remedy


def test_sound_that_cannot_be_decoded_leaves_the_pictures(tmp_path):
    path = odd.film(tmp_path / "film.mkv", sound=True)
    assert probe(path).has_audio
    odd.changed(path, (b"A_PCM/INT/LIT", b"A_ZQ9X/INT/LI"))
    info = probe(path)
    assert not info.has_audio
    assert any("its sound" in note for note in info.notes)
    assert len(list(decode(path))) == odd.FRAMES


def test_a_film_without_sound_is_read_and_says_so(tmp_path):
    info = probe(odd.film(tmp_path / "film.mp4"))
    assert (info.has_audio, info.audio_codec, info.audio_rate) == (False, "", 0)


@pytest.mark.parametrize(
    ("degrees", "rows", "columns"), [(90, "upper", "right"), (180, "lower", "right"), (270, "lower", "left")]
)
def test_a_turned_film_stands_upright(tmp_path, degrees, rows, columns):
    """The matrix in the file says where the corner that is stored upper left is to be seen."""
    path = odd.turned(odd.film(tmp_path / "film.mp4"), degrees)
    info = probe(path)
    size = (odd.WIDTH, odd.HEIGHT) if degrees == 180 else (odd.HEIGHT, odd.WIDTH)
    assert (info.width, info.height) == size
    seen = colours(next(decode(path)), info.rotation)
    assert seen.shape[:2] == size[::-1]
    height, width = seen.shape[0] // 2, seen.shape[1] // 2
    for row, upper in (("upper", slice(2, height - 2)), ("lower", slice(height + 2, -2))):
        for column, left in (("left", slice(2, width - 2)), ("right", slice(width + 2, -2))):
            assert is_corner(seen[upper, left]) == ((row, column) == (rows, columns)), (row, column)


@pytest.mark.parametrize("size", [(65, 47), (64, 47), (65, 48), (17, 13), (1, 1)])
def test_odd_sizes_keep_every_pixel(tmp_path, size):
    path = odd.film(tmp_path / "film.mkv", size=size, codec="ffv1", pixels="bgr0")
    info = probe(path)
    assert (info.width, info.height) == size
    assert any("odd" in note for note in info.notes)
    for number, frame in enumerate(decode(path)):
        np.testing.assert_array_equal(colours(frame), odd.picture(number, size))


@pytest.mark.parametrize(("scale", "rate"), [(0, 0), (0, 24), (1, 0), (1, 4_000_000_000), (4_000_000_000, 1)])
def test_an_impossible_rate_in_the_header_does_not_change_the_frames(tmp_path, scale, rate):
    path = odd.with_rate(odd.film(tmp_path / "film.avi"), scale, rate)
    info = probe(path)
    assert np.isfinite(info.rate) and 0 < info.rate <= 1000
    times = [frame.time for frame in decode(path)]
    assert len(times) == odd.FRAMES
    assert (np.diff(times) > 0).all() and np.isfinite(times).all()


def test_a_thousand_frames_a_second_are_read(tmp_path):
    path = odd.film(tmp_path / "fast.avi", rate=1000)
    assert probe(path).rate == pytest.approx(1000)
    assert [frame.time for frame in decode(path)] == pytest.approx([number / 1000 for number in range(odd.FRAMES)])


def test_a_damaged_middle_costs_no_more_than_the_middle(tmp_path):
    path = odd.film(tmp_path / "film.avi", frames=60)
    data = bytearray(path.read_bytes())
    start, end = data.find(b"movi"), data.rfind(b"idx1")
    third = (end - start) // 3
    data[start + third : start + 2 * third] = bytes(third)
    path.write_bytes(data)
    with open_video(path) as video:
        numbers = [round(frame.time * odd.RATE) for frame in video.frames()]
    assert len(numbers) >= 15
    assert len(numbers) == 60 or video.notes


def test_a_track_without_a_frame_is_refused(tmp_path):
    assert refusal(odd.empty(tmp_path / "film.mp4")).why
    assert refusal(odd.empty(tmp_path / "film.avi")).why


@pytest.mark.slow
def test_8k_is_read(tmp_path):
    path = odd.film(tmp_path / "film.mp4", size=(7680, 4320), frames=1)
    info = probe(path)
    assert (info.width, info.height) == (7680, 4320)
    assert len(list(decode(path))) == 1
