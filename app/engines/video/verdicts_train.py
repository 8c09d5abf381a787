"""What a training amounts to: rank correlation first, beside people, chance and the plain network."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from app.core import Figure, Result
from app.data.text import plural
from app.engines.video.chance import compare, over_videos
from app.engines.video.learning import VideoFigures
from app.engines.video.train_configs import NETWORKS, NetworkKind, TrainConfig
from app.engines.video.verdicts import CITATIONS, FEWEST

SURE = 0.05


def training_result(
    config: TrainConfig, found: Mapping[NetworkKind, Sequence[VideoFigures]], learned_from: int, *, by_people: bool
) -> Result:
    """`found` holds the figures on the test videos by network, the trained one first; `by_people` whether people rated."""
    ours = found[config.network]
    random = np.random.default_rng(config.seed)
    figures: list[Figure] = []
    for name, values in (
        ("tau-b", [one.agreement.tau for one in ours]),
        ("rho", [one.agreement.rho for one in ours]),
    ):
        if np.isfinite(values).any():
            interval = over_videos(values, random)
            figures.append(
                Figure(
                    name=name,
                    value=interval.centre,
                    interval=interval.half if interval.n > 1 else None,
                    n=interval.n,
                    better="higher",
                )
            )
    if any(math.isfinite(one.f_mean) for one in ours):
        f_mean, f_random = np.nanmean([[one.f_mean, one.random_mean] for one in ours], axis=0)
        figures.append(
            Figure(
                name="F1, mean over people",
                value=100 * f_mean,
                unit="%",
                n=len(ours),
                better="higher",
                note=f"random summaries on the same shots {100 * f_random:.1f} %",
            )
        )
    people = [one.human.tau for one in ours if one.human is not None]
    if np.isfinite(people).any():
        figures.append(Figure(name="one person with another, tau-b", value=float(np.nanmean(people)), n=len(people)))
    undefined = sum(one.agreement.undefined for one in ours)
    words, tone = _words(config, found, figures, "people" if by_people else "the one score in the file", random)
    return Result(
        verdict=words,
        tone=tone,  # type: ignore[arg-type]
        advice="Send the model to Summarise, or compare methods over all splits." if figures else "",
        figures=tuple(figures),
        notes=(
            f"{plural(len(ours), 'test video')}, seen once, after the last epoch; {learned_from} taught.",
            *(() if by_people else ("Nobody rated these videos: the score in the file may be that of a program.",)),
            *((f"{undefined} correlations with a constant rater are undefined and left out.",) if undefined else ()),
            "The model was rebuilt from the paper's abstract and its relatives; no figure of the paper is claimed.",
        ),
        methods=(
            f"{NETWORKS[config.network]} trained on rated videos; half of them disturbed. Rank correlation is tau-b with "
            "each person, averaged over people, then videos; intervals are bootstrapped over videos (B = 2000)."
        ),
        citations=CITATIONS,
    )


def _words(
    config: TrainConfig,
    found: Mapping[NetworkKind, Sequence[VideoFigures]],
    figures: Sequence[Figure],
    whom: str,
    random: np.random.Generator,
) -> tuple[str, str]:
    if not figures:
        return "No rank correlation is defined on the test videos", "unsure"
    tau = figures[0]
    start = f"Scores agree with {whom} by tau-b {tau.value:.3f}"
    if (tau.n or 0) < FEWEST:
        return f"{start}; {plural(tau.n or 0, 'test video')} cannot tell that from random scores", "unsure"
    above = tau.interval is not None and tau.value - tau.interval > 0
    chance = "" if above else ", which is not shown to be better than random scores"
    if "plain" not in found or config.network == "plain":
        return start + (chance or ", better than random scores"), "good" if above else "unsure"
    kinds: tuple[NetworkKind, ...] = ("plain", config.network)
    pairs = [[one.agreement.tau for one in found[kind]] for kind in kinds]
    if not np.isfinite(pairs).all(axis=0).any():
        return start + chance, "unsure"
    gap = compare(pairs[0], pairs[1], random)
    if gap.p <= SURE and gap.difference.centre > 0:
        gain = f", {gap.difference.centre:+.3f} over plain attention (p = {gap.p:.2g})"
        return start + (chance or gain), "good" if above else "unsure"
    return (
        f"{start}{chance}; not shown to be better than plain attention ({gap.difference.centre:+.3f}, p = {gap.p:.2g})",
        "neutral" if above else "unsure",
    )
