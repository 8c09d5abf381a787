"""Where shots begin without features, and shots exact to the frame."""

import numpy as np

CONTENT_THRESHOLD = 12.0
"""Mean grey difference, 0 to 255, below which nothing is a cut; how lively a scene is decides above it."""

NEIGHBOURS = 12
"""Frames before and after one whose differences tell what is usual there."""

UNUSUAL = 8.0
"""Median absolute deviations above the usual difference that make a cut. Hard cuts of the test clips lie 13 or more
above it, flicker, fades and fast camera moves below 6."""


def content_cuts(difference: np.ndarray, *, threshold: float = CONTENT_THRESHOLD, shortest: int = 8) -> np.ndarray:
    """(m,) first frames of new shots: where `difference` (n,) to the frame before reaches `threshold` and stands out.

    It stands out from the frames around it by their median and median absolute deviation, so that a hand-held camera
    makes no cuts and a quiet scene hides none. Of changes nearer to each other than `shortest` frames (a flash, a fade)
    the largest stays.
    """
    changes = np.asarray(difference, np.float64)
    cuts: list[int] = []
    for frame in (np.flatnonzero(changes[1:] >= threshold) + 1).tolist():
        if changes[frame] < _usual(changes, frame):
            continue
        if not cuts or frame - cuts[-1] >= shortest:
            cuts.append(frame)
        elif changes[frame] > changes[cuts[-1]]:
            cuts[-1] = frame
    return np.asarray(cuts, dtype=np.int64)


def _usual(changes: np.ndarray, frame: int) -> float:
    """The largest change that the neighbours of `frame` explain; the first frame of all has none before it."""
    before, after = changes[max(1, frame - NEIGHBOURS) : frame], changes[frame + 1 : frame + 1 + NEIGHBOURS]
    around = np.concatenate([before, after])
    if not len(around):
        return 0.0
    middle = float(np.median(around))
    return middle + UNUSUAL * float(np.median(np.abs(around - middle)))


def uniform_cuts(times: np.ndarray, seconds: float) -> np.ndarray:
    """(m,) first frames of windows of `seconds` > 0; `times` (n,) s. For static or black video as well, where KTS and
    the content detector find nothing."""
    clock = np.asarray(times) - times[0] if len(times) else np.empty(0)
    if not len(clock):
        return np.empty(0, np.int64)
    marks = np.arange(1, int(clock[-1] / seconds + 1e-9) + 1) * seconds
    cuts = np.unique(np.searchsorted(clock, marks - 1e-6))
    return cuts[(cuts > 0) & (cuts < len(clock))].astype(np.int64)


def refined(cuts_at_picks: np.ndarray, picks: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """(m,) frame numbers: each cut between picks a and b moves to the largest `difference` in (a, b] (spec 2.2.4).

    `cuts_at_picks` are indices into `picks` (t,), from 1; `difference` (n,) is to the frame before.
    """
    cuts = []
    for at in np.asarray(cuts_at_picks, dtype=np.int64):
        first = int(picks[at - 1]) + 1
        cuts.append(first + int(np.argmax(difference[first : int(picks[at]) + 1])))
    return np.unique(np.asarray(cuts, dtype=np.int64))


def shots_of(cuts: np.ndarray, frames: int) -> np.ndarray:
    """(S, 2) inclusive frame ranges that cover `frames` >= 1 frames; cuts outside (0, frames) count for nothing."""
    inner = np.unique(np.asarray(cuts, dtype=np.int64))
    inner = inner[(inner > 0) & (inner < frames)]
    return np.stack([np.concatenate(([0], inner)), np.concatenate((inner - 1, [frames - 1]))], axis=1)
