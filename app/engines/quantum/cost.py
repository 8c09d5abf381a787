"""What a run on a real machine would cost, and the cap that refuses it before anything is sent."""

from dataclasses import dataclass

from app.core import AssayError

TYPICAL_REP_DELAY_S = 250e-6
"""Pause before each shot on most machines; used where the machine does not report its own."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Cost of `circuits` circuits of `shots` shots: `seconds` of machine time, without start-up and queue."""

    circuits: int
    shots: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.circuits:,} circuits × {self.shots:,} shots ≈ {self.seconds:.3g} s of machine time"


def evaluation_circuits(samples: int, classes: int) -> int:
    """Each sample meets each class once."""
    return samples * classes


def training_circuits(angles: int, batch: int, classes: int, *, four_term: int = 0) -> int:
    """Circuits of one training step with shift rules: 2·P·B·C (method 8).

    `angles` counts the class angles of one class and the data angles that are shifted; `four_term` of them (the angles
    of E layers, method 2.7) need four circuits instead of two.
    """
    return 2 * (angles + four_term) * batch * classes


def estimate(
    circuits: int, shots: int, *, rep_delay_s: float = TYPICAL_REP_DELAY_S, circuit_s: float = 0.0
) -> Estimate:
    """Circuits × shots × (pause before each shot + duration of one circuit)."""
    return Estimate(circuits, shots, circuits * shots * (rep_delay_s + circuit_s))


def refuse_above(cost: Estimate, cap_s: float, *, remaining_s: float | None = None) -> None:
    """Raise AssayError if `cost` exceeds the user's cap or what the account has left (None where it is not known)."""
    if cost.seconds > cap_s:
        raise AssayError(
            "This job would cost more machine time than allowed; nothing was sent",
            where="Max QPU seconds",
            why=f"{cost}, the cap is {cap_s:g} s",
            remedy=_cheaper(cost, cap_s),
        )
    if remaining_s is not None and cost.seconds > remaining_s:
        raise AssayError(
            "The account has not enough machine time left; nothing was sent",
            where="IBM Quantum account",
            why=f"{cost}, {remaining_s:g} s are left",
            remedy=_cheaper(cost, remaining_s),
        )


def _cheaper(cost: Estimate, budget_s: float) -> str:
    if budget_s <= 0:
        return "Wait until the account has time again, or run on an offline device."
    circuits = int(cost.circuits * budget_s / cost.seconds)
    shots = int(cost.shots * budget_s / cost.seconds)
    return (
        f"Within this time fit about {circuits:,} circuits of {cost.shots:,} shots, or all with {shots:,} shots each."
    )
