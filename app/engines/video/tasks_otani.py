"""The task that draws the figure of Otani et al. from people's ratings: human, random and oracle F1 by kind of shots."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import (
    AssayError,
    Checkpoint,
    Citation,
    Config,
    Emits,
    Figure,
    Metric,
    Progress,
    Result,
    Stage,
    State,
    Stopped,
    Table,
    Warn,
    field,
    task,
)
from app.core.task import Run

if TYPE_CHECKING:
    from app.data.annotated_video import AnnotatedVideo
    from app.engines.video.otani import RaterWorld

BUILTIN_RATERS = "builtin:raters"
WHO = ("human", "random", "oracle")
BAR_COLUMNS = ("label", "value", "interval", "n", "note")
VIDEO_COLUMNS = ("video", "shots", "human F1 [%]", "random F1 [%]", "oracle F1 [%]")
NOTES = {
    "human": "one person against the others",
    "random": "random score per frame, same knapsack",
    "oracle": "mean rating of all people: has seen the answers",
}
CITATIONS = (
    Citation(
        text="Otani, Nakashima, Rahtu, Heikkilä, Rethinking the Evaluation of Video Summaries, CVPR 2019",
        link="https://arxiv.org/abs/1903.11328",
    ),
    Citation(text="Song, Vallmitjana, Stent, Jaimes, TVSum: Summarizing Web Videos Using Titles, CVPR 2015"),
)
METHODS = (
    "Every video is cut at random into shots of one kind. Each person's summary is the knapsack, 15 % of the frames, of "
    "the mean rating per shot; random summaries are the same knapsack of random frame scores. F1 is taken over frames between "
    "each summary and each other person, then averaged over people and videos. Ties are broken as in the published "
    "evaluation code. Intervals: bootstrap over videos, B = 2000."
)


class OtaniConfig(Config):
    """What the figure is drawn from."""

    annotations: str = field(
        BUILTIN_RATERS,
        title="Ratings",
        widget="data",
        accepts=("video-annotations",),
        help="People's ratings of whole videos (TVSum, SumMe). The built-in ones are simulated",
    )
    draws: int = field(
        20, ge=5, le=1000, title="Random draws", help="Random summaries per video and kind of shots; more are steadier"
    )
    seed: int = field(0, ge=0, lt=2**63, help="Fixes shot lengths and random scores")


@task(
    "video.otani",
    title="Does F1 tell people from chance?",
    emits=(
        Emits("metric", "otani/human f1/*", "Human F1, mean so far", unit="%"),
        Emits("metric", "otani/random f1/*", "Random F1, mean so far", unit="%"),
        Emits("metric", "otani/oracle f1/*", "Oracle F1, mean so far", unit="%"),
        Emits("metric", "otani/human tau", "Agreement of people (tau-b)"),
        Emits("table", "otani", "F1 by kind of shots"),
        Emits("table", "otani/videos", "F1 of each video"),
    ),
)
def otani(config: OtaniConfig, resume: State | None = None) -> Run:
    """Human, random and oracle F1 of every video under four kinds of shots. A partial result covers the videos done."""
    from app.engines.video.otani import SHOT_RULES, random_shots, raters_agree, scores_on

    yield Stage("load")
    videos = _videos(config.annotations)
    rules = tuple(SHOT_RULES)
    state = resume or {}
    names: list[str] = list(state.get("names", []))
    taus: list[float] = [float(tau) for tau in state.get("taus", [])]
    rhos: list[float] = [float(rho) for rho in state.get("rhos", [])]
    undefined = int(state.get("undefined", 0))
    # (videos, rules, WHO) F1 in percent
    found = np.asarray(state.get("found", np.empty((0, len(rules), len(WHO)))), dtype=float)
    stopped = False
    try:
        yield Stage("evaluate")
        for number in range(len(names), len(videos)):
            video = videos[number]
            frames = video.user_anno.shape[1]
            ratings = video.user_anno.astype(float)
            agreement = raters_agree(ratings)
            rows = []
            for kind, rule in enumerate(rules):
                rng = np.random.default_rng([config.seed, number, kind])
                shots = random_shots(rule, frames, rng)
                scores = scores_on(shots, ratings, rng, config.draws, summaries=video.user_summary)
                rows.append([100 * scores.human, 100 * scores.random, 100 * scores.oracle])
            found = np.concatenate([found, np.asarray(rows)[None]])
            names.append(video.video_id)
            taus.append(agreement.tau)
            rhos.append(agreement.rho)
            undefined += agreement.undefined
            for kind, rule in enumerate(rules):
                for column, who in enumerate(WHO):
                    yield Metric(f"otani/{who} f1/{rule}", number + 1, float(found[:, kind, column].mean()))
            yield Metric("otani/human tau", number + 1, _mean(taus))
            yield Table("otani", number + 1, BAR_COLUMNS, _bars(found, rules, config.seed))
            yield Table("otani/videos", number + 1, VIDEO_COLUMNS, _video_rows(names, rules, found))
            yield Progress(number + 1, len(videos), "video")
            yield Checkpoint(
                {"names": [*names], "taus": [*taus], "rhos": [*rhos], "undefined": undefined, "found": found}
            )
        if undefined:
            yield Warn(
                f"{undefined} pairs of people have no rank agreement",
                "One of the pair gave the same rating throughout; these pairs are left out of tau and rho.",
            )
    except Stopped:
        stopped = True
        if not names:
            return Result(verdict="Stopped before the first video was done", tone="unsure", partial=True)
    return _result(config, rules, found, (_mean(taus), _mean(rhos)), undefined, stopped)


def _videos(ref: str) -> Sequence["AnnotatedVideo | RaterWorld"]:
    """The rated videos at `ref`. Raises AssayError where a video has fewer than two people or too few frames."""
    if ref == BUILTIN_RATERS:
        from app.engines.video.otani import simulated_raters

        return simulated_raters()
    from app.data.annotations import load_annotations

    videos = load_annotations(ref)
    for video in videos:
        people, frames = video.user_anno.shape
        if people < 2 or frames < 240:
            raise AssayError(
                f"The video “{video.video_id}” cannot be compared",
                where=ref,
                why=f"it has {people} people and {frames} frames; at least 2 people and 240 frames are needed",
                remedy="Leave the video out of the file.",
            )
    return videos


def _bars(found: np.ndarray, rules: Sequence[str], seed: int) -> list[list[Any]]:
    from app.engines.video.chance import over_videos

    rows: list[list[Any]] = []
    for kind, rule in enumerate(rules):
        for column, who in enumerate(WHO):
            mean = over_videos(list(found[:, kind, column]), np.random.default_rng([seed, kind, column]))
            rows.append(
                [f"{rule} shots, {who}", mean.centre, mean.half if mean.n > 1 else None, mean.n, NOTES[who]],
            )
    return rows


def _video_rows(names: Sequence[str], rules: Sequence[str], found: np.ndarray) -> list[list[Any]]:
    return [
        [name, rule, *(round(float(value), 2) for value in found[row, kind])]
        for row, name in enumerate(names)
        for kind, rule in enumerate(rules)
    ]


def _result(
    config: OtaniConfig,
    rules: Sequence[str],
    found: np.ndarray,
    agreement: tuple[float, float],
    undefined: int,
    stopped: bool,
) -> Result:
    from app.engines.video.chance import compare, holm, over_videos

    videos = len(found)
    gaps = [
        compare(list(found[:, kind, 1]), list(found[:, kind, 0]), np.random.default_rng([config.seed, 9, kind]))
        for kind in range(len(rules))
    ]
    adjusted = holm([gap.p for gap in gaps])
    fooled = [
        rule for rule, gap, p in zip(rules, gaps, adjusted, strict=True) if not (p < 0.05 and gap.difference.centre > 0)
    ]
    shares = [float(found[:, kind, 1].mean() / max(found[:, kind, 0].mean(), 1e-9)) for kind in range(len(rules))]
    figures = []
    for kind, rule in enumerate(rules):
        for column, who in enumerate(WHO):
            mean = over_videos(list(found[:, kind, column]), np.random.default_rng([config.seed, kind, column]))
            interval = mean.half if videos > 1 else None
            figures.append(
                Figure(name=f"{who} F1, {rule} shots", value=mean.centre, unit="%", interval=interval, n=videos)
            )
    if np.isfinite(agreement[0]):
        figures.append(Figure(name="people, Kendall tau-b", value=agreement[0], n=videos))
        figures.append(Figure(name="people, Spearman rho", value=agreement[1], n=videos))
    worst, best = int(np.argmax(shares)), int(np.argmin(shares))
    verdict = (
        f"Random scores reach {100 * shares[worst]:.0f} % of people's F1 with {rules[worst]} shots, "
        f"{100 * shares[best]:.0f} % with {rules[best]} shots"
    )
    notes = [
        f"{rule} shots: people less random {gap.difference.centre:+.1f} points "
        f"[{gap.difference.low:+.1f}, {gap.difference.high:+.1f}], p = {p:.3g} after Holm"
        for rule, gap, p in zip(rules, gaps, adjusted, strict=True)
    ]
    if config.annotations == BUILTIN_RATERS:
        notes.insert(0, "The people are simulated: this shows the effect of the protocol, not how real people rate")
    if undefined:
        notes.append(f"{undefined} pairs of people without rank agreement (a constant rating) are left out of tau, rho")
    return Result(
        verdict=verdict,
        tone="unsure" if videos < 6 else "neutral",
        advice=(
            f"F1 cannot tell people from chance with {', '.join(fooled)} shots here: compare by tau and rho, and show "
            "F1 only beside its random baseline."
            if fooled
            else "F1 separates people from chance with each kind of shots here; still show it beside its random baseline."
        ),
        figures=tuple(figures),
        notes=tuple(notes),
        methods=METHODS,
        citations=CITATIONS,
        details={"rules": list(rules), "random share of human F1": shares, "videos": videos},
        partial=stopped,
    )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
