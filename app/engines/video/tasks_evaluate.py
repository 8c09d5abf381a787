"""The task that compares two methods on the same test videos, beside random scores and people."""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import (
    Checkpoint,
    Emits,
    Event,
    Log,
    Metric,
    Progress,
    Result,
    Stage,
    State,
    Stopped,
    Table,
    Warn,
    task,
)
from app.core.task import Command, Preset, Run
from app.engines.video.evaluate_configs import METHODS, EvaluateConfig

if TYPE_CHECKING:
    from app.data.feature_sets import FeatureVideo
    from app.engines.video.contestants import Contestant, Queries
    from app.engines.video.evaluation import Difference, Outcome, Standing
    from app.engines.video.model_files import Saved
    from app.engines.video.query_evaluation import Asked
    from app.engines.video.training import Trainer

METHOD_COLUMNS = ("label", "value", "interval", "n", "note")
FIGURE_COLUMNS = (
    "method", "tau", "± tau", "rho", "± rho", "F1 mean [%]", "± F1 mean", "F1 best [%]", "± F1 best",
    "random F1 mean [%]", "random F1 best [%]", "PoR", "PoR low", "PoR high", "videos",
)  # fmt: skip
VIDEO_COLUMNS = ("video", "name", "tau a", "tau b", "F1 a [%]", "F1 b [%]", "random F1 [%]")
DIFFERENCE_COLUMNS = ("measure", "b less a", "low", "high", "p", "p after Holm", "videos")
QUERY_COLUMNS = ("answers", "accuracy [%]", "macro F1 [%]", "tau", "frames", "videos")
DISTURBED = ", disturbed"

PRESETS = {
    "quick": Preset("Ten epochs, one part", {"epochs": 10, "folds": 1}, note="A first look in seconds"),
    "helpers": Preset(
        "Do the helper terms matter?",
        {"first": "train-no-helpers", "second": "train-conditional", "disturbed": True},
        note="The conditional model with and without its helper distributions",
    ),
    "cross-validation": Preset("Five parts", {"folds": 5}, note="Every video is tested once; five times the work"),
}


@dataclass
class _Found:
    """What is known so far; `outcomes` over all finished splits, `scores` of videos with a query, by method label."""

    split: int = 0
    outcomes: "list[Outcome]" = field(default_factory=list)
    scores: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def state(self, training: Mapping[str, Any]) -> State:
        return {
            "split": self.split,
            "outcomes": [asdict(one) for one in self.outcomes],
            "scores": {label: dict(each) for label, each in self.scores.items()},
            "training": dict(training),
        }


@task(
    "video.evaluate",
    title="Compare methods",
    presets=PRESETS,
    emits=(
        Emits("metric", "loss/*", "Loss", better="lower", loss=True),
        Emits("metric", "tau by video/*", "Rank correlation (tau-b)", better="higher"),
        Emits("table", "methods", "Methods"),
        Emits("table", "figures", "Methods and measures"),
        Emits("table", "differences", "Second method less first"),
        Emits("table", "videos", "Video by video"),
        Emits("table", "query set", "Answers to queries"),
    ),
)
def evaluate(config: EvaluateConfig, resume: State | None = None) -> Run:
    """Train where a method needs it, then judge both on the test videos of every split."""
    import torch

    from app.engines.video.contestants import contestants_of, leaks, model_of, parts_of
    from app.engines.video.evaluation import Outcome
    from app.engines.video.learning_data import load_videos

    torch.set_num_threads(1)
    yield Stage("load")
    sides = contestants_of(config)
    videos = load_videos(config.data, config.seed)
    parts = parts_of(videos, config)
    asked, queries = _queries(config, videos)
    given = {side.side: model_of(side, videos) for side in sides if side.kind == "model"}
    found = _Found()
    training: dict[str, Any] = {}
    if resume:
        found = _Found(
            int(resume["split"]),
            [Outcome(**one) for one in resume["outcomes"]],
            {label: dict(each) for label, each in resume["scores"].items()},
        )
        training = dict(resume["training"])
    else:
        yield from _introduced(config, videos, parts, asked, queries)
        for words, remedy in leaks(sides, given, parts):
            yield Warn(words, remedy)
    stopped = False
    try:
        for number in range(found.split, len(parts)):
            learners, test = parts[number]
            networks = dict(given)
            for side in sides:
                if side.trains:
                    networks[side.side] = yield from _trained(
                        config, side, learners, queries, found, training, len(parts)
                    )
            yield Stage(f"test, part {number + 1} of {len(parts)}")
            yield from _tested(config, sides, networks, learners, test, videos, queries, found)
            found.split, training = number + 1, {}
            yield from _tables(config, sides, found)
            yield from _query_table(sides, asked, found)
            yield Progress(found.split, len(parts), "part")
            yield Checkpoint(found.state({}))
    except Stopped:
        stopped = True
        if not found.outcomes:
            return Result(
                verdict="Stopped before the first test video was judged",
                tone="unsure",
                advice="Resume goes on where it stopped.",
                partial=True,
            )
    return _result(config, sides, found, parts, videos, [words for words, _ in leaks(sides, given, parts)], stopped)


def _introduced(
    config: EvaluateConfig,
    videos: "Sequence[FeatureVideo]",
    parts: "Sequence[tuple[Sequence[FeatureVideo], Sequence[FeatureVideo]]]",
    asked: "Sequence[Asked]",
    queries: "Queries",
) -> Iterator[Event]:
    for video in videos:
        for note in video.notes:
            yield Warn(note)
    tested = {video.key for _, test in parts for video in test}
    named = ", ".join(f"{v.key} ({v.name}, {v.n_frames} frames)" for v in videos if v.key in tested)
    yield Log(f"{len(parts)} parts; {len(tested)} of {len(videos)} videos are tested: {named}")
    if config.splits and len(tested) < len(videos):
        yield Warn(
            f"{len(videos) - len(tested)} of {len(videos)} videos are tested in no split",
            "Choose splits without overlap, in which every video is tested once.",
        )
    if asked and not queries:
        yield Warn(
            "No video of the query set is in the data", "The table then holds only the workers and the majority."
        )
    if config.convention == "ours" and any(v.user_summary is None or v.change_points is None for v in videos):
        yield Warn("Some videos have no summaries of people or no shots; they have no F1")


def _queries(config: EvaluateConfig, videos: "Sequence[FeatureVideo]") -> "tuple[tuple[Asked, ...], Queries]":
    """The query set, and what it asks about the videos at hand."""
    if not config.query_set:
        return (), {}
    from pathlib import Path

    from app.data.query_sets import load_query_set
    from app.engines.video.query_evaluation import asked_of, matched

    asked = asked_of(load_query_set(Path(config.query_set)))
    pairs = [(matched(one, videos), one.query) for one in asked]
    return asked, {video.key: query for video, query in pairs if video is not None}


def _trained(
    config: EvaluateConfig,
    side: "Contestant",
    learners: "Sequence[FeatureVideo]",
    queries: "Queries",
    found: _Found,
    training: dict[str, Any],
    parts: int,
) -> "Generator[Event, Command | None, Saved]":
    """A network trained on the learners of one split; taken up where `training` left it."""
    from app.engines.video.contestants import network_of, trainer_of

    part = f", part {found.split + 1} of {parts}" if parts > 1 else ""
    yield Stage(f"train {side.label.lower()}{part}")
    trainer: Trainer = trainer_of(config, side, learners, queries)
    if side.side in training:
        trainer.resume(training[side.side])
    epochs = trainer.steps // len(learners)
    while not trainer.ended:
        record = trainer.advance()
        if record is None:
            continue
        yield Progress(trainer.step, trainer.steps, "video")
        yield Metric(f"loss/{side.label}", found.split * epochs + record.epoch, record.loss)
        if not math.isfinite(record.loss):
            yield Warn(f"A step of {side.label} was not finite; the weights before it are kept")
        training[side.side] = trainer.state()
        yield Checkpoint(found.state(training))
    return network_of(config, trainer, learners)


def _tested(
    config: EvaluateConfig,
    sides: "tuple[Contestant, Contestant]",
    networks: "Mapping[str, Saved]",
    learners: "Sequence[FeatureVideo]",
    test: "Sequence[FeatureVideo]",
    videos: "Sequence[FeatureVideo]",
    queries: "Queries",
    found: _Found,
) -> Iterator[Event]:
    """Every method on every test video of one split."""
    from app.engines.video.contestants import disturbed, scores_by
    from app.engines.video.evaluation import judged, judged_people, judged_random, rival_of

    places = {video.key: place for place, video in enumerate(videos)}
    for number, video in enumerate(test):
        place = places[video.key]
        rival = rival_of(video, config.convention, config.draws, np.random.default_rng([config.seed, place]))
        step = sum(one.method == sides[0].label for one in found.outcomes)
        rows: list[Outcome] = []
        for side in sides:
            if side.kind == "random":
                rows.append(judged_random(side.label, video, rival))
                continue
            scores = scores_by(config, side, networks.get(side.side), video, queries)
            rows.append(judged(side.label, video, scores, config.convention, rival))
            if video.key in queries:
                found.scores.setdefault(side.label, {})[video.key] = scores
            if config.disturbed and side.sees:
                spoilt = disturbed(config, video, place, learners)
                scores = scores_by(config, side, networks.get(side.side), spoilt, queries)
                rows.append(judged(side.label + DISTURBED, video, scores, config.convention, rival))
        if "random" not in (side.kind for side in sides):
            rows.append(judged_random(METHODS["random"], video, rival))
        people = judged_people(video, rival)
        found.outcomes += rows if people is None else [*rows, people]
        for one in found.outcomes[-len(rows) - (people is not None) :]:
            if math.isfinite(one.tau):
                yield Metric(f"tau by video/{one.method}", step + 1, one.tau)
        yield Progress(number + 1, len(test), "video")


def _tables(config: EvaluateConfig, sides: "tuple[Contestant, Contestant]", found: _Found) -> Iterator[Event]:
    from app.engines.video.evaluation import by_video

    standings, gaps = _standings(config, found), _gaps(config, sides, found)
    rows = [
        (one.method, one.tau.centre, one.tau.half if one.tau.n > 1 else None, one.tau.n, "tau-b, mean over videos")
        for one in standings
        if one.tau is not None
    ]
    yield Table("methods", found.split, METHOD_COLUMNS, rows)
    yield Table("figures", found.split, FIGURE_COLUMNS, [_figure_row(config, one) for one in standings])
    yield Table(
        "differences",
        found.split,
        DIFFERENCE_COLUMNS,
        [
            (
                gap.measure,
                gap.comparison.difference.centre,
                gap.comparison.difference.low,
                gap.comparison.difference.high,
                gap.comparison.p,
                gap.adjusted,
                gap.comparison.difference.n,
            )
            for gap in gaps
        ],
    )
    names = {one.key: one.name for one in found.outcomes}
    f1, random = ("f_max", "random_max") if config.over_users == "max" else ("f_mean", "random_mean")
    first, second = (side.label for side in sides)
    columns = [
        by_video(found.outcomes, method, lambda one: float(getattr(one, measure)))  # noqa: B023
        for method, measure in ((first, "tau"), (second, "tau"), (first, f1), (second, f1), (first, random))
    ]
    scales = (1, 1, 100, 100, 100)
    yield Table(
        "videos",
        found.split,
        VIDEO_COLUMNS,
        [
            (key, name, *(_number(scale * column[key]) for column, scale in zip(columns, scales, strict=True)))
            for key, name in names.items()
        ],
    )


def _query_table(sides: "tuple[Contestant, Contestant]", asked: "Sequence[Asked]", found: _Found) -> Iterator[Event]:
    if not asked:
        return
    from app.engines.video.query_evaluation import majority_line, scores_line, workers_line

    lines = [majority_line(asked), workers_line(asked)]
    for side in sides:
        known = {key.rsplit("/", 1)[-1]: scores for key, scores in found.scores.get(side.label, {}).items()}
        line = scores_line(side.label, asked, known)
        if line is not None:
            here = [one for one in asked if one.video in known]
            lines += [line] if lines[-1].frames == line.frames else [majority_line(here), line]
    yield Table(
        "query set",
        found.split,
        QUERY_COLUMNS,
        [
            (one.label, 100 * one.accuracy, 100 * one.macro_f1, _number(one.tau), one.frames, one.videos)
            for one in lines
        ],
    )


def _standings(config: EvaluateConfig, found: _Found) -> "list[Standing]":
    from app.engines.video.evaluation import standing_of

    labels = dict.fromkeys(one.method for one in found.outcomes)
    return [standing_of(found.outcomes, label, config.seed) for label in labels]


def _gaps(config: EvaluateConfig, sides: "tuple[Contestant, Contestant]", found: _Found) -> "tuple[Difference, ...]":
    from app.engines.video.evaluation import MEASURES, differences

    first, second = (side.label for side in sides)
    left_out = {"mean": "f_max", "max": "f_mean", "both": ""}[config.over_users]
    pairs = [(words, measure, first, second) for measure, words in MEASURES.items() if measure != left_out]
    if config.disturbed and all(side.sees for side in sides):
        pairs.append(("tau-b, disturbed", "tau", first + DISTURBED, second + DISTURBED))
    return differences(found.outcomes, pairs, config.seed)


def _figure_row(config: EvaluateConfig, one: "Standing") -> tuple[Any, ...]:
    cells: list[Any] = [one.method]
    for interval, scale, shown in (
        (one.tau, 1, True),
        (one.rho, 1, True),
        (one.f_mean, 100, config.over_users != "max"),
        (one.f_max, 100, config.over_users != "mean"),
    ):
        known = interval if shown else None
        cells += [None, None] if known is None else [scale * known.centre, scale * known.half if known.n > 1 else None]
    por = one.over_random
    return (
        *cells,
        _number(100 * one.random_mean),
        _number(100 * one.random_max),
        *((None, None, None) if por is None else (por.centre, por.low, por.high)),
        one.videos,
    )


def _result(
    config: EvaluateConfig,
    sides: "tuple[Contestant, Contestant]",
    found: _Found,
    parts: "Sequence[tuple[Sequence[FeatureVideo], Sequence[FeatureVideo]]]",
    videos: "Sequence[FeatureVideo]",
    findings: Sequence[str],
    stopped: bool,
) -> Result:
    from app.engines.video.verdicts_evaluate import evaluation_result

    tested = len({one.key for one in found.outcomes})
    notes = [f"{tested} of {len(videos)} videos were tested, in {found.split} of {len(parts)} parts.", *findings]
    if config.data.startswith("builtin:"):
        notes.append("Videos and people are made up: this compares methods, not what real people would say.")
    if any(side.trains for side in sides):
        notes.append("Networks were trained on all videos of a part that are not tested; the last epoch counts.")
    first, second = (side.label for side in sides)
    return evaluation_result(
        config, (first, second), _standings(config, found), _gaps(config, sides, found), notes, partial=stopped
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
