"""A whole measurement on a real machine: within the cap, job after job, and picked up again after a restart."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.engines.quantum.ansatz import Floats
from app.engines.quantum.cost import Estimate, estimate, refuse_above
from app.engines.quantum.devices import duration, fit, two_qubit_gates
from app.engines.quantum.ibm import (
    Account,
    Mode,
    ModeName,
    Send,
    choose,
    described,
    opened_mode,
    remaining_seconds,
    sender,
)
from app.engines.quantum.ibm_jobs import Collected, Status, collect, follow, together
from app.engines.quantum.ibm_tickets import Store, Ticket, find, plan, submit

if TYPE_CHECKING:
    from app.engines.quantum.circuits import Template


@dataclass(frozen=True, slots=True)
class Terms:
    """What the user allows: the machine (or "least busy"), the mode, shots per circuit, machine seconds in all (the
    cap), seconds to wait for one job, and circuits per job."""

    machine: str
    mode: ModeName
    shots: int
    cap_s: float
    limit_s: float
    circuits_per_job: int = 5_000


@dataclass(frozen=True)
class Clock:
    """Time as the measurement sees it: `now` in seconds and `pause` for a number of seconds."""

    now: Callable[[], float]
    pause: Callable[[float], None]


@dataclass(frozen=True)
class Quote:
    """The machine chosen, the circuit fitted to it, and what the work would cost there."""

    backend: Any
    circuit: Any
    columns: tuple[int, ...]
    cost: Estimate


def quote(account: Account, template: "Template", circuits: int, terms: Terms, seed: int) -> Quote:
    """Choose the machine, fit the circuit, estimate; raises AssayError above the cap or the account's time."""
    from app.engines.quantum.circuits import bound_columns

    backend = choose(account, terms.machine, template.circuit.num_qubits)
    circuit = fit(template.circuit, backend, seed)
    cost = estimate(
        circuits, terms.shots, rep_delay_s=described(backend).rep_delay_s, circuit_s=duration(circuit, backend)
    )
    refuse_above(cost, terms.cap_s, remaining_s=remaining_seconds(account))
    return Quote(backend, circuit, tuple(bound_columns(circuit, template.class_angles)), cost)


def measure(
    account: Account,
    template: "Template",
    rows: Floats,
    terms: Terms,
    *,
    run_id: str,
    tickets: Sequence[Ticket],
    store: Store,
    clock: Clock,
    seed: int = 0,
    make_sender: Callable[[Mode, int], Send] = sender,
) -> Generator[Status, None, Collected]:
    """Measure one circuit per row (R, P+2m) → F̂ (R,), yielding the state of the job in hand.

    `tickets` are the ones that earlier attempts of the run stored: their jobs are read, never sent again. May be closed
    at any yield; jobs that were sent go on and are read next time. Raises AssayError before sending anything that the
    cap does not allow.
    """
    starts = range(0, len(rows), terms.circuits_per_job)
    pieces = [rows[start : start + terms.circuits_per_job] for start in starts]
    stored = {ticket.tag: ticket for ticket in tickets}
    planned = [plan(run_id, part, template, terms.machine, piece, terms.shots) for part, piece in enumerate(pieces)]
    known = [_recalled(account, stored.get(ticket.tag, ticket), store) for ticket in planned]

    results: dict[int, Collected] = {}
    for ticket in known:
        if ticket.job_id:
            results[ticket.part] = yield from _awaited(account, ticket, terms, clock)
    unsent = [ticket for ticket in known if not ticket.job_id]
    if unsent:
        spent = sum(result.usage_s for result in results.values())
        left = replace(terms, cap_s=terms.cap_s - spent)
        offer = quote(account, template, sum(ticket.circuits for ticket in unsent), left, seed)
        seconds = max(1, int(left.cap_s))
        with opened_mode(account, offer.backend, terms.mode, seconds) as mode:
            send = make_sender(mode, seconds)
            for ticket in unsent:
                spent = sum(result.usage_s for result in results.values())
                _refuse_next(offer, ticket, terms, spent)
                named = replace(
                    ticket,
                    backend=offer.backend.name,
                    two_qubit_gates=two_qubit_gates(offer.circuit),
                    depth=offer.circuit.depth(),
                )
                values = pieces[ticket.part][:, offer.columns]
                sent = submit(account, send, named, offer.circuit, values, store)
                results[ticket.part] = yield from _awaited(account, sent, terms, clock)
    return together([results[part] for part in sorted(results)])


def _recalled(account: Account, ticket: Ticket, store: Store) -> Ticket:
    """The ticket with the id of a job that was sent before the program died, if there is one."""
    if ticket.job_id:
        return ticket
    job_id = find(account, ticket)
    if job_id is None:
        return ticket
    recalled = replace(ticket, job_id=job_id)
    store(recalled)
    return recalled


def _awaited(account: Account, ticket: Ticket, terms: Terms, clock: Clock) -> Generator[Status, None, Collected]:
    yield from follow(account, ticket, limit_s=terms.limit_s, pause=clock.pause, clock=clock.now)
    return collect(account, ticket)


def _refuse_next(offer: Quote, ticket: Ticket, terms: Terms, spent_s: float) -> None:
    """What earlier jobs really used counts, not what they were estimated to use."""
    share = ticket.circuits / offer.cost.circuits
    refuse_above(
        replace(offer.cost, circuits=ticket.circuits, seconds=offer.cost.seconds * share), terms.cap_s - spent_s
    )
