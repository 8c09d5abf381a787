"""The Otani figure: anchors from real ratings, and the lesson from simulated ones."""

import json

import numpy as np
import pytest

from app.core import AssayError, Checkpoint, Metric, Stopped, collect
from app.engines.video import otani as figure
from app.engines.video.tasks_otani import OtaniConfig, otani


@pytest.mark.parametrize("rule", figure.SHOT_RULES)
def test_shots_of_every_rule_cover_the_video(rule):
    shots = figure.random_shots(rule, 3001, np.random.default_rng(0))
    assert shots[0, 0] == 0 and shots[-1, 1] == 3000 and (shots[1:, 0] == shots[:-1, 1] + 1).all()


def test_a_video_with_the_distributed_shots_gives_the_published_chance(golden):
    real = np.load(golden / "videosum" / "tvsum_user_summary_EE-bNr36nyA.npz")
    shots, rng = real["shots"].astype(int), np.random.default_rng(0)
    found = figure.scores_on(shots, real["user_anno"].astype(float), rng, 100)
    assert found.human == pytest.approx(0.383, abs=0.0006)
    assert found.random == pytest.approx(0.462, abs=0.03)  # 100 draws, 20 long shots


@pytest.mark.shared_data
def test_uniform_shots_give_each_videos_f1_exactly(shared, golden):
    from app.data.annotations import load_annotations

    expected = json.loads((golden / "videosum" / "tvsum_subset_expected.json").read_text())
    by_id = {entry["video_id"]: entry for entry in expected.values() if isinstance(entry, dict)}
    for video in load_annotations(str(shared / "data" / "videosum" / "tvsum_annotations_subset.h5")):
        rng = np.random.default_rng(0)
        shots = figure.random_shots("uniform", video.n_frames, rng)
        found = figure.scores_on(shots, video.user_anno.astype(float), rng, 5)
        assert found.human == pytest.approx(by_id[video.video_id]["human_f1_uniform60"], abs=1e-6)
        assert found.oracle == pytest.approx(by_id[video.video_id]["meanscore_f1_uniform60"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.shared_data
def test_real_ratings_give_the_anchors_of_the_protocol(shared):
    data = str(shared / "data" / "videosum" / "tvsum_annotations_subset.h5")
    _, result = collect(otani, OtaniConfig(annotations=data))
    values = {entry.name: entry.value for entry in result.figures}
    assert values["people, Kendall tau-b"] == pytest.approx(0.1835, abs=5e-5)
    assert values["people, Spearman rho"] == pytest.approx(0.2107, abs=5e-5)
    assert values["human F1, uniform shots"] == pytest.approx(25.83, abs=0.01)
    # The other anchors come from 25 or 50 videos, of which these 20 are a part: within 2 points for the people.
    anchors = {"Poisson": (29.4, 23.5), "two-peak": (58.1, 59.0), "log-normal": (59.6, 57.8)}
    for rule, (human, _) in anchors.items():
        assert values[f"human F1, {rule} shots"] == pytest.approx(human, abs=2.0)
    for rule, tolerance in (("Poisson", 3.0), ("two-peak", 3.0), ("log-normal", 7.0)):
        assert values[f"random F1, {rule} shots"] == pytest.approx(anchors[rule][1], abs=tolerance)
    assert values["random F1, uniform shots"] == pytest.approx(15.4, abs=0.5)
    assert "log-normal" in result.advice and not result.partial


@pytest.fixture
def few(monkeypatch):
    """Four simulated videos instead of twenty."""
    made = figure.simulated_raters(videos=4, people=6)
    monkeypatch.setattr(figure, "simulated_raters", lambda: made)
    return OtaniConfig(draws=5)


def test_simulated_people_are_named_as_such_and_long_tails_help_chance(few):
    _, result = collect(otani, few)
    assert "simulated" in result.notes[0]
    share = dict(zip(result.details["rules"], result.details["random share of human F1"], strict=True))
    assert share["log-normal"] > share["uniform"] + 0.1


def test_a_resumed_figure_equals_an_uninterrupted_one(few):
    events, whole = collect(otani, few)
    middle = [event for event in events if isinstance(event, Checkpoint)][1]
    rest, resumed = collect(otani, few, middle.state)
    assert resumed == whole
    last = [event for event in events if isinstance(event, Metric)][-12:]
    assert [event for event in rest if isinstance(event, Metric)][-12:] == last


def test_a_stopped_figure_covers_the_videos_that_are_done(few):
    run = otani(few)
    event = next(run)
    while not isinstance(event, Checkpoint):
        event = next(run)
    with pytest.raises(StopIteration) as end:
        run.throw(Stopped())
    assert end.value.value.partial and end.value.value.details["videos"] == 1


def test_a_file_that_holds_no_ratings_is_refused(tmp_path):
    path = tmp_path / "ratings.tsv"
    path.write_text("nothing here\n")
    with pytest.raises(AssayError):
        collect(otani, OtaniConfig(annotations=str(path)))
