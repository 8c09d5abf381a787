"""A fake of the IBM Quantum service: no IBM machine can be reached from a test.

It has the methods of the real service that we call, and keeps its jobs as the real one does, across a "restart" of our
program. The counts are real ones, sampled by the library's own sampler on its offline copy of fake_manila. Beside it
stand the things around a measurement: a clock, a run folder, and the death of the process.
"""

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from app.engines.quantum.circuits import overlap_template
from app.engines.quantum.ibm import Account, Mode, sender
from app.engines.quantum.ibm_measurement import Clock, Terms, measure
from app.engines.quantum.ibm_tickets import Ticket

TOKEN = "s3cret-token-of-nobody-0123456789"


class FakeMachine(FakeManilaV2):
    """fake_manila under a name of its own and with a state that a test sets."""

    def __init__(self, name: str = "ibm_testville", *, message: str = "active", operational: bool = True) -> None:
        super().__init__()
        self.name = name
        self.state = SimpleNamespace(operational=operational, status_msg=message, pending_jobs=3)

    def status(self) -> Any:
        return self.state


class FakeJob:
    """A job whose states follow a script; the last one stays. Its counts come from a job of the local mode."""

    def __init__(self, machine: FakeMachine, local: Any, tag: str, states: list[Any], calibrated: datetime) -> None:
        self.machine, self.local, self.tag, self.states = machine, local, tag, list(states)
        self.calibrated = calibrated
        self.reason = ""
        self.seconds = 0.0
        self.change: Callable[[Any], Any] = lambda result: result
        self.cancelled = False
        self.instance = "crn:second"

    def job_id(self) -> str:
        return self.local.job_id()

    def status(self) -> str:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state

    def result(self) -> Any:
        assert self.states[0] == "DONE", "the real result() would block here for hours"
        return self.change(self.local.result())

    def backend(self) -> FakeMachine:
        return self.machine

    def usage(self) -> float:
        return self.seconds

    def properties(self) -> Any:
        return SimpleNamespace(last_update_date=self.calibrated)

    def error_message(self) -> str:
        return self.reason

    def cancel(self) -> None:
        self.cancelled = True
        self.states = ["CANCELLED"]


class FakeService:
    """Machines, jobs and time left of one account. `states` is the script of each job to come."""

    def __init__(self, *machines: FakeMachine) -> None:
        self.machines = {machine.name: machine for machine in machines or (FakeMachine(),)}
        self.known: dict[str, FakeJob] = {}
        self.states: list[Any] = ["QUEUED", "RUNNING", "DONE"]
        self.seconds_left: float | None = 600.0
        self.job_seconds: Callable[[int], float] = lambda number: 0.5
        self.calibrated: Callable[[int], datetime] = lambda number: datetime(2026, 1, 1)
        self.after_sending: Callable[[], None] = lambda: None
        self.prepare: Callable[[FakeJob], None] = lambda job: None
        self.sent: list[tuple[str, int, int]] = []

    def backends(self, min_num_qubits: int = 0) -> list[FakeMachine]:
        return [machine for machine in self.machines.values() if machine.num_qubits >= min_num_qubits]

    def backend(self, name: str) -> FakeMachine:
        from qiskit.providers.exceptions import QiskitBackendNotFoundError

        if name not in self.machines:
            raise QiskitBackendNotFoundError("No backend matches the criteria.")
        return self.machines[name]

    def least_busy(self, min_num_qubits: int, operational: bool, simulator: bool) -> FakeMachine:
        free = [machine for machine in self.backends(min_num_qubits) if machine.state.operational]
        return min(free, key=lambda machine: machine.state.pending_jobs)

    def usage(self) -> dict[str, Any]:
        return {} if self.seconds_left is None else {"usage_remaining_seconds": self.seconds_left}

    def job(self, job_id: str) -> FakeJob:
        if job_id not in self.known:
            raise RuntimeJobNotFound(f"Job not found: {job_id}")
        return self.known[job_id]

    def instances(self) -> list[dict[str, str]]:
        return [{"crn": "crn:first"}, {"crn": "crn:second"}]

    def jobs(self, limit: int, job_tags: list[str], instance: str | None = None) -> list[FakeJob]:
        """The jobs of one instance, as the real service lists them; without a name, of the first one."""
        asked = instance or "crn:first"
        return [job for job in self.known.values() if job.tag in job_tags and job.instance == asked][:limit]

    def sender(self, mode: Mode, max_seconds: int) -> Any:
        """The real sender; what it sends is then known to this service, as it would be to the real one."""
        real = sender(mode, max_seconds)

        def send(circuit: Any, values: Any, shots: int, tag: str) -> FakeJob:
            number = len(self.sent)
            machine = next(iter(self.machines.values()))
            job = FakeJob(machine, real(circuit, values, shots, tag), tag, self.states, self.calibrated(number))
            job.seconds = self.job_seconds(number)
            self.prepare(job)
            self.sent.append((tag, len(values), max_seconds))
            self.known[job.job_id()] = job
            self.after_sending()
            return job

        return send

    @property
    def account(self) -> Account:
        return Account(self, TOKEN)


class FakeClock:
    """Time that passes only when somebody pauses."""

    def __init__(self) -> None:
        self.time = 0.0

    def pause(self, seconds: float) -> None:
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, self.pause)


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
