"""One pass finds frames, picks and features; a pass that was broken off goes on as if it had not been."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from app.core import AssayError
from app.engines.video.analysing import Analyser
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.detectors import content_cuts

ARRAYS = ("stamps", "times", "difference", "picks", "features", "side", "components", "waveform")


@pytest.fixture(scope="module")
def clip():
    return make_clip(22, shots=5, seed=5)


@pytest.fixture(scope="module")
def path(clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(clip, path)
    return path


@pytest.fixture(scope="module")
def whole(path):
    analyser = Analyser(path)
    list(analyser.chunks())
    return analyser.result()


def stopped(path):
    analyser = Analyser(path)
    chunks = analyser.chunks()
    next(chunks)
    chunks.close()
    return analyser.result()


@dataclass
class Colours:
    """Stands for a model: mean colours of thirds, times `weight`."""

    weight: float
    kind: str = "onnx"
    name: str = "colours.onnx"
    dimensions: int = 9
    side: int = 30
    shortest: int = 32

    def prepare(self, pixels):
        return pixels[:30, :30]

    def describe(self, pictures):
        means = pictures.reshape(len(pictures), 3, -1, 3).mean(axis=2).reshape(len(pictures), 9) + 1.0
        means[:, 0] *= self.weight
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def test_an_analysis_has_the_frames_picks_and_cuts_of_the_clip(clip, whole):
    assert whole.frames == clip.frames
    assert list(whole.picks) == list(range(0, clip.frames, 15))
    assert list(content_cuts(whole.difference)) == list(clip.cuts)
    assert whole.features.shape == (len(whole.picks), 447)
    assert whole.component_names == ("motion", "sharpness", "colourfulness", "saliency", "sound")
    assert whole.components.min() >= 0 and whole.components.max() <= 1
    assert len(whole.waveform) == 2000 and np.abs(whole.waveform).max() > 0.2


@pytest.mark.parametrize("stop", [1, 2])
def test_a_resumed_analysis_equals_an_uninterrupted_one(path, whole, stop):
    first = Analyser(path)
    chunks = first.chunks()
    for _ in range(stop):
        next(chunks)
    state = first.state()
    chunks.close()
    second = Analyser(path, state=state)
    list(second.chunks())
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(second.result(), name), getattr(whole, name), name)
    assert second.result().source == whole.source


def test_a_stopped_analysis_tells_of_what_it_saw(path, whole):
    part = stopped(path)
    np.testing.assert_array_equal(part.features, whole.features[: len(part.picks)])


def test_what_a_stopped_analysis_tells_is_told_without_sound(path):
    part = stopped(path)
    assert part.component_names == ("motion", "sharpness", "colourfulness", "saliency")
    assert len(part.waveform) == 0


def test_chunks_put_together_are_the_analysis(path, whole):
    chunks = list(Analyser(path).chunks())
    np.testing.assert_array_equal(np.concatenate([chunk.frames[:, 0] for chunk in chunks]), whole.times)
    np.testing.assert_array_equal(np.concatenate([chunk.picks[:, 0] for chunk in chunks]), whole.picks)


def test_a_checkpoint_of_another_video_is_refused(path, tmp_path):
    analyser = Analyser(path)
    list(analyser.chunks())
    write_clip(make_clip(1), tmp_path / "other.mp4")
    with pytest.raises(AssayError, match="changed"):
        Analyser(tmp_path / "other.mp4", state=analyser.state())


@pytest.mark.parametrize(
    ("change", "words"),
    [({"sampling": 4.0}, "sampling"), ({"model": None}, "features"), ({"model": Colours(3.0)}, "other weights")],
)
def test_a_checkpoint_of_other_settings_is_refused(path, change, words):
    settings = {"sampling": 2.0, "model": Colours(1.0)}
    analyser = Analyser(path, **settings)
    chunks = analyser.chunks()
    next(chunks)
    state = analyser.state()
    chunks.close()
    Analyser(path, **settings, state=state)
    with pytest.raises(AssayError) as refused:
        Analyser(path, **(settings | change), state=state)
    assert words in f"{refused.value.what} {refused.value.why}"


@pytest.mark.parametrize("stop", [1, 2])
def test_a_model_gives_the_same_after_a_checkpoint(path, stop):
    straight = Analyser(path, sampling=5.0, model=Colours(1.0))
    list(straight.chunks())
    first = Analyser(path, sampling=5.0, model=Colours(1.0))
    chunks = first.chunks()
    for _ in range(stop):
        next(chunks)
    state = first.state()
    chunks.close()
    second = Analyser(path, sampling=5.0, model=Colours(1.0), state=state)
    list(second.chunks())
    np.testing.assert_array_equal(second.result().features, straight.result().features)
    assert straight.result().features.shape == (len(straight.result().picks), 9)


def test_chunks_are_the_same_each_time(path):
    first, second = (list(Analyser(path).chunks()) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        for name in ("frames", "picks", "cuts", "thumbnails"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "file",
    ["synth_a_30fps.mp4", "synth_b_vfr.mp4", "synth_c_noaudio_2997.mp4", "synth_d_vp9_opus.webm",
     "synth_e_short_1shot.mp4", "big_buck_bunny_0_30.webm"],
)  # fmt: skip
def test_the_content_detector_finds_the_true_cuts_of_the_clips_and_no_others(shared, file):
    folder = shared / "data" / "videosum"
    truth = {
        row["file"]: row["cuts_first_frame_of_new_shot"]
        for row in json.loads((folder / "synth_truth.json").read_text())
    }
    analyser = Analyser(folder / file)
    list(analyser.chunks())
    assert content_cuts(analyser.result().difference).tolist() == truth.get(file, [283, 376, 551])
