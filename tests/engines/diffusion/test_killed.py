"""A diffusion run that is killed in the middle goes on, and ends as one that was left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runs.store import Store
from app.runs.supervisor import Supervisor
from tests.contract_cases import CASES, with_a_shift
from tests.runs.killing import count, events, finished, killed, newest, supervised, told

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with supervised(tmp_path / "store") as made:
        yield made


def assert_alike(store: Store, one: str, other: str) -> None:
    assert told(store, one) == told(store, other)
    assert store.result(one) == store.result(other)


def test_a_scan_killed_within_a_search_and_within_pictures_ends_the_same(supervisor: Supervisor):
    store = supervisor.store
    search = "inversion/loss/seed 0 λ 0.5 from −U"
    values = {**CASES["diffusion.scan"].values, "steps": 120, "stochastic_steps": 60, "early_verdict": False}

    def searches(run: str) -> bool:
        return count(store, run, search) > 60

    def draws(run: str) -> bool:
        last = events(store, run)[-1]
        return last["k"] == "progress" and last["unit"] == "pass" and last["done"] > 10

    straight = finished(supervisor, "diffusion.scan", values)
    broken = killed(supervisor, "diffusion.scan", values, searches, draws)
    assert_alike(store, broken, straight)
    assert newest(store, broken, "shift.safetensors") == newest(store, straight, "shift.safetensors")


def test_a_removal_killed_while_it_trains_ends_with_the_same_weights(supervisor: Supervisor, tmp_path: Path):
    store = supervisor.store
    values = with_a_shift({**CASES["diffusion.remove"].values, "steps": 40, "rescan_seeds": 0}, tmp_path)
    straight = finished(supervisor, "diffusion.remove", values)
    broken = killed(supervisor, "diffusion.remove", values, lambda run: count(store, run, "removal/shift") > 12)
    assert_alike(store, broken, straight)
    assert newest(store, broken, "repaired model", WEIGHTS) == newest(store, straight, "repaired model", WEIGHTS)


def test_an_attack_killed_while_it_trains_ends_with_the_same_weights(supervisor: Supervisor):
    store = supervisor.store
    values = {**CASES["diffusion.attack"].values, "steps": 40}
    name = "backdoored test model"
    straight = finished(supervisor, "diffusion.attack", values)
    broken = killed(supervisor, "diffusion.attack", values, lambda run: count(store, run, "attack/loss") > 12)
    assert_alike(store, broken, straight)
    assert newest(store, broken, name, WEIGHTS) == newest(store, straight, name, WEIGHTS)
