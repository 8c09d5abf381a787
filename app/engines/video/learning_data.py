"""Videos to learn from: the synthetic feature world, a benchmark's feature file, or a person's own ratings."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core import AssayError
from app.data.feature_sets import FeatureVideo, load_feature_set
from app.data.splits import load_splits
from app.engines.video.conventions import summary
from app.engines.video.feature_world import make_world
from app.engines.video.network_seeds import stream

WORLD = "builtin:feature-world"
STEP = 15
"""Frames from pick to pick in the world, as in the public files."""

TEST_SHARE = 0.2
FEWEST = 2


def load_videos(ref: str, seed: int = 0) -> tuple[FeatureVideo, ...]:
    """The videos of `ref`, each with a score to learn. Raises AssayError for files that have none, or too few videos."""
    if ref == WORLD:
        return tuple(_of_world(seed))
    videos = tuple(with_target(video) for video in load_feature_set(ref).videos)
    if len(videos) < FEWEST:
        raise AssayError(
            f"{len(videos)} video is too few to learn from and to test on",
            where=ref,
            remedy=f"Give at least {FEWEST} videos; several files can be joined.",
        )
    sizes = {video.features.shape[1] for video in videos}
    if len(sizes) > 1:
        raise AssayError(
            "The videos have features of different sizes",
            where=ref,
            why=", ".join(map(str, sorted(sizes))),
            remedy="Analyse all of them with the same feature model.",
        )
    return videos


def split_videos(
    videos: Sequence[FeatureVideo], splits: str, number: int, seed: int
) -> tuple[list[FeatureVideo], list[FeatureVideo]]:
    """Training and test videos: those of split `number` (from 1) of a file, else 80 to 20 drawn by `seed`.

    Raises AssayError where the file has no such split, or names videos that are not there.
    """
    if not splits:
        order = stream(seed, "split").permutation(len(videos))
        count = max(1, round(TEST_SHARE * len(videos)))
        kept = set(order[:count].tolist())
        chosen = [video for at, video in enumerate(videos) if at in kept]
        return [video for at, video in enumerate(videos) if at not in kept], chosen
    known = load_splits(Path(splits))
    if not 1 <= number <= len(known):
        raise AssayError(f"There is no split {number}", where=splits, why=f"the file has {len(known)}")
    by_key = {video.key.rsplit("/", 1)[-1]: video for video in videos}
    if len(by_key) < len(videos):
        raise AssayError(
            "Splits cannot tell the videos of joined files apart",
            where=splits,
            why=f"{len(videos)} videos share {len(by_key)} names",
            remedy="Leave the splits out, which draws test videos by the seed, or give one file at a time.",
        )
    split = known[number - 1]
    wanted = [[key.rsplit("/", 1)[-1] for key in keys] for keys in (split.train, split.test)]
    missing = [key for keys in wanted for key in keys if key not in by_key]
    if missing:
        raise AssayError(
            f"{len(missing)} videos of the split are not in the data",
            where=splits,
            why=f"the first is {missing[0]}",
            remedy="Choose the splits that belong to this data set.",
        )
    train, test = ([by_key[key] for key in keys] for keys in wanted)
    return train, test


def lessons(videos: Sequence[FeatureVideo], *, queries: bool) -> dict[str, Any]:
    """What a model keeps of its training: the name of each video by the digest of its features; if queries were asked."""
    return {"videos": {_digest(video): video.name for video in videos}, "queries": queries}


def seen_in_training(trained_on: Mapping[str, Any], videos: Sequence[FeatureVideo]) -> list[FeatureVideo] | None:
    """Those of `videos` that a model with these lessons learned from; None where that was not kept."""
    known = trained_on.get("videos")
    if not isinstance(known, Mapping):
        return None
    return [video for video in videos if _digest(video) in known]


def _digest(video: FeatureVideo) -> str:
    return hashlib.sha256(np.ascontiguousarray(video.features, "<f4").tobytes()).hexdigest()[:32]


def ratings_of(video: FeatureVideo) -> np.ndarray:
    """(U, t) what people said at the picks: their scores, else their summaries, else the one score there is."""
    if video.user_scores is not None:
        return np.asarray(video.user_scores, np.float64)
    if video.user_summary is not None:
        at = np.minimum(video.picks, video.user_summary.shape[1] - 1)
        return np.asarray(video.user_summary[:, at], np.float64)
    assert video.gtscore is not None
    return np.asarray(video.gtscore, np.float64)[None]


def with_target(video: FeatureVideo) -> FeatureVideo:
    """The video with a score to learn; from ratings where the file has no `gtscore`. Raises AssayError where neither is."""
    if video.gtscore is not None:
        return video
    if video.user_scores is None and video.user_summary is None:
        raise AssayError(
            f"Video {video.key} has neither scores nor summaries of people",
            where=video.name,
            remedy="Rate it while watching, or use a file that has gtscore.",
        )
    mean = ratings_of(video).mean(axis=0)
    span = float(np.ptp(mean))
    return replace(video, gtscore=((mean - mean.min()) / span if span else np.full(len(mean), 0.5)).astype(np.float32))


def _of_world(seed: int) -> list[FeatureVideo]:
    made = []
    for video in make_world(seed):
        steps = len(video.truth)
        picks = np.arange(steps, dtype=np.int64) * STEP
        frames = steps * STEP
        shots = np.stack([video.scenes[:, 0] * STEP, (video.scenes[:, 1] + 1) * STEP - 1], axis=1).astype(np.int64)
        users = [summary("pgl", row, picks, shots, frames) for row in video.ratings]
        made.append(
            FeatureVideo(
                key=video.name,
                name=f"made-up {video.name}",
                features=video.features,
                picks=picks,
                n_frames=frames,
                gtscore=((video.ratings.mean(axis=0) - 1) / 4).astype(np.float32),
                change_points=shots,
                user_summary=np.stack(users).astype(np.uint8),
                user_scores=video.ratings.astype(np.float32),
            )
        )
    return made
