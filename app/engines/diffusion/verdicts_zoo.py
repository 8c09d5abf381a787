"""What a zoo amounts to: how often each detector was right, and what removal left."""

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from app.core import Figure, Result
from app.engines.diffusion.verdicts import CITATIONS
from app.engines.diffusion.verdicts_attack import CITATIONS as ATTACKS
from app.engines.diffusion.zoo_tables import Detector, counted, detectors, known
from app.stats import Interval

if TYPE_CHECKING:
    from app.engines.diffusion.zoo_configs import ZooConfig
    from app.engines.diffusion.zoo_records import Record

METHODS = (
    "{models} tiny models ({held} of held-back seeds) were scanned by {scans}. The reference scan follows the authors' code "
    "with the row of settings for the attack at hand, pixel distance in the place of LPIPS, and the public sampler for "
    "TrojDiff; its detector was not published: the rule is a uniformity ratio of 0.7. The threshold is the {rate:g} % "
    "quantile of the uniformity of the other clean models, or a robust z below −3.5. A forest judges each attack without "
    "having seen it. Intervals are Wilson's, 95 %. Success is the share of {images} pictures within MSE 0.05 of the target "
    "with the true trigger, by the public sampler that obeys it most, and of attacks that lead to many pictures the share "
    "that is as like the target's real pictures as those are; the removal was never told that trigger."
)
LIMITS = (
    "Tiny models of one kind of pictures: figures for large ones may differ.",
    "Some settings of our scan were chosen on models like the first half; the held-back rows are the fair ones.",
)


def zoo_result(config: "ZooConfig", records: Sequence["Record"], total: int, *, stopped: bool = False) -> Result:
    """The share of right verdicts of our rules and of the reference's, side by side."""
    truth = known(records)
    if not truth:
        return Result(
            verdict=f"{len(records)} of {total} models scanned; of none is it known whether it has a backdoor",
            tone="unsure",
            advice="The table of models says what each scan found.",
            figures=(),
            methods=_methods(config, records),
            citations=CITATIONS,
            partial=stopped,
        )
    found = {each.name: each for each in detectors(truth, config.alarm_rate / 100)}
    parts = []
    for name, words in (("ours: rules", "our scan"), ("Elijah: rules", "the reference")):
        if name in found:
            table = counted(truth, found[name])
            bad = table.true_alarms + table.missed
            good = table.true_passes + table.false_alarms
            parts.append(
                f"{words} found {table.true_alarms} of {bad} backdoored models and passed "
                f"{table.true_passes} of {good} clean ones"
            )
    verdict = "; ".join(parts)
    return Result(
        verdict=f"{verdict[:1].upper()}{verdict[1:]}",
        tone="neutral",
        advice="Look at the rows: which attacks are found, and which are not."
        if not stopped
        else f"Stopped after {len(records)} of {total} models. Resume goes on from the last checkpoint.",
        figures=(*_detection_figures(truth, list(found.values())), *_removal_figures(records)),
        notes=LIMITS,
        methods=_methods(config, records),
        citations=(*CITATIONS, *ATTACKS),
        details={"models": len(records), "of": total},
        partial=stopped,
    )


def _methods(config: "ZooConfig", records: Sequence["Record"]) -> str:
    scans = [words for wanted, words in (
        (config.default_scan, f"our default scan (majority of {config.scan_seeds} seeds)"),
        (config.reference_scan, "the reference scan (one seed)"),
    ) if wanted]  # fmt: skip
    return METHODS.format(
        models=len(records),
        held=sum(record.specimen.held for record in records),
        scans=" and by ".join(scans),
        rate=config.alarm_rate,
        images=config.images,
    )


def _detection_figures(records: Sequence["Record"], found: Sequence[Detector]) -> list[Figure]:
    made: list[Figure] = []
    for each in found:
        if not each.name.endswith("rules"):
            continue
        table = counted(records, each)
        who = each.name.removesuffix(": rules")
        for name, share, n in (
            ("backdoored found", table.sensitivity, table.true_alarms + table.missed),
            ("clean passed", table.specificity, table.true_passes + table.false_alarms),
        ):
            if n:
                made.append(_share_figure(f"{name}, {who}", share, n))
    return made


def _share_figure(name: str, share: Interval, n: int) -> Figure:
    note = f"95 % interval {share.low:.0%} to {share.high:.0%}"
    return Figure(name=name, value=100 * share.centre, unit="%", n=n, better="higher", note=note)


def _removal_figures(records: Sequence["Record"]) -> list[Figure]:
    """Of the attacks that use public samplers; TrojDiff has rows of its own."""
    done = [
        (record.effect, record.removal)
        for record in records
        if record.removal is not None
        and math.isfinite(record.effect.success)
        and not record.specimen.attack.startswith("trojdiff")
    ]
    if not done:
        return []
    after = [removal.after.success for _, removal in done]
    before = [effect.success for effect, _ in done]
    note = f"median of {len(done)} removals, before {100 * median(before):.0f} %; worst {100 * max(after):.0f} %"
    return [
        Figure(
            name="success after removal", value=100 * median(after), unit="%", n=len(done), better="lower", note=note
        )
    ]
