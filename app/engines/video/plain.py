"""Plain attention: the same encoder with a score on top, trained on squared error; the control of the method."""

import torch
from torch import Tensor, nn

from app.engines.video.attention import FrameEncoder


class PlainNetwork(nn.Module):
    """Features (T, d) and an optional query (L, d_q) to scores (T,) in [0, 1]."""

    def __init__(
        self, features: int, *, hidden: int = 64, heads: int = 4, query_width: int = 256, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.encoder = FrameEncoder(features, hidden, heads, query_width, dropout)
        self.score = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, features: Tensor, query: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Scores (T,) and the mean gate."""
        h, gate = self.encoder(features, query)
        return torch.sigmoid(self.score(h)[:, 0]), gate
