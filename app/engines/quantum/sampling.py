"""What a finite number of shots makes of exact fidelities, and of counts."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.core import AssayError
from app.engines.quantum.ansatz import Estimator, Floats

Counts = Mapping[int, int]
"""Outcome → how often. Bit i of the outcome (i = 0 the least significant) is classical bit i."""


def sample_fidelity(fidelity: Floats, estimator: Estimator, shots: int, rng: np.random.Generator) -> Floats:
    """Draw one estimate of each F in [0, 1] as `shots` shots of an ideal machine would give it; same shape.

    The distributions are known in closed form (method 2.5), so no circuit is simulated: ancilla counts zeros with
    P(0) = (1 + F)/2; the destructive test is a mean of ±1 with P(+1) = (1 + F)/2, hence the same law; the inversion
    test counts all-zero outcomes with P = F. The first two may come out negative, and are left so.
    """
    exact = np.clip(fidelity, 0.0, 1.0)
    if estimator == "inversion":
        return rng.binomial(shots, exact) / shots
    return 2.0 * rng.binomial(shots, (1.0 + exact) / 2.0) / shots - 1.0


def standard_error(fidelity: Floats, estimator: Estimator, shots: int) -> Floats:
    """Standard deviation of the estimate: √((1 − F²)/N) of both SWAP tests, √(F(1 − F)/N) of the inversion test.

    Estimates may be put in for F; those outside [0, 1] are taken at the border.
    """
    exact = np.clip(fidelity, 0.0, 1.0)
    variance = exact * (1.0 - exact) if estimator == "inversion" else 1.0 - exact**2
    return np.sqrt(variance / shots)


def fidelity_from_counts(counts: Counts, estimator: Estimator, m: int) -> float:
    """F̂ from the counts of one overlap circuit (`circuits.overlap_template`); raises AssayError without any count."""
    shots = sum(counts.values())
    if shots == 0:
        raise AssayError("A circuit came back without counts", remedy="Run it again; do not read a fidelity from it.")
    if estimator == "ancilla":
        return 2.0 * counts.get(0, 0) / shots - 1.0
    if estimator == "inversion":
        return counts.get(0, 0) / shots
    return sum(count * _sign(outcome, m) for outcome, count in counts.items()) / shots


def _sign(outcome: int, m: int) -> int:
    """(−1)^(Σ a_i·b_i): a, the class bits, are bits 0..m−1; b, the data bits, are m..2m−1."""
    both = outcome & (outcome >> m) & ((1 << m) - 1)
    return -1 if both.bit_count() % 2 else 1


def abstentions(estimates: Floats, estimator: Estimator, shots: int) -> NDArray[np.bool_]:
    """(N, C) estimates → (N,): True where the best class leads the second by less than two standard errors.

    The larger of the two standard errors counts: an inversion estimate of exactly 1 has none of its own.
    """
    best_two = np.sort(estimates, axis=1)[:, -2:]
    spread = standard_error(best_two, estimator, shots).max(axis=1)
    return np.asarray(best_two[:, 1] - best_two[:, 0] < 2.0 * spread)
