"""The variational objective of conditional summarisation, term by term (method 2.1)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

SCORE_SD = 0.1
"""s_y: how far an observed importance is taken to lie from the model's."""
SMALLEST_SD = 1e-3
LOG_SCALE_RANGE = (-3.0, 3.0)

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Terms:
    """Each (n,): one value per frame; `kl` is the divergence of q(z|x,t,y) from p(z), summed over dz dimensions.

    x = log p(x|z) summed over d dimensions, t = log p(t|z), y = log p(y|t,z), helper_t = log q(t|x) and
    helper_y = log q(y|x,t).
    """

    x: Tensor
    t: Tensor
    y: Tensor
    kl: Tensor
    helper_t: Tensor
    helper_y: Tensor


def normal_log_density(value: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log N(value; mean, exp(log_scale)²), entry by entry."""
    return -0.5 * ((value - mean) * torch.exp(-log_scale)).square() - log_scale - _HALF_LOG_2PI


def features_log_density(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log p(x|z) (n,) of x (n, d) with a diagonal Gaussian; log_scale is clamped to [-3, 3]."""
    return normal_log_density(x, mean, log_scale.clamp(*LOG_SCALE_RANGE)).sum(-1)


def condition_log_density(t: Tensor, logit: Tensor) -> Tensor:
    """log Bernoulli(t; sigmoid(logit)) (n,): log p(t|z) and the helper log q(t|x)."""
    return t * logit - F.softplus(logit)


def score_log_density(y: Tensor, mean: Tensor, sd: float = SCORE_SD) -> Tensor:
    """log N(y; mean, sd²) (n,): log p(y|t,z) and the helper log q(y|x,t); `mean` is already in [0, 1]."""
    return -0.5 * ((y - mean) / sd).square() - math.log(sd) - _HALF_LOG_2PI


def score_cross_entropy(y: Tensor, mean: Tensor) -> Tensor:
    """y log m + (1-y) log(1-m) (n,): log p(y|t,z) for scores that are shares of yes rather than measurements."""
    return torch.xlogy(y, mean) + torch.xlogy(1 - y, 1 - mean)


def posterior(t: Tensor, one: tuple[Tensor, Tensor], zero: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (n, dz) of q(z|x,t,y) from (mean, raw scale) of the branches t = 1 and t = 0.

    mu = t mu_1 + (1-t) mu_0; s = t softplus(raw_1) + (1-t) softplus(raw_0), at least 1e-3. t is (n, 1) or a scalar.
    """
    mean = t * one[0] + (1 - t) * zero[0]
    return mean, positive(t * F.softplus(one[1]) + (1 - t) * F.softplus(zero[1]))


def positive(scale: Tensor) -> Tensor:
    """A standard deviation kept away from zero."""
    return scale.clamp_min(SMALLEST_SD)


def prior_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, I) (n,) of z (n, dz)."""
    return (-0.5 * z.square() - _HALF_LOG_2PI).sum(-1)


def posterior_log_density(z: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    """log q(z|x,t,y) (n,) of z (n, dz)."""
    return normal_log_density(z, mean, sd.log()).sum(-1)


def divergence(mean: Tensor, sd: Tensor) -> Tensor:
    """KL( N(mean, sd²) || N(0, I) ) (n,), summed over dimensions; always >= 0."""
    return 0.5 * (mean.square() + sd.square() - 1 - 2 * sd.log()).sum(-1)


def objective(
    terms: Terms, *, hidden_factors: int, dimensions: int, helper_weight: float = 1.0, kl_weight: float = 1.0
) -> Tensor:
    """What training maximises, a scalar: the mean over frames of the scaled terms.

    The x-term is averaged over its `dimensions` and scaled by dz/4, the divergence is divided by dz (`hidden_factors`)
    and weighed by beta (`kl_weight`); lambda (`helper_weight`) weighs both helpers. With `hidden_factors` = 4,
    `dimensions` = 1 and the divergence times 4 this is the plain evidence bound.
    """
    bound = terms.x * (hidden_factors / (4 * dimensions)) + terms.t + terms.y - kl_weight * terms.kl / hidden_factors
    return (bound + helper_weight * (terms.helper_t + terms.helper_y)).mean()
