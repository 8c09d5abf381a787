"""The way of a person with a video on a real X server; `video_walk.py` is the walk, in a process of its own."""

from pathlib import Path

import pytest

from tests.e2e.screen import walk_alone

pytestmark = [pytest.mark.slow, pytest.mark.xserver, pytest.mark.timeout(600)]


def test_a_person_gets_from_a_dropped_video_to_a_film_of_the_shots_they_chose(tmp_path, own_home, no_network):
    walk_alone(Path(__file__).with_name("video_walk.py"), tmp_path / "shots")
