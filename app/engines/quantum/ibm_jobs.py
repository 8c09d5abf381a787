"""Wait for jobs on a real machine, read their counts, and say what is wrong with them."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.core import AssayError
from app.engines.quantum.ansatz import OUTCOME_BITS, Floats
from app.engines.quantum.ibm import Account
from app.engines.quantum.ibm_faults import RAN_TOO_LONG, explained, in_words, is_passing, library_faults, redacted
from app.engines.quantum.ibm_tickets import Ticket
from app.engines.quantum.sampling import fidelity_from_counts

DONE, ERROR, CANCELLED = "DONE", "ERROR", "CANCELLED"
FINAL = {DONE, ERROR, CANCELLED}
UNREACHABLE = "UNREACHABLE"

FIRST_QUESTION_S = 2.0
LAST_QUESTION_S = 30.0
"""The service is asked after 2 s, then after longer and longer pauses up to half a minute."""


@dataclass(frozen=True, slots=True)
class Status:
    """`state` is the service's word, or UNREACHABLE; `waiting` are the jobs in the machine's queue (the service tells
    no position of ours), None where unknown; `usage_s` is machine time charged so far; `waited_s` is our own wait;
    `fresh` is True where the service has just been asked, False for the ticks between."""

    state: str
    waiting: int | None
    usage_s: float
    waited_s: float
    fresh: bool


@dataclass(frozen=True)
class Collected:
    """What came back: F̂ (R,), NaN where a circuit has no counts; `notes` are the flaws, in words."""

    fidelity: Floats
    notes: tuple[str, ...]
    usage_s: float
    calibrated: str


def follow(
    account: Account,
    ticket: Ticket,
    *,
    limit_s: float,
    pause: Callable[[float], None],
    clock: Callable[[], float],
    tick_s: float = 0.5,
) -> Generator[Status, None, Status]:
    """Yield the job's state every `tick_s` until it is final; return the last one.

    Never blocks longer than a tick, so that the caller can be stopped at any yield: the job goes on without us and is
    collected later by its ticket. A lost connection is waited out. Raises AssayError after `limit_s`, or if the job
    ended without a result.
    """
    begun = clock()
    question, interval = begun, FIRST_QUESTION_S
    status = Status("QUEUED", None, 0.0, 0.0, fresh=False)
    while True:
        now = clock()
        status = replace(status, waited_s=now - begun, fresh=False)
        if now >= question:
            status = _asked(account, ticket, now - begun)
            interval = min(interval * 1.5, LAST_QUESTION_S)
            question = now + interval
        yield status
        if status.state in FINAL:
            return status
        if now - begun > limit_s:
            raise AssayError(
                f"The job is not ready after {limit_s:g} s",
                where=f"IBM Quantum job {ticket.job_id}",
                why=f"it is {status.state.lower()} on {ticket.backend}",
                remedy="It goes on by itself: resume this run later to collect it, or cancel it.",
            )
        pause(tick_s)


def collect(account: Account, ticket: Ticket) -> Collected:
    """Read the result of a finished job by its id, also after a restart. Raises AssayError if there is none."""
    with in_words("reading the job", account.token):
        job = account.service.job(ticket.job_id)
    _refuse_unfinished(account, job, ticket)
    with in_words("reading the result", account.token):
        result = job.result()
        usage = float(job.usage() or 0.0)
    bits = getattr(result[0].data, OUTCOME_BITS, None) if result is not None and len(result) else None
    if bits is None:
        raise AssayError(
            "The job came back without counts",
            where=f"IBM Quantum job {ticket.job_id}",
            remedy="Send it again; machine time may have been charged for it.",
        )
    fidelity, notes = read(bits, ticket)
    return Collected(fidelity, tuple(notes), usage, _calibrated(job))


def cancel(account: Account, ticket: Ticket) -> None:
    """Take the job out of the queue; one that has ended stays as it is."""
    with in_words("cancelling the job", account.token):
        job = account.service.job(ticket.job_id)
        if _state(job) not in FINAL:
            job.cancel()


def read(bits: Any, ticket: Ticket) -> tuple[Floats, list[str]]:
    """Counts of every circuit → F̂ (R,) and notes on circuits that are missing or have the wrong number of shots."""
    present = int(math.prod(bits.shape))
    fidelity = np.full(ticket.circuits, np.nan)
    odd = 0
    for row in range(min(present, ticket.circuits)):
        counts = bits.get_int_counts(row)
        total = sum(counts.values())
        odd += total != ticket.shots
        if total:
            fidelity[row] = fidelity_from_counts(counts, ticket.estimator, ticket.m)
    notes = []
    missing = int(np.isnan(fidelity).sum())
    if missing:
        notes.append(f"{missing} of {ticket.circuits} circuits came back without counts and are left out.")
    if odd:
        notes.append(f"{odd} of {ticket.circuits} circuits do not have the {ticket.shots} shots that were asked for.")
    if present > ticket.circuits:
        notes.append(f"{present} circuits came back where {ticket.circuits} were sent; the surplus is ignored.")
    return fidelity, notes


def together(parts: Sequence[Collected]) -> Collected:
    """The parts of one run as one result; a change of calibration between them is noted."""
    notes = [note for part in parts for note in part.notes]
    dates = sorted({part.calibrated for part in parts if part.calibrated})
    if len(dates) > 1:
        notes.append(
            f"The machine was calibrated anew between the jobs of this run ({', '.join(dates)}): "
            "their fidelities are not strictly comparable."
        )
    fidelity = np.concatenate([part.fidelity for part in parts])
    return Collected(fidelity, tuple(notes), sum(part.usage_s for part in parts), ", ".join(dates))


def _asked(account: Account, ticket: Ticket, waited_s: float) -> Status:
    try:
        job = account.service.job(ticket.job_id)
        state = _state(job)
        if state in {ERROR, CANCELLED}:
            raise _ended(account, job, ticket, state)
        waiting = int(job.backend().status().pending_jobs)
        return Status(state, waiting, float(job.usage() or 0.0), waited_s, fresh=True)
    except library_faults() as error:
        if is_passing(error):
            return Status(UNREACHABLE, None, 0.0, waited_s, fresh=True)
        raise explained(error, "asking for the job", account.token) from None


def _refuse_unfinished(account: Account, job: Any, ticket: Ticket) -> None:
    """`job.result()` blocks until the job has ended, maybe for hours; so it is asked for only when there is one."""
    with in_words("asking for the job", account.token):
        state = _state(job)
    if state in {ERROR, CANCELLED}:
        raise _ended(account, job, ticket, state)
    if state != DONE:
        raise AssayError(
            "The job has not ended yet",
            where=f"IBM Quantum job {ticket.job_id}",
            why=f"it is {state.lower()}",
            remedy="Collect it later; nothing is lost.",
        )


def _ended(account: Account, job: Any, ticket: Ticket, state: str) -> AssayError:
    """Why a job ended without a result. A job that ran too long is ended by IBM, not by its owner."""
    with in_words("asking why the job ended", account.token):
        reason = redacted(str(job.error_message() or ""), account.token)
    too_long = str(RAN_TOO_LONG) in reason or "too long" in reason.lower()
    if too_long:
        what, remedy = "IBM ended the job because it ran too long", "Send fewer circuits or shots per job."
    elif state == CANCELLED:
        what, remedy = "The job was cancelled", "Start the run again if that was not you."
    else:
        what, remedy = "The job failed on the machine", "Read the reason; often another machine helps."
    return AssayError(what, where=f"IBM Quantum job {ticket.job_id}", why=reason, remedy=remedy)


def _state(job: Any) -> str:
    """The service answers with a word, the local mode with a member of an enumeration."""
    status = job.status()
    return str(getattr(status, "name", status))


def _calibrated(job: Any) -> str:
    """When the machine was calibrated that the job ran on; empty where the job does not tell."""
    properties = job.properties()
    return properties.last_update_date.isoformat() if properties is not None else ""
