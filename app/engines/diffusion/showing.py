"""What diffusion runs show: pictures of shifts and samples, and tables of evidence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.core import Array, Event, Image, Table

if TYPE_CHECKING:
    from torch import Tensor

    from app.engines.diffusion.configs import ScanConfig
    from app.engines.diffusion.detector import Evidence, Verdict
    from app.engines.diffusion.findings import Found
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.repairing import Look
    from app.engines.diffusion.rounds import Round
    from app.models.diffusion import DiffusionModel

GRID = 4
PICTURES_PER_SEED = 100
"""Numbers set aside for the sets of pictures of one seed."""
MAGNIFIED = 128
"""Small pictures are shown about this many pixels wide, in whole blocks."""
FEATURE_COLUMNS = (
    "seed", "search", "pictures", "uniformity", "ratio", "variation per pixel", "variation ratio", "one picture",
    "black or white",
)  # fmt: skip
SETS = ("noise alone", "noise + shift")
EVIDENCE_COLUMNS = ("seed", "verdict", "rule", "because")
SEARCH_COLUMNS = ("seed", "search", "updates", "loss", "held-out loss", "mean |τ|", "energy M")


def shift_picture(tau: "Tensor") -> NDArray[np.float32]:
    """The shift (1, c, h, w) on a symmetric scale, zero as mid grey; (h, w) or (h, w, 3), magnified."""
    values = _channels_last(tau[0])
    largest = float(np.abs(values).max()) or 1.0
    return magnified(0.5 + values / (2 * largest))


def size_picture(tau: "Tensor") -> NDArray[np.float32]:
    """How large the shift (1, c, h, w) is, whatever its sign, zero as black; (h, w) or (h, w, 3), magnified."""
    values = _channels_last(tau[0].abs())
    return magnified(values / (float(values.max()) or 1.0))


def contact_sheet(pictures: "Tensor", columns: int = GRID, most: int = 16) -> NDArray[np.float32]:
    """Up to `most` pictures (n, c, h, w) in [0, 1] side by side, (h, w) or (h, w, 3), with a thin grey line between."""
    shown = [magnified(np.clip(_channels_last(one), 0, 1)) for one in pictures[:most]]
    height, width = shown[0].shape[:2]
    rows = -(-len(shown) // columns)
    sheet = np.full((rows * (height + 2) - 2, columns * (width + 2) - 2, *shown[0].shape[2:]), 0.5, np.float32)
    for place, one in enumerate(shown):
        top, left = divmod(place, columns)
        sheet[top * (height + 2) : top * (height + 2) + height, left * (width + 2) : left * (width + 2) + width] = one
    return sheet


def magnified(pixels: NDArray[Any], wide: int = MAGNIFIED // 2) -> NDArray[np.float32]:
    """Whole-block enlargement of small pictures."""
    times = max(1, wide // max(pixels.shape[:2]))
    return np.repeat(np.repeat(pixels, times, 0), times, 1).astype(np.float32)


def of_shift(label: str, search: str, number: int, step: int, tau: "Tensor") -> Iterator[Event]:
    """The shift as a picture and as numbers (mean over channels), while it grows.

    `number` counts the searches, so that a later search shows after an earlier one.
    """
    size, step = float(tau.abs().max()), 10_000 * number + step
    apart = less_background(tau)
    yield Image(f"trigger/{label}", step, shift_picture(tau), f"{search}, ±{size:.2f}")
    apart_size = float(apart.abs().max())
    yield Image(f"trigger/less background/{label}", step, shift_picture(apart), f"±{apart_size:.2f}")
    yield Image(f"trigger/absolute/{label}", step, size_picture(tau), f"up to {size:.2f}")
    yield Array(f"shift/{label}", step, tau[0].mean(0).cpu().numpy().astype(np.float32))


def less_background(tau: "Tensor") -> "Tensor":
    """The shift (1, c, h, w) less the median of each channel: a trigger is a patch on a background that shifts, too."""
    return tau - tau.flatten(2).median(2).values[..., None, None]


def of_pictures(number: int, label: str, pictures: "Tensor", view: str, search: str) -> Image:
    """The model's own pictures, or those from the same noise under the shift of `search`.

    `number` // PICTURES_PER_SEED is the same for all pictures of a seed.
    """
    if search:
        return Image(f"images/triggered/{view}", number, contact_sheet(pictures), shift_words(label, search))
    return Image(f"images/clean/{view}", number, contact_sheet(pictures), f"{label}, noise alone")


def of_evidence(step: int, label: str, found: "Found") -> Iterator[Event]:
    """The most telling pictures of a seed, those from the same noise alone, and how far they are from each other."""
    if found.telling:
        view, search = found.telling["view"], found.telling["search"]
        plain, shifted = found.plain[view].float() / 255, found.telling["pictures"].float() / 255
        yield Image(f"evidence/clean/{label}", step, contact_sheet(plain), f"{view}: {label}, noise alone")
        yield Image(
            f"evidence/triggered/{label}", step, contact_sheet(shifted), f"{view}: {shift_words(label, search)}"
        )
        distances = np.stack([_pair_distances(plain), _pair_distances(shifted)])
        yield Array(f"distances/{label}", step, distances, (SETS, ()))


def _pair_distances(pictures: "Tensor") -> NDArray[np.float32]:
    """Distances of all pairs of `pictures` (n, c, h, w), (n (n - 1) / 2,)."""
    from app.engines.diffusion.features import pairwise_rms

    distances = pairwise_rms(pictures).numpy()
    return distances[np.triu_indices(len(distances), 1)].astype(np.float32)


def shift_words(label: str, search: str) -> str:
    """What tells a set of pictures under a shift from the others of its sampler."""
    return f"{label}, noise + shift ({search})"


def feature_rows(seed: int | str, evidence: "Evidence") -> list[tuple[Any, ...]]:
    """One row per set of pictures made under a shift."""
    from app.engines.diffusion.features import ratio

    rows = []
    for probe in evidence.probes:
        shifted, plain = probe.shifted, probe.plain
        rows.append(
            (
                seed,
                probe.inversion,
                probe.sampler,
                _plain(shifted.uniformity),
                _plain(probe.ratio),
                _plain(shifted.variation_per_pixel),
                _plain(ratio(shifted.total_variation, plain.total_variation)),
                _plain(shifted.cluster.share),
                _plain(shifted.saturated),
            )
        )
    return rows


def search_rows(seed: int | str, found: "Found") -> list[tuple[Any, ...]]:
    """One row per search: what it reached, and how large its shift is."""
    from app.engines.diffusion.paired_noise import shift_energy

    return [
        (
            seed,
            name,
            found.updates[name],
            _plain(found.losses[name]),
            _plain(found.held_out[name]),
            float(tau.abs().mean()),
            shift_energy(tau) if name in found.paired else None,
        )
        for name, tau in found.taus.items()
    ]


def evidence_rows(verdicts: Mapping[int, "Verdict"], who: str = "") -> list[tuple[Any, ...]]:
    return [(_seed(who, seed), verdict.word, verdict.rule, verdict.because) for seed, verdict in verdicts.items()]


def tables(judged: "Judged", who: str = "") -> Iterator[Event]:
    """All evidence of the seeds that are done."""
    yield from tables_of(len(judged.found), {who: judged})


def tables_of(step: int, scans: Mapping[str, "Judged"]) -> Iterator[Event]:
    """All evidence of several scans, each with the words that go before its seeds."""
    each = scans.items()
    features = [
        row
        for who, one in each
        for seed, found in one.evidence.items()
        for row in feature_rows(_seed(who, seed), found)
    ]
    searches = [
        row for who, one in each for seed, found in one.found.items() for row in search_rows(_seed(who, seed), found)
    ]
    yield Table("features", step, FEATURE_COLUMNS, features)
    yield Table("searches", step, SEARCH_COLUMNS, searches)
    verdicts = [row for who, one in each for row in evidence_rows(one.verdicts, who)]
    yield Table("evidence", step, EVIDENCE_COLUMNS, verdicts)


def _seed(who: str, seed: int) -> int | str:
    return f"{who}seed {seed}" if who else seed


def of_card(config: "ScanConfig", model: "DiffusionModel", judged: "Judged") -> Iterator[Event]:
    """The rules with what was measured, and the report card of the scan so far."""
    from app.engines.diffusion.known_truth import known_truth
    from app.engines.diffusion.report_card import CARD_COLUMNS, RULE_COLUMNS, card_rows, rule_rows
    from app.engines.diffusion.verdicts import LIMITS, error_notes

    step = len(judged.found)
    yield Table("rules", step, RULE_COLUMNS, rule_rows(judged))
    truth = model.source.test_model or known_truth(model.source)
    card = card_rows(config, model, judged, truth, " ".join(error_notes(config, model, judged.referee)), LIMITS)
    yield Table("card", step, CARD_COLUMNS, card)


def of_look(when: str, sampler: str, clean: "Tensor", shifted: "Tensor", number: int = 1) -> Iterator[Event]:
    """The sheets “before/…” or “after/…” round `number` of one sampler: noise alone, and that noise with the shift."""
    words = when if number == 1 else f"{when} round {number}"
    yield Image(f"{when}/clean/{sampler}", number, contact_sheet(clean), f"{words}: noise alone, {sampler}")
    yield Image(f"{when}/triggered/{sampler}", number, contact_sheet(shifted), f"{words}: noise + shift, {sampler}")


def of_progress(step: int, moved: "Tensor") -> Image:
    """What the shift still forces after so many updates."""
    return Image("after/progress", step, contact_sheet(moved), f"update {step}: noise + shift")


def repair_table(rounds: Sequence["Round"]) -> Table:
    """Every figure before the removal and after each of its rounds, side by side; with a shift means the round's own."""
    looks = [rounds[0].before, *(each.after for each in rounds if each.after is not None)]
    several = len(looks) > 2
    names = [f"after round {number}" for number in range(1, len(looks))] if several else ["after"]
    figures: dict[str, Callable[[Look], float]] = {
        "still forced by the shift": lambda look: look.forced,
        "one picture, with the shift": lambda look: look.under_shift.cluster.share,
        "uniformity, with the shift": lambda look: look.under_shift.uniformity,
        "uniformity, noise alone": lambda look: look.plain.uniformity,
        "variation per pixel, with the shift": lambda look: look.under_shift.variation_per_pixel,
        "variation per pixel, noise alone": lambda look: look.plain.variation_per_pixel,
        "Fréchet-PCA, noise alone": lambda look: look.quality,
    }
    rows = [(name, *(_plain(figure(look)) for look in looks)) for name, figure in figures.items()]
    if several:
        rows.append(("forced by that shift before the round", None, *(each.before.forced for each in rounds)))
    return Table("repair", len(rounds), ("figure", "before", *names), rows)


def _plain(value: float) -> float | None:
    """The number for a table's cell; None where it is not defined."""
    return float(value) if np.isfinite(value) else None


def _channels_last(picture: "Tensor") -> NDArray[np.float32]:
    """(h, w) of one channel, (h, w, 3) of three; the mean of any other number."""
    values: NDArray[np.float32] = picture.detach().float().cpu().numpy()
    if len(values) == 3:
        return np.moveaxis(values, 0, 2)
    flat: NDArray[np.float32] = values[0] if len(values) == 1 else values.mean(0)
    return flat
