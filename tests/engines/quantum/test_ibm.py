"""IBM Quantum: log in, choose a machine, open a mode; every refusal in words and without the token."""

import inspect
import traceback
from pathlib import Path

import numpy as np
import pytest
from ibm_cloud_sdk_core import ApiException
from qiskit.exceptions import QiskitError
from qiskit_ibm_runtime import Batch, QiskitRuntimeService, RuntimeJobV2, SamplerV2, Session
from qiskit_ibm_runtime.accounts.exceptions import InvalidAccountError
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError, IBMRuntimeError
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import Timeout

from app.core import AssayError
from app.engines.quantum import ibm
from app.engines.quantum.circuits import overlap_template
from app.engines.quantum.devices import fit
from app.engines.quantum.ibm_faults import explained, in_words, is_passing, redacted
from tests.engines.quantum.fake_ibm import TOKEN, FakeMachine, FakeService


def without_network():
    """What the library raises when the login service cannot be reached: an account error around a lost connection."""
    error = InvalidAccountError("Unable to retrieve instances. Please check that you are using a valid API token.")
    error.__cause__ = NoConnection("name resolution failed")
    return error


LOGIN_FAULTS = {
    "token unknown to the login service": (
        ApiException(400, message=f"Provided API key could not be found: {TOKEN}"),
        "does not accept the token",
    ),
    "token expired": (IBMNotAuthorizedError(f"401 Client Error: {TOKEN} has expired"), "does not accept the token"),
    "token mistyped": (InvalidAccountError(f"Invalid `token` value, got '{TOKEN}'."), "does not accept the token"),
    "no instance": (IBMInputValueError("No matching instances found for the following filters:", "."), "no instance"),
    "foreign instance": (
        IBMInputValueError(
            "The given API token is associated with an account that does not have access to the instance"
        ),
        "no instance",
    ),
    "no network": (without_network(), "cannot be reached"),
    "stalled": (Timeout("read timed out"), "cannot be reached"),
    "maintenance": (
        RequestsApiError("Please check if the service is in maintenance mode https://example.org 503 Server Error"),
        "under maintenance",
    ),
    "too many requests": (RequestsApiError("429 Client Error", 429), "asks us to wait"),
}


@pytest.mark.parametrize("case", LOGIN_FAULTS)
def test_a_failed_login_is_said_in_words_and_without_the_token(case, monkeypatch):
    fault, sentence = LOGIN_FAULTS[case]

    def refuse(self, **settings):
        raise fault

    monkeypatch.setattr(QiskitRuntimeService, "__init__", refuse)
    with pytest.raises(AssayError, match=sentence) as refusal:
        ibm.connect(TOKEN)
    shown = str(refusal.value) + "".join(traceback.format_exception(refusal.value)) + str(refusal.value.as_dict())
    assert TOKEN not in shown
    assert refusal.value.remedy


def test_an_empty_token_is_refused_before_anything_is_asked():
    with pytest.raises(AssayError, match="No IBM Quantum token"):
        ibm.connect("  ")


def test_the_token_is_passed_in_and_never_saved(monkeypatch):
    given = {}
    monkeypatch.setattr(QiskitRuntimeService, "__init__", lambda self, **settings: given.update(settings))
    account = ibm.connect(TOKEN, instance="auto")
    assert given == {"channel": "ibm_quantum_platform", "token": TOKEN, "instance": "auto", "region": None}
    assert TOKEN not in repr(account)
    folder = Path(ibm.__file__).parent
    assert not [path.name for path in folder.glob("*.py") if "save_account(" in path.read_text(encoding="utf-8")]
    assert not (Path.home() / ".qiskit").exists()


def test_a_secret_is_taken_out_wherever_it_stands():
    assert redacted(f"a {TOKEN} b {TOKEN}", TOKEN) == "a ••• b •••"
    assert redacted("nothing to hide", "") == "nothing to hide"


def test_passing_faults_are_told_from_lasting_ones():
    assert is_passing(NoConnection("gone"))
    assert is_passing(RequestsApiError("502", 502))
    assert is_passing(RequestsApiError("reset by peer", -1))
    assert not is_passing(IBMNotAuthorizedError("401"))
    assert not is_passing(RequestsApiError("404", 404))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (RequestsApiError("404 Client Error", 404), "does not know this job"),
        (RequestsApiError("403 Client Error", 403), "may not do this"),
        (IBMRuntimeError("the usage limit has been reached"), "no machine time left"),
        (QiskitError("something new"), "reported a fault"),
    ],
)
def test_other_faults_have_their_sentence(fault, sentence):
    assert sentence in explained(fault, "testing").what


def test_our_own_refusals_pass_unchanged():
    with pytest.raises(AssayError, match="mine"), in_words("testing", TOKEN):
        raise AssayError("mine")


def test_machines_that_can_be_used_come_first():
    busy, repaired = FakeMachine("ibm_busy"), FakeMachine("ibm_repaired", message="maintenance")
    busy.state.pending_jobs = 90
    service = FakeService(repaired, busy, FakeMachine("ibm_free"))
    listed = ibm.machines(service.account, 5)
    assert [machine.name for machine in listed] == ["ibm_free", "ibm_busy", "ibm_repaired"]
    assert [machine.note for machine in listed] == ["", "", "it accepts jobs but does not run them (maintenance)"]
    assert listed[0].rep_delay_s == pytest.approx(250e-6)
    assert ibm.machines(service.account, 6) == []


def test_the_least_busy_machine_is_chosen_by_its_queue():
    busy = FakeMachine("ibm_busy")
    busy.state.pending_jobs = 90
    service = FakeService(busy, FakeMachine("ibm_free"))
    assert ibm.choose(service.account, ibm.LEAST_BUSY, 5).name == "ibm_free"


@pytest.mark.parametrize(
    ("machine", "name", "qubits", "sentence"),
    [
        (FakeMachine("ibm_here"), "ibm_gone", 5, "does not offer this machine any more"),
        (FakeMachine("ibm_here", message="maintenance"), "ibm_here", 5, "cannot be used now"),
        (FakeMachine("ibm_here", operational=False), "ibm_here", 5, "cannot be used now"),
        (FakeMachine("ibm_here", message="internal"), "ibm_here", 5, "cannot be used now"),
        (FakeMachine("ibm_here"), "ibm_here", 7, "needs 7 qubits"),
    ],
)
def test_a_machine_that_cannot_run_is_refused_before_sending(machine, name, qubits, sentence):
    with pytest.raises(AssayError, match=sentence):
        ibm.choose(FakeService(machine).account, name, qubits)


def test_jobs_are_looked_for_in_every_instance_unless_one_is_named():
    service = FakeService()
    assert ibm.Account(service, TOKEN).instances() == ["crn:first", "crn:second"]
    assert ibm.Account(service, TOKEN, "crn:second").instances() == [None]


def test_time_left_is_known_only_if_the_service_tells():
    service = FakeService()
    assert ibm.remaining_seconds(service.account) == 600
    service.seconds_left = None
    assert ibm.remaining_seconds(service.account) is None


@pytest.mark.parametrize(("name", "kind"), [("session", Session), ("batch", Batch)])
def test_a_mode_is_closed_even_if_the_work_in_it_fails(name, kind, monkeypatch):
    closed = []
    monkeypatch.setattr(kind, "close", lambda self: closed.append(type(self)))
    service = FakeService()
    with pytest.raises(ZeroDivisionError), ibm.opened_mode(service.account, FakeMachine(), name, 60):
        raise ZeroDivisionError
    assert closed == [kind]


def test_a_session_that_the_plan_forbids_becomes_a_batch(monkeypatch):
    real = Session.__init__

    def forbidden(self, **settings):
        if type(self) is Session:  # Batch inherits from it
            raise IBMRuntimeError("You are not authorized to run a session when using the open plan.")
        real(self, **settings)

    monkeypatch.setattr(Session, "__init__", lambda self, backend, **rest: forbidden(self, backend=backend, **rest))
    with ibm.opened_mode(FakeService().account, FakeMachine(), "session", 60) as mode:
        assert mode.name == "batch"
        assert "does not allow a session" in mode.note


def test_jobs_without_a_mode_run_on_the_machine_itself():
    machine = FakeMachine()
    with ibm.opened_mode(FakeService().account, machine, "job", 60) as mode:
        assert mode.handle is machine


@pytest.mark.parametrize("kind", ["new", "old"])
def test_both_samplers_of_the_library_give_counts_for_every_row(kind):
    machine = FakeMachine()
    circuit, rows = fit(overlap_template(2, "SD", "inversion").circuit, machine, 0), np.zeros((3, 10))
    if kind == "new":
        job = ibm.sender(ibm.Mode("job", machine), 60)(circuit, rows, 200, "assay-test")
    else:
        send = ibm.sender(ibm.Mode("job", machine), 60, SamplerV2)
        with pytest.warns(DeprecationWarning, match="SamplerV2"):
            job = send(circuit, rows, 200, "assay-test")
    bits = job.result()[0].data.c
    assert bits.shape == (3,)
    assert [sum(bits.get_int_counts(row).values()) for row in range(3)] == [200, 200, 200]


def test_the_new_sampler_is_taken_where_it_exists(monkeypatch):
    assert ibm.sampler_class().__module__.startswith("qiskit_ibm_runtime.executor_sampler")
    monkeypatch.setitem(__import__("sys").modules, "qiskit_ibm_runtime.executor_sampler", None)
    assert ibm.sampler_class() is SamplerV2


def test_the_real_library_has_the_calls_that_the_fake_imitates():
    def takes(function, *names):
        return set(names) <= set(inspect.signature(function).parameters)

    assert takes(QiskitRuntimeService.__init__, "channel", "token", "instance", "region")
    assert takes(QiskitRuntimeService.backends, "min_num_qubits")
    assert takes(QiskitRuntimeService.least_busy, "min_num_qubits", "kwargs")
    assert takes(QiskitRuntimeService.backend, "name")
    assert takes(QiskitRuntimeService.job, "job_id")
    assert takes(QiskitRuntimeService.jobs, "limit", "job_tags", "instance")
    assert takes(QiskitRuntimeService.instances)
    assert takes(QiskitRuntimeService.usage)
    assert takes(ibm.sampler_class().run, "pubs", "shots")
    assert takes(Session.__init__, "backend", "max_time")
    assert takes(Batch.__init__, "backend", "max_time")
    for name in ("job_id", "status", "result", "backend", "usage", "properties", "error_message", "cancel"):
        assert callable(getattr(RuntimeJobV2, name))
