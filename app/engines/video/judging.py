"""How much each pick matters: a blend without training, a trained model, or scores from a file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core import AssayError
from app.engines.video.analysis import Analysis
from app.engines.video.configs import ScoreConfig, SelectConfig, ShotsConfig, SummariseConfig
from app.engines.video.cutting import Choices
from app.engines.video.scorers import blend, diversity_representativeness

STORY = "story"


@dataclass(frozen=True)
class Scored:
    """Scores of t picks, in [0, 1].

    `analysis` has the weight-free scorers that need features beside those that need pixels; `rows` names the score and
    what is known beside it; `given` (t,) is None where the blend makes the score anew at every change of its weights;
    `ratings` (U, t) of people; `attention` (t, t).
    """

    analysis: Analysis
    rows: tuple[tuple[str, np.ndarray], ...]
    given: np.ndarray | None = None
    deviation: np.ndarray | None = None
    ratings: np.ndarray | None = None
    people: str = ""
    """Who rated, in words."""
    attention: np.ndarray | None = None
    findings: tuple[str, ...] = ()


def scored(found: Analysis, config: SummariseConfig) -> Scored:
    """Raises AssayError for a model or a file that does not fit this video."""
    analysis = with_story(found)
    ratings = _ratings(config, analysis)
    if config.scorer == "model":
        scores = _by_model(analysis, config)
    elif config.scorer == "import":
        given = imported_scores(Path(config.scores), analysis.times[analysis.picks] - analysis.times[0])
        scores = Scored(analysis, (("score", given),), given, findings=_unasked(config))
    else:
        score = blend(analysis.components, analysis.component_names, dict(weights_of(config, analysis.component_names)))
        scores = Scored(analysis, (("score", score),), findings=_unasked(config))
    return replace(scores, ratings=ratings, people=_people(config, ratings))


def _unasked(config: SummariseConfig) -> tuple[str, ...]:
    return ("The query counts for nothing: only a trained model reads it",) if config.query.strip() else ()


def with_story(found: Analysis) -> Analysis:
    """The analysis with the scorer that needs features: unlike the rest, and standing for much of it (spec 2.5)."""
    story = diversity_representativeness(found.features).astype(np.float32)
    return replace(
        found,
        components=np.concatenate([story[None], found.components]),
        component_names=(STORY, *found.component_names),
    )


def weights_of(config: ScoreConfig, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The weight of each scorer that this video has."""
    return tuple((name, float(getattr(config, name))) for name in names)


def choices_of(config: SummariseConfig, names: Sequence[str]) -> Choices:
    """What the form says, as the cutter takes it; shots count from 1 in the form."""
    return Choices(
        **_shot_choices(config),
        **_selection_choices(config),
        weights=weights_of(config, names) if config.scorer == "blend" else (),
    )


def _shot_choices(config: ShotsConfig) -> dict[str, Any]:
    return {
        "shots": config.shots,
        "vmax": config.vmax,
        "shot_count": config.shot_count,
        "shortest_shot": config.shortest_shot,
        "longest_shot": config.longest_shot,
        "shot_length": config.shot_length,
        "sensitivity": config.sensitivity,
        "cut_times": _read_times(Path(config.cuts)) if config.shots == "import" else (),
        "refine": config.refine,
    }


def _selection_choices(config: SelectConfig) -> dict[str, Any]:
    return {
        "budget": config.budget / 100,
        "budget_seconds": config.budget_seconds,
        "value": config.value,
        "rule": config.rule,
        "shortest_clip": config.shortest_clip,
        "longest_clip": config.longest_clip,
        "keep": tuple(number - 1 for number in config.keep),
        "drop": tuple(number - 1 for number in config.drop),
    }


def imported_scores(path: Path, times: np.ndarray) -> np.ndarray:
    """(t,) scores at `times` (t,) s from the start, stretched to [0, 1]; between the rows of the file the line is straight.

    The file has two numbers per row, time in seconds and score. Raises AssayError where it has none, or is not finite.
    """
    seconds, values = np.array(_numbers(path, 2)).T
    if seconds.min() > times[-1] or seconds.max() < times[0]:
        raise _of_another(path, f"its times go from {seconds.min():g} to {seconds.max():g} s", times)
    order = np.argsort(seconds, kind="stable")
    found = np.interp(times, seconds[order], values[order])
    span = float(found.max() - found.min())
    return (found - found.min()) / span if span > 0 else np.full(len(times), 0.5)


def _by_model(analysis: Analysis, config: SummariseConfig) -> Scored:
    from app.engines.video.scoring import score_with

    answer = score_with(
        Path(config.model),
        analysis.features,
        query=config.query,
        condition=config.condition,
        samples=config.samples,
        seed=config.seed,
    )
    rows = [("score", answer.score)]
    for name, values in (
        ("sd", answer.sd),
        ("clean", answer.clean),
        ("disturbed", answer.disturbed),
        ("without query", answer.without_query),
        ("picture disturbed", answer.picture_disturbed),
    ):
        if values is not None:
            rows.append((name, values))
    return Scored(analysis, tuple(rows), answer.score, answer.sd, attention=answer.attention, findings=answer.findings)


def _people(config: SummariseConfig, ratings: np.ndarray | None) -> str:
    return "" if ratings is None else f"{len(ratings)} {'people' if config.ratings else 'made-up people'}"


def _ratings(config: SummariseConfig, analysis: Analysis) -> np.ndarray | None:
    """(U, t) scores that people gave at the picks; the generated clip brings its own simulated people."""
    times = analysis.times[analysis.picks] - analysis.times[0]
    if config.ratings:
        from app.data.rater_scores import load_rater_scores, scores_at

        table = scores_at(load_rater_scores(Path(config.ratings)), times)[1]
        if np.isnan(table).all():
            raise _of_another(Path(config.ratings), "nobody rated any moment of this video", times)
        return _without_gaps(table)
    if config.video == "builtin:clip":
        from app.engines.video.clip_world import builtin_clip, simulated_raters

        clip = builtin_clip()
        return simulated_raters(clip)[:, clip.shot_of_frame[analysis.picks]].astype(np.float64)
    return None


def _of_another(path: Path, why: str, times: np.ndarray) -> AssayError:
    return AssayError(
        f"“{path.name}” belongs to another video",
        why=f"{why}; the video lasts {times[-1] - times[0]:.1f} s",
        remedy="Choose the file of this video; times count from its beginning, in seconds.",
    )


def _without_gaps(ratings: np.ndarray) -> np.ndarray:
    """What a person did not rate counts as their lowest score."""
    lowest = np.nanmin(np.where(np.isnan(ratings).all(axis=1, keepdims=True), 0.0, ratings), axis=1, keepdims=True)
    return np.where(np.isnan(ratings), lowest, ratings).astype(np.float64)


def _read_times(path: Path) -> tuple[float, ...]:
    return tuple(row[0] for row in _numbers(path, 1))


def _numbers(path: Path, columns: int) -> list[list[float]]:
    """The first `columns` finite numbers of each row of a table; a first row of words is a heading."""
    from app.data.table import number, read_table

    if not path.is_file():
        raise AssayError("The file is not there", where=str(path), remedy="Choose a text or CSV file.")
    table = read_table(path)
    if len(table.columns) < columns:
        raise AssayError(
            "The file has too few columns", where=table.name, why=f"{columns} columns of numbers are expected"
        )
    if not table.rows:
        raise AssayError("The file holds no numbers", where=table.name)
    found = [[number(cell, table.dialect.decimal_comma) for cell in row[:columns]] for row in table.rows]
    for row, values in enumerate(found):
        for column, value in enumerate(values):
            if value is None or not math.isfinite(value):
                raise AssayError(
                    "A cell is not what it should be",
                    where=table.place(row, column),
                    why=f"“{table.rows[row][column][:40]}” is no finite number",
                )
    return [[value for value in values if value is not None] for values in found]
