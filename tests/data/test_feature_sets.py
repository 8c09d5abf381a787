import h5py
import numpy as np
import pytest

from app.core import AssayError
from app.data.feature_sets import load_feature_set
from tests.data import making_video

STEPS, FRAMES = making_video.STEPS, making_video.FRAMES


def load(tmp_path, **changes):
    return load_feature_set(str(making_video.features(tmp_path / "set.h5", **changes)))


def refusal(tmp_path, **changes):
    with pytest.raises(AssayError) as caught:
        load(tmp_path, **changes)
    return str(caught.value)


def test_the_golden_layout_is_read_in_text_order(golden):
    found = load_feature_set(str(golden / "videosum" / "eccv16_layout_synthetic.h5"))
    assert found.keys == ("video_1", "video_2", "video_3", "video_4")
    first = found.video("video_1")
    assert (first.name, first.n_frames, first.n_steps) == ("Synthetic clip 1", 739, 50)
    assert first.features.dtype == np.float32
    assert first.user_summary.shape == (6, 739)
    assert first.change_points[-1, 1] == 738
    assert first.notes == ()


def test_a_missing_key_is_rebuilt_with_a_note_or_named(golden):
    path = golden / "videosum" / "eccv16_layout_synthetic.h5"
    last = load_feature_set(str(path)).video("video_4")
    assert np.array_equal(last.picks, np.arange(42) * 15)
    assert "“picks” is missing and was rebuilt" in last.notes[0]
    with pytest.raises(AssayError, match="“picks” is missing") as caught:
        load_feature_set(str(path), rebuild=False)
    assert "video_4" in caught.value.where
    assert "n_steps" in caught.value.remedy


def test_keys_sort_as_text(tmp_path):
    found = load_feature_set(str(making_video.features(tmp_path / "set.h5", videos=11)))
    assert found.keys[:4] == ("video_1", "video_10", "video_11", "video_2")


def test_several_files_keep_their_videos_apart(tmp_path):
    paths = [making_video.features(tmp_path / f"{name}.h5", videos=2) for name in ("tvsum", "summe")]
    found = load_feature_set("|".join(map(str, paths)))
    assert found.keys == ("tvsum/video_1", "tvsum/video_2", "summe/video_1", "summe/video_2")
    assert found.video("../data/summe.h5/video_2").key == "summe/video_2"


def test_a_video_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AssayError, match="video_9"):
        load(tmp_path).video("video_9")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"features": None}, "“features” is missing"),
        ({"features": np.zeros((0, 8))}, "“features” is empty"),
        ({"features": np.zeros(5)}, "2 dimensions are expected"),
        ({"features": np.full((STEPS, 8), 1e300)}, "no finite numbers"),
        ({"picks": np.arange(STEPS + 3)}, "“picks” is longer than “features”"),
        ({"picks": np.arange(STEPS - 3)}, "“picks” is shorter than “features”"),
        ({"picks": np.arange(STEPS) * 100}, "no rising frame numbers"),
        ({"picks": np.zeros(STEPS)}, "no rising frame numbers"),
        ({"change_points": np.array([[0, 99], [150, 299]])}, "overlap or leave frames out"),
        ({"change_points": np.array([[0, 99], [80, 299]])}, "overlap or leave frames out"),
        ({"change_points": np.array([[0, 99], [100, 199]])}, "do not cover the video"),
        ({"change_points": np.array([[5, 299]])}, "do not cover the video"),
        ({"gtscore": np.zeros(5)}, "differ in length"),
        ({"gtscore": np.full(STEPS, np.nan)}, "no finite numbers"),
        ({"n_frames": -4}, "“n_frames” is -4"),
        ({"user_scores": np.zeros((3, 2))}, "do not fit the features"),
    ],
)
def test_what_contradicts_itself_is_named_with_its_video(tmp_path, changes, said):
    words = refusal(tmp_path, **changes)
    assert said in words
    assert "video_1" in words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"user_summary": np.ones((2, FRAMES + 9))}, "was cut to 300"),
        ({"user_summary": np.ones((2, FRAMES - 9))}, "filled up with 0 to 300"),
        ({"user_summary": np.full((2, FRAMES), 2)}, "more than 0 and 1"),
        ({"user_summary": None}, "F1 cannot be computed"),
        ({"gtscore": np.linspace(1, 5, STEPS)}, "scaled to 0 … 1"),
        ({"gtscore": None}, "cannot be trained on"),
        ({"n_frame_per_seg": None}, "“n_frame_per_seg” is missing"),
        ({"n_frame_per_seg": np.array([1, 2, 3])}, "does not agree"),
        ({"change_points": None}, "“change_points” is missing and was rebuilt from n_frame_per_seg"),
        ({"change_points": None, "n_frame_per_seg": None}, "shots must be found first"),
        ({"change_points": np.array([[0, 99], [100, 295]])}, "was set to end at 299"),
        ({"n_frames": None}, "rebuilt from the length of user_summary"),
        ({"n_frames": None, "user_summary": None}, "rebuilt from the end of change_points"),
        ({"picks": np.append(np.arange(STEPS) * 15, FRAMES)}, "end of the video and was left out"),
    ],
)
def test_what_can_be_mended_is_and_says_so(tmp_path, changes, said):
    video = load(tmp_path, **changes).video("video_1")
    assert said in " ".join(video.notes)
    assert len(video.picks) == STEPS
    assert video.n_frames == FRAMES
    if video.user_summary is not None:
        assert video.user_summary.shape[1] == FRAMES
    if video.gtscore is not None:
        assert 0 <= video.gtscore.min() <= video.gtscore.max() <= 1


def test_ratings_and_rate_come_along_where_they_are(tmp_path):
    video = load(tmp_path, user_scores=np.ones((3, STEPS)), fps=25.0).video("video_1")
    assert video.user_scores.shape == (3, STEPS)
    assert video.fps == 25


def test_an_empty_file_says_what_is_expected(tmp_path):
    path = tmp_path / "empty.h5"
    h5py.File(path, "w").close()
    with pytest.raises(AssayError, match="holds no videos"):
        load_feature_set(str(path))
