"""Which shots make the summary: a rule, pins, and a budget that is never exceeded by a frame."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.core import AssayError
from app.engines.video.knapsack import knapsack

TINY = 1e-6
"""What rounding may add to a length in frames."""


@dataclass(frozen=True)
class SelectionRule:
    """How shots compete. `budget` is a share of the video, overruled by `budget_frames`; `shortest` and `longest` clip in
    frames (mean ones, where their lengths vary); shots in `keep` and `drop` are counted from 0; `diversity` in [0, 1] weighs unlikeness for "diverse"."""

    budget: float = 0.15
    budget_frames: int | None = None
    value: Literal["mean", "sum"] = "mean"
    method: Literal["knapsack", "density", "diverse"] = "knapsack"
    shortest: int = 0
    longest: int | None = None
    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    diversity: float = 0.5


@dataclass(frozen=True)
class Selection:
    """S shots (S, 2) inclusive; `parts` (S, 2) what of each would be shown, mostly all of it; `values` (S,) of the parts;
    `chosen` (S,) bool; `clips` inclusive ranges of the summary in order, neighbours joined; `kept` frames of the summary;
    `budget` in mean frames."""

    shots: np.ndarray
    parts: np.ndarray
    values: np.ndarray
    chosen: np.ndarray
    clips: tuple[tuple[int, int], ...]
    kept: int
    budget: int
    notices: tuple[str, ...] = ()

    def mask(self, frames: int) -> np.ndarray:
        """(frames,) bool: which frames the summary shows."""
        shown = np.zeros(frames, dtype=bool)
        for first, last in self.clips:
            shown[first : last + 1] = True
        return shown


def budget_of(frames: int, share: float) -> int:
    """Frames that a summary of `share` of `frames` may have (spec 2.4)."""
    return int(np.floor(share * frames + 1e-9))


def frame_scores(scores: np.ndarray, picks: np.ndarray, frames: int) -> np.ndarray:
    """(frames,) scores: that of pick k fills [picks_k, picks_k+1), the last one fills to the end.

    Frames before the first pick, and picks without a score, count 0.
    """
    edges = np.minimum(np.append(np.asarray(picks, dtype=np.int64), frames), frames)
    known = np.zeros(len(picks))
    count = min(len(scores), len(picks))
    known[:count] = np.asarray(scores, dtype=np.float64)[:count]
    return np.concatenate((np.zeros(edges[0]), np.repeat(known, np.diff(edges))))


def select(
    shots: np.ndarray,
    scores: np.ndarray,
    rule: SelectionRule,
    *,
    features: np.ndarray | None = None,
    picks: np.ndarray | None = None,
    edges: np.ndarray | None = None,
) -> Selection:
    """Choose from `shots` (S, 2) by frame `scores` (n,); `features` (t, d) at `picks` (t,) are needed for "diverse".

    `edges` (n + 1,): when each frame begins and the last one ends, in mean lengths of a frame; needed where the frame
    rate varies, so that a budget of seconds is one.

    Never empty and never over budget. Raises AssayError for pins that contradict each other, lie outside or exceed the
    budget, and where every shot is dropped.
    """
    shots = np.asarray(shots, dtype=np.int64)
    frames = len(scores)
    _check_pins(rule, len(shots))
    asked = budget_of(frames, rule.budget) if rule.budget_frames is None else rule.budget_frames
    budget = max(1, min(asked, frames))
    total = np.concatenate(([0.0], np.cumsum(np.asarray(scores, dtype=np.float64))))
    clock = np.arange(frames + 1, dtype=np.float64) if edges is None else edges
    parts, allowed, notices = _parts(shots, total, rule, budget, clock)
    counts = parts[:, 1] - parts[:, 0] + 1
    lengths = _lengths(parts, clock)
    sums = total[parts[:, 1] + 1] - total[parts[:, 0]]
    values = np.maximum(sums, 0.0) / counts if rule.value == "mean" else np.maximum(sums, 0.0)
    if rule.method == "density":
        chosen = _greedy(values / lengths, lengths, budget, rule, allowed)
    elif rule.method == "diverse":
        if features is None or picks is None:
            raise ValueError("the rule “diverse” needs features and picks")
        chosen = _diverse(values, _described(parts, features, picks), lengths, budget, rule, allowed)
    else:
        chosen = knapsack(values, lengths, budget, keep=rule.keep, drop=tuple(np.flatnonzero(~allowed)))
    if not chosen.any():
        # All scores are 0, so no shot adds to the sum: the longest that fits says the most about the video.
        open_shots = np.flatnonzero(allowed & (lengths <= budget))
        chosen[open_shots[np.argmax(lengths[open_shots])]] = True
        notices.append("All scores are 0, so the longest shot that fits was taken")
    return Selection(
        shots, parts, values, chosen, _clips(parts[chosen]), int(counts[chosen].sum()), budget, tuple(notices)
    )


def _check_pins(rule: SelectionRule, count: int) -> None:
    outside = sorted({shot for shot in (*rule.keep, *rule.drop) if not 0 <= shot < count})
    both = sorted(set(rule.keep) & set(rule.drop))
    if outside:
        raise AssayError(
            f"Shot {outside[0] + 1} does not exist",
            why=f"the video has {count} shots",
            remedy="Pin shots again after the cuts have changed.",
        )
    if both:
        raise AssayError(
            f"Shot {both[0] + 1} must stay and must go at once",
            why=f"{len(both)} shots are in both lists",
            remedy="Take it out of one of the lists.",
        )
    if len(set(rule.drop)) == count:
        raise AssayError("Every shot is dropped", why=f"all {count} shots must go", remedy="Release at least one shot.")


def _parts(
    shots: np.ndarray, total: np.ndarray, rule: SelectionRule, budget: int, clock: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """What of each shot may be shown, which shots may be chosen, and findings.

    Raises AssayError where the pinned shots alone exceed the budget.
    """
    notices: list[str] = []
    lengths = _lengths(shots, clock)
    allowed = np.ones(len(shots), dtype=bool)
    allowed[list(rule.drop)] = False
    pinned = np.zeros(len(shots), dtype=bool)
    pinned[list(rule.keep)] = True
    long_enough = allowed & ((lengths >= rule.shortest) | pinned)
    if long_enough.any():
        allowed = long_enough
    else:
        notices.append(f"No shot has {rule.shortest} frames, so the shortest clip does not count")
    parts = _windows(shots, total, rule.longest, clock) if rule.longest is not None else shots.copy()
    sizes = _lengths(parts, clock)
    needed = int(sizes[pinned].sum())
    if needed > budget:
        raise AssayError(
            "The shots that must stay are longer than the summary may be",
            why=f"{int(pinned.sum())} shots last {needed} frames, the budget is {budget}",
            remedy="Raise the budget, release a shot, or set a longest clip.",
        )
    if not pinned.any() and sizes[allowed].min() > budget:
        window = max(1, budget // min(3, int(allowed.sum())))
        parts = _windows(shots, total, window, clock)
        notices.append(f"No shot fits the budget of {budget} frames, so each offers its best {window} frames")
    return parts, allowed, notices


def _windows(shots: np.ndarray, total: np.ndarray, longest: int, clock: np.ndarray) -> np.ndarray:
    """Each shot, cut to the stretch of at most `longest` with the largest sum of scores, the first of equals."""
    parts = shots.copy()
    for row, (first, last) in enumerate(shots):
        if clock[last + 1] - clock[first] <= longest + TINY:
            continue
        begins = np.arange(first, last + 1)
        ends = np.searchsorted(clock, clock[begins] + longest + TINY, side="right") - 1
        full = ends <= last + 1
        begins, ends = begins[full], np.maximum(ends[full], begins[full] + 1)
        best = int(np.argmax(np.round(total[ends] - total[begins], 9)))
        parts[row] = begins[best], ends[best] - 1
    return parts


def _lengths(parts: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """(S,) whole mean frames that each part takes, rounded up: a sum of them is never less than the truth."""
    return np.asarray(np.ceil(clock[parts[:, 1] + 1] - clock[parts[:, 0]] - TINY), np.int64)


def _greedy(
    worth: np.ndarray, lengths: np.ndarray, budget: int, rule: SelectionRule, allowed: np.ndarray
) -> np.ndarray:
    chosen = np.zeros(len(lengths), dtype=bool)
    chosen[list(rule.keep)] = True
    room = budget - int(lengths[chosen].sum())
    for shot in np.argsort(-worth, kind="stable"):
        if allowed[shot] and not chosen[shot] and lengths[shot] <= room:
            chosen[shot] = True
            room -= int(lengths[shot])
    return chosen


def _diverse(
    values: np.ndarray,
    described: np.ndarray,
    lengths: np.ndarray,
    budget: int,
    rule: SelectionRule,
    allowed: np.ndarray,
) -> np.ndarray:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): worth less the likeness to what is already in."""
    worth = values / max(float(values.max()), np.finfo(float).tiny)
    likeness = described @ described.T
    chosen = np.zeros(len(values), dtype=bool)
    chosen[list(rule.keep)] = True
    room = budget - int(lengths[chosen].sum())
    while True:
        able = allowed & ~chosen & (lengths <= room)
        if not able.any():
            return chosen
        near = likeness[:, chosen].max(axis=1) if chosen.any() else np.zeros(len(values))
        gain = np.where(able, (1 - rule.diversity) * worth - rule.diversity * near, -np.inf)
        shot = int(np.argmax(gain))
        chosen[shot] = True
        room -= int(lengths[shot])


def _described(parts: np.ndarray, features: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """(S, d) unit rows: mean feature of the picks inside each part, or the pick last before it."""
    rows = np.empty((len(parts), features.shape[1]))
    for row, (first, last) in enumerate(parts):
        low, high = np.searchsorted(picks, [first, last + 1])
        low = low if high > low else max(0, low - 1)
        rows[row] = features[low : max(high, low + 1)].mean(axis=0)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _clips(parts: np.ndarray) -> tuple[tuple[int, int], ...]:
    clips: list[tuple[int, int]] = []
    for first, last in parts.tolist():
        if clips and clips[-1][1] + 1 == first:
            clips[-1] = (clips[-1][0], last)
        else:
            clips.append((first, last))
    return tuple(clips)
