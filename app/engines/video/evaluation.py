"""Methods on the same videos and shots: rank correlation first, F1 beside its random baseline, intervals, differences."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.data.feature_sets import FeatureVideo
from app.engines.video.agreement import Agreement, f_table, human_reference, rank_agreement
from app.engines.video.chance import RESAMPLES, Comparison, compare, holm, over_videos, random_summaries
from app.engines.video.conventions import Convention, f_score, summary
from app.engines.video.learning_data import ratings_of
from app.engines.video.selection import SelectionRule, budget_of, frame_scores, select
from app.stats import Interval

Rule = Literal["ours"] | Convention

HUMAN = "one person against the others"
SHARE = 0.15
RANK_DRAWS = 20
"""Random score curves behind the rank correlation of chance, per video."""

MEASURES: dict[str, str] = {"tau": "tau-b", "rho": "rho", "f_mean": "F1, mean", "f_max": "F1, best"}


@dataclass(frozen=True)
class Outcome:
    """How one method did on one test video; NaN where the video has nothing to compare with.

    F1 in [0, 1] over people, mean and best, and the same of random summaries on the same shots. `undefined` people (or
    pairs of people) had no rank correlation because one side was constant.
    """

    method: str
    key: str
    name: str
    tau: float
    rho: float
    f_mean: float
    f_max: float
    random_mean: float
    random_max: float
    undefined: int


@dataclass(frozen=True)
class Rival:
    """What random scores reach on a video under one rule: F1 over `draws` summaries, rank correlation over 20 curves."""

    f_mean: float
    f_max: float
    agreement: Agreement


@dataclass(frozen=True)
class Standing:
    """A method over all test videos: means with bootstrap intervals; None where no video has the figure.

    `over_random` is mean F1 / mean random F1 of the same videos (PoR).
    """

    method: str
    videos: int
    tau: Interval | None
    rho: Interval | None
    f_mean: Interval | None
    f_max: Interval | None
    random_mean: float
    random_max: float
    over_random: Interval | None
    undefined: int


@dataclass(frozen=True)
class Difference:
    """Second less first method in one measure over the same videos; `adjusted` is p after Holm over the measures."""

    measure: str
    comparison: Comparison
    adjusted: float


def rival_of(video: FeatureVideo, rule: Rule, draws: int, rng: np.random.Generator) -> Rival:
    """Random frame scores under `rule` on the shots of `video`."""
    ratings = ratings_of(video)
    curves = [rank_agreement(rng.random(len(video.picks)), ratings) for _ in range(RANK_DRAWS)]
    agreement = Agreement(
        _mean([one.tau for one in curves]), _mean([one.rho for one in curves]), len(ratings), curves[0].undefined
    )
    if video.user_summary is None or video.change_points is None:
        return Rival(math.nan, math.nan, agreement)
    frames = video.n_frames
    if rule == "ours":
        shown = random_summaries(video.change_points, budget_of(frames, SHARE), rng, draws, frames=frames)
        table = f_table(_sized(shown, frames), _people(video))
        return Rival(float(table.mean()), float(table.max(axis=1).mean()), agreement)
    every = np.arange(frames)
    found = [
        _f1(video, summary(rule, rng.random(frames), every, video.change_points, frames), rule) for _ in range(draws)
    ]
    mean, best = np.mean(found, axis=0)
    return Rival(float(mean), float(best), agreement)


def judged(method: str, video: FeatureVideo, scores: np.ndarray, rule: Rule, rival: Rival) -> Outcome:
    """`scores` (t,) of `method` on `video`."""
    agreement = rank_agreement(np.asarray(scores, np.float64), ratings_of(video))
    f_mean = f_max = math.nan
    if video.user_summary is not None and video.change_points is not None:
        f_mean, f_max = _f1(video, shown_by(video, scores, rule), rule)
    return Outcome(
        method, video.key, video.name, agreement.tau, agreement.rho, f_mean, f_max, rival.f_mean, rival.f_max,
        agreement.undefined,
    )  # fmt: skip


def judged_random(method: str, video: FeatureVideo, rival: Rival) -> Outcome:
    """Chance as a method: the means over all its draws."""
    agreement = rival.agreement
    return Outcome(
        method, video.key, video.name, agreement.tau, agreement.rho, rival.f_mean, rival.f_max, rival.f_mean, rival.f_max,
        agreement.undefined,
    )  # fmt: skip


def judged_people(video: FeatureVideo, rival: Rival) -> Outcome | None:
    """One person against the others, each in turn; None where fewer than two people rated the video."""
    ratings = ratings_of(video)
    if len(ratings) < 2:
        return None
    agreement = human_reference(ratings)
    f_mean = f_max = math.nan
    if video.user_summary is not None and len(video.user_summary) > 1:
        users = _people(video)
        table = f_table(users, users)
        np.fill_diagonal(table, np.nan)
        f_mean, f_max = float(np.nanmean(table)), float(np.nanmax(table, axis=1).mean())
    return Outcome(
        HUMAN, video.key, video.name, agreement.tau, agreement.rho, f_mean, f_max, rival.f_mean, rival.f_max,
        agreement.undefined,
    )  # fmt: skip


def shown_by(video: FeatureVideo, scores: np.ndarray, rule: Rule) -> np.ndarray:
    """(n,) bool: the summary that `rule` makes of `scores` (t,) on the shots of the video."""
    assert video.change_points is not None
    if rule != "ours":
        return summary(rule, scores, video.picks, video.change_points, video.n_frames)
    per_frame = frame_scores(scores, video.picks, video.n_frames)
    return select(video.change_points, per_frame, SelectionRule(budget=SHARE)).mask(video.n_frames)


def by_video(outcomes: Sequence[Outcome], method: str, figure: Callable[[Outcome], float]) -> dict[str, float]:
    """A figure of `method` by video; a video that several splits test counts once, with the mean of its values."""
    values: dict[str, list[float]] = {}
    for one in outcomes:
        if one.method == method:
            values.setdefault(one.key, []).append(figure(one))
    return {key: _mean(each) for key, each in values.items()}


def standing_of(outcomes: Sequence[Outcome], method: str, seed: int) -> Standing:
    """Means and intervals of `method` over the videos."""
    rng = np.random.default_rng([seed, 1])

    def interval(measure: str) -> Interval | None:
        values = list(by_video(outcomes, method, lambda one: float(getattr(one, measure))).values())
        return over_videos(values, rng) if np.isfinite(values).any() else None

    def mean(measure: str) -> float:
        return _mean(list(by_video(outcomes, method, lambda one: float(getattr(one, measure))).values()))

    pairs = np.array(
        [
            list(by_video(outcomes, method, lambda one: one.f_mean).values()),
            list(by_video(outcomes, method, lambda one: one.random_mean).values()),
        ]
    )
    return Standing(
        method=method,
        videos=len(by_video(outcomes, method, lambda one: one.tau)),
        tau=interval("tau"),
        rho=interval("rho"),
        f_mean=interval("f_mean"),
        f_max=interval("f_max"),
        random_mean=mean("random_mean"),
        random_max=mean("random_max"),
        over_random=_ratio(pairs[:, np.isfinite(pairs).all(axis=0)], rng),
        undefined=sum(one.undefined for one in outcomes if one.method == method),
    )


def differences(
    outcomes: Sequence[Outcome], pairs: Sequence[tuple[str, str, str, str]], seed: int
) -> tuple[Difference, ...]:
    """Paired differences for `pairs` of (words, measure, first method, second method), p-values adjusted over all of them.

    A pair without a common video that has the measure is left out.
    """
    rng = np.random.default_rng([seed, 2])
    found: list[tuple[str, Comparison]] = []
    for words, measure, first, second in pairs:
        one, two = (
            by_video(outcomes, method, lambda outcome: float(getattr(outcome, measure)))  # noqa: B023
            for method in (first, second)
        )
        keys = [key for key in one if key in two and math.isfinite(one[key]) and math.isfinite(two[key])]
        if keys:
            found.append((words, compare([one[key] for key in keys], [two[key] for key in keys], rng)))
    adjusted = holm([each.p for _, each in found])
    return tuple(Difference(words, each, p) for (words, each), p in zip(found, adjusted, strict=True))


def _f1(video: FeatureVideo, shown: np.ndarray, rule: Rule) -> tuple[float, float]:
    """Mean and best F1 over people, as `rule` computes it."""
    if rule == "ours":
        row = f_table(_sized(shown[None], video.n_frames), _people(video))[0]
        return float(row.mean()), float(row.max())
    assert video.user_summary is not None
    return f_score(rule, shown, video.user_summary, "mean"), f_score(rule, shown, video.user_summary, "max")


def _people(video: FeatureVideo) -> np.ndarray:
    assert video.user_summary is not None
    return _sized(np.asarray(video.user_summary, bool), video.n_frames)


def _sized(rows: np.ndarray, length: int) -> np.ndarray:
    return np.pad(rows[:, :length], ((0, 0), (0, max(0, length - rows.shape[1]))))


def _ratio(pairs: np.ndarray, rng: np.random.Generator) -> Interval | None:
    """Ratio of the means of two rows (2, n) with its bootstrap interval over the n videos."""
    count = pairs.shape[1]
    if not count or not pairs[1].mean() > 0:
        return None
    drawn = pairs[:, rng.integers(0, count, (RESAMPLES, count))].mean(axis=2)
    ratios = drawn[0] / np.maximum(drawn[1], 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Interval(float(pairs[0].mean() / pairs[1].mean()), float(low), float(high), count)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan
