"""Folding repetitions into one curve: mean and 95 % interval over runs that differ only in their seed."""

from dataclasses import dataclass

import numpy as np

T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""Student's t, two-sided 95 %, for 1 to 15 degrees of freedom."""


@dataclass(frozen=True)
class Band:
    """Mean and half width of the interval at each step; `n` counts the runs that reached the step."""

    step: np.ndarray
    mean: np.ndarray
    half: np.ndarray
    n: np.ndarray


def t_95(freedom: int) -> float:
    """The two-sided 95 % quantile of Student's t for `freedom` >= 1 degrees of freedom (error below 0.002)."""
    if freedom <= len(T_95):
        return T_95[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def fold(curves: list[tuple[np.ndarray, np.ndarray]], most: int = 2000) -> Band:
    """Mean ± interval of several (step, value) curves, at the steps that any of them has, thinned to about `most`.

    Between its own steps a curve is joined by straight lines; before its first and after its last it does not count.
    """
    curves = [(step[np.isfinite(value)], value[np.isfinite(value)]) for step, value in curves]
    curves = [curve for curve in curves if len(curve[0])]
    if not curves:
        nothing = np.empty(0)
        return Band(nothing, nothing, nothing, nothing.astype(int))
    steps = np.unique(np.concatenate([step for step, _ in curves]))
    if len(steps) > most:
        steps = steps[np.unique(np.linspace(0, len(steps) - 1, most).astype(int))]
    values = np.array([np.interp(steps, step, value, left=np.nan, right=np.nan) for step, value in curves])
    n = np.isfinite(values).sum(axis=0)
    mean = np.nansum(values, axis=0) / n
    spread = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / np.maximum(n - 1, 1))
    factor = np.array([t_95(count - 1) if count > 1 else 0.0 for count in range(len(curves) + 1)])[n]
    return Band(steps, mean, factor * spread / np.sqrt(n), n)
