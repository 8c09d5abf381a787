"""Linear maps and product-feature maps of an image, stored as chains of small tensors (method 2.2)."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

FeatureMap = Callable[[Tensor], Tensor]
"""Pixels (n, sites) in [0, 1] to local vectors (n, sites, 2)."""


def split_output(features: int) -> tuple[int, int]:
    """k = r1 · r2 as equal as may be, larger first: 4 → (2, 2), 6 → (3, 2), 16 → (4, 4)."""
    small = max(d for d in range(1, math.isqrt(features) + 1) if features % d == 0)
    return features // small, small


def split_input(length: int) -> tuple[int, int]:
    """Two modes as equal as may be for a vector, whose product is the next composite number ≥ `length`."""
    size = max(length, 4)
    while all(size % d for d in range(2, math.isqrt(size) + 1)):
        size += 1
    first = max(d for d in range(2, math.isqrt(size) + 1) if size % d == 0)
    return first, size // first


def train_linear(x: Tensor, cores: Sequence[Tensor], bias: Tensor | None = None) -> Tensor:
    """(n, ∏ inputs) → (n, ∏ outputs) through cores (left, input, output, right), outer ranks 1.

    Core by core, first mode slowest on both sides; the dense matrix is never built.
    """
    count = len(x)
    carried = x.reshape(count, 1, 1, -1)  # (n, outputs so far, rank, inputs to come)
    for core in cores:
        left, inputs, _, right = core.shape
        split = carried.reshape(count, -1, left, inputs, carried.shape[-1] // inputs)
        mixed = torch.einsum("bolir,liqk->boqkr", split, core)
        carried = mixed.reshape(count, -1, right, split.shape[-1])
    z = carried.reshape(count, -1)
    return z if bias is None else z + bias


def two_core_linear(images: Tensor, first: Tensor, second: Tensor, bias: Tensor) -> Tensor:
    """z[n, p·r2 + q] = b + Σ_{h,w,c} x[n,h,w] G1[h,p,c] G2[c,w,q]; images (n, H, W), G1 (H, r1, χ), G2 (χ, W, r2).

    The fast path of `train_linear` for two cores: two matrix products.
    """
    height, r1, bond = first.shape
    r2 = second.shape[2]
    columns = images @ second.permute(1, 0, 2).reshape(-1, bond * r2)  # (n, H, χ r2)
    rows = first.permute(1, 0, 2).reshape(r1, height * bond)
    return (rows @ columns.reshape(-1, height * bond, r2)).reshape(-1, r1 * r2) + bias


def draw_two_cores(
    height: int, width: int, features: int, bond: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """G1 ~ N(0, 1/H), G2 ~ N(0, 1/(Wχ)) and a zero bias (k,)."""
    r1, r2 = split_output(features)
    first = rng.normal(0, height**-0.5, (height, r1, bond))
    second = rng.normal(0, (width * bond) ** -0.5, (bond, width, r2))
    return torch.from_numpy(first), torch.from_numpy(second), torch.zeros(features, dtype=torch.float64)


def dark_then_bright(pixels: Tensor) -> Tensor:
    """[1 - x, x]."""
    return torch.stack([1 - pixels, pixels], dim=-1)


def bright_then_dark(pixels: Tensor) -> Tensor:
    """[x, 1 - x], the order of TorchMPS."""
    return torch.stack([pixels, 1 - pixels], dim=-1)


def matrix_product(
    pixels: Tensor,
    cores: Tensor,
    output: Tensor,
    start: Tensor,
    end: Tensor,
    feature_map: FeatureMap = dark_then_bright,
) -> Tensor:
    """(n, sites) → (n, k): a matrix product state of `cores` (sites, χ, χ, 2) with an `output` leg (k, χ, χ).

    The output core stands after the first half of the sites; `start` and `end` (χ,) close the chain. Matrices are
    multiplied pair by pair and rescaled at every level, with the logarithm of the scale carried along, so that long
    chains neither overflow nor vanish.
    """
    matrices = torch.einsum("nsf,slrf->snlr", feature_map(pixels), cores)
    middle = len(cores) // 2
    left, left_scale = _chain(matrices[:middle], len(pixels))
    right, right_scale = _chain(matrices[middle:], len(pixels))
    from_left = start @ left  # (n, χ)
    from_right = right @ end
    z = torch.einsum("nl,klr,nr->nk", from_left, output, from_right)
    return z * torch.exp(left_scale + right_scale)[:, None]


def draw_matrix_product(
    sites: int, features: int, bond: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cores I + N(0, 0.05²) per slice, output N(0, 0.3²), end vectors e_0."""
    cores = np.eye(bond)[None, :, :, None] + rng.normal(0, 0.05, (sites, bond, bond, 2))
    output = rng.normal(0, 0.3, (features, bond, bond))
    ends = np.zeros((2, bond))
    ends[:, 0] = 1
    return torch.from_numpy(cores), torch.from_numpy(output), torch.from_numpy(ends[0]), torch.from_numpy(ends[1])


def _chain(matrices: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Product over the first axis of (sites, n, χ, χ) as (n, χ, χ) of size 1 and its log scale (n,)."""
    scale = torch.zeros(count, dtype=matrices.dtype)
    if len(matrices) == 0:
        return torch.eye(matrices.shape[-1], dtype=matrices.dtype).expand(count, -1, -1), scale
    while len(matrices) > 1:
        paired = matrices[0 : len(matrices) - 1 : 2] @ matrices[1::2]
        # A constant for the gradient: it is multiplied in again at the end.
        size = paired.detach().abs().amax(dim=(2, 3), keepdim=True).clamp_min(torch.finfo(matrices.dtype).tiny)
        scale = scale + size.log().sum(dim=0)[:, 0, 0]
        paired = paired / size
        matrices = torch.cat([paired, matrices[-1:]]) if len(matrices) % 2 else paired
    return matrices[0], scale
