"""Jobs on a real machine: waited for without blocking, read with their flaws (against a fake service)."""

import numpy as np
import pytest
from qiskit.primitives import BitArray
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from requests.exceptions import ConnectionError as NoConnection

from app.core import AssayError
from app.engines.quantum.ibm_jobs import UNREACHABLE, cancel, collect, follow, read
from app.engines.quantum.ibm_tickets import Ticket
from tests.engines.quantum.fake_ibm import (
    TOKEN,
    FakeClock,
    FakeService,
    Folder,
    finish,
    rows,
    start,
)

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
    assert sum(status.fresh for status in seen) == 5
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


# 56: flaws of a result are said, not smoothed.


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
