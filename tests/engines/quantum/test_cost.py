"""Cost of a run on a real machine, and the cap before it."""

import pytest

from app.core import AssayError
from app.engines.quantum.cost import estimate, evaluation_circuits, refuse_above, training_circuits


def test_the_example_of_the_method_costs_51_seconds():
    cost = estimate(evaluation_circuits(100, 2), 1024)
    assert cost.seconds == pytest.approx(51.2)
    assert str(cost) == "200 circuits × 1,024 shots ≈ 51.2 s of machine time"


def test_a_training_step_needs_two_circuits_per_angle_sample_and_class():
    assert training_circuits(6, 32, 2) == 2 * 6 * 32 * 2


def test_controlled_angles_need_four_circuits():
    assert training_circuits(6, 1, 1, four_term=2) == 2 * 4 + 4 * 2


def test_the_duration_of_the_circuit_adds_to_the_pause():
    assert estimate(1, 1000, rep_delay_s=250e-6, circuit_s=50e-6).seconds == pytest.approx(0.3)


def test_a_job_above_the_cap_is_refused_with_what_would_fit():
    with pytest.raises(AssayError) as refusal:
        refuse_above(estimate(200, 1024), 25.6)
    assert "nothing was sent" in refusal.value.what
    assert "100 circuits of 1,024 shots" in refusal.value.remedy
    assert "512 shots" in refusal.value.remedy


def test_a_job_at_the_cap_is_allowed():
    refuse_above(estimate(200, 1024), 51.2, remaining_s=51.2)


def test_an_account_without_time_is_told_so():
    with pytest.raises(AssayError, match="not enough machine time"):
        refuse_above(estimate(1, 100), 60, remaining_s=0)
