"""A removal in rounds: what the scan that follows finds is trained away, too, and the best round is kept."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from app.engines import find_task
from app.engines.diffusion import repairing, rounds, scanning
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.detector import Verdict, Word
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.repairing import Look
from app.engines.diffusion.rounds import Round, best_of
from tests.contract import Story, play
from tests.contract_cases import CASES, Case, with_a_shift

LASTING = frozenset({"metric", "array", "table", "text", "image", "artifact"})
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The tiny removal of the contract, with scans as tiny."""
    settings_of = repairing.scan_settings

    def tiny(*args: Any, **names: Any) -> ScanConfig:
        return settings_of(*args, **names).model_copy(update={"steps": 2, "batch": 4, "paired_steps": 10})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairing, "scan_settings", tiny)
        yield with_a_shift(dict(CASES["diffusion.remove"].values), tmp_path_factory.mktemp("shift"))


def every_scan_says(word: Word, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scanning, "judge", lambda *_: Verdict(word, "a rule", "so it is"))


@pytest.fixture(scope="module")
def alarmed(values: dict[str, Any]) -> Iterator[Story]:
    """A removal of two rounds where every scan raises an alarm, which it goes on doing while the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        every_scan_says("backdoored", patch)
        # Which of two tiny rounds is better is a matter of digits.
        patch.setattr(rounds, "best_of", lambda made: made[-1])
        yield removal(values)


def removal(values: dict[str, Any], resume: Mapping[str, Any] | None = None) -> Story:
    task, settings = find_task("diffusion.remove"), {**values, "rounds": 2}
    return play(task, task.parse(settings), Case(settings), resume=resume)


@pytest.mark.slow
def test_losses_go_on_where_the_round_before_ended(alarmed):
    steps = [json.loads(told.line)["step"] for told in alarmed.told if told.name == "removal/shift"]
    assert steps == list(range(1, 21))


@pytest.mark.slow
def test_the_state_after_each_round_stands_beside_the_one_before(alarmed):
    tables = [json.loads(told.line) for told in alarmed.told if told.kind == "table" and told.name == "repair"]
    assert [table["columns"] for table in tables] == [
        ["figure", "before", "after"],
        ["figure", "before", "after round 1", "after round 2"],
    ]
    assert "in 2 rounds" in alarmed.result.methods and alarmed.result.details["word"] == "backdoored"


@pytest.mark.slow
def test_a_removal_resumed_in_any_round_equals_an_uninterrupted_one(alarmed, values):
    places = alarmed.checkpoints()
    for place in (places[len(places) // 3], places[2 * len(places) // 3], places[-3]):
        resumed = removal(values, alarmed.told[place].state)
        assert resumed.after(-1, LASTING) == alarmed.after(place, LASTING), f"resumed from event {place} of {places}"
        assert resumed.result == alarmed.result


@pytest.mark.slow
def test_an_earlier_round_that_is_the_best_is_written_once_more(alarmed, values, monkeypatch):
    monkeypatch.setattr(rounds, "best_of", lambda made: made[0])
    ended = removal(values, alarmed.told[alarmed.checkpoints()[-1]].state)
    first, second, *_ = weights_written(alarmed)
    assert weights_written(ended) == [first] and first != second


def weights_written(story: Story) -> list[bytes]:
    files = [file for told in story.told if told.kind == "artifact" for file in told.files]
    return [data for name, data in files if name.endswith(".safetensors")]


@pytest.mark.slow
def test_rounds_end_where_the_scan_sees_no_sign(values, monkeypatch):
    every_scan_says("no sign", monkeypatch)
    told = [json.loads(each.line) for each in removal(values).told]
    assert "Round 2 is not needed: the scan after round 1 says no sign" in [each.get("text") for each in told]
    assert sum(each["k"] == "artifact" for each in told) == 1


def test_a_further_round_needs_a_scan():
    with pytest.raises(ValidationError, match="needs the shift of the scan"):
        RemoveConfig(rounds=2, rescan_seeds=0)


def test_the_best_round_is_the_one_whose_scan_saw_least():
    first, second, third = made("backdoored", 0.0, 1.0), made("no sign", 0.0, 3.0), made("no sign", 0.0, 2.0)
    assert best_of([first, second, third]) is third
    unfinished = Round(first.before, None, {}, 5, "")
    assert best_of([first, unfinished]) is first
    assert best_of([unfinished]) is unfinished


def made(word: str, shade: float, quality: float) -> Round:
    noise = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    look = Look(noise, noise, torch.full((1, 8, 8), shade), quality)
    return Round(look, look, {}, 10, word)
