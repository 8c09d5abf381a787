"""Conditional attention: frames attend to frames, then a gate lets a query in (method 2.1b)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app.engines.video.dropout import Dropout

POSITION_WEIGHT = 0.3
GATE_START = -3.0
"""Bias of the gate before training: sigmoid(-3) = 0.05, so that a query has to earn its way in."""
MOTION_KERNEL = 5


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention of `heads` heads from (n, width) onto (m, key_width)."""

    def __init__(self, width: int, key_width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{width} channels cannot be shared by {heads} heads")
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.keys_values = nn.Linear(key_width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, onto: Tensor) -> Tensor:
        """(n, width)."""
        query, key, value = self._projected(x, onto)
        mixed = F.scaled_dot_product_attention(query[None], key[None], value[None])[0]
        return self.out(mixed.transpose(0, 1).flatten(1))  # type: ignore[no-any-return]

    def weights(self, x: Tensor, onto: Tensor) -> Tensor:
        """(n, m) attention averaged over heads; each row sums to 1."""
        query, key, _ = self._projected(x, onto)
        return torch.softmax(query @ key.transpose(1, 2) / math.sqrt(query.shape[-1]), dim=-1).mean(0)

    def _projected(self, x: Tensor, onto: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        key, value = self.keys_values(onto).chunk(2, dim=-1)
        return self._split(self.query(x)), self._split(key), self._split(value)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], self.heads, -1).transpose(0, 1)


class FrameEncoder(nn.Module):
    """From features (T, d) and query tokens (L, d_q) to h (T, hidden)."""

    def __init__(self, features: int, hidden: int, heads: int, query_width: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(features, hidden)
        self.attend = MultiHeadAttention(hidden, hidden, heads)
        self.after_attention = nn.LayerNorm(hidden)
        self.widen = nn.Linear(hidden, 2 * hidden)
        self.narrow = nn.Linear(2 * hidden, hidden)
        self.after_forward = nn.LayerNorm(hidden)
        self.motion = nn.Conv1d(hidden, hidden, MOTION_KERNEL, padding=MOTION_KERNEL // 2)
        self.ask = MultiHeadAttention(hidden, query_width, heads)
        self.gate = nn.Linear(3 * hidden, hidden)
        self.no_query = nn.Parameter(torch.zeros(1, query_width))
        self.drop = Dropout(dropout)
        self._positions = torch.zeros(0, hidden)

    @torch.no_grad()
    def start_closed(self) -> None:
        """Close the gate; done once, after the weights were drawn."""
        self.gate.weight.mul_(0.1)
        self.gate.bias.fill_(GATE_START)

    def forward(self, features: Tensor, query: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """h (T, hidden), and the mean of the gate, a scalar in [0, 1]. Without `query` the learned null token asks."""
        h = self._seen(features)
        h = self.after_attention(h + self.drop(self.attend(h, h)))
        h = self.after_forward(h + self.narrow(self.drop(F.relu(self.widen(h)))))
        h = h + F.relu(self.motion(h.t()[None])[0].t())
        answer = self.ask(h, self.no_query if query is None else query)
        gate = torch.sigmoid(self.gate(torch.cat([h, answer, h * answer], dim=-1)))
        return h + gate * answer, gate.detach().mean()

    def attention(self, features: Tensor) -> Tensor:
        """(T, T): how much each frame looks at each other frame, mean of the heads."""
        h = self._seen(features)
        return self.attend.weights(h, h)

    def _seen(self, features: Tensor) -> Tensor:
        h = self.enter(features)
        if len(self._positions) < len(h):
            self._positions = sinusoids(len(h), h.shape[1])
        entered: Tensor = self.drop(h + POSITION_WEIGHT * self._positions[: len(h)].to(h))
        return entered


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width) sines and cosines of the position at falling frequencies."""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    frequency = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2, dtype=torch.float32) / width)
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency[: width // 2])
    return table
