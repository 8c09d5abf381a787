"""Headline figures in words: three significant digits, an interval with its n, the unit always."""

import math

from app.core import Figure


def figure_text(figure: Figure) -> str:
    """“0.931 ± 0.012, n = 5”, “97.2 %”, or “3.1 s, n = 1” where an interval was to be expected and there is none."""
    unit = f" {figure.unit}" if figure.unit else ""
    if figure.interval is None or not math.isfinite(figure.interval):
        return number(figure.value) + unit
    if figure.interval == 0:
        return f"{number(figure.value)} ± 0{unit}, n = {figure.n}"
    digits = _decimals(figure.interval)
    return f"{_fixed(figure.value, digits)} ± {_fixed(figure.interval, digits)}{unit}, n = {figure.n}"


def number(value: float) -> str:
    """Three significant digits; whole numbers below a million in full, with thin spaces."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == int(value) and abs(value) < 1_000_000:
        return f"{int(value):,}".replace(",", "\u2009").replace("-", "−")
    text = f"{value:.3g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        if 0 <= int(exponent) <= 5:
            return f"{float(text):,.0f}".replace(",", "\u2009").replace("-", "−")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def duration_text(seconds: float | None) -> str:
    """“12 s”, “4 min 10 s”, “2 h 10 min”; “unknown” where nobody could tell."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _decimals(interval: float) -> int:
    """Places behind the point so that the interval has two significant digits."""
    return 0 if interval >= 10 else min(12, 1 - math.floor(math.log10(interval)))


def _fixed(value: float, digits: int) -> str:
    if not math.isfinite(value) or (value and abs(value) < 1e-5) or abs(value) >= 1e7:
        return number(value)
    return f"{value:.{digits}f}".replace("-", "−")
