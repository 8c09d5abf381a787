"""Undo a device's common attenuation with circuits whose fidelity is known beforehand."""

from dataclasses import dataclass

import numpy as np

from app.core import AssayError
from app.engines.quantum.ansatz import Floats, angle_count, ansatz_gates
from app.engines.quantum.regression import regress

LEAST_SLOPE = 0.05
"""Below this a device returns almost the same value for equal and for orthogonal states; dividing by it means noise."""


@dataclass(frozen=True, slots=True)
class KnownPairs:
    """Angles of class (R, P) and data (R, m, 2) whose exact fidelity (R,) is 1 or 0."""

    theta: Floats
    angles: Floats
    fidelity: Floats

    @property
    def rows(self) -> Floats:
        """(R, P+2m), as `circuits.parameter_rows` orders the columns; one circuit per pair."""
        return np.concatenate([self.theta, self.angles.reshape(len(self.angles), -1)], axis=1)


def known_pairs(m: int, layers: str, pairs: int, rng: np.random.Generator) -> KnownPairs:
    """`pairs` circuits with F = 1 (the data state is the class state) and as many with F = 0.

    The class state is a random product state: its first S layer has the angles, every other angle is 0, so that all
    gates stay in the circuit and make the errors they make in use. Without an S layer it is |0…0>. For F = 0 at least
    one data qubit is turned to the orthogonal state, RY(a) → RY(a + π).
    """
    angles = rng.uniform(0.0, np.pi, size=(2 * pairs, m, 2))
    theta = np.zeros((2 * pairs, angle_count(m, layers)))
    if "S" in layers:
        first = layers.index("S")
        columns = [gate.angle for gate in ansatz_gates(m, layers) if gate.layer == first]
        theta[:, columns] = angles.reshape(2 * pairs, -1)
    else:
        angles[:] = 0.0
    turned = rng.random((pairs, m)) < 0.5
    turned[np.arange(pairs), rng.integers(m, size=pairs)] = True
    data = angles.copy()
    data[pairs:, :, 0] += np.pi * turned
    return KnownPairs(theta, data, np.repeat([1.0, 0.0], pairs))


@dataclass(frozen=True, slots=True)
class Calibration:
    """measured ≈ slope · F + offset on known pairs; `correct` turns it round."""

    slope: float
    offset: float

    def correct(self, measured: Floats) -> Floats:
        """Rescaled estimates, same shape. They may leave [0, 1], and their shot noise grows by 1/slope."""
        return (measured - self.offset) / self.slope


def calibrate(measured: Floats, known: KnownPairs) -> Calibration:
    """Fit the line through the measured known pairs (R,); raises AssayError if the device tells them hardly apart."""
    line = regress(measured, known.fidelity)
    if line.slope < LEAST_SLOPE:
        raise AssayError(
            "The device hardly tells equal states from orthogonal ones, so its fidelities cannot be rescaled",
            why=f"slope {line.slope:.3f} on {line.points} known circuits",
            remedy="Choose a shorter circuit (inversion test) or another device.",
        )
    return Calibration(line.slope, line.offset)
