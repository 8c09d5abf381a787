"""A video in the public layout is read back by the loader as it was written."""

import io

import h5py
import numpy as np
import pytest

from app.data.feature_sets import load_feature_set
from app.engines.video.analysis import Analysis, Source
from app.engines.video.feature_file import feature_file, users_of


@pytest.fixture
def found() -> Analysis:
    random = np.random.default_rng(0)
    frames, picks = 200, np.arange(0, 200, 10)
    features = random.standard_normal((20, 8)).astype(np.float32)
    source = Source("clip.mp4", 320, 180, 0, (1, 25), 25.0, False, 8.0, False, "h264", "mp4")
    return Analysis(
        source, np.arange(frames), np.arange(frames) / 25, np.zeros(frames, np.float32), picks, features,
        np.zeros((20, 0), np.float32), np.zeros((0, 20), np.float32), (), np.zeros((0, 2), np.float32),
    )  # fmt: skip


SHOTS = np.array([[0, 24], [25, 99], [100, 199]])
RATINGS = np.vstack([np.repeat([5, 1], 10), np.repeat([1, 4], 10)]).astype(float)


def test_the_loader_reads_what_was_written(found, tmp_path):
    (tmp_path / "f.h5").write_bytes(feature_file([("clip.mp4", found, SHOTS, None, RATINGS)]))
    video = load_feature_set(str(tmp_path / "f.h5"), rebuild=False).video("video_1")
    assert video.name == "clip.mp4" and video.n_frames == 200 and video.notes == ()
    assert np.array_equal(video.features, found.features) and np.array_equal(video.picks, found.picks)
    assert np.array_equal(video.change_points, SHOTS) and np.array_equal(video.user_scores, RATINGS)
    assert video.fps == pytest.approx(25)


def test_the_layout_has_every_name_of_the_public_files(found):
    with h5py.File(io.BytesIO(feature_file([("clip", found, SHOTS, None, RATINGS)]))) as file:
        assert set(file["video_1"]) >= {
            "features", "gtscore", "user_summary", "change_points", "n_frame_per_seg", "n_frames", "picks", "n_steps",
            "gtsummary", "video_name",
        }  # fmt: skip
        assert file["video_1/n_frame_per_seg"][()].tolist() == [25, 75, 100]
        assert file["video_1/user_summary"].shape == (2, 200)


def test_each_persons_summary_is_the_knapsack_of_their_ratings(found):
    summaries = users_of(RATINGS, SHOTS, found)
    assert summaries.sum(axis=1).max() <= 30
    assert summaries[0, :25].all() and summaries[0].sum() == 25


def test_without_ratings_the_score_stands_for_them(found):
    scores = np.linspace(0, 1, 20)
    with h5py.File(io.BytesIO(feature_file([("clip", found, SHOTS, scores, None)]))) as file:
        assert np.allclose(file["video_1/gtscore"][()], scores)
        assert "user_summary" not in file["video_1"]


def test_the_same_video_gives_the_same_bytes(found):
    assert feature_file([("a", found, SHOTS, None, RATINGS)]) == feature_file([("a", found, SHOTS, None, RATINGS)])
