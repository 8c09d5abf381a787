"""The task that trains a scoring network on rated videos, beside plain attention on the same videos."""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import (
    Array,
    Artifact,
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
from app.engines.video.train_configs import NETWORKS, NetworkKind, TrainConfig

if TYPE_CHECKING:
    from app.data.feature_sets import FeatureVideo
    from app.engines.video.learning import VideoFigures
    from app.engines.video.model_files import Saved
    from app.engines.video.training import EpochRecord, Trainer

VIDEO_COLUMNS = ("video", "name", "tau", "rho", "F1 mean", "F1 best", "random F1", "PoR", "people, tau")
METHOD_COLUMNS = ("label", "value", "interval", "n", "note")
VALIDATION_SHARE = 0.1
LARGEST_MAP = 120

PRESETS = {
    "quick": Preset("Ten epochs", {"epochs": 10}, note="A first look in seconds"),
    "pgl-sum": Preset(
        "PGL-SUM shape",
        {"network": "pgl-sum", "epochs": 200, "learning_rate": 5e-5, "dropout": 0.5},
        note="Settings of the published code; hours on a processor with 1024 features",
    ),
}


@task(
    "video.train",
    title="Train on ratings",
    presets=PRESETS,
    emits=(
        Emits("metric", "objective", "Objective", better="higher"),
        Emits("metric", "loss/*", "Loss", better="lower", loss=True),
        Emits("metric", "elbo/*", "Term of the objective", better="higher"),
        Emits("metric", "gate mean", "Gate of the query"),
        Emits("metric", "tau/*", "Rank correlation (tau-b)", better="higher"),
        Emits("metric", "tau by video/*", "Rank correlation (tau-b), test part", better="higher"),
        Emits("array", "attention", "Attention"),
        Emits("table", "methods", "Methods"),
        Emits("table", "videos", "Video by video"),
        Emits("artifact", "*", "Files"),
    ),
)
def train(config: TrainConfig, resume: State | None = None) -> Run:
    """Train, then score the test videos once: until then nothing of them is seen."""
    import torch

    from app.engines.video.learning import (
        amplitude,
        examples_of,
        figures_of,
        preparation_of,
        recipe_of,
        scores_of,
        shape_of,
    )
    from app.engines.video.learning_data import lessons, load_videos, split_videos
    from app.engines.video.model_files import Saved, to_files
    from app.engines.video.training import Trainer
    from app.engines.video.verdicts_train import training_result

    torch.set_num_threads(1)
    resume = resume or {}
    yield Stage("load")
    videos = load_videos(config.data, config.seed)
    learning, test = split_videos(videos, config.splits, config.split, config.seed)
    if not resume:
        for video in videos:
            for note in video.notes:
                yield Warn(note)
        names = ", ".join(f"{video.key} ({video.name}, {video.n_frames} frames)" for video in test)
        yield Log(f"{len(learning)} videos to learn from; tested on {names}")
    held = max(1, round(VALIDATION_SHARE * len(learning))) if len(learning) > 4 else 0
    learners, watched = learning[: len(learning) - held], learning[len(learning) - held :]
    size = learners[0].features.shape[1]
    thrown = preparation_of(config, learners)
    kinds: list[NetworkKind] = [config.network]
    if config.compare and config.network != "plain":
        kinds.append("plain")
    states: dict[str, Any] = dict(resume.get("states", {}))
    saved: dict[NetworkKind, Saved] = {}
    for kind in kinds:
        yield Stage(f"train {NETWORKS[kind].lower()}")
        shape = shape_of(config, kind, size)
        trainer = Trainer(
            shape, examples_of(config, learners), amplitude(config, learners), recipe_of(config, size), config.seed
        )
        if kind in states:
            trainer.resume(states[kind])
        saved[kind] = Saved(
            shape, trainer.network, thrown, trained_on=lessons(learners, queries=bool(config.query.strip()))
        )
        try:
            yield from _epochs(config, kind, trainer, saved[kind], watched, states)
        except Stopped:
            if kind != config.network:
                saved.pop(kind)
            yield Artifact(
                "model", to_files(saved[config.network]), "video-model", "The network as it stood when stopped"
            )
            return Result(
                verdict=f"Stopped after {trainer.epoch} epochs of {NETWORKS[kind].lower()}; the test videos were not seen",
                tone="unsure",
                advice="Resume goes on; the model so far can already score videos.",
                partial=True,
            )
        states[kind] = trainer.state()
    yield Artifact("model", to_files(saved[config.network]), "video-model", "Scores videos in Summarise")
    yield Stage("test")
    found: dict[NetworkKind, list[VideoFigures]] = {}
    for kind in kinds:
        random = np.random.default_rng(config.seed)
        found[kind] = [
            figures_of(
                video, scores_of(saved[kind], video, config.query, config.samples, config.seed), config.draws, random
            )
            for video in test
        ]
        for number, figures in enumerate(found[kind], 1):
            yield Metric(f"tau by video/{NETWORKS[kind].lower()}", number, figures.agreement.tau)
    yield _videos(found[config.network])
    yield _methods(found, config.seed)
    yield from _attention(saved[config.network], test[0])
    by_people = any(video.user_scores is not None or video.user_summary is not None for video in test)
    return training_result(config, found, len(learners), by_people=by_people)


def _epochs(
    config: TrainConfig,
    kind: NetworkKind,
    trainer: "Trainer",
    saved: "Saved",
    watched: "Sequence[FeatureVideo]",
    states: dict[str, Any],
) -> Generator[Event, Command | None, None]:
    """All epochs of one network; what went wrong is told, and the last good weights stay."""
    while not trainer.ended:
        record = trainer.advance()
        if record is None:
            continue
        yield Progress(trainer.step, trainer.steps, "video")
        yield from _said(config, kind, record)
        if not math.isfinite(record.loss):
            yield Warn("A step was not finite; the weights before it are kept", "Lower the learning rate.")
            return
        if watched:
            yield Metric(f"tau/validation, {NETWORKS[kind].lower()}", record.epoch, _validation(config, saved, watched))
        if trainer.posterior_collapsed:
            yield Warn("The hidden factors say nothing: their divergence is below 0.01", "Lower the weight β.")
        yield Checkpoint({"states": {**states, kind: trainer.state()}})


def _said(config: TrainConfig, kind: NetworkKind, record: "EpochRecord") -> Iterator[Event]:
    yield Metric(f"loss/train, {NETWORKS[kind].lower()}", record.epoch, record.loss)
    if kind != config.network:
        return
    if record.terms:
        yield Metric("objective", record.epoch, -record.loss)
    for name, value in record.terms.items():
        yield Metric(f"elbo/{name}", record.epoch, value)
    if record.gate is not None:
        yield Metric("gate mean", record.epoch, record.gate)


def _validation(config: TrainConfig, saved: "Saved", watched: "Sequence[FeatureVideo]") -> float:
    from app.engines.video.agreement import rank_agreement
    from app.engines.video.learning import scores_of
    from app.engines.video.learning_data import ratings_of

    training = saved.network.training
    taus = [
        rank_agreement(scores_of(saved, video, config.query, config.samples, config.seed), ratings_of(video)).tau
        for video in watched
    ]
    saved.network.train(training)
    return float(np.nanmean(taus)) if np.isfinite(taus).any() else float("nan")


def _videos(figures: "Sequence[VideoFigures]") -> Table:
    rows = [
        (
            one.key,
            one.name,
            _number(one.agreement.tau),
            _number(one.agreement.rho),
            _number(one.f_mean),
            _number(one.f_max),
            _number(one.random_mean),
            _number(one.f_mean / one.random_mean if one.random_mean else math.nan),
            _number(one.human.tau if one.human else math.nan),
        )
        for one in figures
    ]
    return Table("videos", 0, VIDEO_COLUMNS, rows)


def _methods(found: "Mapping[NetworkKind, Sequence[VideoFigures]]", seed: int) -> Table:
    from app.engines.video.chance import over_videos

    rows: list[tuple[Any, ...]] = []
    for kind, figures in found.items():
        taus = [one.agreement.tau for one in figures]
        if np.isfinite(taus).any():
            interval = over_videos(taus, np.random.default_rng(seed))
            rows.append((NETWORKS[kind], interval.centre, interval.half, interval.n, "tau-b, mean over videos"))
    people = [one.human.tau for one in next(iter(found.values())) if one.human is not None]
    if np.isfinite(people).any():
        interval = over_videos(people, np.random.default_rng(seed))
        rows.append(("one person with another", interval.centre, interval.half, interval.n, "tau-b, mean over videos"))
    rows.append(("random scores", 0.0, None, len(next(iter(found.values()))), "expected tau-b"))
    return Table("methods", 0, METHOD_COLUMNS, rows)


def _attention(saved: "Saved", video: "FeatureVideo") -> Iterator[Event]:
    import torch

    from app.engines.video.networks import attention_of

    x = saved.preparation.apply(torch.from_numpy(np.ascontiguousarray(video.features, np.float32)))
    shown = attention_of(saved.network, x).numpy()
    step = max(1, -(-len(shown) // LARGEST_MAP))
    names = [str(number) for number in range(0, len(shown), step)]
    yield Array("attention", 0, shown[::step, ::step], labels=(names, names))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
