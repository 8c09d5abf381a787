"""The tasks of the quantum workspace on machines of IBM Quantum: list them, read a trained model on one."""

import time
import uuid
from typing import TYPE_CHECKING

import numpy as np

from app.core import (
    AssayError,
    Checkpoint,
    Emits,
    Log,
    Metric,
    Progress,
    Result,
    Stage,
    State,
    Stopped,
    Table,
    Warn,
    task,
)
from app.core.secrets import secret
from app.core.task import Run
from app.engines.quantum.configs import HardwareConfig, MachinesConfig
from app.engines.quantum.showing import ESTIMATE_COLUMNS, confusion_of, estimate_row

if TYPE_CHECKING:
    from app.engines.quantum.ibm import Account
    from app.engines.quantum.ibm_tickets import Ticket

LONGEST_WAIT_S = 86_400.0


@task(
    "quantum.hardware",
    title="Read a trained model on an IBM Quantum machine",
    emits=(
        Emits("metric", "machine/waiting", "Jobs waiting"),
        Emits("metric", "machine/seconds", "Machine time used", unit="s"),
        Emits("table", "estimates", "Through noise"),
        Emits("array", "confusion", "Confusion matrix"),
    ),
)
def hardware(config: HardwareConfig, resume: State | None = None) -> Run:
    """Estimate, refuse above the cap, send once, wait, collect; a resumed run collects what was already sent."""
    import torch

    from app.engines.quantum import ibm, ibm_measurement
    from app.engines.quantum.ansatz import flatten_angles
    from app.engines.quantum.circuits import overlap_template, parameter_rows
    from app.engines.quantum.ibm_tickets import Ticket
    from app.engines.quantum.reading import NoisyReading, judge, read_exactly
    from app.engines.quantum.regression import regress
    from app.engines.quantum.samples import open_trained
    from app.engines.quantum.sampling import abstentions
    from app.engines.quantum.verdicts import noise_result

    torch.set_num_threads(1)
    resume = resume or {}
    yield Stage("load")
    trained = open_trained(config.model)
    model = trained.model
    x, labels, _ = trained.some(config.samples, config.seed)
    exact = read_exactly(model, x, labels)
    with torch.no_grad():
        angles = model.angles_of(x).numpy()
    theta = flatten_angles([part.detach().numpy() for part in model.thetas])
    template = overlap_template(model.qubits, model.layers, config.estimator)
    work = str(resume.get("work") or uuid.uuid4().hex[:12])
    tickets = {part["tag"]: Ticket.from_dict(part) for part in resume.get("tickets", ())}
    yield Checkpoint({"work": work, "tickets": [ticket.as_dict() for ticket in tickets.values()]})
    yield Stage("connect")
    account = ibm.connect(secret(config.token), instance=config.instance)
    terms = ibm_measurement.Terms(config.machine, config.mode, config.shots, config.max_seconds, limit_s=LONGEST_WAIT_S)
    stored = len(tickets)

    def keep(ticket: Ticket) -> None:
        tickets[ticket.tag] = ticket

    measuring = ibm_measurement.measure(
        account, template, parameter_rows(theta, angles), terms, run_id=work, tickets=list(tickets.values()),
        store=keep, clock=ibm_measurement.Clock(time.monotonic, time.sleep), seed=config.seed,
    )  # fmt: skip
    yield Stage("measure")
    known: list[str] = []
    step = 0
    try:
        while True:
            try:
                status = next(measuring)
            except StopIteration as end:
                collected = end.value
                break
            sent = [ticket.job_id for ticket in tickets.values()]
            if sent != known:
                known = sent
                yield Checkpoint({"work": work, "tickets": [ticket.as_dict() for ticket in tickets.values()]})
                yield Log(f"{len(tickets) - stored} jobs sent in this attempt: {', '.join(filter(None, sent))}")
            if status.fresh:
                step += 1
                if status.waiting is not None:
                    yield Metric("machine/waiting", step, status.waiting)
                yield Metric("machine/seconds", step, status.usage_s)
            else:
                yield Progress(len(known), max(1, len(tickets)), "job")  # a place to be stopped at, twice a second
    except Stopped:
        measuring.close()
        return _left_behind(account, [ticket for ticket in tickets.values() if ticket.job_id], config.cancel_on_stop)
    for note in collected.notes:
        yield Warn(note)
    measured = collected.fidelity.reshape(len(x), model.classes)
    whole = ~np.isnan(measured).any(axis=1)
    if whole.sum() < 2:
        raise AssayError("Too few circuits came back to read anything", remedy="Send the job again.")
    ticket = next(iter(tickets.values()))
    reading = NoisyReading(
        estimator=config.estimator,
        device=ticket.backend,
        shots=config.shots,
        reading=judge(measured[whole], labels[whole], model.class_names),
        line=regress(measured[whole], exact.fidelity[whole]),
        abstained=int(abstentions(measured[whole], config.estimator, config.shots).sum()),
        qubits=template.circuit.num_qubits,
        two_qubit_gates=ticket.two_qubit_gates,
        depth=ticket.depth,
        exact_accuracy=exact.scores.accuracy,
    )
    yield Table("estimates", 1, ESTIMATE_COLUMNS, [estimate_row(reading)])
    yield confusion_of(reading.reading, 1)
    return noise_result(exact.scores, [reading], False)


@task(
    "quantum.machines",
    title="List the machines of an IBM Quantum account",
    emits=(Emits("table", "machines", "Machines"),),
)
def machines(config: MachinesConfig, resume: State | None = None) -> Run:
    """Ask the account for its machines, their queues, and the time it has left."""
    from app.engines.quantum import ibm

    yield Stage("connect")
    account = ibm.connect(secret(config.token), instance=config.instance)
    found = ibm.machines(account, config.qubits)
    rows = [(each.name, each.qubits, each.operational, each.waiting, each.note) for each in found]
    yield Table("machines", 0, ("machine", "qubits", "operational", "jobs waiting", "note"), rows)
    left = ibm.remaining_seconds(account)
    words = "the service does not say how much time is left" if left is None else f"{left:.0f} s of machine time left"
    return Result(verdict=f"{len(found)} machines with at least {config.qubits} qubits; {words}")


def _left_behind(account: "Account", sent: "list[Ticket]", cancel: bool) -> Result:
    """What becomes of jobs when the run is stopped while it waits for them."""
    from app.engines.quantum import ibm_jobs

    names = ", ".join(ticket.job_id for ticket in sent)
    if not sent:
        return Result(verdict="Stopped before anything was sent", tone="unsure", partial=True)
    if not cancel:
        return Result(
            verdict=f"Stopped while waiting; the job goes on at IBM: {names}",
            tone="unsure",
            advice="Resume collects it. Nothing is sent twice.",
            partial=True,
        )
    for ticket in sent:
        ibm_jobs.cancel(account, ticket)
    return Result(verdict=f"Stopped and cancelled at IBM: {names}", tone="unsure", partial=True)
