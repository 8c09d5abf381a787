"""The task on a real machine, against the fake service: killed while it waits, it collects; stopped, it says so."""

from types import SimpleNamespace

import pytest

from app.core import AssayError, Checkpoint, Metric, Stopped, Table, Warn
from app.core.secrets import hold
from app.engines import find_task
from app.engines.quantum import ibm, ibm_measurement, ibm_tasks
from app.engines.quantum.model import build
from app.engines.quantum.preparation import prepare
from app.engines.quantum.samples import trained_files
from app.runs.checkpoints import checkpoint_files
from tests.engines.quantum.fake_ibm import TOKEN, FakeService

TASK = find_task("quantum.hardware")


@pytest.fixture
def service(monkeypatch):
    service = FakeService()
    hold({"ibm_quantum.token": TOKEN})
    monkeypatch.setattr(ibm, "connect", lambda token, instance: service.account)
    monkeypatch.setitem(ibm_measurement.measure.__kwdefaults__, "make_sender", service.sender)
    passed = iter(range(10**6))
    monkeypatch.setattr(ibm_tasks, "time", SimpleNamespace(sleep=lambda s: None, monotonic=lambda: float(next(passed))))
    return service


@pytest.fixture
def model(tmp_path):
    from sklearn.datasets import load_digits

    digits = load_digits()
    names = tuple(map(str, range(10)))
    parts = prepare(digits.images / 16, digits.target, names, 0, classes=("3", "9"), subset=60)
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in trained_files(build(parts, 0), parts.test_x, parts.test_y).items():
        (folder / name).write_bytes(data)
    return str(folder)


def config(model, **values):
    return TASK.parse({"model": model, "machine": "ibm_testville", "samples": 6, "shots": 200, **values})


def run_through(run):
    events = []
    while True:
        try:
            events.append(next(run))
        except StopIteration as end:
            return events, end.value


def test_a_model_is_read_on_the_machine_and_compared_with_exact_fidelities(service, model):
    events, result = run_through(TASK.start(config(model)))
    assert len(service.sent) == 1
    assert result.details["inversion"]["two-qubit gates"] > 0
    assert any(isinstance(event, Table) and event.name == "estimates" for event in events)
    assert any(isinstance(event, Metric) and event.name == "machine/waiting" for event in events)
    assert TOKEN not in repr(events) + repr(result)


def test_killed_while_it_waits_the_job_is_collected_and_not_sent_again(service, model):
    service.states = ["QUEUED"] * 50 + ["DONE"]
    run = TASK.start(config(model))
    state = None
    for event in run:
        if isinstance(event, Checkpoint):
            state = event.state
        if service.sent and isinstance(event, Metric):
            break
    assert state is not None
    checkpoint_files(state)  # it can be written down
    events, result = run_through(TASK.start(config(model), state))
    assert len(service.sent) == 1
    assert not result.partial
    assert not any(isinstance(event, Warn) for event in events)


def test_killed_between_sending_and_writing_down_the_job_is_found_by_its_tag(service, model):
    class Died(BaseException):
        pass

    def die():
        service.after_sending = lambda: None
        raise Died

    service.after_sending = die
    run = TASK.start(config(model))
    states = []
    with pytest.raises(Died):
        for event in run:
            if isinstance(event, Checkpoint):
                states.append(event.state)
    _, result = run_through(TASK.start(config(model), states[-1]))
    assert len(service.sent) == 1
    assert not result.partial


@pytest.mark.parametrize(("cancel", "words"), [(False, "goes on at IBM"), (True, "cancelled at IBM")])
def test_stopped_while_it_waits_it_says_what_becomes_of_the_job(service, model, cancel, words):
    service.states = ["QUEUED"]
    run = TASK.start(config(model, cancel_on_stop=cancel))
    for event in run:
        if service.sent and isinstance(event, Metric):
            break
    with pytest.raises(StopIteration) as end:
        run.throw(Stopped())
    assert words in end.value.value.verdict
    assert end.value.value.partial
    assert next(iter(service.known.values())).cancelled == cancel


def test_above_the_cap_nothing_is_sent(service, model):
    with pytest.raises(AssayError, match="more machine time than allowed"):
        run_through(TASK.start(config(model, samples=18, shots=100_000, max_seconds=1)))
    assert service.sent == []
