"""What the pictures forced by a suspected trigger look like (spec 2.7, 2.10)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

ENDS = 4
"""How many smallest and largest distances are left out on either side."""


@dataclass(frozen=True)
class Cluster:
    """The largest group of near-equal pictures: its `share`, its pixel median, and how much of that is black or white."""

    share: float
    common: Tensor
    saturated: float


@dataclass(frozen=True)
class Features:
    """Of n pictures: `uniformity` (low = alike; nan below ten pictures), total variation summed per picture and per
    pixel, the largest cluster, the share of pictures mostly black or white, and whether all values were finite."""

    uniformity: float
    total_variation: float
    variation_per_pixel: float
    cluster: Cluster
    saturated: float
    finite: bool

    @property
    def alike(self) -> float:
        """Share of the largest cluster; 0 where its picture is black or white, which large shifts make of any model."""
        return self.cluster.share if self.finite and self.cluster.saturated < 0.5 else 0.0


def measure(images: Tensor) -> Features:
    """Features of `images` (n >= 2, c, h, w) in [0, 1]; with values that are not finite, all nan and `finite` False."""
    if not bool(images.isfinite().all()):
        nan = math.nan
        return Features(nan, nan, nan, Cluster(nan, torch.full_like(images[0], nan), nan), nan, False)
    distances = pairwise_rms(images)
    variation = total_variation(images).mean().item()
    return Features(
        uniformity=trimmed_uniformity(distances),
        total_variation=variation,
        variation_per_pixel=variation / images[0].numel(),
        cluster=cluster(images, distances),
        saturated=saturated_share(images),
        finite=True,
    )


def pairwise_rms(images: Tensor) -> Tensor:
    """Root mean square pixel distance of every pair of `images` (n, c, h, w), (n, n), exactly 0 between equals."""
    flat = images.flatten(1).double()
    return torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist") / math.sqrt(flat.shape[1])


def trimmed_uniformity(distances: Tensor) -> float:
    """The reference's score of a distance matrix (n, n): each row, then the row means, without four at either end.

    nan below ten pictures, where nothing would be left.
    """
    n = len(distances)
    if n < 2 * ENDS + 2:
        return math.nan
    rows = distances.sort(dim=1).values[:, ENDS : n - ENDS].mean(1)
    return rows.sort().values[ENDS : n - ENDS].mean().item()


def uniformity(images: Tensor) -> float:
    """`trimmed_uniformity` of `images` (n, c, h, w) in [0, 1]: 0 when all are the same picture."""
    return trimmed_uniformity(pairwise_rms(images))


def total_variation(images: Tensor) -> Tensor:
    """Sum of absolute steps between neighbouring pixels for each of `images` (n, c, h, w), (n,)."""
    return images.diff(dim=-2).abs().sum((1, 2, 3)) + images.diff(dim=-1).abs().sum((1, 2, 3))


def cluster(images: Tensor, distances: Tensor | None = None, radius: float = 0.08) -> Cluster:
    """The picture of `images` (n, c, h, w) in [0, 1] with most others within `radius`, and that group's median."""
    distances = pairwise_rms(images) if distances is None else distances
    near = distances < radius
    members = near[near.sum(1).argmax()]
    common = images[members].median(dim=0).values
    return Cluster(members.double().mean().item(), common, saturated_pixels(common))


def saturated_pixels(image: Tensor) -> float:
    """Share of the values of `image` that are black or white to within a hundredth."""
    return ((image <= 0.01) | (image >= 0.99)).double().mean().item()


def saturated_share(images: Tensor) -> float:
    """Share of `images` with more than half of their values black or white."""
    ends = (images <= 0.01) | (images >= 0.99)
    return (ends.flatten(1).double().mean(1) > 0.5).double().mean().item()


def ratio(shifted: float, plain: float) -> float:
    """`shifted` / `plain`; nan where the plain value is 0 or either is nan."""
    return shifted / plain if plain > 0 else math.nan


def agreement(taus: Tensor) -> float:
    """Mean cosine between the shifts `taus` (k >= 2, …) of different seeds; nan for one."""
    flat = torch.nn.functional.normalize(taus.flatten(1), dim=1)
    k = len(flat)
    return float(((flat @ flat.T).sum() - k) / (k * (k - 1))) if k > 1 else math.nan
