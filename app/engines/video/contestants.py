"""The methods that can be compared: each gives a curve of scores for a video, some after training on others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from app.core import AssayError
from app.data.feature_sets import FeatureVideo
from app.data.splits import load_splits
from app.engines.video.disturbance import damage_words, throw_entries
from app.engines.video.evaluate_configs import METHODS, EvaluateConfig, MethodKind
from app.engines.video.learning import amplitude, examples_of, preparation_of, recipe_of, scores_of, shape_of, tokens
from app.engines.video.learning_data import seen_in_training, split_videos
from app.engines.video.model_files import Saved, load_model
from app.engines.video.network_seeds import stream, torch_stream
from app.engines.video.scorers import diversity_representativeness, time_ramp, uniform
from app.engines.video.scoring import check_features
from app.engines.video.train_configs import TrainConfig
from app.engines.video.training import Example, Trainer

Queries = dict[str, str]
"""What was asked about a video, by key; videos without a query are left out."""


@dataclass(frozen=True)
class Contestant:
    """One side of the comparison; `label` is unlike that of the other side."""

    side: str
    kind: MethodKind
    label: str
    folder: str = ""

    @property
    def trains(self) -> bool:
        return self.kind.startswith("train-")

    @property
    def sees(self) -> bool:
        """Whether its scores depend on what is in the picture."""
        return self.trains or self.kind in ("story", "model")


def contestants_of(config: EvaluateConfig) -> tuple[Contestant, Contestant]:
    """Both methods; a folder makes its side a trained model. Raises AssayError for a model without one, and for equal sides."""
    given = (("a", config.first, config.first_model), ("b", config.second, config.second_model))
    sides: list[tuple[str, MethodKind, str]] = [
        (side, "model" if folder else kind, folder) for side, kind, folder in given
    ]
    for side, kind, folder in sides:
        if kind == "model" and not folder:
            raise AssayError(
                f"Method {side} is a trained model, but no folder is given",
                where=f"model {side}",
                remedy="Choose the folder “model” of a finished training, or another method.",
            )
    same = sides[0][1] == sides[1][1]
    if same and sides[0][2] == sides[1][2]:
        raise AssayError(
            "Both methods are the same", where=METHODS[sides[0][1]], remedy="Choose another method for a or b."
        )
    first, second = (
        Contestant(side, kind, f"{METHODS[kind]} {side}" if same else METHODS[kind], folder)
        for side, kind, folder in sides
    )
    return first, second


def parts_of(
    videos: Sequence[FeatureVideo], config: EvaluateConfig
) -> list[tuple[list[FeatureVideo], list[FeatureVideo]]]:
    """(training, test) videos of every split to go through: of the file, or drawn by the seed."""
    if config.splits:
        numbers = [config.split] if config.split else range(1, len(load_splits(Path(config.splits))) + 1)
        return [split_videos(videos, config.splits, number, config.seed) for number in numbers]
    if config.folds == 1:
        return [split_videos(videos, "", 1, config.seed)]
    if config.folds > len(videos):
        raise AssayError(f"{len(videos)} videos make no {config.folds} parts", remedy="Take fewer parts.")
    order = stream(config.seed, "split").permutation(len(videos))
    tests = [set(part.tolist()) for part in np.array_split(order, config.folds)]
    return [
        ([v for at, v in enumerate(videos) if at not in test], [v for at, v in enumerate(videos) if at in test])
        for test in tests
    ]


def trainer_of(
    config: EvaluateConfig, contestant: Contestant, learners: Sequence[FeatureVideo], queries: Queries
) -> Trainer:
    """A trainer with fresh weights on all of `learners`; settings left open follow the size of the features."""
    settings = settings_of(config)
    size = learners[0].features.shape[1]
    kind = contestant.kind.removeprefix("train-")
    if kind == "pgl-sum" and size % 16:
        raise AssayError(
            "PGL-SUM cannot read these features",
            why=f"their size is {size}; it has to be a multiple of 16",
            remedy="Choose another method.",
        )
    shape = shape_of(settings, kind, size)  # type: ignore[arg-type]
    examples = [
        _asking(example, queries.get(video.key, ""), number, config.seed)
        for number, (example, video) in enumerate(zip(examples_of(settings, learners), learners, strict=True))
    ]
    return Trainer(shape, examples, amplitude(settings, learners), recipe_of(settings, size), config.seed)


def network_of(config: EvaluateConfig, trainer: Trainer, learners: Sequence[FeatureVideo]) -> Saved:
    return Saved(trainer.shape, trainer.network, preparation_of(settings_of(config), learners))


def model_of(contestant: Contestant, videos: Sequence[FeatureVideo]) -> Saved:
    """The model of a folder. Raises AssayError where it is none, or reads features of another size."""
    saved = load_model(Path(contestant.folder))
    check_features(saved, videos[0].features, contestant.folder)
    return saved


def leaks(
    sides: Sequence[Contestant],
    given: Mapping[str, Saved],
    parts: Sequence[tuple[Sequence[FeatureVideo], Sequence[FeatureVideo]]],
) -> list[tuple[str, str]]:
    """What is wrong, and its remedy, for each given model that learned from its test videos, or of which nobody knows."""
    tested = list({video.key: video for _, test in parts for video in test}.values())
    found = []
    for side in sides:
        if side.side not in given:
            continue
        seen = seen_in_training(given[side.side].trained_on, tested)
        if seen is None:
            found.append((f"Whether {side.label} has seen the test videos in its training is not known", ""))
        elif seen:
            words = f"{side.label} learned from {len(seen)} of the {len(tested)} test videos; its figures flatter it"
            found.append((words, "Test it on videos or splits that it has not seen."))
    return found


def scores_by(
    config: EvaluateConfig, contestant: Contestant, saved: Saved | None, video: FeatureVideo, queries: Queries
) -> np.ndarray:
    """(t,) scores of a method other than random."""
    if saved is not None:
        return scores_of(saved, video, queries.get(video.key, ""), config.samples, config.seed)
    if contestant.kind == "story":
        return diversity_representativeness(video.features)
    return time_ramp(len(video.picks)) if contestant.kind == "ramp" else uniform(len(video.picks))


def disturbed(
    config: EvaluateConfig, video: FeatureVideo, number: int, learners: Sequence[FeatureVideo]
) -> FeatureVideo:
    """The video with 30 % of the entries of its features thrown off; the same for every method."""
    amount = amplitude(settings_of(config), learners)
    x = throw_entries(torch.from_numpy(video.features), amount, torch_stream(config.seed, "disturb", number))
    return replace(video, features=x.numpy())


def settings_of(config: EvaluateConfig) -> TrainConfig:
    """The settings of *Train* that these methods train with."""
    return TrainConfig(
        data=config.data, epochs=config.epochs, hidden=config.hidden, samples=config.samples, seed=config.seed
    )


def _asking(example: Example, query: str, number: int, seed: int) -> Example:
    if not query:
        return example
    damaged = damage_words(query, torch_stream(seed, "disturb", number))
    return replace(example, query=tokens(query), damaged_query=tokens(damaged))
