import numpy as np
import pytest
import scipy.io

from app.core import AssayError
from app.data import summe, tvsum_table
from app.data.annotations import load_annotations
from tests.data import making_video


def test_matlab_and_groups_say_the_same(tmp_path):
    one = load_annotations(str(making_video.tvsum_matlab(tmp_path / "ydata.mat")))[0]
    other = load_annotations(str(making_video.tvsum_groups(tmp_path / "anno.h5")))[0]
    assert (
        (one.video_id, one.category, one.title)
        == (other.video_id, other.category, other.title)
        == ("abc", "VT", "A film")
    )
    assert np.array_equal(one.user_anno, other.user_anno)
    assert one.user_anno.dtype == np.int8
    assert (one.n_frames, one.length_s) == (120, 4.8)
    assert np.allclose(one.gt_score, one.user_anno.mean(0))
    assert one.user_summary is None


def test_the_table_gathers_the_users_of_each_video(tmp_path):
    videos = load_annotations(str(making_video.tvsum_table(tmp_path / "anno.tsv")))
    assert [video.video_id for video in videos] == ["film0", "film1"]
    assert videos[0].user_anno.shape == (3, 120)
    assert np.array_equal(videos[1].user_anno, np.random.default_rng(1).integers(1, 6, (2, 3, 120))[1])


def test_summe_gives_what_each_user_chose(tmp_path):
    video = load_annotations(str(making_video.summe(tmp_path / "Air_Force_One.mat")))[0]
    assert (video.video_id, video.title, video.length_s) == ("Air_Force_One", "Air Force One", 8)
    assert video.user_anno.shape == (6, 200)
    assert np.array_equal(video.user_summary, (video.user_anno > 0))


def test_several_summe_files_are_read_in_their_order(tmp_path):
    paths = [making_video.summe(tmp_path / f"{name}.mat") for name in "ba"]
    assert [video.video_id for video in load_annotations("|".join(map(str, paths)))] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tVT\t" + "1," * 50 + "1\na\tVT\t" + "1," * 49 + "1\n", "line 2"),
        ("a\tVT\t" + "1," * 50 + "1\nb\tVT\t1\na\tVT\t1\n", "do not stand together"),
        ("a\tVT\t" + "1," * 50 + "1\na\tVT\n", "line 2"),
        ("a\tVT\t" + "1," * 50 + "1\na\tVT\t1,x\n", "line 2"),
        ("a\tVT\t" + "1," * 50 + "999\n", "0 to 127"),
        ("a\tVT\t" + "1," * 50 + "9" * 50 + "\n", "line 1"),
    ],
)
def test_a_bad_table_is_named_by_line(tmp_path, text, said):
    path = tmp_path / "anno.tsv"
    path.write_text(text)
    with pytest.raises(AssayError) as caught:
        load_annotations(str(path))
    assert said in str(caught.value)


def test_an_endless_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tvsum_table, "LINE_LIMIT", 100)
    path = making_video.tvsum_table(tmp_path / "anno.tsv")
    with pytest.raises(AssayError, match="too large"):
        load_annotations(str(path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"user_score": np.array(["a"], dtype=object)}, "no array of numbers"),
        ({"user_score": {"a": 1}}, "no array of numbers"),
        ({"nFrames": 7.0}, "do not have the length"),
        ({"user_score": np.full((200, 3), 0.5)}, "no whole numbers"),
        ({"gt_score": np.zeros((3, 1))}, "does not fit"),
    ],
)
def test_summe_files_that_contradict_themselves_are_named(tmp_path, changes, said):
    with pytest.raises(AssayError) as caught:
        load_annotations(str(making_video.summe(tmp_path / "Air.mat", **changes)))
    assert said in str(caught.value)
    assert "Air.mat" in str(caught.value)


def test_a_matlab_file_without_ratings_says_what_is_missing(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"x": 1.0})
    with pytest.raises(AssayError, match="user_score"):
        load_annotations(str(tmp_path / "a.mat"))


def test_a_packed_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(summe, "UNPACKED_LIMIT", 1_000_000)
    path = making_video.summe(tmp_path / "a.mat", user_score=np.zeros((1_000_000, 3)))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(AssayError, match="unpacks to more"):
        load_annotations(str(path))


@pytest.mark.shared_data
def test_the_real_ratings_have_the_known_means(shared):
    videos = load_annotations(str(shared / "data" / "videosum" / "tvsum_annotations_subset.h5"))
    assert len(videos) == 20
    for video in videos:
        assert video.user_anno.shape == (20, video.n_frames)
        assert (video.user_anno.min(), video.user_anno.max()) == (1, 5)
        assert np.allclose(video.gt_score, video.user_anno.mean(0), atol=1e-4)
