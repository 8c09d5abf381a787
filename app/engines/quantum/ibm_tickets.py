"""A job on a real machine is sent once, however often the program dies on the way."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import AssayError
from app.engines.quantum.ansatz import Estimator, Floats
from app.engines.quantum.ibm import Account, Send
from app.engines.quantum.ibm_faults import in_words

if TYPE_CHECKING:
    from app.engines.quantum.circuits import Template

TAG_PREFIX = "assay"


@dataclass(frozen=True, slots=True)
class Ticket:
    """All that is needed to find a job again and to read its result. `job_id` is empty until the service gave one;
    two-qubit gates and depth are those of the circuit as it was sent, 0 until then."""

    tag: str
    part: int
    backend: str
    estimator: Estimator
    m: int
    circuits: int
    shots: int
    parameters: str
    job_id: str = ""
    two_qubit_gates: int = 0
    depth: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Ticket":
        return cls(**record)


Store = Callable[[Ticket], None]
"""Keeps a ticket where a restart finds it, and has it on disk when it returns."""


def plan(run_id: str, part: int, template: "Template", backend: str, values: Floats, shots: int) -> Ticket:
    """The ticket of part `part` of a run, before anything is sent. The same work always has the same tag.

    `values` (R, P+2m) are in the order of `circuits.parameter_rows`. Neither the machine nor the transpiled circuit
    is part of the tag: both may differ after a restart, for the machine is calibrated anew every day.
    """
    parameters = fingerprint(template, values, shots)
    tag = f"{TAG_PREFIX}-{run_id}-{part}-{parameters}"
    return Ticket(tag, part, backend, template.estimator, template.m, len(values), shots, parameters)


def fingerprint(template: "Template", values: Floats, shots: int) -> str:
    """A short name of exactly this work: the overlap circuit, its angles and the shots."""
    digest = hashlib.sha256(f"{template.estimator} {template.layers} {template.m} {shots} {values.shape}".encode())
    digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]


def submit(account: Account, send: Send, ticket: Ticket, circuit: Any, values: Floats, store: Store) -> Ticket:
    """Send the job of `ticket` unless it has been sent already, and return the ticket with its job id.

    The ticket is stored before sending and again, with the id, before anything waits. A ticket with an id is returned
    as it is; one without is looked up by its tag first, because the program may have died between sending and storing.
    """
    if ticket.job_id:
        return ticket
    known = find(account, ticket)
    if known is None:
        store(ticket)
        with in_words("sending the job", account.token):
            job = send(circuit, values, ticket.shots, ticket.tag)
            known = str(job.job_id())
    sent = replace(ticket, job_id=known)
    store(sent)
    return sent


def find(account: Account, ticket: Ticket) -> str | None:
    """The id of the job that carries the ticket's tag, in any instance, or None; raises AssayError for several."""
    with in_words("looking for the job", account.token):
        found = [
            account.service.jobs(limit=10, job_tags=[ticket.tag], instance=instance) for instance in account.instances()
        ]
    ids = sorted({str(job.job_id()) for jobs in found for job in jobs})
    if len(ids) > 1:
        raise AssayError(
            f"{len(ids)} jobs of this run carry the same tag, so it is not known which one to read",
            where="IBM Quantum job",
            why=", ".join(ids),
            remedy="Cancel the ones you did not mean to send, then resume.",
        )
    return ids[0] if ids else None
