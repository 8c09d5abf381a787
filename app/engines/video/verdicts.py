"""What a summary amounts to, in plain words, with the figures that carry it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.core import Citation, Figure, Result
from app.engines.video.analysis import Analysis
from app.engines.video.chance import Chance
from app.engines.video.cutting import Cut

if TYPE_CHECKING:
    from app.engines.video.film import FilmReport

SURE = 0.05
"""Share of random selections that may do as well before a summary no longer counts as better than chance."""

FEWEST = 6
"""Test videos below which an interval over videos says nothing, and no sign-flip test falls below 0.05."""

METHODS = (
    "Frames were sampled by presentation time and described by {features}. Shots come from {shots}. "
    "The summary is the {rule} over shots within {budget} frames. It is compared with {draws} random selections from the "
    "same shots; p is the share of selections, the summary among them, that do at least as well."
)
CITATIONS = (
    Citation(
        text="Huang, Yang, Chen, Chen, Worring, Conditional Modeling Based Automatic Video Summarization, 2023",
        link="https://arxiv.org/abs/2311.12159",
    ),
    Citation(text="Potapov, Douze, Harchaoui, Schmid, Category-Specific Video Summarization (KTS), ECCV 2014"),
    Citation(
        text="Otani, Nakashima, Rahtu, Heikkilä, Rethinking the Evaluation of Video Summaries, CVPR 2019",
        link="https://arxiv.org/abs/1903.11328",
    ),
)


def summary_result(
    cut: Cut,
    found: Analysis,
    standings: Sequence[tuple[str, Chance]],
    film: "FilmReport | None",
    *,
    shots: str = "KTS",
    rule: str = "exact knapsack",
    partial: bool = False,
) -> Result:
    """The verdict says what was kept and whether that beats chance; it claims no more than the figures do."""
    measure, standing = standings[-1]
    better = standing.p <= SURE
    kept, total = found.seconds_of(cut.clips), found.seconds
    chance_words = (
        f"better than chance by {measure} (p = {standing.p:.2g})"
        if better
        else f"not shown to be better than a random selection by {measure} (p = {standing.p:.2g})"
    )
    figures = [
        Figure(name="kept", value=kept, unit="s", note=f"of {total:.1f} s"),
        Figure(name="share kept", value=100 * kept / total, unit="%"),
        Figure(name="shots kept", value=int(cut.chosen.sum()), note=f"of {len(cut.shots)}"),
    ]
    for name, chance in standings:
        figures.append(
            Figure(
                name=name,
                value=chance.observed,
                better="higher",
                note=f"random {chance.random:.3g} ({chance.low:.3g} to {chance.high:.3g}), p = {chance.p:.2g}",
            )
        )
    if film is not None:
        figures.append(
            Figure(
                name="sound less picture", value=1000 * film.sound_less_picture, unit="ms", note="length of the film"
            )
        )
    return Result(
        verdict=f"{int(cut.chosen.sum())} of {len(cut.shots)} shots tell it in {kept:.1f} s of {total:.1f} s: {chance_words}",
        tone="good" if better else "unsure",
        advice="" if better else "Pin or drop shots by hand, or rate a few minutes and train on your own ratings.",
        figures=tuple(figures),
        notes=(
            "Without ratings by people nothing shows that these are the shots a person would keep."
            if len(standings) == 1
            else "F1 on key shots rewards long shots whatever the scores say (Otani et al. 2019); read it beside random.",
        ),
        methods=METHODS.format(
            features="the built-in descriptor" if found.feature_kind == "embedded" else found.feature_kind,
            shots=shots,
            rule=rule,
            budget=cut.budget,
            draws=len(standing.draws),
        ),
        citations=CITATIONS,
        partial=partial,
    )
