"""Colours for values: viridis for amounts, blue-white-orange for what has a middle."""

import numpy as np

VIRIDIS = (
    (0x44, 0x01, 0x54), (0x48, 0x28, 0x78), (0x3E, 0x4A, 0x89), (0x31, 0x68, 0x8E), (0x26, 0x82, 0x8E),
    (0x1F, 0x9E, 0x89), (0x35, 0xB7, 0x79), (0x6D, 0xCD, 0x59), (0xB4, 0xDE, 0x2C), (0xFD, 0xE7, 0x25),
)  # fmt: skip
DIVERGING = (
    (0x1B, 0x4F, 0x9C), (0x5B, 0x8F, 0xD0), (0xB5, 0xCF, 0xEB), (0xF7, 0xF7, 0xF5),
    (0xF5, 0xCB, 0x9B), (0xDD, 0x8E, 0x3B), (0xA3, 0x5A, 0x0A),
)  # fmt: skip


def colors(values: np.ndarray, low: float, high: float, diverging: bool = False) -> np.ndarray:
    """(…, 3) uint8 for `values` (…); `low` and `high` are the ends of the scale, values beyond take the end's colour.

    Values that are not finite come out grey.
    """
    table = np.array(DIVERGING if diverging else VIRIDIS, float)
    with np.errstate(invalid="ignore"):
        share = np.clip((values - low) / (high - low if high > low else 1.0), 0, 1)
    place = np.nan_to_num(share) * (len(table) - 1)
    below = np.minimum(place.astype(int), len(table) - 2)
    mixed = table[below] + (place - below)[..., None] * (table[below + 1] - table[below])
    mixed[~np.isfinite(values)] = (0x9C, 0x90, 0x90)
    return mixed.round().astype(np.uint8)


def scale_of(values: np.ndarray, diverging: bool) -> tuple[float, float]:
    """Ends of the scale for `values`: their range, or the same distance on both sides of 0."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    if diverging:
        far = float(np.abs(finite).max()) or 1.0
        return -far, far
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low, low + 1.0)


def reads_dark(color: np.ndarray) -> bool:
    """Whether dark text reads better than white on a colour (3,): by WCAG's relative luminance."""
    linear = (np.asarray(color, float) / 255) ** 2.2
    return bool(linear @ (0.2126, 0.7152, 0.0722) > 0.18)
