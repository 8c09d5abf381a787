"""Ratings given while watching are kept at once and become a file that can be trained on."""

import numpy as np
import pytest

from app.core import Array, Artifact, AssayError, Checkpoint, Ready, Stopped, Table, Warn, collect
from app.data.feature_sets import load_feature_set
from app.data.rater_scores import RaterScore, load_rater_scores, rater_scores_csv
from app.engines.video.analysing import Analyser
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.rate_configs import RateConfig
from app.engines.video.ratings import RatingList, at_picks
from app.engines.video.tasks_rate import rate


@pytest.fixture(scope="module")
def analysis(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("rate")
    write_clip(make_clip(8.0, shots=4, seed=3), folder / "clip.mp4")
    analyser = Analyser(folder / "clip.mp4")
    list(analyser.chunks())
    (folder / "analysis").mkdir()
    for name, data in analyser.result().files().items():
        (folder / "analysis" / name).write_bytes(data)
    return str(folder / "analysis")


def given(start: float, score: int) -> dict[str, object]:
    return {"name": "rate", "start": start, "end": start + 2, "score": score}


ALL = [given(start, score) for start, score in ((0, 1), (2, 5), (4, 2), (6, 3))]
FINISH = {"name": "finish"}


def artifact(events, name: str):
    return next(event for event in events if isinstance(event, Artifact) and event.name == name)


def test_ratings_become_a_table_and_a_feature_file(analysis, tmp_path):
    events, result = collect(rate, RateConfig(analysis=analysis, user="Ann"), commands=[*ALL, FINISH])
    (tmp_path / "ratings.csv").write_text(artifact(events, "ratings.csv").source)
    (tmp_path / "ratings.h5").write_bytes(artifact(events, "ratings.h5").source)
    assert load_rater_scores(tmp_path / "ratings.csv")[1] == RaterScore("Ann", 2.0, 4.0, 5.0)
    video = load_feature_set(str(tmp_path / "ratings.h5")).video("video_1")
    assert video.user_scores.tolist() == [[1.0] * 4 + [5.0] * 4 + [2.0] * 4 + [3.0] * 4]
    assert video.user_summary.shape == (1, 240) and 0 < video.user_summary.sum() <= 36
    assert video.n_frames == 240 and len(video.features) == 16 and video.notes == ()
    assert video.gtscore.max() == 1 and video.gtscore.min() == 0
    assert "100 %" in result.verdict and not result.partial


def test_every_rating_is_told_at_once(analysis):
    events, _ = collect(rate, RateConfig(analysis=analysis), commands=[*ALL[:2], {"name": "undo"}, ALL[3], FINISH])
    counts = [len(event.values) for event in events if isinstance(event, Array) and event.name == "ratings"]
    assert counts == [0, 1, 2, 1, 2]
    tables = [event for event in events if isinstance(event, Table)]
    assert tables[-1].rows == [(1, 0.0, 2.0, 1.0), (2, 6.0, 8.0, 3.0)]
    assert sum(isinstance(event, Checkpoint) for event in events) == 4


def test_a_session_that_is_closed_keeps_what_was_said(analysis):
    events, result = collect(rate, RateConfig(analysis=analysis), commands=ALL[:1])
    assert result.partial and artifact(events, "ratings.csv").source.count("\n") == 2


def test_a_resumed_session_goes_on_with_its_ratings(analysis):
    config = RateConfig(analysis=analysis)
    whole, _ = collect(rate, config, commands=[*ALL, FINISH])
    broken, _ = collect(rate, config, commands=ALL[:2])
    state = [event.state for event in broken if isinstance(event, Checkpoint)][-1]
    resumed, _ = collect(rate, config, resume=state, commands=[*ALL[2:], FINISH])
    for name in ("ratings.csv", "ratings.h5"):
        assert artifact(resumed, name).source == artifact(whole, name).source


def test_ratings_of_others_and_of_before_are_joined(analysis, tmp_path):
    path = tmp_path / "before.csv"
    path.write_text(rater_scores_csv([RaterScore("Ben", 0, 8, 2), RaterScore("Ann", 0, 2, 4)]))
    config = RateConfig(analysis=analysis, user="Ann", others=str(path))
    events, result = collect(rate, config, commands=[*ALL[1:], FINISH])
    (tmp_path / "ratings.h5").write_bytes(artifact(events, "ratings.h5").source)
    scores = load_feature_set(str(tmp_path / "ratings.h5")).video("video_1").user_scores
    assert scores[:, 0].tolist() == [4.0, 2.0]
    assert "beside 1 other" in result.verdict


@pytest.mark.parametrize(
    "command",
    [
        {"name": "rate", "start": 9, "end": 11, "score": 3},
        {"name": "rate", "start": 2, "end": 1, "score": 3},
        {"name": "rate", "start": 0, "end": 2, "score": 6},
        {"name": "rate", "start": 0, "score": float("nan")},
        {"name": "rate", "start": "x", "score": 3},
        {"name": "rate"},
        {"name": "dance"},
    ],
)
def test_a_rating_that_makes_no_sense_is_said_and_left_out(analysis, command):
    events, _ = collect(rate, RateConfig(analysis=analysis), commands=[command, ALL[0], FINISH])
    assert sum(isinstance(event, Warn) for event in events) == 1
    assert len(next(event for event in reversed(events) if isinstance(event, Array)).values) == 1


def test_nothing_to_take_back_is_no_fault(analysis):
    events, result = collect(rate, RateConfig(analysis=analysis), commands=[{"name": "undo"}, FINISH])
    assert result.verdict == "Nothing was rated"
    assert not any(isinstance(event, Artifact) for event in events)


def test_a_name_that_a_spreadsheet_would_run_is_refused(analysis):
    with pytest.raises(AssayError, match="needs a name"):
        collect(rate, RateConfig(analysis=analysis, user="=1+1"))


def test_a_stop_before_the_first_question_ends_the_session(analysis):
    steps = rate(RateConfig(analysis=analysis))
    while not isinstance(next(steps), Ready):
        pass
    with pytest.raises(StopIteration):
        steps.throw(Stopped())


def test_the_rated_share_counts_what_is_rated_twice_once():
    ratings = RatingList("me", 10.0, 2.0, [(0, 4, 3), (2, 6, 5), (8, 10, 1)])
    assert ratings.share() == pytest.approx(0.8)


def test_gaps_count_as_the_lowest_score_of_that_person():
    scores = [RaterScore("a", 0, 1, 5), RaterScore("a", 1, 2, 3), RaterScore("b", 20, 21, 1)]
    users, table = at_picks(scores, np.array([0.0, 1.0, 5.0]))
    assert users == ("a",) and table.tolist() == [[5.0, 3.0, 3.0]]
