"""What one pass over a video found: frames by time, picks with features, and what was seen and heard there."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.core import AssayError

ARRAYS = "analysis.npz"
FACTS = "analysis.json"
LARGEST = 2_000_000_000


@dataclass(frozen=True)
class Source:
    """Where the frames came from. `frames` is counted by decoding, never taken from the container."""

    path: str
    width: int
    height: int
    rotation: int
    time_base: tuple[int, int]
    rate: float
    variable_rate: bool
    duration: float
    has_audio: bool
    codec: str
    container: str
    notes: tuple[str, ...] = ()
    """Findings of the decoder: stopped early, first stamp above zero, odd size, tone mapping."""


@dataclass(frozen=True)
class Analysis:
    """n decoded frames, t picks, d features, e side features, q picture qualities, m waveform bins.

    `stamps` (n,) int64 presentation stamps in `source.time_base`; `times` (n,) float64 s; `difference` (n,) float32 mean
    absolute 80 × 45 grey difference to the frame before, 0 to 255, 0 for the first. `picks` (t,) int64 frame numbers in
    rising order. `features` (t, d) float32 for segmentation and networks; `side` (t, e) float32 motion descriptor, or
    (t, 0). `components` (c, t) float32 in [0, 1]: one row per weight-free scorer, named in `component_names`. `waveform`
    (m, 2) float32 minimum and maximum of the mono sound per bin of equal length over `source.duration`, or (0, 2).
    `feature_kind` says what the features are (embedded, onnx:NAME, …).
    """

    source: Source
    stamps: np.ndarray
    times: np.ndarray
    difference: np.ndarray
    picks: np.ndarray
    features: np.ndarray
    side: np.ndarray
    components: np.ndarray
    component_names: tuple[str, ...]
    waveform: np.ndarray
    feature_kind: str = "embedded"

    @property
    def frames(self) -> int:
        return len(self.times)

    @property
    def seconds_per_frame(self) -> float:
        """Mean time between frames; the last frame is taken to last as long."""
        if self.frames < 2:
            return self.source.duration or 1 / 25
        return float(self.times[-1] - self.times[0]) / (self.frames - 1)

    @property
    def seconds(self) -> float:
        """How long all frames last."""
        return self.seconds_of([(0, self.frames - 1)])

    def seconds_of(self, clips: Sequence[tuple[int, int]]) -> float:
        """How long inclusive ranges of frames last, each frame until the next one."""
        edges = np.append(self.times, self.times[-1] + self.seconds_per_frame)
        return float(sum(edges[last + 1] - edges[first] for first, last in clips))

    @property
    def time_base(self) -> Fraction:
        return Fraction(*self.source.time_base)

    def files(self) -> Mapping[str, bytes]:
        """The content of an analysis folder, by file name."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            stamps=self.stamps,
            times=self.times,
            difference=self.difference,
            picks=self.picks,
            features=self.features,
            side=self.side,
            components=self.components,
            waveform=self.waveform,
        )
        facts = {"format": 1, "source": asdict(self.source), "component_names": self.component_names}
        facts["feature_kind"] = self.feature_kind
        return {ARRAYS: buffer.getvalue(), FACTS: json.dumps(facts, indent=1).encode()}


def analysis_state(found: Analysis) -> Mapping[str, Any]:
    """The analysis as the content of a checkpoint."""
    facts = {"source": asdict(found.source), "names": list(found.component_names), "kind": found.feature_kind}
    return {"facts": json.dumps(facts), **{name: getattr(found, name) for name in _SHAPES}}


def analysis_from_state(state: Mapping[str, Any]) -> Analysis:
    """What `analysis_state` gave."""
    facts = json.loads(state["facts"])
    return Analysis(
        source=_source(facts["source"]),
        component_names=tuple(facts["names"]),
        feature_kind=facts["kind"],
        **{name: np.asarray(state[name]) for name in _SHAPES},
    )


def load_analysis(folder: Path) -> Analysis:
    """Read what `Analysis.files` wrote. Raises AssayError for a folder that is none, is damaged, or does not fit."""
    from app.data.arrays import read_arrays

    try:
        facts = json.loads((folder / FACTS).read_bytes())
        source = _source(facts["source"])
        arrays = read_arrays(folder / ARRAYS, tuple(_SHAPES))
        found = Analysis(
            source=source,
            component_names=tuple(facts["component_names"]),
            feature_kind=str(facts["feature_kind"]),
            **{name: arrays[name] for name in _SHAPES},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssayError(
            "This is no analysis of a video, or it is damaged",
            where=str(folder),
            why=str(error),
            remedy="Analyse the video again, or choose the folder “analysis” of a finished run.",
        ) from error
    _check(found, folder)
    return found


def _source(kept: Mapping[str, Any]) -> Source:
    return Source(**{**kept, "time_base": tuple(kept["time_base"]), "notes": tuple(kept["notes"])})


_SHAPES = {
    "stamps": 1, "times": 1, "difference": 1, "picks": 1, "features": 2, "side": 2, "components": 2, "waveform": 2,
}  # fmt: skip


def _check(found: Analysis, folder: Path) -> None:
    frames, picks = found.frames, len(found.picks)
    faults = [name for name, dimensions in _SHAPES.items() if np.ndim(getattr(found, name)) != dimensions] or [
        name
        for name, count in (
            ("stamps", frames - len(found.stamps)),
            ("difference", frames - len(found.difference)),
            ("features", picks - len(found.features)),
            ("side", picks - len(found.side)),
            ("components", len(found.component_names) - len(found.components)),
            ("picks", 0 if not picks else int(found.picks.max() >= frames or found.picks.min() < 0)),
        )
        if count
    ]
    if faults:
        raise AssayError(
            "This analysis does not fit together", where=str(folder), why=f"wrong length or shape: {', '.join(faults)}"
        )
