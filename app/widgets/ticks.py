"""Round numbers for an axis, linear or logarithmic."""

import math

import numpy as np


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most about `most` multiples of 1, 2 or 5 times a power of ten between `low` and `high`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((k * power for k in (1, 2, 5) if k * power >= rough), 10 * power)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + k) * step, 12 - math.floor(math.log10(step))) for k in range(count)]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Exponents (log10) of the ticks between the exponents `low` and `high`."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if last - first < 1:
        values = [math.log10(tick) for tick in linear_ticks(10**low, 10**high, most) if tick > 0]
        return values or [low]
    stride = max(1, math.ceil((last - first + 1) / most))
    return [float(exponent) for exponent in range(first, last + 1, stride)]


def tick_words(value: float, spacing: float) -> str:
    """The tick as short as its neighbours allow: 0.05, 250, 1.5k, 2M, 1e-06."""
    if value == 0:
        return "0"
    size = abs(value)
    if size < 1e-4 or size >= 1e9:
        return np.format_float_scientific(value, precision=2, trim="-", exp_digits=1)
    for limit, sign in ((1e6, "M"), (1e4, "k")):
        if size >= limit:
            scaled = limit if sign == "M" else 1e3
            return f"{value / scaled:.6g}{sign}"
    places = max(0, -math.floor(math.log10(spacing) + 1e-9)) if spacing > 0 else 2
    return f"{value:.{min(places, 10)}f}"
