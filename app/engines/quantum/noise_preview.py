"""A guess at a device's estimates while a slider moves, from a line fitted on a few simulated circuits.

Noise draws all fidelities of one circuit towards a common value, so a straight line describes it well on average; it
does not know which single circuit suffers more. Hence a preview, to be called one wherever it is shown: only
`devices.noisy_fidelity` gives a result.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from app.engines.quantum.ansatz import Estimator, Floats
from app.engines.quantum.devices import Prepared, noisy_rows
from app.engines.quantum.regression import regress
from app.engines.quantum.sampling import sample_fidelity


@dataclass(frozen=True, slots=True)
class Preview:
    """The line of one device and one circuit: noisy F ≈ slope · F + offset, fitted on `circuits` circuits.

    `spread` is the standard deviation of the fitted circuits around the line, shot noise included.
    """

    device: str
    estimator: Estimator
    slope: float
    offset: float
    spread: float
    circuits: int


def fit_preview(
    ready: Prepared, rows: Floats, exact: Floats, *, seed: int, circuits: int = 40, shots: int = 8192
) -> Generator[int, None, Preview]:
    """Simulate `circuits` of the rows (R, P+2m) with exact fidelities (R,) and fit the line; yields as `noisy_rows`."""
    chosen = np.random.default_rng(seed).permutation(len(rows))[:circuits]
    measured = yield from noisy_rows(ready, rows[chosen], shots=shots, seed=seed)
    line = regress(measured, exact[chosen])
    residual = measured - line.slope * exact[chosen] - line.offset
    return Preview(ready.device.name, ready.estimator, line.slope, line.offset, float(residual.std()), len(chosen))


def preview_fidelity(fidelity: Floats, preview: Preview, shots: int, rng: np.random.Generator) -> Floats:
    """Exact F → what the device would about give with `shots` shots; same shape, at once. A preview, not a result."""
    expected = preview.slope * fidelity + preview.offset
    return sample_fidelity(expected, preview.estimator, shots, rng)
