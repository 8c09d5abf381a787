"""Networks repeat with their seed, go on from a state, and survive being written to files."""

import numpy as np
import pytest
import torch

from app.core import AssayError
from app.engines.video.feature_world import make_world
from app.engines.video.model_files import Preparation, Saved, to_files
from app.engines.video.networks import Shape
from app.engines.video.scoring import score, score_with
from app.engines.video.train_configs import TrainConfig
from app.engines.video.training import Example, Recipe, Trainer

AMPLITUDE = torch.full((64,), 3.0)
KINDS = ("conditional", "no-helpers", "plain", "pgl-sum", "vasnet")


def trainer(kind="conditional", seed=0, **recipe):
    torch.set_num_threads(1)
    examples = [
        Example(v.name, torch.from_numpy(v.features), torch.from_numpy(v.truth)) for v in make_world(3, videos=3)
    ]
    return Trainer(Shape(kind, 64, hidden=16), examples, AMPLITUDE, Recipe(**{"epochs": 2} | recipe), seed)


def run(training, steps=6):
    for _ in range(steps):
        training.advance()
    return training.weights()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_weights_and_a_resumed_training_too(kind):
    straight = run(trainer(kind))
    part = trainer(kind)
    run(part, 4)
    resumed = trainer(kind, seed=0)
    resumed.resume(part.state())
    assert all(torch.equal(run_value, straight[name]) for name, run_value in run(resumed, 2).items())
    assert any(not torch.equal(value, straight[name]) for name, value in run(trainer(kind, seed=1)).items())


def test_a_loss_that_is_not_finite_ends_training_with_the_last_good_weights():
    training = trainer()
    run(training, 3)
    good = training.weights()
    training._examples = [Example("bad", torch.full((9, 64), float("nan")), torch.zeros(9))] * 3
    training.advance()
    assert training.ended == "not finite"
    assert all(torch.equal(value, good[name]) for name, value in training.weights().items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_read_back_from_its_folder_scores_the_same(kind, tmp_path):
    training = trainer(kind)
    saved = Saved(training.shape, training.network, Preparation(AMPLITUDE))
    for name, content in to_files(saved).items():
        (tmp_path / name).write_bytes(content)
    features = make_world(5, videos=1)[0].features
    found = score_with(tmp_path, features, query="dog")
    expected = score(saved, features, None)
    assert found.score.shape == (len(features),) and found.attention.shape == (len(features),) * 2
    if kind in ("pgl-sum", "vasnet"):
        np.testing.assert_array_equal(found.score, expected.score)
    if kind == "conditional":
        assert found.sd is not None and (found.sd > 0).all()
        np.testing.assert_array_equal(found.without_query, expected.score)


def test_features_of_another_size_are_refused_with_both_sizes(tmp_path):
    training = trainer()
    for name, content in to_files(Saved(training.shape, training.network, Preparation(AMPLITUDE))).items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AssayError, match="reads 64 features per frame; these have 10"):
        score_with(tmp_path, np.zeros((5, 10), np.float32))


def test_a_damaged_model_folder_is_refused(tmp_path):
    (tmp_path / "model.json").write_text("{}")
    (tmp_path / "weights.safetensors").write_bytes(b"not tensors")
    with pytest.raises(AssayError, match="no video model"):
        score_with(tmp_path, np.zeros((5, 10), np.float32))


def test_a_long_video_is_read_in_chunks_and_a_tiny_one_is_read_whole():
    training = trainer()
    saved = Saved(training.shape, training.network, Preparation(AMPLITUDE))
    for frames in (0, 1, 3, 2100):
        found = score(saved, np.ones((frames, 64), np.float32))
        assert found.score.shape == (frames,) and np.isfinite(found.score).all()


def test_one_test_video_and_scores_of_a_program_are_not_called_agreement_with_people():
    from app.engines.video.agreement import Agreement
    from app.engines.video.learning import VideoFigures
    from app.engines.video.verdicts_train import training_result

    nan = float("nan")

    def result(count, by_people):
        figures = [
            VideoFigures(str(k), str(k), Agreement(0.3 + k / 100, 0.4, 1, 0), nan, nan, nan, nan, None)
            for k in range(count)
        ]
        return training_result(TrainConfig(network="plain"), {"plain": figures}, 8, by_people=by_people)

    one = result(1, True)
    assert "1 test video cannot tell that from random" in one.verdict and one.tone == "unsure"
    assert one.figures[0].interval is None
    assert "better than random scores" in result(8, True).verdict
    assert "people" not in result(8, False).verdict and any("Nobody rated" in note for note in result(8, False).notes)
