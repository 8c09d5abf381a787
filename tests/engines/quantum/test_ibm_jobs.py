"""Jobs on a real machine: sent once, waited for without blocking, read with their flaws (against a fake service)."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from qiskit.primitives import BitArray, DataBin
from qiskit_ibm_runtime import Batch
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from requests.exceptions import ConnectionError as NoConnection
from tests.engines.quantum.fake_ibm import TOKEN, FakeClock, FakeMachine, FakeService

from app.core import AssayError
from app.engines.quantum.circuits import class_circuit, data_circuit, overlap_template, parameter_rows, state_of
from app.engines.quantum.ibm_jobs import UNREACHABLE, cancel, collect, follow, read
from app.engines.quantum.ibm_measurement import Terms, measure, quote
from app.engines.quantum.ibm_tickets import Ticket, plan
from app.engines.quantum.regression import regress

TEMPLATE = overlap_template(2, "SD", "inversion")
TERMS = Terms(machine="ibm_testville", mode="job", shots=1000, cap_s=60, limit_s=600, circuits_per_job=100)


class Killed(BaseException):
    """The process dies here."""


class Folder:
    """Stands for the run folder: keeps the last ticket of each tag, as a restart would read them."""

    def __init__(self, die_at=None):
        self.tickets, self.stores, self.die_at = {}, [], die_at

    def store(self, ticket):
        if self.die_at is not None and len(self.stores) + 1 == self.die_at:
            raise Killed
        self.stores.append(ticket)
        self.tickets[ticket.tag] = ticket

    def reopened(self):
        """The tickets as they come back from a file."""
        return [Ticket.from_dict(ticket.as_dict()) for ticket in self.tickets.values()]


def rows(count=4):
    rng = np.random.default_rng(1)
    return np.concatenate([rng.uniform(0, np.pi, (count, 6)), rng.uniform(0, np.pi, (count, 4))], axis=1)


def exact(values):
    classes = [state_of(class_circuit(2, "SD", row[:6])) for row in values]
    data = [state_of(data_circuit(2, row[6:])) for row in values]
    return np.array([abs(np.vdot(a, b)) ** 2 for a, b in zip(classes, data, strict=True)])


def start(service, folder, values, terms=TERMS, time=None):
    return measure(
        service.account,
        TEMPLATE,
        values,
        terms,
        run_id="run-1",
        tickets=folder.reopened(),
        store=folder.store,
        clock=(time or FakeClock()).clock,
        make_sender=service.sender,
    )


def finish(work):
    seen = []
    while True:
        try:
            seen.append(next(work))
        except StopIteration as end:
            return seen, end.value


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
    service.known["twin"] = job
    with pytest.raises(AssayError, match="carry the same tag"):
        finish(start(service, Folder(), rows()))


# 54: hours in the queue, offline, ended by the provider.


def sent_job(states):
    service, folder = FakeService(), Folder()
    service.states = states
    work = start(service, folder, rows())
    next(work)
    work.close()
    return service, next(iter(folder.tickets.values()))


def watch(service, ticket, limit_s=100.0):
    time = FakeClock()
    return follow(service.account, ticket, limit_s=limit_s, pause=time.pause, clock=lambda: time.time)


def test_waiting_yields_every_half_second_but_asks_seldom():
    service, ticket = sent_job(["QUEUED"] * 5 + ["DONE"])
    seen, last = finish(watch(service, ticket))
    assert last.state == "DONE"
    assert len(seen) > 20
    waits = np.diff([status.waited_s for status in seen])
    assert waits.max() <= 0.5


def test_a_lost_connection_is_waited_out():
    service, ticket = sent_job(["QUEUED", NoConnection("asleep"), NoConnection("asleep"), "RUNNING", "DONE"])
    seen, last = finish(watch(service, ticket))
    assert last.state == "DONE"
    assert UNREACHABLE in {status.state for status in seen}


def test_an_expired_token_ends_the_wait_in_words():
    service, ticket = sent_job(["QUEUED", IBMNotAuthorizedError(f"401 {TOKEN}")])
    with pytest.raises(AssayError, match="does not accept the token") as refusal:
        finish(watch(service, ticket))
    assert TOKEN not in str(refusal.value)


def test_the_wait_has_a_limit_after_which_the_job_goes_on():
    service, ticket = sent_job(["QUEUED"])
    with pytest.raises(AssayError, match="not ready after 30 s") as refusal:
        finish(watch(service, ticket, limit_s=30))
    assert "resume" in refusal.value.remedy
    assert not service.known[ticket.job_id].cancelled


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        ("CANCELLED", "Error code 1305; job ran too long", "ended the job because it ran too long"),
        ("ERROR", "Job was cancelled: ran too long", "ended the job because it ran too long"),
        ("CANCELLED", "", "The job was cancelled"),
        ("ERROR", f"unknown gate near {TOKEN}", "failed on the machine"),
    ],
)
def test_a_job_that_ended_without_result_says_why(state, reason, sentence):
    service, ticket = sent_job(["QUEUED", state])
    service.known[ticket.job_id].reason = reason
    with pytest.raises(AssayError, match=sentence) as refusal:
        finish(watch(service, ticket))
    assert TOKEN not in str(refusal.value)


def test_the_blocking_result_is_never_asked_of_an_unfinished_job():
    service, ticket = sent_job(["RUNNING"])
    with pytest.raises(AssayError, match="has not ended yet"):
        collect(service.account, ticket)


def test_a_job_deleted_at_the_provider_is_named():
    service, ticket = sent_job(["QUEUED"])
    service.known.clear()
    with pytest.raises(AssayError, match="does not know this job"):
        collect(service.account, ticket)


def test_a_waiting_job_can_be_cancelled_and_an_ended_one_stays():
    service, ticket = sent_job(["QUEUED"])
    cancel(service.account, ticket)
    assert service.known[ticket.job_id].cancelled
    service, ticket = sent_job(["DONE"])
    cancel(service.account, ticket)
    assert not service.known[ticket.job_id].cancelled


# 55: a mode left open costs time; the cap holds between jobs.


def spied_batch(monkeypatch):
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


# 56: flaws of a result are said, not smoothed.


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


def ticket(circuits=2, shots=100):
    return Ticket("tag", 0, "ibm_testville", "inversion", 2, circuits, shots, "0", "id")


def bits(*outcomes, shots=100):
    """One row per circuit, all its shots with the same outcome."""
    return BitArray(np.repeat(np.array(outcomes, dtype=np.uint8)[:, None, None], shots, axis=1), 2)


def test_missing_circuits_are_left_out_and_counted():
    fidelity, notes = read(bits(0), ticket(circuits=3))
    assert fidelity[0] == 1
    assert np.isnan(fidelity[1:]).all()
    assert "2 of 3 circuits came back without counts" in notes[0]


def test_a_wrong_sum_of_shots_is_noted():
    fidelity, notes = read(bits(0, 3, shots=90), ticket(shots=100))
    assert fidelity.tolist() == [1, 0]
    assert "2 of 2 circuits do not have the 100 shots" in notes[0]


def test_surplus_circuits_are_noted():
    fidelity, notes = read(bits(0, 3, 0), ticket())
    assert fidelity.tolist() == [1, 0]
    assert "surplus" in notes[0]


def test_a_clean_result_has_no_notes():
    assert read(bits(0, 3), ticket())[1] == []


def test_rows_keep_their_place_through_the_machine():
    """A pattern of equal and orthogonal states comes back as the same pattern."""
    theta = np.array([[0, 0, 0, 0, 0, 0], [np.pi, 0, 0, 0, 0, 0]], dtype=float)
    angles = np.array([[[np.pi, 0], [0, 0]], [[0, 0], [0, 0]]], dtype=float)
    _, result = finish(start(FakeService(), Folder(), parameter_rows(theta, angles)))
    assert result.fidelity.reshape(2, 2).argmax(axis=1).tolist() == [1, 0]
