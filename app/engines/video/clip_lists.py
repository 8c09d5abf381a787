"""Clips that a person or another program chose, instead of the knapsack."""

import re
from collections.abc import Sequence

import numpy as np

from app.core import AssayError
from app.engines.video.cutting import Cut, Film
from app.engines.video.detectors import shots_of
from app.engines.video.selection import Selection, frame_scores

_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:[-–]\s*(\d{1,9})\s*)?")


def parsed_clips(words: Sequence[str], frames: int) -> tuple[tuple[int, int], ...]:
    """“12-40” as (12, 40), both ends kept, “7” as (7, 7); sorted, and joined where they touch or overlap.

    Raises AssayError for what is no such range, runs backwards, or ends beyond a video of `frames` frames.
    """
    clips: list[tuple[int, int]] = []
    for word in words:
        match = _RANGE.fullmatch(word)
        if match is None:
            raise AssayError(
                f"“{word[:40]}” is no clip", where="clips", remedy="Write the first and last frame: 120-260"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last >= frames:
            why = "it ends before it begins" if last < first else f"the video has frames 0 to {frames - 1}"
            raise AssayError(f"The clip {first}-{last} cannot be kept", where="clips", why=why)
        clips.append((first, last))
    joined: list[tuple[int, int]] = []
    for first, last in sorted(clips):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def cut_by_clips(film: Film, scores: np.ndarray, shots: np.ndarray, clips: Sequence[tuple[int, int]]) -> Cut:
    """The cut that keeps exactly `clips` (inclusive, rising, disjoint); `shots` (S, 2) are divided at their ends.

    `scores` (t,) are those of the picks; the value of a shot is the mean over its frames.
    """
    edges = {int(first) for first, _ in shots} | {edge for first, last in clips for edge in (first, last + 1)}
    parts = shots_of(np.array(sorted(edges - {0, film.frames}), np.int64), film.frames)
    total = np.concatenate(([0.0], np.cumsum(frame_scores(scores, film.picks, film.frames))))
    lengths = parts[:, 1] - parts[:, 0] + 1
    values = (total[parts[:, 1] + 1] - total[parts[:, 0]]) / lengths
    inside = np.zeros(film.frames, dtype=bool)
    for first, last in clips:
        inside[first : last + 1] = True
    chosen = inside[parts[:, 0]]
    kept = int(inside.sum())
    selection = Selection(parts, parts, values, chosen, tuple(clips), kept, kept)
    return Cut(selection.shots, scores, np.zeros(len(parts)), selection, None)
