"""How far measured fidelities lie from exact ones: a straight line and the distance from the diagonal."""

from dataclasses import dataclass

import numpy as np

from app.core import AssayError
from app.engines.quantum.ansatz import Floats


@dataclass(frozen=True, slots=True)
class Regression:
    """Least squares of `measured ≈ slope · exact + offset`; `rmse` is the root mean square of measured − exact."""

    slope: float
    offset: float
    rmse: float
    points: int


def regress(measured: Floats, exact: Floats) -> Regression:
    """Compare two arrays of the same shape (≥ 2 different exact values)."""
    x, y = np.ravel(exact).astype(float), np.ravel(measured).astype(float)
    if x.size != y.size:
        raise AssayError(f"{y.size} measured fidelities cannot be compared with {x.size} exact ones")
    if x.size < 2 or np.ptp(x) == 0.0:
        raise AssayError(
            "No line can be drawn through fidelities that are all the same", remedy="Measure more samples or classes."
        )
    centred = x - x.mean()
    slope = float(centred @ (y - y.mean()) / (centred @ centred))
    offset = float(y.mean() - slope * x.mean())
    return Regression(slope, offset, float(np.sqrt(np.mean((y - x) ** 2))), x.size)
