"""Query sets: the workers' vote, the line of one fixed answer, and scores only for videos that are there."""

import numpy as np
import pytest

from app.core import Table, collect
from app.data.query_sets import QueryFrame
from app.engines.video.evaluate_configs import EvaluateConfig
from app.engines.video.learning_data import load_videos
from app.engines.video.query_evaluation import asked_of, majority_line, matched, scores_line, workers_line
from app.engines.video.tasks_evaluate import evaluate


def frames(votes, video="film", query="dog"):
    """`votes` is one row per worker."""
    return [
        QueryFrame(query, f"w{worker}", video, f"{number}.jpg", relevance, "0")
        for worker, row in enumerate(votes)
        for number, relevance in enumerate(row)
    ]


def test_the_vote_is_the_commonest_answer_and_ties_go_to_the_smaller():
    (asked,) = asked_of(frames([[0, 1, 3], [0, 2, 3], [1, 3, 2], [2, 1, 3]]))
    assert asked.vote.tolist() == [0, 1, 3] and asked.numbers.tolist() == [0, 1, 2]
    (tied,) = asked_of(frames([[2], [1]]))
    assert tied.vote.tolist() == [1]


def test_frame_numbers_are_read_as_numbers_not_as_text():
    rows = [QueryFrame("dog", "w", "film", f"frame{k}.jpg", 1, "0") for k in (10, 9, 2)]
    assert asked_of(rows)[0].numbers.tolist() == [2, 9, 10]


def test_one_fixed_answer_reaches_the_share_of_the_commonest_class():
    asked = asked_of(frames([[2, 2, 2, 0]]))
    line = majority_line(asked)
    assert line.label == "always 2" and line.accuracy == 0.75
    assert line.macro_f1 == pytest.approx((2 * 3 / 7 + 0) / 2) and np.isnan(line.tau)
    assert workers_line(asked).accuracy == 1


def test_scores_become_classes_and_videos_without_scores_are_left_out():
    asked = asked_of(frames([[0, 1, 2, 3]]) + frames([[3, 3]], video="other"))
    line = scores_line("net", asked, {"film": np.array([0.0, 0.3, 0.7, 1.0])})
    assert (line.accuracy, line.macro_f1, line.tau, line.frames, line.videos) == (1, 1, 1, 4, 1)
    assert scores_line("net", asked, {}) is None


def test_a_query_belongs_to_the_video_of_that_name_if_its_frames_are_there():
    world = load_videos("builtin:feature-world", 0)
    (asked,) = asked_of(frames([[0, 1]], video="video_3"))
    assert matched(asked, world).key == "video_3"
    (long,) = asked_of([QueryFrame("dog", "w", "video_3", "9999.jpg", 1, "0")])
    assert matched(long, world) is None


def test_every_query_table_has_the_line_of_one_fixed_answer(tmp_path):
    path = tmp_path / "queries.csv"
    rows = [
        f"dog,w{w},http://host/video_{v}/{k}.jpg,{(k + w) % 4},0"
        for v in range(1, 51)
        for w in (0, 1)
        for k in range(4)
    ]
    path.write_text("query,assignmentId,imageURL,Relevance,clusterNo\n" + "\n".join(rows) + "\n")
    config = EvaluateConfig(first="ramp", second="train-plain", epochs=1, hidden=8, draws=5, query_set=str(path))
    events, _ = collect(evaluate, config)
    table = [event for event in events if isinstance(event, Table) and event.name == "query set"][-1]
    labels = [row[0] for row in table.rows]
    assert labels[0].startswith("always") and {"Time ramp", "Plain attention"} <= set(labels)
    scored = labels.index("Time ramp")
    assert labels[scored - 1].startswith("always") and table.rows[scored - 1][4] == table.rows[scored][4] == 40
