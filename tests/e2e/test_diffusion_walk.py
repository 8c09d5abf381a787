"""The way of an auditor with a diffusion model on a real X server; `diffusion_walk.py` is the walk, in a process of its own."""

from pathlib import Path

import pytest

from tests.e2e.screen import walk_alone

pytestmark = [pytest.mark.slow, pytest.mark.xserver, pytest.mark.timeout(600)]


def test_an_auditor_gets_from_a_dropped_model_to_a_cleaned_one_and_its_report(tmp_path, own_home, no_network):
    walk_alone(Path(__file__).with_name("diffusion_walk.py"), tmp_path / "shots")
