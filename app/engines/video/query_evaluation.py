"""Relevance of frames for a query: the workers' vote, what always answering the commonest class reaches, and scores."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.data.feature_sets import FeatureVideo
from app.data.query_sets import GRADES, QueryFrame
from app.engines.video.agreement import tau_b

TOP = max(GRADES)


@dataclass(frozen=True)
class Asked:
    """One query about one video: `ratings` (workers, frames) 0 to 3, NaN where a worker skipped; `vote` (frames,) classes.

    `numbers` (frames,) are the positions in the video: the number in each file name.
    """

    query: str
    video: str
    numbers: np.ndarray
    ratings: np.ndarray
    vote: np.ndarray


@dataclass(frozen=True)
class QueryFigures:
    """Accuracy and macro-F1 of classes, each against the vote, over all frames; `tau` mean over videos, NaN if undefined."""

    label: str
    accuracy: float
    macro_f1: float
    tau: float
    frames: int
    videos: int


def asked_of(frames: Sequence[QueryFrame]) -> tuple[Asked, ...]:
    """The frames by video and query, with the majority vote of the workers; ties go to the smaller class."""
    groups: dict[tuple[str, str], list[QueryFrame]] = {}
    for frame in frames:
        groups.setdefault((frame.video, frame.query), []).append(frame)
    return tuple(_asked(video, query, each) for (video, query), each in groups.items())


def majority_line(asked: Sequence[Asked]) -> QueryFigures:
    """What the one answer reaches that is commonest in the vote: the line that any method has to pass."""
    truth = np.concatenate([one.vote for one in asked])
    commonest = int(np.bincount(truth, minlength=TOP + 1).argmax())
    guess = np.full(len(truth), commonest)
    return _figures(f"always {commonest}", truth, guess, math.nan, len(asked))


def workers_line(asked: Sequence[Asked]) -> QueryFigures:
    """One worker against the vote, which holds the worker's own: an upper reference, not a fair one."""
    truth, guess, taus = [], [], []
    for one in asked:
        for row in one.ratings:
            known = np.isfinite(row)
            truth.append(one.vote[known])
            guess.append(row[known].astype(int))
            taus.append(_tau(row[known], one.vote[known]))
    return _figures(
        "one worker, own vote included", np.concatenate(truth), np.concatenate(guess), _mean(taus), len(asked)
    )


def matched(asked: Asked, videos: Sequence[FeatureVideo]) -> FeatureVideo | None:
    """The video that was asked about: of that key or name, with a pick for every frame number."""
    for video in videos:
        if (
            asked.video in (video.key, video.key.rsplit("/", 1)[-1], video.name)
            and len(video.picks) > asked.numbers.max()
        ):
            return video
    return None


def scores_line(label: str, asked: Sequence[Asked], scores: Mapping[str, np.ndarray]) -> QueryFigures | None:
    """Scores in [0, 1] by video of the query set, rounded to four classes; None where no video was scored."""
    known = [one for one in asked if one.video in scores]
    if not known:
        return None
    seen = [np.asarray(scores[one.video])[one.numbers] for one in known]
    truth = np.concatenate([one.vote for one in known])
    guess = np.concatenate([np.clip(np.round(TOP * each), 0, TOP).astype(int) for each in seen])
    taus = [_tau(each, one.vote) for each, one in zip(seen, known, strict=True)]
    return _figures(label, truth, guess, _mean(taus), len(known))


def _asked(video: str, query: str, frames: Sequence[QueryFrame]) -> Asked:
    names = sorted({frame.frame for frame in frames}, key=_number)
    workers = sorted({frame.worker for frame in frames})
    ratings = np.full((len(workers), len(names)), np.nan)
    place = {name: column for column, name in enumerate(names)}
    row = {worker: number for number, worker in enumerate(workers)}
    for frame in frames:
        ratings[row[frame.worker], place[frame.frame]] = frame.relevance
    vote = [_commonest(ratings[:, column]) for column in range(len(names))]
    return Asked(query, video, np.array([_number(name) for name in names]), ratings, np.array(vote))


def _commonest(column: np.ndarray) -> int:
    counts: Counter[int] = Counter(column[np.isfinite(column)].astype(int).tolist())
    return min(counts, key=lambda grade: (-counts[grade], grade))


def _number(name: str) -> int:
    digits = re.findall(r"\d+", name.rsplit(".", 1)[0])
    return int(digits[-1]) if digits else 0


def _figures(label: str, truth: np.ndarray, guess: np.ndarray, tau: float, videos: int) -> QueryFigures:
    marks = []
    for grade in np.unique(truth):
        both = int(((truth == grade) & (guess == grade)).sum())
        marks.append(2 * both / int((truth == grade).sum() + (guess == grade).sum()))
    return QueryFigures(label, float((truth == guess).mean()), float(np.mean(marks)), tau, len(truth), videos)


def _tau(scores: np.ndarray, vote: np.ndarray) -> float:
    return float(tau_b(scores, vote)[0, 0]) if len(vote) > 1 else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan
