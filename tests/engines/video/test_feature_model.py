"""A model of the user's describes the picked frames of a video instead of the built-in descriptor."""

import io

import numpy as np
import pytest

from app.core import Array, Artifact, AssayError, collect
from app.data.video import decode, probe
from app.engines.video import analysing
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.configs import SummariseConfig
from app.engines.video.small_pictures import Pictures
from app.engines.video.tasks import summarise
from app.models.image import load_image_model
from tests.data import making_odd_video
from tests.models import making_onnx as onnx


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(make_clip(11, shots=3, seed=2), path)
    return path


def test_a_summary_is_made_with_the_features_of_an_onnx_file(clip, tmp_path):
    """22 picks: one full batch and one that is not."""
    net = onnx.put(tmp_path / "colours.onnx", onnx.features_net((1, 3, 32, 32), dimensions=7))
    config = SummariseConfig(video=str(clip), features=str(net), film=False)
    events, result = collect(summarise, config)
    assert not result.partial
    (features,) = [event.values for event in events if isinstance(event, Array) and event.name == "features"]
    assert features.shape == (22, 7)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)
    (kept,) = [event.source for event in events if isinstance(event, Artifact) and event.name == "analysis"]
    assert b'"feature_kind": "onnx:colours.onnx"' in kept["analysis.json"]
    np.testing.assert_array_equal(np.load(io.BytesIO(kept["analysis.npz"]))["features"], features)
    again, _ = collect(summarise, config)
    assert next(event for event in again if isinstance(event, Artifact)).source == kept


def test_a_model_that_cannot_be_used_ends_the_run_with_its_reason(clip, tmp_path):
    net = onnx.put(tmp_path / "net.onnx", onnx.features_net(opset=999))
    with pytest.raises(AssayError, match="needs version 999"):
        collect(summarise, SummariseConfig(video=str(clip), features=str(net)))


@pytest.mark.slow
def test_a_summary_is_made_with_a_hugging_face_folder(clip, tmp_path):
    from transformers import ResNetConfig, ResNetModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    settings = ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    ResNetModel(settings).save_pretrained(tmp_path / "net")
    config = SummariseConfig(video=str(clip), features=str(tmp_path / "net"), film=False)
    events, _ = collect(summarise, config)
    (features,) = [event.values for event in events if isinstance(event, Array) and event.name == "features"]
    assert features.shape == (22, 12)


@pytest.mark.parametrize("stop", [1, 2])
def test_an_analysis_that_was_broken_off_goes_on_with_the_same_features(clip, tmp_path, monkeypatch, stop):
    monkeypatch.setattr(analysing, "CHUNK_FRAMES", (100, 100))
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.features_net()))
    whole = analysing.Analyser(clip, model=model)
    list(whole.chunks())
    first = analysing.Analyser(clip, model=model)
    chunks = first.chunks()
    for _ in range(stop):
        next(chunks)
    state = first.state()
    chunks.close()
    second = analysing.Analyser(clip, model=model, state=state)
    list(second.chunks())
    np.testing.assert_array_equal(second.result().features, whole.result().features)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (2000, 2)])
def test_a_picture_for_a_model_has_the_shorter_side_that_it_asks_for(tmp_path, size):
    path = making_odd_video.film(tmp_path / "film.mkv", size=size, codec="ffv1", frames=1)
    (frame,) = decode(path)
    pixels = Pictures(probe(path)).for_model(frame.picture, 64)
    assert min(pixels.shape[:2]) == 64
    assert max(pixels.shape[:2]) == min(16 * 64, round(64 * max(size) / min(size)))
