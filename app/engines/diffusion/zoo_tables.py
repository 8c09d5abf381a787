"""How often each detector is right, from the records of a zoo; tables of detection and of removal."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.diffusion.detector import Threshold
from app.engines.diffusion.forest import CLEAN, References, Rehearsal, in_folds, leave_one_attack_out
from app.engines.diffusion.metrics import Confusion, area_under_curve, confusion
from app.engines.diffusion.zoo import KIND_WORDS, UNKNOWN, attack_words
from app.engines.diffusion.zoo_records import Record, ScanFinding
from app.stats import proportion_interval

Pick = Callable[[Record], ScanFinding | None]
SCANS: dict[str, str] = {"reference": "Elijah", "ours": "ours"}
MODEL_COLUMNS = (
    "model", "kind", "truth", "held back", "uniformity", "variation per pixel", "ratio", "one picture", "energy M",
    "ours", "Elijah", "Elijah: uniformity", "Elijah: variation per pixel", "success", "sampler", "leak",
    "success, own sampler", "Fréchet-PCA",
)  # fmt: skip
REMOVAL_COLUMNS = (
    "model", "truth", "shift from an alarm", "updates", "success before", "success after", "MSE before", "MSE after",
    "SSIM before", "SSIM after", "leak before", "leak after", "uniformity before", "uniformity after",
    "own sampler before", "own sampler after", "forced before", "forced after", "Fréchet-PCA before",
    "Fréchet-PCA after",
)  # fmt: skip

SCORE_COLUMNS = ("detector", "right", "backdoored found", "clean passed", "area under the curve", "right, five folds")


@dataclass(frozen=True)
class Detector:
    """One way to decide: its `name`, the `scan` it judges, and its alarm for each of the records, None where it has none."""

    name: str
    scan: str
    alarms: tuple[bool | None, ...]
    scores: tuple[float, ...] = ()


def known(records: Sequence[Record]) -> list[Record]:
    """Those whose truth is known."""
    return [record for record in records if record.specimen.attack != UNKNOWN]


def detectors(records: Sequence[Record], rate: float) -> list[Detector]:
    """For both scans: the rules alone, and the one-sided threshold with false alarms at `rate`."""
    made = []
    for scan, title in SCANS.items():
        found = [_of(record, scan) for record in records]
        if any(found):
            alarms = tuple(None if each is None else each.alarm for each in found)
            made.append(Detector(f"{title}: rules", scan, alarms))
            made.append(Detector(f"{title}: threshold", scan, _threshold(records, found, scan, rate)))
    return made


def forests(records: Sequence[Record]) -> list[Detector]:
    """For both scans the forest, which judges each attack without having seen it; none where there is too little."""
    made = []
    for scan, title in SCANS.items():
        rehearsal = learnt(records, scan, leave_one_attack_out)
        if rehearsal is not None:
            scores = iter(rehearsal.probabilities)
            found = [_of(record, scan) for record in records]
            spread = [math.nan if each is None else float(next(scores)) for each in found]
            alarms = tuple(None if each is None else score > 0.5 for each, score in zip(found, spread, strict=True))
            made.append(Detector(f"{title}: forest", scan, alarms, tuple(spread)))
    return made


def learnt(records: Sequence[Record], scan: str, rehearse: Callable[[References], Rehearsal]) -> Rehearsal | None:
    """A rehearsal of the forest over the records that `scan` has seen; None where there are too few of either class."""
    used = [(record, each) for record in records if (each := _of(record, scan)) is not None]
    attacks = tuple(record.specimen.attack if record.specimen.backdoored else CLEAN for record, _ in used)
    names = set(attacks) - {CLEAN}
    clean = attacks.count(CLEAN)
    # Without a clean and a backdoored model in every part, a forest has nothing to tell apart.
    if len(names) < 2 or clean < 2:
        return None
    return rehearse(References(_features(scan, [each for _, each in used]), attacks))


def detection_rows(records: Sequence[Record], found: Sequence[Detector]) -> list[tuple[Any, ...]]:
    """One row per kind and attack, then sums: how many of how many each detector got right, with Wilson's interval."""
    rows = []
    for title, chosen in groups(records):
        rows.append((title, len(chosen), *(_right(records, each, chosen) for each in found)))
    return rows


def groups(records: Sequence[Record]) -> Iterator[tuple[str, list[int]]]:
    """Titles and places: every kind and attack, then all backdoored and clean ones, without TrojDiff, and held back."""
    cells: dict[tuple[str, str], list[int]] = {}
    for place, record in enumerate(records):
        cells.setdefault(record.specimen.cell, []).append(place)
    for (kind, attack), places in cells.items():
        yield f"{KIND_WORDS[kind]}, {attack_words(attack)}", places
    bad = [place for place, record in enumerate(records) if record.specimen.backdoored]
    good = [place for place in range(len(records)) if place not in bad]
    plain = [place for place in bad if not records[place].specimen.attack.startswith("trojdiff")]
    sums = {
        "All backdoored": bad,
        "Backdoored, without TrojDiff": plain,
        "All clean": good,
        "Backdoored, held back": [place for place in bad if records[place].specimen.held],
        "Clean, held back": [place for place in good if records[place].specimen.held],
    }
    yield from ((title, places) for title, places in sums.items() if places)


def counted(records: Sequence[Record], detector: Detector) -> Confusion:
    """Alarms of a detector against truth."""
    pairs = [
        (alarm, record.specimen.backdoored) for alarm, record in zip(detector.alarms, records) if alarm is not None
    ]
    return confusion([alarm for alarm, _ in pairs], [truth for _, truth in pairs])


def score_rows(records: Sequence[Record], found: Sequence[Detector]) -> list[tuple[Any, ...]]:
    """One row per detector: accuracy, share found and share passed with intervals; area under the curve and folds."""
    rows: list[tuple[Any, ...]] = []
    for each in found:
        table = counted(records, each)
        bad, good = table.true_alarms + table.missed, table.true_passes + table.false_alarms
        words = (
            _share(table.true_alarms + table.true_passes, bad + good),
            _share(table.true_alarms, bad),
            _share(table.true_passes, good),
        )
        rows.append((each.name, *words, _area(records, each), _folds(records, each)))
    return rows


def model_rows(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    """One row per model, in `MODEL_COLUMNS`: the first figures are points of the scatter uniformity by variation."""
    rows = []
    for record in records:
        ours, theirs, effect = record.ours, record.reference, record.effect
        features = (math.nan,) * 6 if ours is None else ours.features
        rows.append(
            (
                record.specimen.name,
                KIND_WORDS[record.specimen.kind],
                attack_words(record.specimen.attack),
                record.specimen.held,
                *(_cell(features[place]) for place in (0, 1, 2, 4, 5)),
                None if ours is None else ours.word,
                None if theirs is None else theirs.word,
                None if theirs is None else _cell(theirs.features[0]),
                None if theirs is None else _cell(theirs.features[1]),
                _cell(effect.success),
                effect.sampler or None,
                _cell(effect.leak),
                _cell(effect.own),
                _cell(effect.quality),
            )
        )
    return rows


def removal_rows(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    """One row per removal, in `REMOVAL_COLUMNS`."""
    rows = []
    for record in records:
        done, before = record.removal, record.effect
        if done is None:
            continue
        after = done.after
        pairs = (
            (before.success, after.success),
            (before.error, after.error),
            (before.likeness, after.likeness),
            (before.leak, after.leak),
            (before.uniformity, after.uniformity),
            (before.own, after.own),
            (done.forced_before, done.forced),
            (before.quality, after.quality),
        )
        figures = [_cell(value) for pair in pairs for value in pair]
        rows.append((record.specimen.name, attack_words(record.specimen.attack), done.found, done.updates, *figures))
    return rows


def _of(record: Record, scan: str) -> ScanFinding | None:
    return record.ours if scan == "ours" else record.reference


def _features(scan: str, found: Sequence[ScanFinding]) -> NDArray[np.float64]:
    """The reference learns from uniformity and variation, as its authors; ours from all six features."""
    used = 2 if scan == "reference" else None
    return np.array([each.features[:used] for each in found], dtype=np.float64)


def _threshold(
    records: Sequence[Record], found: Sequence[ScanFinding | None], scan: str, rate: float
) -> tuple[bool | None, ...]:
    """Alarms of the one-sided threshold; a clean model is judged by the other clean ones."""
    clean = [place for place, record in enumerate(records) if not record.specimen.backdoored and found[place]]
    alarms: list[bool | None] = []
    for place, each in enumerate(found):
        others = [other.uniformity for at in clean if at != place and (other := found[at]) is not None]
        if each is None or sum(map(math.isfinite, others)) < 2:
            alarms.append(None)
            continue
        guarded = scan == "ours" and each.saturated
        alarms.append(Threshold.fit(others, rate).alarms(each.uniformity) and not guarded)
    return tuple(alarms)


def _right(records: Sequence[Record], detector: Detector, places: Sequence[int]) -> str | None:
    judged = [(detector.alarms[place], records[place].specimen.backdoored) for place in places]
    right = [alarm == truth for alarm, truth in judged if alarm is not None]
    return _share(sum(right), len(right)) if right else None


def _share(right: int, total: int) -> str:
    if not total:
        return "–"
    share = proportion_interval(right, total)
    return f"{right} of {total} ({share.low:.0%} to {share.high:.0%})"


def _area(records: Sequence[Record], detector: Detector) -> float | None:
    if detector.name.endswith("forest"):
        pairs = [(score, record) for score, record in zip(detector.scores, records) if math.isfinite(score)]
    else:
        found = [(_of(record, detector.scan), record) for record in records]
        pairs = [(-each.uniformity, record) for each, record in found if each and math.isfinite(each.uniformity)]
    return _cell(area_under_curve([score for score, _ in pairs], [record.specimen.backdoored for _, record in pairs]))


def _folds(records: Sequence[Record], detector: Detector) -> str | None:
    if not detector.name.endswith("forest"):
        return None
    rehearsal = learnt(records, detector.scan, in_folds)
    if rehearsal is None:
        return None
    table = rehearsal.table
    right = table.true_alarms + table.true_passes
    return _share(right, len(rehearsal.probabilities))


def _cell(value: float) -> float | None:
    """The number for a table; None where it is not defined."""
    return value if math.isfinite(value) else None
