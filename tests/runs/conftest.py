"""A store, and supervisors whose processes never outlive the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core import AssayError
from app.runs import processes
from app.runs.store import Store
from app.runs.supervisor import Supervisor


@pytest.fixture(autouse=True)
def fake_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TASK_MODULES", "tests.runs.fake_tasks")
    monkeypatch.setenv("ASSAY_NO_TORCH", "1")


@pytest.fixture
def store(tmp_path: Path, fake_tasks: None) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def supervise(store: Store) -> Iterator[Callable[..., Supervisor]]:
    """Makes supervisors of the test's store; everything they started is gone after the test."""
    made: list[Supervisor] = []

    def make(**options: object) -> Supervisor:
        options = {"warm": False, "on_store": store, **options}
        supervisor = Supervisor(options.pop("on_store"), **options)  # type: ignore[arg-type]
        made.append(supervisor)
        return supervisor

    yield make
    tokens = [_token(store, run) for run in store.ids()]
    for supervisor in made:
        supervisor.close(stop_runs=False)
    for token in filter(None, tokens):
        processes.end_tree(None, None, token, kill=True)


def _token(store: Store, run: str) -> str:
    try:
        return str(store.run(run)["token"])
    except AssayError:
        return ""
