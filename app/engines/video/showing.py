"""What video runs show: events made of chunks, analyses, cuts and chances."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import Array, Event, Metric, Table
from app.engines.video.analysis import Analysis
from app.engines.video.chance import Chance
from app.engines.video.cutting import Choices, Cut

if TYPE_CHECKING:
    from app.engines.video.analysing import Chunk

SHOT_COLUMNS = ("shot", "start", "end", "seconds", "score", "SD", "kept", "pinned")
LARGEST_MAP = 120
CHANCE_COLUMNS = ("measure", "summary", "random, mean", "random, low", "random, high", "ratio", "p")


def of_chunk(chunk: "Chunk", source: str) -> Iterator[Event]:
    """What the pass over the video has seen since the chunk before."""
    yield Array("analysis/frames", chunk.first_frame, chunk.frames, meta={"source": source, "seconds": chunk.total})
    if len(chunk.picks):
        yield Array("analysis/picks", chunk.first_pick, chunk.picks)
    yield Array("analysis/cuts", chunk.first_frame, np.asarray(chunk.cuts, np.int64))
    if len(chunk.thumbnails):
        times = [round(float(time), 6) for time in chunk.thumbnail_times]
        yield Array("analysis/strip", chunk.first_thumbnail, chunk.thumbnails, meta={"times": times})


def of_analysis(found: Analysis) -> Iterator[Event]:
    """The arrays from which the window cuts again at every click."""
    yield Array("frames/times", 0, found.times, meta={"source": found.source.path})
    yield Array("frames/difference", 0, found.difference)
    yield Array("picks", 0, found.picks)
    yield Array("features", 0, found.features)
    if len(found.waveform):
        yield Array("waveform", 0, found.waveform, meta={"seconds": found.source.duration})


def of_components(found: Analysis) -> Array:
    return Array("components", 0, found.components, labels=(found.component_names,))


def of_scores(rows: Sequence[tuple[str, np.ndarray]]) -> Array:
    """The score of each pick, and beside it what else is known: its deviation, and what it would be otherwise."""
    return Array("scores", 0, np.stack([values for _, values in rows]), labels=([name for name, _ in rows],))


def of_raters(ratings: np.ndarray, people: str) -> Array:
    """What each of these people said of each pick."""
    return Array("raters", 0, ratings, meta={"people": people})


def of_attention(attention: np.ndarray, found: Analysis) -> Array:
    """Which picks a network looked at for each pick, thinned to what a heat map can show."""
    step = max(1, -(-len(attention) // LARGEST_MAP))
    times = [f"{time - found.times[0]:.1f} s" for time in found.times[found.picks][::step]]
    return Array("attention", 0, attention[::step, ::step], labels=(times, times))


def of_cut(cut: Cut, found: Analysis, choices: Choices) -> Iterator[Event]:
    """Shots, values and selection, as arrays and as a table."""
    yield Array("shots", 0, cut.selection.parts)
    yield Array("shot values", 0, np.stack([cut.values, cut.deviations], axis=1))
    yield Array("selection", 0, cut.chosen.astype(np.uint8), meta=_meta(cut, choices))
    yield Table("shots", 0, SHOT_COLUMNS, shot_rows(cut, found, choices.keep, choices.drop))
    if cut.segmentation is not None:
        yield from of_segmentation(cut, choices.vmax)


def _meta(cut: Cut, choices: Choices) -> dict[str, Any]:
    return {"budget": cut.budget, "kept": cut.kept, "choices": asdict(choices)}


def of_segmentation(cut: Cut, vmax: float) -> Iterator[Event]:
    """The cost of every number of cuts with the penalty of `vmax`, and the number that was chosen."""
    assert cut.segmentation is not None
    costs = cut.segmentation.penalised(vmax)
    for count, cost in enumerate(costs):
        if np.isfinite(cost):
            yield Metric("kts/cost", count, float(cost))
    chosen = len(cut.shots) - 1
    if chosen < len(costs) and np.isfinite(costs[chosen]):
        yield Metric("kts/chosen", chosen, float(costs[chosen]))


def shot_rows(
    cut: Cut, found: Analysis, pinned: Sequence[int], dropped: Sequence[int]
) -> list[tuple[int, float, float, float, float, float | None, bool, str]]:
    """One row per shot; times in seconds from the start of the video."""
    ends = np.append(found.times[1:], found.times[-1] + found.seconds_per_frame) - found.times[0]
    starts = found.times - found.times[0]
    rows = []
    for number, (first, last) in enumerate(cut.shots):
        pin = "stays" if number in pinned else "goes" if number in dropped else ""
        start, end = float(starts[first]), float(ends[last])
        deviation = float(cut.deviations[number]) or None
        value = float(cut.values[number])
        rows.append(
            (
                number + 1,
                round(start, 3),
                round(end, 3),
                round(end - start, 3),
                value,
                deviation,
                bool(cut.chosen[number]),
                pin,
            )
        )
    return rows


def of_chance(rows: Sequence[tuple[str, Chance]]) -> Table:
    """How the summary stands beside random selections from the same shots."""
    return Table(
        "chance",
        0,
        CHANCE_COLUMNS,
        [(name, c.observed, c.random, c.low, c.high, c.ratio, c.p) for name, c in rows],
    )
