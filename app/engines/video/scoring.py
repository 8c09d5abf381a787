"""Score a video's features with a saved network: the curve, its band, and the curves of what-if."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from app.core import AssayError
from app.engines.video.counterfactual import curves
from app.engines.video.model_files import Saved, load_model
from app.engines.video.network_seeds import torch_stream
from app.engines.video.networks import attention_of, read
from app.engines.video.pglsum import PGLSUM
from app.engines.video.query_text import hashed_tokens
from app.engines.video.vasnet import VASNet

Condition = Literal["auto", "clean", "disturbed"]

_ASSUMED: dict[str, int | None] = {"auto": None, "clean": 0, "disturbed": 1}


@dataclass(frozen=True)
class Scored:
    """(T,) float32 each, scores in [0, 1]; None where the network has no such answer.

    `sd` over draws of the hidden factors; `clean` and `disturbed` the score if the picture is taken for that;
    `without_query` with the query ignored; `picture_disturbed` with really disturbed features. `attention` (m, m) of the
    first m <= 2000 picks, `condition_chance` the model's mean chance that the picture is disturbed, `gate` how far the
    query is let in.
    """

    score: np.ndarray
    sd: np.ndarray | None
    clean: np.ndarray | None
    disturbed: np.ndarray | None
    without_query: np.ndarray | None
    picture_disturbed: np.ndarray | None
    attention: np.ndarray
    condition_chance: float | None
    gate: float | None
    findings: tuple[str, ...] = ()


def score_with(
    folder: Path,
    features: np.ndarray,
    *,
    query: str = "",
    condition: Condition = "auto",
    samples: int = 8,
    seed: int = 0,
) -> Scored:
    """Score features (T, d) with the model in `folder`; raises AssayError where they do not fit it."""
    saved = load_model(folder)
    check_features(saved, features, str(folder))
    tokens = query_tokens(saved, query)
    scored = score(saved, features, tokens, condition=condition, samples=samples, seed=seed)
    if query.strip() and tokens is None:
        return replace(scored, findings=("The query counts for nothing: this kind of network reads none",))
    if query.strip() and not saved.trained_on.get("queries", True):
        return replace(scored, findings=("The model learned without queries, so what this one changes means nothing",))
    return scored


def score(
    saved: Saved,
    features: np.ndarray,
    query: Tensor | None = None,
    *,
    condition: Condition = "auto",
    samples: int = 8,
    seed: int = 0,
) -> Scored:
    """The same for a model that is loaded already."""
    x = saved.preparation.apply(torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32)))
    assumed = _ASSUMED[condition]
    reading = read(saved.network, x, torch_stream(seed, "latent"), query=query, condition=assumed, samples=samples)
    if len(x) == 0:
        nothing = np.zeros(0, np.float32)
        return Scored(nothing, None, None, None, None, None, np.zeros((0, 0), np.float32), None, None)
    other = curves(
        saved.network, x, saved.preparation.amplitude, query=query, condition=assumed, samples=samples, seed=seed
    )
    return Scored(
        score=_numbers(reading.score),
        sd=None if reading.sd is None else _numbers(reading.sd),
        clean=None if other.clean is None else _numbers(other.clean),
        disturbed=None if other.disturbed is None else _numbers(other.disturbed),
        without_query=None if other.without_query is None else _numbers(other.without_query),
        picture_disturbed=_numbers(other.picture_disturbed),
        attention=_numbers(attention_of(saved.network, x)),
        condition_chance=None if reading.disturbed is None else float(reading.disturbed.mean()),
        gate=reading.gate,
    )


def check_features(saved: Saved, features: np.ndarray, where: str) -> None:
    """Raises AssayError unless `features` are (T, d) finite numbers of the size that the model was trained on."""
    if features.ndim != 2 or features.shape[1] != saved.features:
        size = features.shape[1] if features.ndim == 2 else 0
        raise AssayError(
            f"The model reads {saved.features} features per frame; these have {size}",
            where=where,
            remedy="Analyse the video with the feature model that the training used, or train on these features.",
        )
    if not np.isfinite(features).all():
        raise AssayError("The features hold values that are not finite", where=where, remedy="Analyse the video again.")


def query_tokens(saved: Saved, query: str) -> Tensor | None:
    """Tokens (L, d_q) of `query` as the model reads it; None without one, and for networks that take none.

    Raises AssayError for a model that reads queries in another way.
    """
    if not query.strip() or isinstance(saved.network, (PGLSUM, VASNet)):
        return None
    if saved.query_encoder != "hashed":
        raise AssayError(
            f"The model reads queries by “{saved.query_encoder[:40]}”, which Assay does not know",
            remedy="Leave the query empty, or train the model here.",
        )
    return torch.from_numpy(hashed_tokens(query))


def _numbers(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.numpy(), dtype=np.float32)
