"""What a comparison of two methods amounts to: no more than its paired differences show."""

import math
from collections.abc import Sequence

from app.core import Citation, Figure, Result
from app.engines.video.evaluate_configs import METHODS as METHOD_NAMES
from app.engines.video.evaluate_configs import EvaluateConfig
from app.engines.video.evaluation import HUMAN, Difference, Standing
from app.engines.video.verdicts import CITATIONS as SHARED_CITATIONS
from app.engines.video.verdicts import FEWEST

SURE = 0.05

CITATIONS = (
    *SHARED_CITATIONS,
    Citation(
        text="Apostolidis, Adamantidou, Metsai, Mezaris, Patras, Performance over Random, ACM Multimedia 2020",
    ),
    Citation(
        text="Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979"
    ),
)
METHODS = (
    "Both methods, random scores and people were judged on the same test videos and shots. tau-b and rho are taken with each "
    "person at the picks and averaged over people; F1 is taken over frames for the summary of 15 % ({rule}). A video that "
    "several splits test counts once, with its mean. Intervals are bootstrapped over videos (B = 2000); differences are "
    "paired over videos, their p-values come from sign flips and are adjusted over the measures (Holm). Random: {draws} "
    "summaries per video from random frame scores. People: one person against the others."
)


def evaluation_result(
    config: EvaluateConfig,
    labels: tuple[str, str],
    standings: Sequence[Standing],
    gaps: Sequence[Difference],
    notes: Sequence[str],
    *,
    partial: bool = False,
) -> Result:
    """`labels` names methods a and b; `gaps` are b less a, tau-b first where it is defined."""
    by_label = {one.method: one for one in standings}
    first, second = (by_label[label] for label in labels)
    verdict, tone = _verdict(labels, first, second, gaps)
    if partial:
        verdict = f"Stopped after {second.videos} test videos. So far: {verdict}"
    undefined = sum(one.undefined for one in (first, second))
    said = list(notes)
    if undefined:
        said.append(f"{undefined} rank correlations have a constant side, are undefined and left out.")
    said += [_gap_words(gap) for gap in gaps]
    said += _chance_words(first, second)
    return Result(
        verdict=verdict,
        tone=tone,  # type: ignore[arg-type]
        advice=_advice(second, gaps),
        figures=tuple(_figures(by_label, labels, gaps)),
        notes=tuple(said),
        methods=METHODS.format(rule=config.convention, draws=config.draws),
        citations=CITATIONS,
        details={"test videos": second.videos},
        partial=partial,
    )


def _verdict(labels: tuple[str, str], first: Standing, second: Standing, gaps: Sequence[Difference]) -> tuple[str, str]:
    one, two = labels
    gap = next((gap for gap in gaps if gap.measure == "tau-b"), None)
    if gap is None:
        constant = [label for label, each in zip(labels, (first, second), strict=True) if each.tau is None]
        return f"{two} and {one} cannot be compared by rank: no tau-b is defined for {' and '.join(constant)}", "unsure"
    change = gap.comparison.difference
    figures = (
        f"difference in tau-b {change.centre:+.3f} [{change.low:+.3f}, {change.high:+.3f}], p = {gap.adjusted:.2g}"
    )
    if gap.adjusted <= SURE:
        words = f"{two} is {'better' if change.centre > 0 else 'worse'} than {one}: {figures}"
    else:
        words = f"{two} is not shown to be better than {one}: {figures}"
    against_random = METHOD_NAMES["random"] in labels
    if second.tau is not None and not second.tau.low > 0 and not against_random:
        words += f"; {two} is not shown to be better than random scores either"
    if change.n < FEWEST:
        return f"{words}; {change.n} test video{'s are' * (change.n > 1) or ' is'} too few to tell", "unsure"
    return words, ("good" if change.centre > 0 else "bad") if gap.adjusted <= SURE else "neutral"


def _gap_words(gap: Difference) -> str:
    change = gap.comparison.difference
    return (
        f"{gap.measure}: b less a {change.centre:+.3f} [{change.low:+.3f}, {change.high:+.3f}], "
        f"p = {gap.comparison.p:.2g}, after Holm {gap.adjusted:.2g}, {change.n} videos"
    )


def _chance_words(*standings: Standing) -> list[str]:
    fooled = [
        one.method
        for one in standings
        if one.over_random is not None and not one.over_random.low > 1 and one.method != METHOD_NAMES["random"]
    ]
    if not fooled:
        return []
    return [f"By F1, {' and '.join(fooled)} cannot be told from random summaries of the same shots."]


def _advice(second: Standing, gaps: Sequence[Difference]) -> str:
    if second.videos < 2 * FEWEST:
        return "Take more parts (cross-validation), so that more videos are tested."
    if any(gap.adjusted <= SURE for gap in gaps):
        return "Repeat with another seed before the difference is claimed: one seed says little of a trained network."
    return "More test videos or other seeds may settle it; a tie is a finding, too."


def _figures(by_label: dict[str, Standing], labels: tuple[str, str], gaps: Sequence[Difference]) -> list[Figure]:
    made: list[Figure] = []
    for label in (labels[1], labels[0], HUMAN):
        one = by_label.get(label)
        if one is None or one.tau is None:
            continue
        made.append(
            Figure(
                name=f"tau-b, {label}", value=one.tau.centre, interval=one.tau.half, n=one.tau.n,
                better=None if label == HUMAN else "higher",
            )
        )  # fmt: skip
        if one.rho is not None and label != HUMAN:
            made.append(
                Figure(name=f"rho, {label}", value=one.rho.centre, interval=one.rho.half, n=one.rho.n, better="higher")
            )
    for gap in gaps:
        change = gap.comparison.difference
        scale, unit = (100, "%") if gap.measure.startswith("F1") else (1, "")
        made.append(
            Figure(
                name=f"difference in {gap.measure}", value=scale * change.centre, interval=scale * change.half,
                unit=unit, n=change.n, better="higher", note=f"p = {gap.adjusted:.2g} after Holm",
            )
        )  # fmt: skip
    for label in (labels[1], labels[0]):
        one = by_label[label]
        if one.f_mean is not None and math.isfinite(one.random_mean):
            ratio = "" if one.over_random is None else f", {one.over_random.centre:.2f} times as much (PoR)"
            made.append(
                Figure(
                    name=f"F1, mean over people, {label}", value=100 * one.f_mean.centre, unit="%",
                    interval=100 * one.f_mean.half, n=one.f_mean.n, better="higher",
                    note=f"random {100 * one.random_mean:.1f} %{ratio}",
                )
            )  # fmt: skip
    return made
