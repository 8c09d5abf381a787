"""Frozen principal components scaled to [0, 1]: the front end of QuClassi, fitted on training samples only."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.core.errors import AssayError


@dataclass(frozen=True)
class Projection:
    """`mean` (n,), `components` (k, n), and the training extremes `low`, `high` (k,) of each component."""

    mean: Tensor
    components: Tensor
    low: Tensor
    high: Tensor

    def units(self, x: Tensor) -> Tensor:
        """(samples, n) → (samples, k) in [0, 1]; beyond the training extremes it is clipped."""
        raw = (x - self.mean) @ self.components.T
        return ((raw - self.low) / (self.high - self.low)).clamp(0, 1)


def fit_projection(train: Tensor, features: int) -> tuple[Projection, int]:
    """The first `features` components of `train` (samples, n), and how many constant ones were left out.

    Raises AssayError when there are fewer columns or samples than components, or when nothing varies.
    """
    # Late: half a second that tensor networks do not need.
    from sklearn.decomposition import PCA

    samples, width = train.shape
    if features > min(samples, width):
        raise AssayError(
            f"{features} principal components cannot be taken",
            why=f"there are {width} features and {samples} training samples",
            remedy=f"Set features to at most {min(samples, width)}",
        )
    data = train.numpy()
    fitted = PCA(n_components=features, svd_solver="full").fit(data)
    raw = (data - fitted.mean_) @ fitted.components_.T
    low, high = raw.min(axis=0), raw.max(axis=0)
    varies = high - low > 1e-9 * max(1.0, float(np.abs(data).max()))
    if not varies.any():
        raise AssayError(
            "All training samples are the same", why="no principal component varies", remedy="Choose other data"
        )
    parts = (fitted.mean_, fitted.components_[varies], low[varies], high[varies])
    return Projection(*(torch.from_numpy(np.ascontiguousarray(part)) for part in parts)), int((~varies).sum())
