"""One tiny set of settings per task, with which the contract test runs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TINY = {
    "classes": ["3", "9"],
    "subset": 80,
    "epochs": 3,
}


@dataclass(frozen=True)
class Case:
    """Settings, and for sessions the commands to send; `model` asks for the folder of a trained model first."""

    values: Mapping[str, Any]
    commands: Sequence[Mapping[str, Any]] = ()
    needs: tuple[str, Mapping[str, Any], str] | None = None
    """(task, settings, artifact role): run that first and put its artifact into `model`."""
    reaches: str = ""
    """Why the task cannot run here, where it needs a machine that tests do not have."""
    adapt: Callable[[dict[str, Any], Path], dict[str, Any]] | None = field(default=None)


CASES: dict[str, Case] = {
    "quantum.train": Case(TINY | {"noise": "ideal", "noisy_samples": 10, "shots": 100}),
    "quantum.compare": Case(TINY | {"repeats": 2, "models": "quick"}),
    "quantum.evaluate": Case(
        {"device": "ideal", "samples": 10, "shots": 100},
        needs=("quantum.train", TINY, "quantum-model"),
    ),
    "quantum.probe": Case(
        {},
        commands=(
            {"name": "sample"},
            {"name": "evaluate", "estimator": "inversion", "device": "", "shots": 100},
        ),
        needs=("quantum.train", TINY, "quantum-model"),
    ),
    "quantum.hardware": Case({}, reaches="it needs an IBM Quantum account; tests/engines/quantum/test_ibm*.py run it"),
    "quantum.machines": Case({}, reaches="it needs an IBM Quantum account; tests/engines/quantum/test_ibm*.py run it"),
}
