"""The conditional model: score, condition and hidden factors of every frame, with helpers (method 2.1)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.engines.video.attention import FrameEncoder
from app.engines.video.elbo import (
    Terms,
    condition_log_density,
    divergence,
    features_log_density,
    positive,
    score_log_density,
)


@dataclass(frozen=True)
class Inferred:
    """(T,) each. `score` = (y_p + y_q)/2; `sd` over the draws of z; `disturbed` the model's chance that t = 1."""

    score: Tensor
    sd: Tensor
    condition: int
    disturbed: Tensor
    gate: float


class ConditionalNetwork(nn.Module):
    """Encoder, generative and inference parts of method 2.1 for one video at a time.

    Each net that depends on the condition exists twice, for t = 0 and t = 1; a video has one condition, so that only
    one of the two is computed.
    """

    def __init__(
        self,
        features: int,
        *,
        hidden: int = 64,
        heads: int = 4,
        hidden_factors: int = 16,
        query_width: int = 256,
        dropout: float = 0.2,
        helpers: bool = True,
    ) -> None:
        super().__init__()
        self.hidden, self.hidden_factors, self.helpers = hidden, hidden_factors, helpers
        self.encoder = FrameEncoder(features, hidden, heads, query_width, dropout)
        self.infer_z = nn.ModuleList(_net(hidden + 1, hidden, 2 * hidden_factors) for _ in range(2))
        self.explain_x = _net(hidden_factors, hidden, 2 * hidden)
        self.explain_t = _net(hidden_factors, hidden, 1)
        self.explain_y = nn.ModuleList(_net(hidden_factors, hidden, 1) for _ in range(2))
        if helpers:
            self.guess_t = _net(hidden, hidden, 1)
            self.guess_y = nn.ModuleList(_net(hidden, hidden, 1) for _ in range(2))

    def terms(
        self, features: Tensor, y: Tensor, t: int, noise: torch.Generator, query: Tensor | None = None
    ) -> tuple[Terms, Tensor]:
        """All terms of the bound for one video: features (T, d), y (T,) in [0, 1], t its condition; and the mean gate.

        x stands for h without its gradient: else the encoder would learn features that are easy to predict.
        """
        h, gate = self.encoder(features, query)
        mean, sd = self._posterior(h, y, t)
        z = mean + sd * torch.randn(mean.shape, generator=noise)
        x_mean, x_log_scale = self.explain_x(z).chunk(2, dim=-1)
        condition = torch.full_like(y, t)
        nothing = torch.zeros_like(y)
        return Terms(
            x=features_log_density(h.detach(), x_mean, x_log_scale),
            t=condition_log_density(condition, self.explain_t(z)[:, 0]),
            y=score_log_density(y, self._explained_score(z, t)),
            kl=divergence(mean, sd),
            helper_t=condition_log_density(condition, self.guess_t(h)[:, 0]) if self.helpers else nothing,
            helper_y=score_log_density(y, self._guessed_score(h, t)) if self.helpers else nothing,
        ), gate

    @torch.no_grad()
    def infer(
        self,
        features: Tensor,
        noise: torch.Generator,
        *,
        query: Tensor | None = None,
        condition: int | None = None,
        samples: int = 8,
    ) -> Inferred:
        """Score (T, d) features; `condition` None lets the helper say it (without helpers: t = 0, y = 0.5)."""
        h, gate = self.encoder(features, query)
        chance = torch.sigmoid(self.guess_t(h)[:, 0]) if self.helpers else torch.zeros(len(h))
        # int(x + 0.5) and not round(): one half is disturbed here, never "to even".
        t = (int(float(chance.mean()) + 0.5) if len(h) else 0) if condition is None else condition
        guessed = self._guessed_score(h, t) if self.helpers else torch.full((len(h),), 0.5)
        mean, sd = self._posterior(h, guessed, t)
        z = mean + sd * torch.randn((samples, *mean.shape), generator=noise)
        drawn = self._explained_score(z, t)
        explained = drawn.mean(0)
        score = (explained + guessed) / 2 if self.helpers else explained
        return Inferred(score, drawn.std(0, correction=0), t, chance, float(gate))

    def _posterior(self, h: Tensor, y: Tensor, t: int) -> tuple[Tensor, Tensor]:
        mean, raw = self.infer_z[t](torch.cat([h, y[:, None]], dim=-1)).chunk(2, dim=-1)
        return mean, positive(nn.functional.softplus(raw))

    def _explained_score(self, z: Tensor, t: int) -> Tensor:
        return torch.sigmoid(self.explain_y[t](z)[..., 0])

    def _guessed_score(self, h: Tensor, t: int) -> Tensor:
        return torch.sigmoid(self.guess_y[t](h)[..., 0])


def _net(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
