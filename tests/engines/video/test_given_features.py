"""A video is summarised by the features of a file in the benchmarks' layout."""

import numpy as np
import pytest

from app.core import Array, Artifact, AssayError, collect
from app.engines.video.analysing import Analyser
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.configs import SummariseConfig
from app.engines.video.feature_choice import with_given_features
from app.engines.video.tasks import summarise


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("given") / "clip.mp4"
    write_clip(make_clip(8.0, shots=4, seed=3), path)
    return path


def features(folder, **videos):
    import h5py

    path = folder / "features.h5"
    with h5py.File(path, "w") as file:
        for key, (name, frames) in videos.items():
            picks = np.arange(0, frames, 15)
            rows = np.random.default_rng(len(key)).normal(size=(len(picks), 12)).astype(np.float32)
            group = file.create_group(key)
            group["features"], group["picks"], group["n_frames"], group["video_name"] = rows, picks, frames, name
            group["gtscore"] = np.linspace(0, 1, len(picks)).astype(np.float32)
    return path


def test_a_feature_file_takes_the_place_of_the_descriptor(clip, tmp_path):
    path = features(tmp_path, video_1=("other.mp4", 900), video_2=("clip", 240))
    config = SummariseConfig(video=str(clip), features=str(path), film=False)
    events, result = collect(summarise, config)
    arrays = {event.name: event for event in events if isinstance(event, Array)}
    assert arrays["features"].values.shape == (16, 12)
    assert arrays["picks"].values.tolist() == list(range(0, 240, 15))
    assert arrays["components"].values.shape[1] == 16
    assert "features.h5" in result.methods
    assert any(isinstance(event, Artifact) and event.name == "features.h5" for event in events)


def test_a_file_without_this_video_is_refused(clip, tmp_path):
    analyser = Analyser(clip)
    list(analyser.chunks())
    path = features(tmp_path, video_1=("clip", 900))
    with pytest.raises(AssayError, match="no features of this video"):
        with_given_features(analyser.result(), SummariseConfig(video=str(clip), features=str(path)))


def test_a_folder_is_told_where_folders_go(tmp_path):
    with pytest.raises(AssayError, match="one video"):
        collect(summarise, SummariseConfig(video=str(tmp_path)))
