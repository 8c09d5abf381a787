"""Curves of a run as one still picture in SVG, thinned so that no peak is lost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from markupsafe import Markup, escape

from app.runs.figures import number
from app.runs.plain_text import one_line

WIDTH, HEIGHT = 640, 264
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 14, 40
SERIES = ("#4860B4", "#CC8430", "#9C486C", "#D860FC", "#606C00", "#0C90A8", "#CC5460")
"""Line colours, the same on light and dark ground (3:1 on both); an eighth line is grey."""
DASHES = ("", "7 4", "2 3", "9 3 2 3")


@dataclass(frozen=True)
class Series:
    """A curve: `x` and `y` are (n,); a value that is not finite breaks the line. `band` is the half width (n,)."""

    name: str
    x: np.ndarray
    y: np.ndarray
    band: np.ndarray | None = None


class Level(Protocol):
    """A level to compare with, whoever declared it."""

    @property
    def value(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class Reference:
    """A level to compare with: a baseline, or what a paper reports."""

    value: float
    text: str
    source: str = ""


def draw(
    series: Sequence[Series],
    *,
    title: str,
    unit: str = "",
    log_y: bool = False,
    references: Sequence[Level] = (),
    x_title: str = "step",
) -> Markup:
    """The picture, with title and description for a screen reader. Values ≤ 0 cannot be shown when `log_y`."""
    frame = _frame(series, references, log_y)
    parts = [*_axes(frame, x_title, unit), *(_reference(frame, level) for level in references)]
    for k, line in enumerate(series):
        parts.extend(_line(frame, line, k))
    said = "; ".join(f"{one_line(line.name)}: {_in_words(line)}" for line in series)
    return Markup(
        '<svg class="curve" viewBox="0 0 {w} {h}" role="img" aria-label="{title}. {said}">{body}</svg>'
    ).format(w=WIDTH, h=HEIGHT, title=one_line(title), said=said, body=Markup("").join(parts))


def colour(index: int) -> str:
    return SERIES[index] if index < len(SERIES) else "#9C9090"


def dash(index: int) -> str:
    """A second sign beside colour: every series of a picture has its own dashes as well."""
    return DASHES[index % len(DASHES)]


def thinned(x: np.ndarray, y: np.ndarray, buckets: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """At most 4 × `buckets` of the points: first, lowest, highest and last of each stretch; gaps stay gaps."""
    if len(x) <= 4 * buckets:
        return x, y
    keep: list[int] = []
    for part in np.array_split(np.arange(len(x)), buckets):
        finite = part[np.isfinite(y[part])]
        chosen = {int(part[0]), int(part[-1])}
        if len(finite):
            chosen |= {int(finite[np.argmin(y[finite])]), int(finite[np.argmax(y[finite])])}
        if len(finite) < len(part):
            chosen.add(int(part[~np.isfinite(y[part])][0]))
        keep.extend(sorted(chosen))
    return x[keep], y[keep]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) between `low` and `high`."""
    span = (high - low) or abs(low) or 1.0
    rough = span / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class _Frame:
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    log_y: bool

    def x(self, value: float) -> float:
        return LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        level = math.log10(value) if self.log_y else value
        return HEIGHT - BOTTOM - (level - self.y_low) / (self.y_high - self.y_low) * (HEIGHT - TOP - BOTTOM)

    def shows(self, value: float) -> bool:
        return math.isfinite(value) and (not self.log_y or value > 0)


def _frame(series: Sequence[Series], references: Sequence[Level], log_y: bool) -> _Frame:
    xs = np.concatenate([line.x for line in series] or [np.array([])]).astype(float)
    ys = [line.y for line in series] + [
        side for line in series if line.band is not None for side in (line.y - line.band, line.y + line.band)
    ]
    levels = np.concatenate([*ys, np.array([level.value for level in references])]).astype(float)
    levels = levels[np.isfinite(levels)]
    if log_y:
        levels = np.log10(levels[levels > 0])
    x_low, x_high = (float(xs.min()), float(xs.max())) if len(xs) else (0.0, 1.0)
    y_low, y_high = (float(levels.min()), float(levels.max())) if len(levels) else (0.0, 1.0)
    if log_y:
        y_low, y_high = max(y_low, -306), min(y_high, 306)
    margin = (y_high - y_low) * 0.06 or abs(y_high) * 0.05 or 0.5
    if log_y:
        margin = min(margin, 1)
    return _Frame(x_low, x_high if x_high > x_low else x_low + 1, y_low - margin, y_high + margin, log_y)


def _axes(frame: _Frame, x_title: str, unit: str) -> list[Markup]:
    parts = []
    for level in ticks(frame.y_low, frame.y_high, 4):
        value = 10.0**level if frame.log_y else level
        if frame.log_y and level != int(level):
            continue
        y = frame.y(value)
        parts.append(_format('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>', LEFT, WIDTH - RIGHT, y, y))
        parts.append(_format('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>', LEFT - 8, y + 4, number(value)))
    for value in ticks(frame.x_low, frame.x_high, 6):
        x = frame.x(value)
        parts.append(
            _format('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>', x, HEIGHT - BOTTOM + 18, number(value))
        )
    base = HEIGHT - BOTTOM
    parts.append(_format('<path class="axis" d="M{} {}V{}H{}"/>', LEFT, TOP, base, WIDTH - RIGHT))
    parts.append(
        _format('<text x="{}" y="{}" text-anchor="end">{}</text>', WIDTH - RIGHT, HEIGHT - 4, one_line(x_title))
    )
    if unit:
        parts.append(_format('<text x="{}" y="{}">{}</text>', 4, HEIGHT - 4, f"in {one_line(unit)}"))
    return parts


def _reference(frame: _Frame, level: Level) -> Markup:
    if not frame.shows(level.value):
        return Markup("")
    y = frame.y(level.value)
    label = f"{one_line(level.text)} {number(level.value)}"
    place = y - 5 if y > TOP + 14 else y + 14
    line = _format('<line class="reference" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>', LEFT, WIDTH - RIGHT, y, y)
    return line + _format(
        '<text class="level" x="{}" y="{:.1f}" text-anchor="end">{}</text>', WIDTH - RIGHT - 4, place, label
    )


def _line(frame: _Frame, line: Series, index: int) -> list[Markup]:
    order = np.argsort(line.x, kind="stable")
    x, y = line.x[order].astype(float), line.y[order].astype(float)
    parts = []
    if line.band is not None and len(x) > 1:
        parts.append(_band(frame, x, y, line.band[order], index))
    x, y = thinned(x, y)
    path, pen_down, shown = [], False, 0
    for across, up in zip(x.tolist(), y.tolist(), strict=True):
        if not frame.shows(up):
            pen_down = False
            continue
        path.append(f"{'L' if pen_down else 'M'}{frame.x(across):.1f} {frame.y(up):.1f}")
        pen_down = True
        shown += 1
    if shown == 1:
        spot = path[0][1:].split()
        return [_format('<circle cx="{}" cy="{}" r="4" fill="{}"/>', spot[0], spot[1], colour(index))]
    parts.append(
        _format(
            '<path class="line" stroke="{}" stroke-dasharray="{}" d="{}"/>', colour(index), dash(index), "".join(path)
        )
    )
    return parts


def _band(frame: _Frame, x: np.ndarray, y: np.ndarray, band: np.ndarray, index: int) -> Markup:
    keep = np.isfinite(y) & np.isfinite(band) & ((y - band > 0) | (not frame.log_y))
    upper = [f"{frame.x(a):.1f} {frame.y(b):.1f}" for a, b in zip(x[keep], (y + band)[keep], strict=True)]
    lower = [f"{frame.x(a):.1f} {frame.y(b):.1f}" for a, b in zip(x[keep], (y - band)[keep], strict=True)]
    if not upper:
        return Markup("")
    return _format('<path class="band" fill="{}" d="M{}Z"/>', colour(index), "L".join(upper + lower[::-1]))


def _in_words(line: Series) -> str:
    finite = line.y[np.isfinite(line.y)]
    if not len(finite):
        return "no finite values"
    lost = len(line.y) - len(finite)
    gaps = f", {lost} values not finite" if lost else ""
    return f"{len(line.y)} points from {number(float(finite[0]))} to {number(float(finite[-1]))}{gaps}"


def _format(pattern: str, *values: object) -> Markup:
    """Fill `pattern`, escaping whatever is text."""
    return Markup(pattern.format(*(escape(value) if isinstance(value, str) else value for value in values)))
