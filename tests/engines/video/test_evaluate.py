"""Comparing methods: the same videos and shots for all, honest verdicts, and splits that never mix train and test."""

import json

import numpy as np
import pytest

from app.core import Artifact, AssayError, Checkpoint, Metric, Stage, Stopped, Table, Warn, collect
from app.engines.video.agreement import f_scores, tau_b
from app.engines.video.contestants import contestants_of, parts_of
from app.engines.video.evaluate_configs import EvaluateConfig
from app.engines.video.evaluation import (
    HUMAN,
    Outcome,
    by_video,
    differences,
    judged,
    judged_people,
    rival_of,
    standing_of,
)
from app.engines.video.learning_data import load_videos, split_videos
from app.engines.video.tasks_evaluate import evaluate
from app.engines.video.tasks_train import train
from app.engines.video.train_configs import TrainConfig

NAN = float("nan")


@pytest.fixture(scope="module")
def world():
    return load_videos("builtin:feature-world", 0)


def outcome(method, key, tau, f_mean=0.4, random=0.4):
    return Outcome(method, key, key, tau, tau, f_mean, f_mean, random, random, 0)


def run(**values):
    events, result = collect(evaluate, EvaluateConfig(**{"draws": 5} | values))
    tables = {event.name: event for event in events if isinstance(event, Table)}
    return events, tables, result


@pytest.mark.parametrize("rule", ["ours", "pgl", "reinforce", "rank", "dsnet"])
def test_scores_that_are_a_raters_own_reach_that_rater_and_chance_does_not(world, rule):
    video = world[3]
    rival = rival_of(video, rule, 10, np.random.default_rng(0))
    mean = video.user_scores.mean(axis=0)
    found = judged("oracle", video, mean, rule, rival)
    assert found.tau == pytest.approx(tau_b(mean, video.user_scores)[0].mean())
    assert abs(rival.agreement.tau) < 0.1 < found.tau
    assert 0 <= rival.f_mean <= rival.f_max <= 1 and found.f_mean <= found.f_max


def test_people_are_compared_with_each_other_and_never_with_themselves(world):
    video = world[0]
    found = judged_people(video, rival_of(video, "ours", 5, np.random.default_rng(0)))
    users = video.user_summary
    by_hand = [
        np.mean([f_scores(users[one], users)[two] for two in range(len(users)) if two != one])
        for one in range(len(users))
    ]
    assert found.f_mean == pytest.approx(np.mean(by_hand)) and found.method == HUMAN


def test_a_video_tested_in_two_splits_counts_once():
    outcomes = [outcome("x", "v1", 0.2), outcome("x", "v1", 0.4), outcome("x", "v2", 0.9)]
    assert by_video(outcomes, "x", lambda one: one.tau) == pytest.approx({"v1": 0.3, "v2": 0.9})
    standing = standing_of(outcomes, "x", 0)
    assert standing.videos == 2 and standing.tau.centre == pytest.approx(0.6) and standing.over_random.centre == 1


def test_differences_are_paired_and_leave_out_videos_without_a_value():
    outcomes = [outcome("a", f"v{k}", 0.1 * k) for k in range(8)] + [
        outcome("b", f"v{k}", 0.1 * k + 0.2) for k in range(8)
    ]
    outcomes[-1] = outcome("b", "v7", NAN)
    pairs = [("tau-b", "tau", "a", "b"), ("F1, mean", "f_mean", "a", "b")]
    tau, f1 = differences(outcomes, pairs, 0)
    assert tau.comparison.difference.centre == pytest.approx(0.2) and tau.comparison.difference.n == 7
    assert tau.comparison.p < 0.05 and tau.adjusted >= tau.comparison.p
    assert f1.adjusted == 1


def test_parts_test_every_video_once_and_train_on_none_of_them(world):
    parts = parts_of(world, EvaluateConfig(folds=5))
    tested = [video.key for _, test in parts for video in test]
    assert sorted(tested) == sorted(video.key for video in world)
    assert all(not {v.key for v in learners} & {v.key for v in test} for learners, test in parts)


def test_splits_of_a_file_are_gone_through_and_untested_videos_are_told(tmp_path, world):
    keys = [video.key for video in world]
    path = tmp_path / "splits.json"
    path.write_text(
        json.dumps(
            [{"train_keys": keys[10:], "test_keys": keys[:6]}, {"train_keys": keys[10:], "test_keys": keys[3:10]}]
        )
    )
    events, tables, result = run(first="ramp", second="story", splits=str(path))
    assert any(isinstance(event, Warn) and event.what.startswith("40 of 50") for event in events)
    assert len(tables["videos"].rows) == 10 and result.details["test videos"] == 10
    assert len([e for e in events if isinstance(e, Metric) and e.name == "tau by video/Time ramp"]) == 13
    _, one, _ = run(first="ramp", second="story", splits=str(path), split=2)
    assert len(one["videos"].rows) == 7


def test_a_constant_method_has_no_rank_correlation_and_the_verdict_says_so():
    _, tables, result = run(first="random", second="uniform")
    assert "cannot be compared by rank" in result.verdict and result.tone == "unsure"
    assert "Uniform scores" not in [row[0] for row in tables["methods"].rows]
    assert any("undefined" in note for note in result.notes)


def test_a_gain_within_noise_is_not_claimed():
    _, tables, result = run(first="random", second="story")
    assert "not shown to be better" in result.verdict and result.tone == "neutral"
    measures = [row[0] for row in tables["differences"].rows]
    assert measures == ["tau-b", "rho", "F1, mean", "F1, best"]


def test_one_method_twice_and_a_model_without_a_folder_are_refused():
    with pytest.raises(AssayError, match="the same"):
        contestants_of(EvaluateConfig(first="story", second="story"))
    with pytest.raises(AssayError, match="no folder"):
        contestants_of(EvaluateConfig(second="model"))
    _, second = contestants_of(EvaluateConfig(second_model="there"))
    assert second.kind == "model"


def test_a_trained_network_beats_the_ramp_and_stands_lower_on_disturbed_features():
    _, tables, result = run(first="ramp", second="train-plain", epochs=3, hidden=16, disturbed=True, over_users="mean")
    taus = {row[0]: row[1] for row in tables["methods"].rows}
    assert result.tone == "good" and "better than Time ramp" in result.verdict
    assert taus["Plain attention, disturbed"] < taus["Plain attention"] < taus[HUMAN]
    best = tables["figures"].columns.index("F1 best [%]")
    assert all(row[best] is None for row in tables["figures"].rows)


def test_stopped_before_the_first_video_it_claims_nothing_and_later_what_is_known():
    config = EvaluateConfig(first="ramp", second="story", draws=5, folds=2)
    early = stopped_at(config, lambda event: isinstance(event, Stage) and event.name.startswith("test"))
    assert early.partial and "before the first" in early.verdict and not early.figures
    late = stopped_at(config, lambda event: isinstance(event, Checkpoint))
    assert late.partial and late.verdict.startswith("Stopped after 25 test videos") and late.figures


def stopped_at(config, where):
    going = evaluate(config)
    for event in going:
        if where(event):
            break
    with pytest.raises(StopIteration) as end:
        going.throw(Stopped())
    return end.value.value


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a model that learned from the feature world's training videos."""
    events, _ = collect(train, TrainConfig(network="plain", epochs=1, hidden=8, compare=False))
    folder = tmp_path_factory.mktemp("model")
    files = next(event.source for event in events if isinstance(event, Artifact) and event.name == "model")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_model_that_has_seen_the_test_videos_is_not_praised_without_a_word(trained):
    events, _, result = run(first="ramp", second_model=str(trained), folds=2)
    warned = [event.what for event in events if isinstance(event, Warn) and "learned from" in event.what]
    assert len(warned) == 1 and "of the 50 test videos" in warned[0] and warned[0] in result.notes


def test_a_model_tested_on_what_it_has_not_seen_is_not_suspected(trained):
    events, _, result = run(first="ramp", second_model=str(trained), folds=1)
    assert not [event for event in events if isinstance(event, Warn) and "test videos" in event.what]
    assert not [note for note in result.notes if "learned" in note or "not known" in note]


def test_splits_do_not_silently_lose_videos_of_the_same_name(tmp_path, world):
    twice = [*world[:2], *world[:2]]
    path = tmp_path / "splits.json"
    keys = [video.key for video in world[:2]]
    path.write_text(json.dumps([{"train_keys": keys[:1], "test_keys": keys[1:]}]))
    with pytest.raises(AssayError, match="apart"):
        split_videos(twice, str(path), 1, 0)
