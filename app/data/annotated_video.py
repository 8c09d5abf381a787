"""One rated video, whichever set it comes from, and the check of what strangers' files say about it."""

from dataclasses import dataclass

import numpy as np

from app.core.errors import AssayError
from app.data.text import plain

EXPECTED = "Expected: ydata-tvsum50.mat, ydata-tvsum50-anno.tsv, or SumMe's folder GT of .mat files"


@dataclass(frozen=True)
class AnnotatedVideo:
    """One rated video: U users, n frames.

    `user_anno` (U, n) int8: TVSum 1 to 5; SumMe 0 (not chosen) and above. `gt_score` (n,) float32 is the set's own mean.
    `length_s` is None where the file does not tell.
    """

    video_id: str
    category: str
    title: str
    user_anno: np.ndarray
    gt_score: np.ndarray
    length_s: float | None

    @property
    def n_frames(self) -> int:
        return int(self.user_anno.shape[1])

    @property
    def user_summary(self) -> np.ndarray | None:
        """(U, n) uint8 of what each user chose, where users chose frames and did not rate them (SumMe)."""
        return (self.user_anno > 0).astype(np.uint8) if (self.user_anno == 0).any() else None


def checked_video(
    where: str,
    *,
    video_id: str,
    category: str,
    title: str,
    user_anno: np.ndarray,
    gt_score: np.ndarray | None,
    length_s: float | None,
    frames: int | None,
) -> AnnotatedVideo:
    """An `AnnotatedVideo` from arrays of strangers: (users, n) or (n, users) ratings, whole numbers from 0 to 127.

    Raises AssayError naming `where` for other shapes and values. Without `gt_score` the mean of the users is taken.
    """
    if user_anno.ndim != 2 or not user_anno.size:
        raise AssayError("The ratings are no table of users and frames", where=where, why=f"shape {user_anno.shape}")
    if user_anno.shape[0] > user_anno.shape[1]:
        user_anno = user_anno.T
    if frames is not None and user_anno.shape[1] != frames:
        why = f"{user_anno.shape[1]:,} ratings, {frames:,} frames"
        raise AssayError("The ratings do not have the length of the video", where=where, why=why)
    finite = np.isfinite(user_anno).all()
    if not finite or user_anno.min() < 0 or user_anno.max() > 127 or (user_anno != np.floor(user_anno)).any():
        raise AssayError("The ratings are no whole numbers from 0 to 127", where=where)
    anno = user_anno.astype(np.int8)
    score = anno.mean(axis=0) if gt_score is None else np.ravel(gt_score)
    if len(score) != anno.shape[1] or not np.isfinite(score).all():
        raise AssayError("gt_score does not fit the ratings", where=where, why=f"{len(score):,} values")
    return AnnotatedVideo(
        video_id=plain(video_id),
        category=plain(category),
        title=plain(title),
        user_anno=anno,
        gt_score=score.astype(np.float32),
        length_s=length_s if length_s is not None and np.isfinite(length_s) and length_s > 0 else None,
    )
