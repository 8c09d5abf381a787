"""PGL-SUM: global attention beside local attention in windows, fused per frame (method 2.6)."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app.engines.video.dropout import Dropout

Fusion = Literal["add", "mult", "avg", "max"]
LOCAL_HEADS = 4


class HeadedAttention(nn.Module):
    """Self-attention whose energies are not scaled; a fixed sinusoid matrix may be added to them."""

    def __init__(self, features: int, width: int, heads: int, positions: bool, dropout: float) -> None:
        super().__init__()
        each = width // heads
        self.Wk = nn.ModuleList(nn.Linear(features, each, bias=False) for _ in range(heads))
        self.Wq = nn.ModuleList(nn.Linear(features, each, bias=False) for _ in range(heads))
        self.Wv = nn.ModuleList(nn.Linear(features, each, bias=False) for _ in range(heads))
        self.out = nn.Linear(width, features, bias=False)
        self.positions = positions
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(T, features)."""
        weights = self.weights(x)
        values = torch.stack([head(x) for head in self.Wv])
        return self.out((self.drop(weights) @ values).transpose(0, 1).flatten(1))  # type: ignore[no-any-return]

    def weights(self, x: Tensor) -> Tensor:
        """(heads, T, T), each row sums to 1."""
        queries = torch.stack([head(x) for head in self.Wq])
        keys = torch.stack([head(x) for head in self.Wk])
        energies = queries @ keys.transpose(1, 2)
        if self.positions:
            energies = energies + position_energies(len(x), x.shape[1]).to(energies)
        return torch.softmax(energies, dim=-1)


class BothAttentions(nn.Module):
    """Global attention, and one local attention per window of ceil(T/segments) frames."""

    def __init__(
        self, features: int, segments: int, heads: int, fusion: Fusion, positions: bool, dropout: float
    ) -> None:
        super().__init__()
        self.attention = HeadedAttention(features, features, heads, positions, dropout)
        self.local_attention = nn.ModuleList(
            HeadedAttention(features, features // segments, LOCAL_HEADS, positions, dropout) for _ in range(segments)
        )
        self.fusion = fusion

    def forward(self, x: Tensor) -> Tensor:
        """(T, features)."""
        whole = self.attention(x)
        if not len(self.local_attention):
            return whole  # type: ignore[no-any-return]
        size = math.ceil(len(x) / len(self.local_attention))
        # A short video has fewer windows than there are local attentions: split() simply yields fewer.
        parts = x.split(size)  # type: ignore[no-untyped-call]
        local = torch.cat([layer(part) for layer, part in zip(self.local_attention, parts, strict=False)])
        whole, local = F.normalize(whole, dim=1), F.normalize(local, dim=1)
        if self.fusion == "add":
            return whole + local
        if self.fusion == "mult":
            return whole * local
        return (whole + local) / 2 if self.fusion == "avg" else torch.maximum(whole, local)


class PGLSUM(nn.Module):
    """Features (T, d) to scores (T,) in [0, 1]. Apostolidis et al. 2021. Weights are named as in the public code."""

    def __init__(
        self,
        features: int = 1024,
        *,
        segments: int = 4,
        heads: int = 8,
        fusion: Fusion = "add",
        positions: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.attention = BothAttentions(features, segments, heads, fusion, positions, dropout)
        self.linear_1 = nn.Linear(features, features)
        self.linear_2 = nn.Linear(features, 1)
        self.norm_y = nn.LayerNorm(features, eps=1e-6)
        self.norm_linear = nn.LayerNorm(features, eps=1e-6)
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm_y(self.drop(self.attention(x) + x))
        y = self.norm_linear(self.drop(F.relu(self.linear_1(y))))
        return torch.sigmoid(self.linear_2(y)[:, 0])


def position_energies(length: int, features: int) -> Tensor:
    """(T, T): column 2k holds sin(i / 10000^(2k/features)) of row i, column 2k+1 the cosine; an odd last column is 0."""
    half = length // 2
    frequency = 10_000.0 ** (2 * torch.arange(half, dtype=torch.float32) / features)
    angle = torch.arange(length, dtype=torch.float32)[:, None] / frequency
    table = torch.zeros(length, length)
    table[:, 0 : 2 * half : 2] = torch.sin(angle)
    table[:, 1 : 2 * half : 2] = torch.cos(angle)
    return table
