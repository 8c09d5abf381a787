"""What a plot shows, without a screen: curves of runs, chosen axis, logarithms, smoothing, folds, and who is hidden."""

import re
from dataclasses import dataclass, field

import numpy as np

from app.widgets.curves import Curve
from app.widgets.declare import Reference
from app.widgets.folds import fold
from app.widgets.theme import Split

Key = tuple[str, str]
"""A run's label and a metric's name; for folded runs the label of the fold."""

MOST_COLOURED = 8
GREY = 1_000
VALIDATION = re.compile(r"(^|[^a-z])(val|valid|validation|dev|eval)([^a-z]|$)", re.IGNORECASE)
TEST = re.compile(r"(^|[^a-z])(test|holdout)([^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Series:
    """One line to draw. Coordinates are those of the axes: logarithms where an axis is logarithmic."""

    key: Key
    label: str
    style: int
    split: Split
    x: np.ndarray
    y: np.ndarray
    raw: tuple[np.ndarray, np.ndarray] | None = None
    band: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    bad_x: np.ndarray = field(default_factory=lambda: np.empty(0))
    dense: bool = False
    """More points than pixels: smooth edges would be slow, and nothing of them would be seen."""
    dropped: int = 0
    """Points that a logarithmic axis cannot show."""
    named: bool = True
    """Whether there is room for its words at its right end."""


class PlotData:
    """The curves and the way they are looked at; every view of the plot asks it for `series`."""

    def __init__(self, log_x: bool = False, log_y: bool = False, parts: str = "") -> None:
        self.curves: dict[Key, Curve] = {}
        self.labels: dict[str, str] = {}
        self.references: list[Reference] = []
        self.hidden: set[Key] = set()
        self.folds: dict[str, list[str]] = {}
        self.highlight: Key | None = None
        self.part = ""
        """The part of the curves' words that is looked at alone, once a curve has it; nothing means all."""
        self._parts = re.compile(parts) if parts else None
        self._divided: dict[str, tuple[str, ...]] = {}
        self.axis = "step"
        self.log_x, self.log_y = log_x, log_y
        self.smoothing = 0.0

    def add(self, run: str, name: str, seq: np.ndarray, time: np.ndarray, step: np.ndarray, value: np.ndarray) -> None:
        """Append points (n,) of one metric of one run."""
        curve = self.curves.get((run, name))
        if curve is None:
            curve = self.curves[run, name] = Curve()
            curve.set_smoothing(self.smoothing)
        curve.extend(seq, time, step, value)

    def rewind(self, seq: int, run: str) -> None:
        for (owner, _), curve in self.curves.items():
            if owner == run:
                curve.rewind(seq)

    def remove_run(self, run: str) -> None:
        self.curves = {key: curve for key, curve in self.curves.items() if key[0] != run}

    def set_smoothing(self, weight: float) -> None:
        self.smoothing = weight
        for curve in self.curves.values():
            curve.set_smoothing(weight)

    @property
    def metrics(self) -> list[str]:
        return list(dict.fromkeys(name for _, name in self.curves))

    @property
    def runs(self) -> list[str]:
        return list(dict.fromkeys(run for run, _ in self.curves))

    def shown_keys(self) -> list[Key]:
        """What is drawn, in a steady order: folds in place of their runs, and of the parts the one looked at."""
        folded = {run: label for label, runs in self.folds.items() for run in runs}
        keys = list(dict.fromkeys((folded.get(run, run), name) for run, name in self.curves if name != self.axis))
        return [key for key in keys if self.part in self.parts(key)] or keys

    def parts(self, key: Key) -> tuple[str, ...]:
        """The two parts of a metric's words; nothing where they do not divide."""
        words = self.labels.get(key[1], key[1])
        if self._parts is not None and words not in self._divided:
            found = self._parts.fullmatch(words)
            self._divided[words] = tuple(found.groups()) if found else ()
        return self._divided.get(words, ())

    def choices(self) -> list[str]:
        """Every part that several curves share, first parts first."""
        pairs = [parts for key in self.curves if len(parts := self.parts(key)) == 2]
        return [
            part for part in dict.fromkeys((*(a for a, _ in pairs), *(b for _, b in pairs)))
            if sum(part in pair for pair in pairs) > 1
        ]  # fmt: skip

    def families(self) -> dict[str, list[Key]]:
        """The curves of one run by their second part, where that makes fewer families than curves and not too many."""
        keys = self.shown_keys()
        if self._parts is None or len({owner for owner, _ in keys}) > 1 or (self.part and self.part in self.choices()):
            return {}
        found: dict[str, list[Key]] = {}
        for key in keys:
            found.setdefault((self.parts(key) or ("", self.labels.get(key[1], key[1])))[-1], []).append(key)
        return found if len(found) <= MOST_COLOURED and len(found) < len(keys) else {}

    def entries(self) -> dict[Key, list[Key]]:
        """What the legend names: families, or else curves; the first curve of each stands for all of it."""
        families = self.families()
        return {keys[0]: keys for keys in families.values()} if families else {key: [key] for key in self.shown_keys()}

    def entry_label(self, key: Key) -> str:
        """Words for what the legend names."""
        return next((words for words, keys in self.families().items() if key in keys), "") or self.label(key)

    def label(self, key: Key) -> str:
        """Words for a curve: what tells it from the others, run, metric or both."""
        run, name = key
        words = self.labels.get(name, name)
        if self.part:
            words = " ".join(part for part in self.parts(key) if part != self.part) or words
        if run in self.folds:
            run = f"{run} (n = {len(self.folds[run])})"
        owners = {owner for owner, _ in self.shown_keys()}
        if len(owners) < 2:
            return words
        return run if len({metric for _, metric in self.shown_keys()}) < 2 else f"{run} · {words}"

    def style(self, key: Key) -> int:
        """Number of the colour and the marker; of many curves only the highlighted one has a colour."""
        if self.highlight not in (None, key) and len(self.shown_keys()) > MOST_COLOURED:
            return GREY
        return self.entry_style(key)

    def entry_style(self, key: Key) -> int:
        """By family where there are some; by run when several are laid over each other; else by metric."""
        families = self.families()
        if families:
            return next((k for k, each in enumerate(families.values()) if key in each), GREY)
        keys = self.shown_keys()
        if len(keys) > MOST_COLOURED:
            return 0 if key == self.highlight else GREY
        if key not in keys:
            return GREY
        owners = list(dict.fromkeys(owner for owner, _ in keys))
        return owners.index(key[0]) if len(owners) > 1 else keys.index(key)

    def split(self, key: Key) -> Split:
        """Dash by the part of the data a metric speaks of; among overlaid runs, by the metric's place."""
        name = key[1]
        if VALIDATION.search(name):
            return "validation"
        if TEST.search(name):
            return "test"
        keys = self.shown_keys()
        if len({owner for owner, _ in keys}) > 1:
            place = list(dict.fromkeys(metric for _, metric in keys)).index(name)
            return ("train", "validation", "test")[place % 3]
        return "train"

    def series(self, low: float = -np.inf, high: float = np.inf, most: int = 4000) -> list[Series]:
        """The visible lines between two values of the x axis, each thinned to about `most` points."""
        return [self.one(key, low, high, most) for key in self.shown_keys() if key not in self.hidden]

    def one(self, key: Key, low: float = -np.inf, high: float = np.inf, most: int = 4000) -> Series:
        if self.log_x:
            low, high = 10.0 ** np.clip((low, high), -300, 300)
        run = key[0]
        style, split, label = self.style(key), self.split(key), self.label(key)
        if run in self.folds:
            return self._folded(key, label, style, split)
        curve = self.curves[key]
        if self.axis in ("step", "time"):
            x, y = curve.thinned(self.axis, low, high, most, smooth=True)
            raw = curve.thinned(self.axis, low, high, most) if self.smoothing > 0 else None
            bad_x = curve.abscissa(self.axis)[curve.bad]
        else:
            x, y = self._against(run, curve.step, curve.smooth)
            raw = self._against(run, curve.step, curve.value) if self.smoothing > 0 else None
            bad_x = np.empty(0)
        x, y, dropped = self._logged(x, y)
        if raw is not None:
            raw = self._logged(*raw)[:2]
        if self.log_x:
            bad_x = np.log10(bad_x[bad_x > 0])
        if self.log_y and len(curve):
            dropped = int(np.count_nonzero(curve.value <= 0))
        dense = len(x) > most // 2
        named = len(self.shown_keys()) <= MOST_COLOURED and not self.families()
        return Series(key, label, style, split, x, y, raw, None, bad_x, dense, dropped, named)

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Smallest and largest x and y of everything visible, in axis coordinates; None when nothing is."""
        boxes = []
        for series in self.series(most=2000):
            xs, ys = [series.x], [series.y]
            if series.raw is not None:
                ys.append(series.raw[1])
            if series.band is not None:
                ys += [series.band[1], series.band[2]]
            x, y = np.concatenate(xs), np.concatenate(ys)
            x, y = x[np.isfinite(x)], y[np.isfinite(y)]
            if len(x) and len(y):
                boxes.append((x.min(), x.max(), y.min(), y.max()))
        if not boxes:
            return None
        low_x, high_x, low_y, high_y = zip(*boxes, strict=True)
        marks = [value for value in map(self.level, self.references) if value is not None]
        return min(low_x), max(high_x), min((*low_y, *marks)), max((*high_y, *marks))

    def level(self, reference: Reference) -> float | None:
        """A reference on the y axis; None where a logarithmic axis cannot show it."""
        if not self.log_y:
            return reference.value
        return float(np.log10(reference.value)) if reference.value > 0 else None

    def table(self, key: Key, shown: bool, raw: bool) -> tuple[list[str], list[list[float]]]:
        """Columns and rows of one curve for export."""
        run, name = key
        if run in self.folds:
            band = self._fold(key)
            columns = ["step", "mean", "low 95 %", "high 95 %", "n"]
            parts = (band.step, band.mean, band.mean - band.half, band.mean + band.half, band.n)
            return columns, [[float(cell) for cell in row] for row in zip(*parts, strict=True)]
        curve = self.curves[key]
        columns, parts = ["step", "time (s)"], [curve.step, curve.time]
        if self.axis not in ("step", "time"):
            other = self.curves.get((run, self.axis))
            columns.append(self.axis)
            parts.append(np.interp(curve.step, other.step, other.value) if other else np.full(len(curve), np.nan))
        if shown:
            columns.append(f"{name} (smoothed {self.smoothing:g})" if self.smoothing else name)
            parts.append(curve.smooth)
        if raw and (self.smoothing or not shown):
            columns.append(name)
            parts.append(curve.value)
        return columns, [[float(cell) for cell in row] for row in zip(*parts, strict=True)]

    def _against(self, run: str, step: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        other = self.curves.get((run, self.axis))
        if other is None or len(other) == 0:
            return np.empty(0), np.empty(0)
        return np.interp(step, other.step, other.value, left=np.nan, right=np.nan), value

    def _fold(self, key: Key):  # type: ignore[no-untyped-def]
        label, name = key
        members = [self.curves[run, name] for run in self.folds[label] if (run, name) in self.curves]
        return fold([(self._fold_axis(curve), curve.smooth) for curve in members])

    def _fold_axis(self, curve: Curve) -> np.ndarray:
        return curve.abscissa("time" if self.axis == "time" else "step")

    def _folded(self, key: Key, label: str, style: int, split: Split) -> Series:
        band = self._fold(key)
        x, mean, dropped = self._logged(band.step, band.mean)
        low = self._logged(band.step, band.mean - band.half)[1]
        high = self._logged(band.step, band.mean + band.half)[1]
        low = np.where(np.isfinite(low), low, np.nanmin(mean) if len(mean) else 0)
        return Series(key, label, style, split, x, mean, None, (x, low, high), dropped=dropped)

    def _logged(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        dropped = 0
        if self.log_x:
            kept = x > 0
            dropped += int(np.count_nonzero(~kept))
            x, y = np.log10(x[kept]), y[kept]
        if self.log_y:
            positive = y > 0
            dropped += int(np.count_nonzero(y <= 0))
            y = np.where(positive, np.log10(np.where(positive, y, 1)), np.nan)
        return x, y, dropped
