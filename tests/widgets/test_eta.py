import datetime

import pytest

from app.widgets.eta import Eta, duration_words


def run(eta: Eta, seconds: range, rate: float = 1.0, start: int = 0, total: int = 1000) -> None:
    for second in seconds:
        eta.update(float(second), "train", start + int(rate * second), total)


def test_nothing_is_said_before_ten_seconds():
    eta = Eta()
    run(eta, range(10), rate=50)
    assert eta.words(9.0) == ""


def test_nothing_is_said_before_three_percent():
    eta = Eta()
    run(eta, range(25), total=1000)
    assert eta.words(24.0) == ""
    run(eta, range(25, 40), total=1000)
    assert "left" in eta.words(39.0)


def test_a_steady_rate_gives_the_right_time():
    eta = Eta()
    run(eta, range(101))
    assert eta.seconds_left(100.0) == pytest.approx(900, rel=0.02)
    assert eta.words(100.0) == "about 15 min left"


def test_work_done_by_an_earlier_start_does_not_count_for_the_rate():
    eta = Eta()
    run(eta, range(101), start=500)
    assert eta.seconds_left(100.0) == pytest.approx(400, rel=0.02)


def test_paused_time_never_counts():
    eta = Eta()
    run(eta, range(51))
    before = eta.seconds_left(50.0)
    eta.pause(50.0)
    eta.proceed(3650.0)
    eta.update(3651.0, "train", 51, 1000)
    assert eta.rate() == pytest.approx(1.0, rel=0.05)
    assert before is not None


def test_a_slow_step_among_many_moves_the_time_by_less_than_a_tenth_per_second():
    eta = Eta()
    run(eta, range(101))
    shown = eta.seconds_left(100.0)
    eta.update(101.0, "train", 100, 1000)
    eta.update(104.0, "train", 101, 1000)
    after = eta.seconds_left(104.0)
    assert shown is not None and after is not None
    assert abs(after - (shown - 4)) <= 0.4 * shown


def test_a_change_of_pace_is_taken_over_and_said():
    eta = Eta()
    run(eta, range(101))
    eta.seconds_left(100.0)
    for k in range(40):
        eta.update(100.0 + 2 * k, "train", 100 + k, 1000)
        words = eta.words(100.0 + 2 * k)
        if "slower than before" in words:
            break
    assert "slower than before" in words


def test_a_new_stage_starts_anew():
    eta = Eta()
    run(eta, range(101))
    eta.update(101.0, "evaluate", 0, 10)
    assert eta.words(101.0) == ""


def test_going_back_starts_anew():
    eta = Eta()
    run(eta, range(101))
    eta.update(101.0, "train", 0, 1000)
    assert eta.words(101.0) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "almost done"),
        (12, "about 12 s left"),
        (38, "about 40 s left"),
        (240, "about 4 min left"),
        (7800, "2 h 10 min left"),
        (90_000, "until 2 January, 01:00"),
    ],
)
def test_time_is_told_in_words(seconds, words):
    assert duration_words(seconds, datetime.datetime(2026, 1, 1)) == words


def test_a_slow_rate_is_told_as_time_of_a_step():
    eta = Eta()
    for k in range(5):
        eta.update(4.0 * k, "train", k, 100)
    assert eta.rate_words() == "4 s per step"
