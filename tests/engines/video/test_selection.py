"""A summary is never empty, never over budget, and does what the pins say."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.core import AssayError
from app.engines.video import conventions
from app.engines.video.cutting import Choices, Cutter, Film
from app.engines.video.detectors import shots_of
from app.engines.video.selection import SelectionRule, frame_scores, select

METHODS = ("knapsack", "density", "diverse")


def _film(seed=0, frames=1000, shots=20):
    rng = np.random.default_rng(seed)
    cuts = rng.choice(np.arange(1, frames), shots - 1, replace=False)
    picks = np.arange(0, frames, 15)
    return shots_of(cuts, frames), rng.random(frames), rng.normal(size=(len(picks), 5)), picks


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", ["mean", "sum"])
@pytest.mark.parametrize("seed", range(6))
def test_every_rule_stays_within_the_budget_and_shows_something(method, value, seed):
    shots, scores, features, picks = _film(seed, shots=4 + 4 * seed)
    made = select(shots, scores, SelectionRule(method=method, value=value), features=features, picks=picks)
    assert 0 < made.kept <= made.budget == 150
    assert made.mask(1000).sum() == made.kept


@pytest.mark.parametrize("frames", [1, 2, 5, 40])
def test_a_video_of_one_shot_has_a_summary(frames):
    made = select(shots_of(np.array([], int), frames), np.zeros(frames), SelectionRule())
    assert 0 < made.kept <= made.budget


def test_where_no_shot_fits_the_best_parts_are_shown_and_said():
    shots, scores = shots_of(np.array([500]), 1000), np.zeros(1000)
    scores[300:350] = scores[800:850] = 1
    made = select(shots, scores, SelectionRule(budget_frames=100))
    assert made.clips == ((300, 349), (800, 849))
    assert "No shot fits the budget of 100 frames" in made.notices[0]


def test_pinned_shots_stay_and_dropped_shots_go():
    shots, scores, _, _ = _film()
    free = select(shots, scores, SelectionRule(budget=0.3))
    pin, out = int(np.flatnonzero(~free.chosen)[0]), int(np.flatnonzero(free.chosen)[0])
    made = select(shots, scores, SelectionRule(budget_frames=500, keep=(pin,), drop=(out,)))
    assert made.chosen[pin] and not made.chosen[out]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (SelectionRule(keep=(3,), drop=(3,)), "must stay and must go"),
        (SelectionRule(keep=(99,)), "Shot 100 does not exist"),
        (SelectionRule(keep=tuple(range(20))), "20 shots last 1000 frames, the budget is 150"),
        (SelectionRule(drop=tuple(range(20))), "all 20 shots must go"),
    ],
)
def test_impossible_pins_are_refused_with_the_numbers(rule, said):
    shots, scores, _, _ = _film()
    with pytest.raises(AssayError, match=said):
        select(shots, scores, rule)


def test_clips_keep_to_their_shortest_and_longest():
    shots, scores, _, _ = _film(2)
    made = select(shots, scores, SelectionRule(budget=0.4, shortest=20, longest=40))
    lengths = (made.parts[:, 1] - made.parts[:, 0] + 1)[made.chosen]
    assert lengths.min() >= 20 and lengths.max() <= 40


def test_neighbouring_shots_become_one_clip():
    made = select(shots_of(np.array([10, 20, 90]), 100), np.ones(100), SelectionRule(budget_frames=20, keep=(0, 1)))
    assert made.clips == ((0, 19),)


def test_diverse_prefers_the_unlike_of_two_equal_shots():
    shots = shots_of(np.array([10, 20]), 30)
    features = np.array([[1.0, 0], [1, 0], [0, 1]])
    made = select(
        shots, np.ones(30), SelectionRule(budget_frames=20, method="diverse"), features=features, picks=[0, 10, 20]
    )
    assert made.chosen.tolist() == [True, False, True]


def test_a_score_lasts_until_the_next_pick():
    filled = frame_scores(np.array([0.2, 0.6]), np.array([0, 3, 5]), 7)
    assert filled.tolist() == [0.2, 0.2, 0.2, 0.6, 0.6, 0, 0]


@pytest.mark.parametrize("case", range(6))
@pytest.mark.parametrize("name", conventions.CONVENTIONS)
def test_summaries_and_f1_are_those_of_the_peer(golden, case, name):
    held = np.load(golden / "videosum" / "summary_eval.npz")
    expected = json.loads((golden / "videosum" / "summary_eval_expected.json").read_text())[f"v{case}"]
    frames, points = int(held[f"v{case}_n"]), held[f"v{case}_cp"]
    users = np.unpackbits(held[f"v{case}_user"], axis=1)[:, :frames]
    truth = held[f"v{case}_summary_{name}"].astype(bool)
    shown = conventions.summary(name, held[f"v{case}_scores"], held[f"v{case}_picks"], points, frames)
    assert shown.tolist() == truth.tolist()
    for over, key in (("mean", "f_avg_"), ("max", "f_max_")):
        if key + name in expected:
            given = expected[key + name]
            given = given[0] if isinstance(given, list) else given / (100 if name == "pgl" else 1)
            assert conventions.f_score(name, shown, users, over) == pytest.approx(given, abs=1e-6)


def test_a_budget_of_seconds_is_one_where_the_frame_rate_varies():
    times = np.concatenate([np.arange(100) / 5, 20 + np.arange(1200) / 60])
    shots = np.stack([np.r_[np.arange(0, 100, 10), np.arange(100, 1300, 120)]] * 2, axis=1)
    shots[:, 1] += np.r_[np.full(10, 9), np.full(10, 119)]
    film = Film(
        times, np.zeros(len(times)), np.arange(0, 1300, 10), np.ones((130, 3)), np.linspace(1, 0, 130)[None], ("story",)
    )
    cutter = Cutter(film)
    cuts = tuple(float(times[first]) for first in shots[1:, 0])
    choices = Choices(shots="import", cut_times=cuts, budget_seconds=5.0, weights=(("story", 1.0),))
    ends = np.append(times, 40.0)
    for changed in (choices, replace(choices, rule="density"), replace(choices, longest_clip=1.0)):
        clips = cutter.cut(changed).clips
        seconds = sum(ends[last + 1] - ends[first] for first, last in clips)
        assert 3.9 <= seconds <= 5.0 + 1e-6, changed


def test_lengths_of_an_even_film_are_its_frames():
    steady = Film(np.arange(50) / 25, np.zeros(50), np.arange(0, 50, 5), np.ones((10, 3)), np.ones((1, 10)), ("story",))
    rounded = replace(steady, times=np.round(np.arange(50) / 29.97, 3))
    assert steady.edges is None and rounded.edges is None
