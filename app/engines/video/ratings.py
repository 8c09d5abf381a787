"""What raters said of one video, as a list that grows and can be taken back, and as one score per pick."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core import AssayError
from app.data.rater_scores import RaterScore, scores_at

LOWEST, HIGHEST = 1, 5


@dataclass
class RatingList:
    """Ratings by `user` of a video of `seconds`, in the order given; where two overlap the later one counts."""

    user: str
    seconds: float
    step: float
    rows: list[tuple[float, float, float]]

    def rate(self, command: Mapping[str, Any]) -> None:
        """Add start, end (s from the start of the video; else start + step) and score. Raises AssayError."""
        try:
            start, score = float(command["start"]), float(command["score"])
            end = float(command.get("end", start + self.step))
        except (KeyError, TypeError, ValueError) as error:
            raise AssayError("A rating needs the numbers start, end and score", why=str(error)) from error
        end = min(end, self.seconds)
        if not 0 <= start < end or not math.isfinite(end):
            raise AssayError(
                f"Nothing can be rated from {start:g} to {end:g} s", why=f"the video lasts {self.seconds:.2f} s"
            )
        if not LOWEST <= score <= HIGHEST:
            raise AssayError(f"A score of {score:g} cannot be given", remedy=f"Use {LOWEST} to {HIGHEST}.")
        self.rows.append((start, end, score))

    def undo(self) -> bool:
        """Take the last rating back; False where there is none."""
        if not self.rows:
            return False
        self.rows.pop()
        return True

    def array(self) -> np.ndarray:
        """(k, 3) float64: start and end in s, score."""
        return np.array(self.rows, np.float64).reshape(-1, 3)

    def scores(self) -> tuple[RaterScore, ...]:
        return tuple(RaterScore(self.user, *row) for row in self.rows)

    def share(self) -> float:
        """Share of the video that is rated; what is rated twice counts once."""
        covered, reached = 0.0, 0.0
        for start, end in sorted((row[0], row[1]) for row in self.rows):
            covered += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        return covered / self.seconds


def at_picks(scores: Sequence[RaterScore], times: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Users, and (U, t) float64 of what each said at `times` (t,) s; what a person left out counts as their lowest.

    People who said nothing at any of the times are left out.
    """
    users, table = scores_at(scores, times)
    known = ~np.isnan(table).all(axis=1)
    table = table[known].astype(np.float64)
    lowest = np.nanmin(table, axis=1, keepdims=True) if len(table) else np.zeros((0, 1))
    return tuple(user for user, keep in zip(users, known, strict=True) if keep), np.where(
        np.isnan(table), lowest, table
    )
