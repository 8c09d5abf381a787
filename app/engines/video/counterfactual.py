"""What if: the picture were clean, disturbed, or the query ignored? Curves of one network beside its score."""

from dataclasses import dataclass

from torch import Tensor

from app.engines.video.conditional import ConditionalNetwork
from app.engines.video.disturbance import disturb
from app.engines.video.network_seeds import torch_stream
from app.engines.video.networks import Network, Reading, read


@dataclass(frozen=True)
class Curves:
    """(T,) each: the score if the model takes the picture for `clean` (t = 0) or `disturbed` (t = 1), if the query is
    ignored, and if the picture really were disturbed. None where a network has no such answer.
    """

    clean: Tensor | None
    disturbed: Tensor | None
    without_query: Tensor | None
    picture_disturbed: Tensor


def curves(
    network: Network,
    x: Tensor,
    amplitude: Tensor,
    *,
    query: Tensor | None,
    condition: int | None,
    samples: int,
    seed: int,
) -> Curves:
    """Read features (T, d) again under each supposition, with the same draws of the hidden factors every time."""

    def again(features: Tensor, asked: Tensor | None, assumed: int | None) -> Reading:
        return read(network, features, torch_stream(seed, "latent"), query=asked, condition=assumed, samples=samples)

    conditional = isinstance(network, ConditionalNetwork)
    damaged = disturb(x, "entries", amplitude, torch_stream(seed, "disturb"))
    return Curves(
        clean=again(x, query, 0).score if conditional else None,
        disturbed=again(x, query, 1).score if conditional else None,
        without_query=None if query is None else again(x, None, condition).score,
        picture_disturbed=again(damaged, query, None).score,
    )
