"""Cuts are exact to the frame, and shots cover the video."""

import numpy as np

from app.engines.video.detectors import content_cuts, refined, shots_of, uniform_cuts


def test_a_cut_moves_to_the_largest_change_between_its_picks():
    difference = np.ones(60)
    difference[[23, 30, 31]] = 50, 40, 90
    picks = np.array([0, 15, 30, 45])
    assert refined(np.array([2]), picks, difference).tolist() == [23]
    assert refined(np.array([2, 3]), picks, difference).tolist() == [23, 31]


def test_the_frame_of_the_later_pick_may_be_the_cut():
    difference = np.zeros(31)
    difference[[15, 30]] = 99, 60
    assert refined(np.array([2]), np.array([0, 15, 30]), difference).tolist() == [30]


def test_content_cuts_take_the_largest_of_neighbouring_changes():
    difference = np.zeros(100)
    difference[[0, 20, 22, 60]] = 99, 30, 45, 20
    assert content_cuts(difference, threshold=18).tolist() == [22, 60]


def test_a_lively_scene_makes_no_cuts_and_hides_none():
    lively = np.random.default_rng(0).normal(14, 2, 200).clip(0)
    lively[100] = 60
    assert content_cuts(lively).tolist() == [100]


def test_a_small_change_is_a_cut_in_a_quiet_scene():
    quiet = np.random.default_rng(0).normal(1, 0.3, 200).clip(0)
    quiet[[50, 120]] = 13, 6
    assert content_cuts(quiet).tolist() == [50]


def test_a_difference_without_frames_around_it_has_no_cut():
    assert content_cuts(np.array([50.0])).tolist() == []
    assert content_cuts(np.array([])).tolist() == []
    assert content_cuts(np.array([0.0, 50.0])).tolist() == [1]


def test_uniform_windows_go_by_time_and_not_by_frame():
    times = np.concatenate([np.arange(0, 5, 0.1), np.arange(5, 10, 0.5)])
    assert times[uniform_cuts(times, 2.5)].tolist() == [2.5, 5.0, 7.5]


def test_a_video_shorter_than_the_window_has_no_cut():
    assert len(uniform_cuts(np.array([0.0]), 5.0)) == 0
    assert len(uniform_cuts(np.arange(10) / 25, 5.0)) == 0


def test_shots_cover_every_frame_once():
    shots = shots_of(np.array([40, 0, 12, 12, 100]), 100)
    assert shots.tolist() == [[0, 11], [12, 39], [40, 99]]
    assert shots_of(np.array([], int), 1).tolist() == [[0, 0]]
