"""VASNet: one wide self-attention over all frames, as its public code computes it (method 2.6)."""

import torch
from torch import Tensor, nn

from app.engines.video.dropout import Dropout

QUERY_SCALE = 0.06


class VASNet(nn.Module):
    """Features (T, d) to scores (T,) in [0, 1]. Fajtl et al. 2018."""

    def __init__(self, features: int = 1024, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.key = nn.Linear(features, features, bias=False)
        self.query = nn.Linear(features, features, bias=False)
        self.value = nn.Linear(features, features, bias=False)
        self.out = nn.Linear(features, features, bias=False)
        self.norm = nn.LayerNorm(features, eps=1e-6)
        self.hidden = nn.Linear(features, features)
        self.norm_hidden = nn.LayerNorm(features, eps=1e-6)
        self.score = nn.Linear(features, 1)
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """The published code multiplies by the attention transposed: columns, which do not sum to 1, weigh the frames."""
        mixed = self.drop(self.attention(x)).t() @ self.value(x)
        y = self.norm(self.drop(self.out(mixed) + x))
        y = self.norm_hidden(self.drop(torch.relu(self.hidden(y))))
        return torch.sigmoid(self.score(y)[:, 0])

    def attention(self, x: Tensor) -> Tensor:
        """(T, T), each row sums to 1."""
        return torch.softmax(QUERY_SCALE * self.query(x) @ self.key(x).t(), dim=-1)
