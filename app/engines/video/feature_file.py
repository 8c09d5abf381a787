"""A video in the public benchmark layout (HDF5), so that any summariser of the literature can be trained on it."""

import io

import numpy as np

from app.engines.video.analysis import Analysis
from app.engines.video.selection import SelectionRule, frame_scores, select


def feature_file(
    videos: "list[tuple[str, Analysis, np.ndarray, np.ndarray | None, np.ndarray | None]]",
) -> bytes:
    """The file's bytes. Each video: its name, analysis, shots (S, 2) inclusive, scores (t,) or None, ratings (U, t) or None.

    Keys are video_1, video_2, …; `gtscore` is the mean rating scaled to [0, 1], else the score; each rater's
    `user_summary` is the knapsack of their ratings within 15 %. `user_scores` keeps the ratings themselves.
    """
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for number, (name, found, shots, scores, ratings) in enumerate(videos, 1):
            group = file.create_group(f"video_{number}")
            frames = found.frames
            group["features"] = found.features.astype(np.float32)
            group["picks"] = found.picks.astype(np.int64)
            group["n_frames"] = frames
            group["n_steps"] = len(found.picks)
            group["change_points"] = np.asarray(shots, np.int64)
            group["n_frame_per_seg"] = np.asarray(shots[:, 1] - shots[:, 0] + 1, np.int64)
            group["fps"] = 1 / found.seconds_per_frame
            group["video_name"] = name
            if ratings is not None:
                users = users_of(ratings, shots, found)
                group["user_scores"] = ratings.astype(np.float32)
                group["user_summary"] = users
                group["gtsummary"] = users[:, found.picks].mean(axis=0).astype(np.float32)
                group["gtscore"] = _unit(ratings.mean(axis=0))
            elif scores is not None:
                group["gtscore"] = scores.astype(np.float32)
    return buffer.getvalue()


def users_of(ratings: np.ndarray, shots: np.ndarray, found: Analysis) -> np.ndarray:
    """(U, n) uint8: what each person's summary would be, from their ratings (U, t) at the picks."""
    rule = SelectionRule()
    return np.stack(
        [
            select(shots, frame_scores(row, found.picks, found.frames), rule).mask(found.frames).astype(np.uint8)
            for row in ratings
        ]
    )


def _unit(values: np.ndarray) -> np.ndarray:
    span = float(values.max() - values.min())
    return ((values - values.min()) / span if span > 0 else np.full(len(values), 0.5)).astype(np.float32)
