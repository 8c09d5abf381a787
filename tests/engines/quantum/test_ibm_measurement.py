"""A measurement on a real machine: within the cap, sent once, picked up again (against a fake service)."""

import gc
from copy import copy
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from qiskit.primitives import DataBin
from qiskit_ibm_runtime import Batch

from app.core import AssayError
from app.engines.quantum.circuits import class_circuit, data_circuit, overlap_template, parameter_rows, state_of
from app.engines.quantum.ibm_measurement import quote
from app.engines.quantum.ibm_tickets import plan
from app.engines.quantum.regression import regress
from tests.engines.quantum.fake_ibm import (
    TEMPLATE,
    TERMS,
    FakeMachine,
    FakeService,
    Folder,
    Killed,
    finish,
    rows,
    start,
)


def exact(values):
    classes = [state_of(class_circuit(2, "SD", row[:6])) for row in values]
    data = [state_of(data_circuit(2, row[6:])) for row in values]
    return np.array([abs(np.vdot(a, b)) ** 2 for a, b in zip(classes, data, strict=True)])


def test_a_measurement_returns_the_fidelities_in_the_order_of_its_rows():
    values = rows(12)
    seen, result = finish(start(FakeService(), Folder(), values))
    line = regress(result.fidelity, exact(values))
    assert line.slope > 0.8
    assert line.rmse < 0.06
    assert result.notes == ()
    assert result.usage_s == 0.5
    assert [status.state for status in seen][-1] == "DONE"
    assert {"QUEUED", "RUNNING", "DONE"} == {status.state for status in seen}
    assert {status.waiting for status in seen} <= {None, 3}


def test_rows_keep_their_place_through_the_machine():
    """A pattern of equal and orthogonal states comes back as the same pattern."""
    theta = np.array([[0, 0, 0, 0, 0, 0], [np.pi, 0, 0, 0, 0, 0]], dtype=float)
    angles = np.array([[[np.pi, 0], [0, 0]], [[0, 0], [0, 0]]], dtype=float)
    _, result = finish(start(FakeService(), Folder(), parameter_rows(theta, angles)))
    assert result.fidelity.reshape(2, 2).argmax(axis=1).tolist() == [1, 0]


# 52: everything that can be known before sending is refused before sending.


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cap_s": 0.5}, "more machine time than allowed"),
        ({"machine": "ibm_gone"}, "does not offer this machine"),
    ],
)
def test_what_the_terms_do_not_allow_is_never_sent(change, sentence):
    service, folder = FakeService(), Folder()
    with pytest.raises(AssayError, match=sentence):
        finish(start(service, folder, rows(), replace(TERMS, **change)))
    assert service.sent == []
    assert folder.stores == []


def test_an_account_without_time_left_is_refused_before_sending():
    service = FakeService()
    service.seconds_left = 0.0
    with pytest.raises(AssayError, match="not enough machine time left"):
        finish(start(service, Folder(), rows()))
    assert service.sent == []


def test_a_machine_in_maintenance_is_refused_before_sending():
    service = FakeService(FakeMachine(message="maintenance"))
    with pytest.raises(AssayError, match="cannot be used now"):
        finish(start(service, Folder(), rows()))
    assert service.sent == []


def test_a_quote_names_machine_circuit_and_cost_without_sending():
    service = FakeService()
    offer = quote(service.account, TEMPLATE, 4, TERMS, seed=0)
    assert offer.backend.name == "ibm_testville"
    assert offer.cost.seconds == pytest.approx(4 * 1000 * 250e-6, rel=0.1)
    assert service.sent == []


# 53: killed between sending and storing, a job is found again and never sent twice.


@pytest.mark.parametrize("die_at", [1, 2])
def test_a_job_is_sent_once_whenever_the_process_dies_around_sending(die_at):
    """Store 1 comes before sending, store 2 brings the id."""
    service, folder, values = FakeService(), Folder(die_at=die_at), rows()
    with pytest.raises(Killed):
        finish(start(service, folder, values))
    assert len(service.sent) == die_at - 1
    folder.die_at = None
    _, result = finish(start(service, folder, values))
    assert len(service.sent) == 1
    assert np.isfinite(result.fidelity).all()


def test_a_job_is_sent_once_if_the_process_dies_while_it_is_being_sent():
    service, folder, values = FakeService(), Folder(), rows()

    def die():
        raise Killed

    service.after_sending = die
    with pytest.raises(Killed):
        finish(start(service, folder, values))
    assert [ticket.job_id for ticket in folder.tickets.values()] == [""]
    service.after_sending = lambda: None
    finish(start(service, folder, values))
    assert len(service.sent) == 1


def test_the_id_is_stored_before_anybody_waits():
    service, folder = FakeService(), Folder()
    work = start(service, folder, rows())
    next(work)
    (ticket,) = folder.tickets.values()
    assert ticket.job_id in service.known
    assert (ticket.backend, ticket.circuits, ticket.shots) == ("ibm_testville", 4, 1000)
    assert (ticket.two_qubit_gates, ticket.depth > 10) == (3, True)
    work.close()


def test_a_stopped_run_collects_its_job_after_a_restart():
    service, folder, values = FakeService(), Folder(), rows()
    work = start(service, folder, values)
    next(work)
    work.close()
    service.machines.clear()  # even if the machine is gone by then
    _, result = finish(start(service, folder, values))
    assert len(service.sent) == 1
    assert result.fidelity.shape == (4,)


def test_other_work_has_another_tag():
    base = plan("run-1", 0, TEMPLATE, "ibm_testville", rows(), 1000)
    assert base.tag == plan("run-1", 0, TEMPLATE, "another machine", rows(), 1000).tag
    others = [
        plan("run-2", 0, TEMPLATE, "ibm_testville", rows(), 1000),
        plan("run-1", 1, TEMPLATE, "ibm_testville", rows(), 1000),
        plan("run-1", 0, TEMPLATE, "ibm_testville", rows() + 1e-9, 1000),
        plan("run-1", 0, TEMPLATE, "ibm_testville", rows(), 1001),
        plan("run-1", 0, overlap_template(2, "SD", "ancilla"), "ibm_testville", rows(), 1000),
    ]
    assert len({ticket.tag for ticket in [base, *others]}) == 6


def test_two_jobs_of_one_tag_are_not_guessed_between():
    service, folder = FakeService(), Folder()
    finish(start(service, folder, rows()))
    (job,) = service.known.values()
    twin = copy(job)
    twin.job_id = lambda: "twin"
    service.known["twin"] = twin
    with pytest.raises(AssayError, match="carry the same tag"):
        finish(start(service, Folder(), rows()))


# 55: a mode left open costs time; the cap holds between jobs.


def spied_batch(monkeypatch):
    gc.collect()  # batches that earlier tests left in cycles are closed now, and not heard by the spy
    closed = []
    monkeypatch.setattr(Batch, "close", lambda self: closed.append(True))
    return closed


def test_the_batch_is_closed_when_the_run_is_stopped(monkeypatch):
    closed = spied_batch(monkeypatch)
    work = start(FakeService(), Folder(), rows(), replace(TERMS, mode="batch"))
    next(work)
    assert closed == []
    work.close()
    assert closed == [True]


def test_the_batch_is_closed_when_a_job_fails(monkeypatch):
    closed = spied_batch(monkeypatch)
    service = FakeService()
    service.states = ["QUEUED", "ERROR"]
    with pytest.raises(AssayError, match="failed on the machine"):
        finish(start(service, Folder(), rows(), replace(TERMS, mode="batch")))
    assert closed == [True]


def test_the_machine_itself_is_told_the_cap():
    service = FakeService()
    finish(start(service, Folder(), rows(), replace(TERMS, cap_s=7.5)))
    assert [max_seconds for _, _, max_seconds in service.sent] == [7]


def test_the_cap_stops_before_the_next_job_when_the_first_cost_more_than_expected():
    service, folder = FakeService(), Folder()
    service.job_seconds = lambda number: 2.9
    with pytest.raises(AssayError, match="more machine time than allowed"):
        finish(start(service, folder, rows(8), replace(TERMS, circuits_per_job=4, cap_s=3.0)))
    assert len(service.sent) == 1


def test_what_earlier_attempts_used_counts_against_the_cap():
    service, folder, values = FakeService(), Folder(), rows(8)
    service.job_seconds = lambda number: 2.9
    terms = replace(TERMS, circuits_per_job=4, cap_s=3.0)
    for _ in range(2):
        with pytest.raises(AssayError, match="more machine time than allowed"):
            finish(start(service, folder, values, terms))
    assert len(service.sent) == 1


def test_a_new_calibration_between_two_jobs_is_noted():
    service = FakeService()
    service.calibrated = lambda number: datetime(2026, 1, 1 + number)
    _, result = finish(start(service, Folder(), rows(8), replace(TERMS, circuits_per_job=4)))
    assert result.fidelity.shape == (8,)
    assert any("calibrated anew" in note for note in result.notes)
    service.calibrated = lambda number: datetime(2026, 1, 1)
    _, result = finish(start(service, Folder(), rows(8) + 0.1, replace(TERMS, circuits_per_job=4)))
    assert result.notes == ()


def test_a_result_without_counts_is_refused():
    service = FakeService()
    service.prepare = lambda job: setattr(job, "change", lambda result: [type("Part", (), {"data": DataBin()})])
    with pytest.raises(AssayError, match="without counts"):
        finish(start(service, Folder(), rows()))
