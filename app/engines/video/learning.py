"""What a training needs and what came of it: shapes by the size of the features, examples, and figures on test videos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.data.feature_sets import FeatureVideo
from app.engines.video.agreement import Agreement, f_table, human_reference, rank_agreement
from app.engines.video.chance import random_summaries
from app.engines.video.conventions import summary
from app.engines.video.disturbance import amplitude_of, damage_words
from app.engines.video.feature_world import AMPLITUDE
from app.engines.video.learning_data import WORLD, ratings_of
from app.engines.video.model_files import Preparation, Saved
from app.engines.video.network_seeds import torch_stream
from app.engines.video.networks import Shape, read
from app.engines.video.query_text import hashed_tokens
from app.engines.video.selection import budget_of
from app.engines.video.train_configs import NetworkKind, TrainConfig
from app.engines.video.training import Example, Recipe

LARGE = 128
"""Features above this size get the settings of the 1024-d benchmarks (spec 2.1, defaults)."""

PEOPLE_ENOUGH = 2


@dataclass(frozen=True)
class VideoFigures:
    """How one test video came out. F1 in [0, 1] over the people: mean and best; `random_f` (draws,) of random summaries."""

    key: str
    name: str
    agreement: Agreement
    f_mean: float
    f_max: float
    random_mean: float
    random_max: float
    human: Agreement | None


def shape_of(config: TrainConfig, kind: NetworkKind, features: int) -> Shape:
    """Sizes of the network, those left open by the size of the features."""
    large = features > LARGE
    hidden = config.hidden or (256 if large else 64)
    dropout = config.dropout if config.dropout is not None else (0.5 if large else 0.2)
    heads = 8 if large and hidden % 8 == 0 else 4
    return Shape(kind, features, hidden, heads, config.hidden_factors, dropout=dropout)


def recipe_of(config: TrainConfig, features: int) -> Recipe:
    large = features > LARGE
    return Recipe(
        epochs=config.epochs or (200 if large else 30),
        learning_rate=config.learning_rate or (5e-5 if large else 1e-3),
        helper_weight=config.helper_weight,
        kl_weight=config.kl_weight,
        disturbance=config.disturbance,
    )


def amplitude(config: TrainConfig, videos: Sequence[FeatureVideo]) -> Tensor:
    """(d,) how far a disturbed entry is thrown: fixed in the synthetic world, three standard deviations elsewhere."""
    if config.data == WORLD:
        return torch.full((videos[0].features.shape[1],), AMPLITUDE)
    return amplitude_of([torch.from_numpy(video.features) for video in videos])


def examples_of(config: TrainConfig, videos: Sequence[FeatureVideo]) -> list[Example]:
    """The training videos as the trainer takes them."""
    made = []
    for number, video in enumerate(videos):
        damaged = damage_words(config.query, torch_stream(config.seed, "disturb", number)) if config.query else ""
        made.append(
            Example(
                video.key,
                torch.from_numpy(np.ascontiguousarray(video.features, np.float32)),
                torch.from_numpy(np.asarray(video.gtscore, np.float32)),
                tokens(config.query),
                tokens(damaged),
            )
        )
    return made


def tokens(query: str) -> Tensor | None:
    """(L, 256) tokens of a query; None where it is empty."""
    return torch.from_numpy(hashed_tokens(query)) if query.strip() else None


def scores_of(saved: Saved, video: FeatureVideo, query: str, samples: int, seed: int) -> np.ndarray:
    """(t,) scores of a video by a trained network."""
    saved.network.eval()
    x = saved.preparation.apply(torch.from_numpy(np.ascontiguousarray(video.features, np.float32)))
    found = read(saved.network, x, torch_stream(seed, "latent"), query=tokens(query), samples=samples)
    return np.asarray(found.score.numpy(), np.float64)


def figures_of(video: FeatureVideo, scores: np.ndarray, draws: int, rng: np.random.Generator) -> VideoFigures:
    """Rank correlation with each person, and F1 beside random summaries on the same shots (mean score, 15 %, knapsack)."""
    ratings = ratings_of(video)
    agreement = rank_agreement(scores, ratings)
    human = human_reference(ratings) if len(ratings) >= PEOPLE_ENOUGH else None
    if video.user_summary is None or video.change_points is None:
        nothing = float("nan")
        return VideoFigures(video.key, video.name, agreement, nothing, nothing, nothing, nothing, human)
    frames = video.n_frames
    shown = summary("pgl", scores, video.picks, video.change_points, frames)[:frames]
    users = np.asarray(video.user_summary[:, :frames], bool)
    ours = f_table(np.asarray(shown, bool)[None, : users.shape[1]], users)[0]
    rivals = random_summaries(video.change_points, budget_of(frames, 0.15), rng, draws, frames=frames)
    chance = f_table(rivals[:, : users.shape[1]], users)
    return VideoFigures(
        video.key,
        video.name,
        agreement,
        float(ours.mean()),
        float(ours.max()),
        float(chance.mean(axis=1).mean()),
        float(chance.max(axis=1).mean()),
        human,
    )


def preparation_of(config: TrainConfig, videos: Sequence[FeatureVideo]) -> Preparation:
    return Preparation(amplitude=amplitude(config, videos))
