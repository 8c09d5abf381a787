"""The way to IBM's machines: log in, choose a machine, open a mode, send circuits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from app.core import AssayError
from app.engines.quantum.ansatz import Floats
from app.engines.quantum.cost import TYPICAL_REP_DELAY_S
from app.engines.quantum.ibm_faults import ACCOUNT_PAGE, TOKEN_PLACE, in_words, library_faults

CHANNEL = "ibm_quantum_platform"

AUTO = "auto"
"""Instance to name when the library shall choose among those of the account."""

LEAST_BUSY = "least busy"

READY = "active"
"""The status message of a machine that runs what it is sent; others are "internal" or "maintenance"."""

ModeName = Literal["job", "batch", "session"]
"""One job after another; a batch; a session, which keeps the machine and is not open to everybody."""

Send = Callable[[Any, Floats, int, str], Any]
"""(circuit, rows of values in the order of its parameters, shots, tag) → the library's job object."""


@dataclass(frozen=True)
class Account:
    """An opened account. The token is kept only to take it out of messages, and shows in no representation."""

    service: Any
    token: str = field(repr=False)
    instance: str = AUTO

    def instances(self) -> list[str | None]:
        """The CRNs under which jobs of ours may lie; None stands for the one instance that was named.

        The library lists the jobs of one instance at a time, and with "auto" it changes instance with the machine.
        """
        if self.instance != AUTO:
            return [None]
        return [entry["crn"] for entry in self.service.instances()]


@dataclass(frozen=True, slots=True)
class Machine:
    """One real machine as the account sees it; `note` says why it may not be used now, empty if it may."""

    name: str
    qubits: int
    waiting: int
    rep_delay_s: float
    note: str

    @property
    def operational(self) -> bool:
        return not self.note


@dataclass(frozen=True)
class Mode:
    """What a sampler runs in: the machine itself, a batch or a session. `note` tells of a fallback."""

    name: ModeName
    handle: Any
    note: str = ""


def connect(token: str, *, instance: str = AUTO, region: str | None = None) -> Account:
    """Log in with a token given by the caller; nothing is written to disk. Raises AssayError in words.

    `instance` is a CRN, a name, or "auto" for the first one that fits (free plans first).
    """
    from qiskit_ibm_runtime import QiskitRuntimeService

    if not token.strip():
        raise AssayError(
            "No IBM Quantum token was given",
            where=TOKEN_PLACE,
            remedy=f"Copy an API key from {ACCOUNT_PAGE} into the settings; it is kept in the system keyring.",
        )
    with in_words("logging in", token):
        service = QiskitRuntimeService(channel=CHANNEL, token=token.strip(), instance=instance, region=region)
    return Account(service, token.strip(), instance)


def machines(account: Account, min_qubits: int) -> list[Machine]:
    """The account's machines with at least `min_qubits`, usable ones first, then by the jobs waiting."""
    with in_words("listing machines", account.token):
        found = [described(backend) for backend in account.service.backends(min_num_qubits=min_qubits)]
    return sorted(found, key=lambda machine: (bool(machine.note), machine.waiting, machine.name))


def choose(account: Account, name: str, min_qubits: int) -> Any:
    """The library's object of the machine `name`, or of the least busy one; raises AssayError if it cannot run now."""
    with in_words("choosing a machine", account.token):
        if name == LEAST_BUSY:
            backend = account.service.least_busy(min_num_qubits=min_qubits, operational=True, simulator=False)
        else:
            backend = account.service.backend(name)
        machine = described(backend)
    if machine.note:
        raise AssayError(
            f"{machine.name} cannot be used now; nothing was sent",
            where="IBM Quantum machine",
            why=machine.note,
            remedy="Choose another machine, or “least busy”.",
        )
    if machine.qubits < min_qubits:
        raise AssayError(
            f"The circuit needs {min_qubits} qubits, {machine.name} has {machine.qubits}",
            remedy="Choose a larger machine, fewer features, or the inversion test.",
        )
    return backend


def described(backend: Any) -> Machine:
    """Name, size, queue and state of a machine, as its own object tells them."""
    status = backend.status()
    message = str(status.status_msg)
    if not status.operational:
        note = f"it is offline ({message})"
    else:
        note = "" if message == READY else f"it accepts jobs but does not run them ({message})"
    return Machine(
        backend.name,
        backend.num_qubits,
        int(status.pending_jobs),
        float(getattr(backend, "default_rep_delay", None) or TYPICAL_REP_DELAY_S),
        note,
    )


def remaining_seconds(account: Account) -> float | None:
    """Machine time the instance has left, or None where the service does not report it."""
    with in_words("asking for the time left", account.token):
        usage = account.service.usage()
    if "usage_remaining_seconds" in usage:
        return float(usage["usage_remaining_seconds"])
    return 0.0 if usage.get("usage_limit_reached") else None


@contextmanager
def opened_mode(account: Account, backend: Any, name: ModeName, max_seconds: int) -> Iterator[Mode]:
    """Open a mode for at most `max_seconds` and close it whatever happens: an open session costs time.

    A session that the plan does not allow becomes a batch, and the mode's note says so.
    """
    if name == "job":
        yield Mode("job", backend)
        return
    mode = _open(account, backend, name, max_seconds)
    try:
        yield mode
    finally:
        with in_words(f"closing the {mode.name}", account.token):
            mode.handle.close()


def _open(account: Account, backend: Any, name: ModeName, max_seconds: int) -> Mode:
    from qiskit_ibm_runtime import Batch, Session

    note = ""
    if name == "session":
        try:
            return Mode("session", Session(backend, max_time=max_seconds))
        except library_faults():
            note = "The plan does not allow a session; the jobs run as a batch."
    with in_words("opening a batch", account.token):
        return Mode("batch", Batch(backend, max_time=max_seconds), note)


def sampler_class() -> Any:
    """The sampler that runs on the client side where the library has it, else the older one of the same results."""
    try:
        from qiskit_ibm_runtime.executor_sampler import Sampler
    except ImportError:
        from qiskit_ibm_runtime import SamplerV2

        return SamplerV2
    return Sampler


def sender(mode: Mode, max_seconds: int, sampler: Any = None) -> Send:
    """A function that sends one job of one circuit with many rows of angles, tagged so that it can be found again.

    The machine ends the job after `max_seconds` of its own time. `sampler` overrides the class that `sampler_class`
    picks.
    """
    make = sampler or sampler_class()

    def send(circuit: Any, values: Floats, shots: int, tag: str) -> Any:
        options = {"environment": {"job_tags": [tag]}, "max_execution_time": max_seconds}
        return make(mode=mode.handle, options=options).run([(circuit, values)], shots=shots)

    return send
