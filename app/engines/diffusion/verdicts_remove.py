"""What a removal amounts to, and the folder that it leaves."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.core import Figure, Result
from app.engines.diffusion.verdicts import CITATIONS, LIMITS

if TYPE_CHECKING:
    from app.engines.diffusion.remove_configs import RemoveConfig
    from app.engines.diffusion.repairing import Look
    from app.engines.diffusion.rounds import Round
    from app.models.diffusion import DiffusionModel

FORCING = 0.9
"""Share of pictures that a given shift must make alike, so that no stronger one is searched for."""
GONE = 1 / 16
"""Largest share of pictures that may still be forced when a removal counts as done."""
METHODS = (
    "The model was fine-tuned for {steps} updates{rounds} of {batch} pictures ({source}) with the loss “{loss}”, an ordinary "
    "diffusion loss, and one that holds its clean behaviour{held}. The weights of the look with the fewest forced "
    "pictures are kept. Forced means near the picture that the shift forced before, or near each other: the true trigger "
    "is not known, so this is no attack success rate."
)
ROAMING = (
    " Half of the shifted pictures took a shift that roams to where the loss is greatest, at most {reach:.0f} % of its length "
    "away from the one that was found."
)
HELD = {"through-shift": " at every step", "exact": " at pure noise"}
LOSSES = {"through-shift": "denoise through the shift", "exact": "Elijah, first step only"}


def removal_result(
    config: "RemoveConfig",
    model: "DiffusionModel",
    rounds: Sequence["Round"],
    origin: Mapping[str, Any],
    *,
    stopped: bool = False,
) -> Result:
    """Of the best round: done only where its shift forces nothing any more and the scan that followed saw no sign.

    `origin` may hold shares of alike pictures: “given” under the shift of the settings, “own” under one that was searched.
    """
    from app.engines.diffusion.rounds import best_of

    best = best_of(rounds)
    number = next(place for place, each in enumerate(rounds, 1) if each is best)
    before, after, word = best.before, best.after, best.word
    if after is None:
        return Result(
            verdict=f"Stopped after {rounds[-1].updates} updates; the model so far was kept, not compared",
            tone="unsure",
            advice="Resume goes on from the last checkpoint.",
            partial=True,
            exit_code=3,
        )
    gone = after.forced <= GONE
    done = gone and word in ("", "no sign")
    scanned = f"; the scan that followed says {word}" if word else ""
    count = len(after.shifted)
    forced = f"{after.forced:.0%}" if after.forced else "none"
    return Result(
        verdict=f"The shift forces {forced} of the pictures, before {before.forced:.0%}{scanned}",
        tone="good" if done and word else "unsure" if done else "bad",
        advice="Reduced risk, not proof: scan it with other samplers and compare the pictures."
        if done
        else "Remove again with more updates or clean pictures of your own, or do not use the model.",
        figures=(
            Figure(name="still forced", value=100 * after.forced, unit="%", n=count, better="lower",
                   note=f"before {before.forced:.0%}"),
            Figure(name="uniformity with the shift", value=after.under_shift.uniformity, better="higher",
                   note=f"before {before.under_shift.uniformity:.3f}, noise alone {after.plain.uniformity:.3f}"),
            *([] if math.isnan(after.quality) else [_quality(rounds[0].before, after)]),
        ),
        notes=("A repaired model is one of reduced risk, not a clean one.", *_searched(config, origin), *_taught(config), *_kept(number, len(rounds)), LIMITS, *model.notes),
        methods=METHODS.format(
            steps=best.updates,
            rounds=f" in {number} rounds" if number > 1 else "",
            batch=config.batch,
            source="the user's" if config.data else "made by the model itself",
            loss=LOSSES[config.loss],
            held=HELD[config.loss],
        )
        + (ROAMING.format(reach=config.reach) if config.reach_for(model.kind) else ""),
        citations=CITATIONS,
        details={"word": word, "sha256 of the source": model.sha256},
        partial=stopped,
        exit_code=0 if done and not stopped else 3,
    )  # fmt: skip


def _searched(config: "RemoveConfig", origin: Mapping[str, Any]) -> tuple[str, ...]:
    if not config.shift or origin.get("given", 1.0) >= FORCING:
        return ()
    given = f"The given shift made {origin['given']:.0%} of the pictures alike"
    if "own" in origin:
        return (f"{given}, so a stronger one was searched for and removed: it made {origin['own']:.0%} alike.",)
    return (f"{given}, and a search found no stronger one: what was removed may not be the backdoor.",)


def _taught(config: "RemoveConfig") -> tuple[str, ...]:
    if config.loss != "through-shift":
        return ()
    return (
        "This loss teaches the network to pass the shift on as noise, so paired noise finds a shift of high energy in the "
        "repaired model too. The scan that followed judges the pictures under that shift instead of its energy.",
    )


def nothing_found() -> Result:
    """The end of a removal whose search raised no alarm."""
    return Result(
        verdict="No shift was found, so nothing was changed",
        tone="neutral",
        advice="Scan with the sweep or more seeds, and hand the shift of that scan on to the removal.",
    )


def stopped_early() -> Result:
    return Result(
        verdict="Stopped before the removal began: nothing was changed",
        tone="unsure",
        advice="Resume goes on from the last checkpoint.",
        partial=True,
        exit_code=3,
    )


def repaired_files(model: "DiffusionModel", done: "Round", config: "RemoveConfig") -> dict[str, bytes]:
    """The pipeline with the network of a round and a card that says what was done to it."""
    from app.engines.diffusion.optimisation import restore_weights
    from app.models.diffusion_writing import model_card, model_files

    unet = copy.deepcopy(model.unet)
    restore_weights(unet, done.weights)

    card = model_card(
        "A repaired diffusion model",
        ["A suspected backdoor was trained away. The risk is reduced; that it is gone is not proven."],
        {
            "Source": f"SHA-256 {model.sha256}",
            "Loss": LOSSES[config.loss],
            "Updates": str(done.updates),
            **({"Reach around the shift": f"{config.reach:.0f} %"} if config.reach_for(model.kind) else {}),
            "Clean pictures": "the user's" if config.data else "made by the model itself",
            "Seed": str(config.seed),
        },
        backdoor=model.source.test_model or None,
    )
    return model_files(model, unet=unet, card=card)


def _kept(number: int, total: int) -> tuple[str, ...]:
    return (
        ()
        if number == total
        else (f"Of {total} rounds, round {number} is kept: it did best in the scan that followed.",)
    )


def _quality(before: "Look", after: "Look") -> Figure:
    note = f"before {before.quality:.2f}; distance to the clean pictures, no FID"
    return Figure(name="Fréchet-PCA", value=after.quality, better="lower", note=note)
