"""From an analysis and a person's choices to the shots that stay: one call for tasks, and for each click in the window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np

from app.core import AssayError
from app.engines.video.detectors import CONTENT_THRESHOLD, content_cuts, refined, shots_of, uniform_cuts
from app.engines.video.kts import Segmentation, kts
from app.engines.video.scorers import blend
from app.engines.video.selection import Selection, SelectionRule, frame_scores, select

FEWEST_PICKS = 2
"""KTS needs two looks at the video; below that the whole video is one shot."""

UNEVEN, ROUNDED = 1.5, 0.002
"""The longest frame over the shortest from which lengths count as varying (spec 2.2), and s that stamps are rounded by."""

PICKS_PER_SHOT = 4
"""Mean length of a shot below which KTS with a small penalty would make every pick a shot of its own."""


@dataclass(frozen=True)
class Choices:
    """What decides shots, scores and selection. Times in seconds; shots in `keep` and `drop` are counted from 0."""

    shots: Literal["kts", "content", "uniform", "import"] = "kts"
    vmax: float = 0.8
    shot_count: int | None = None
    shortest_shot: float = 0.5
    longest_shot: float = 60.0
    shot_length: float = 5.0
    sensitivity: float = CONTENT_THRESHOLD
    cut_times: tuple[float, ...] = ()
    refine: bool = True
    weights: tuple[tuple[str, float], ...] = ()
    """Weight of each weight-free scorer by name; empty where the scores come from elsewhere."""
    budget: float = 0.15
    """Share of the video."""
    budget_seconds: float | None = None
    value: Literal["mean", "sum"] = "mean"
    rule: Literal["knapsack", "density", "diverse"] = "knapsack"
    shortest_clip: float = 0.0
    longest_clip: float | None = None
    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()


def choices_from(kept: Mapping[str, Any]) -> Choices:
    """What `dataclasses.asdict` made of choices and JSON of that; names that are not known are passed over."""
    known = {each.name for each in fields(Choices)}
    values = {name: _tuple(value) for name, value in kept.items() if name in known}
    return Choices(**values)


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Film:
    """What a cut is made from: the arrays of an analysis, n frames and t picks, and the scores where they are given.

    `times` (n,) s, `difference` (n,), `picks` (t,), `features` (t, d), `components` (c, t) named `names`; `scores` (t,)
    and `deviation` (t,) come from a model or a file, else both are None and `Choices.weights` make the scores.
    """

    times: np.ndarray
    difference: np.ndarray
    picks: np.ndarray
    features: np.ndarray
    components: np.ndarray
    names: tuple[str, ...]
    scores: np.ndarray | None = None
    deviation: np.ndarray | None = None

    @property
    def frames(self) -> int:
        return len(self.times)

    @cached_property
    def rate(self) -> float:
        """Mean frames per second."""
        span = float(self.times[-1] - self.times[0]) if self.frames > 1 else 0.0
        return (self.frames - 1) / span if span > 0 else 25.0

    @cached_property
    def edges(self) -> np.ndarray | None:
        """(n + 1,) when frames begin and the last one ends, in mean lengths of a frame; None where they do not vary."""
        steps = np.diff(self.times)
        if not len(steps) or float(steps.max()) <= UNEVEN * (float(steps.min()) + ROUNDED):
            return None
        return np.append((self.times - self.times[0]) * self.rate, self.frames)

    @cached_property
    def pick_rate(self) -> float:
        """Mean picks per second."""
        return self.rate * len(self.picks) / max(1, self.frames)


@dataclass(frozen=True)
class Cut:
    """S shots, their values, and which of them stay.

    `shots` (S, 2) inclusive frame numbers; `scores` (t,) per pick; `values` and `deviations` (S,); `chosen` (S,) bool;
    `clips` inclusive frame ranges of the summary, in order, neighbours joined; `kept` and `budget` in frames.
    """

    shots: np.ndarray
    scores: np.ndarray
    deviations: np.ndarray
    selection: Selection
    segmentation: Segmentation | None
    notices: tuple[str, ...] = ()

    @property
    def values(self) -> np.ndarray:
        return self.selection.values

    @property
    def chosen(self) -> np.ndarray:
        return self.selection.chosen

    @property
    def clips(self) -> tuple[tuple[int, int], ...]:
        return self.selection.clips

    @property
    def kept(self) -> int:
        return self.selection.kept

    @property
    def budget(self) -> int:
        return self.selection.budget


@dataclass
class Cutter:
    """Cuts one film again and again; what a choice does not touch is not computed again."""

    film: Film
    _segmentations: dict[tuple[float, float, int], Segmentation] = field(default_factory=dict)

    def cut(self, choices: Choices) -> Cut:
        """Raises AssayError for choices that contradict each other or the film."""
        shots, segmentation, notices = self.shots(choices)
        scores = self.scores(choices)
        selection = select(
            shots,
            frame_scores(scores, self.film.picks, self.film.frames),
            self._rule(choices),
            features=self.film.features,
            picks=self.film.picks,
            edges=self.film.edges,
        )
        deviations = _per_shot(selection.shots, self.film.picks, self.film.deviation)
        return Cut(selection.shots, scores, deviations, selection, segmentation, (*notices, *selection.notices))

    def shots(self, choices: Choices) -> tuple[np.ndarray, Segmentation | None, tuple[str, ...]]:
        """(S, 2) inclusive frame ranges that cover the film, the KTS path where there is one, and findings."""
        film = self.film
        segmentation: Segmentation | None = None
        notices: tuple[str, ...] = ()
        if choices.shots == "kts" and len(film.picks) >= FEWEST_PICKS:
            segmentation = self._segmentation(choices)
            at = segmentation.cuts(number=choices.shot_count - 1 if choices.shot_count else None, vmax=choices.vmax)
            cuts = refined(at, film.picks, film.difference) if choices.refine else film.picks[at]
            if not len(cuts) and float(film.times[-1] - film.times[0]) > 2 * choices.shot_length:
                cuts = uniform_cuts(film.times, choices.shot_length)
                notices = (f"KTS found no cut, so the video is divided into parts of {choices.shot_length:g} s",)
        elif choices.shots == "content":
            cuts = content_cuts(film.difference, threshold=choices.sensitivity)
        elif choices.shots == "import":
            cuts = self._imported(choices.cut_times)
        elif choices.shots == "uniform":
            cuts = uniform_cuts(film.times, choices.shot_length)
        else:
            cuts = np.empty(0, np.int64)
        return shots_of(cuts, film.frames), segmentation, notices

    def scores(self, choices: Choices) -> np.ndarray:
        """(t,) scores in [0, 1]."""
        if self.film.scores is not None:
            return self.film.scores
        return blend(self.film.components, self.film.names, dict(choices.weights))

    def _segmentation(self, choices: Choices) -> Segmentation:
        most = max(1, len(self.film.picks) // PICKS_PER_SHOT, (choices.shot_count or 1) - 1)
        wanted = (choices.shortest_shot, choices.longest_shot, most)
        if wanted not in self._segmentations:
            shortest = max(1, round(choices.shortest_shot * self.film.pick_rate))
            longest = max(shortest, round(choices.longest_shot * self.film.pick_rate))
            self._segmentations[wanted] = kts(self.film.features, shortest=shortest, longest=longest, most_cuts=most)
        return self._segmentations[wanted]

    def _rule(self, choices: Choices) -> SelectionRule:
        rate = self.film.rate
        return SelectionRule(
            budget=choices.budget,
            budget_frames=None if choices.budget_seconds is None else int(choices.budget_seconds * rate + 1e-9),
            value=choices.value,
            method=choices.rule,
            shortest=round(choices.shortest_clip * rate),
            longest=None if choices.longest_clip is None else max(1, int(choices.longest_clip * rate)),
            keep=choices.keep,
            drop=choices.drop,
        )

    def _imported(self, seconds: Sequence[float]) -> np.ndarray:
        times = self.film.times
        outside = [second for second in seconds if not times[0] <= second <= times[-1]]
        if outside:
            raise AssayError(
                f"{len(outside)} cuts lie outside the video",
                why=f"the first is at {outside[0]:g} s, the video lasts from {times[0]:g} to {times[-1]:g} s",
                remedy="Check that the file of cuts belongs to this video and is in seconds.",
            )
        return np.unique(np.searchsorted(times, np.asarray(sorted(seconds)) - 1e-6))


def _per_shot(shots: np.ndarray, picks: np.ndarray, values: np.ndarray | None) -> np.ndarray:
    """(S,) root mean square over the picks of each shot; 0 where nothing is known."""
    if values is None:
        return np.zeros(len(shots))
    total = np.concatenate(([0.0], np.cumsum(np.square(values, dtype=np.float64))))
    begin, end = np.searchsorted(picks, shots[:, 0]), np.searchsorted(picks, shots[:, 1], side="right")
    return np.asarray(np.sqrt(np.maximum(total[end] - total[begin], 0.0) / np.maximum(end - begin, 1)))
