"""The tasks of the video workspace: summarise here; write, rate, train, evaluate and the Otani figure beside it."""

import tempfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core import (
    Artifact,
    AssayError,
    Checkpoint,
    Emits,
    Event,
    Log,
    Progress,
    Result,
    Stage,
    State,
    Stopped,
    Warn,
    task,
)
from app.core.task import Command, Run
from app.engines.video import showing
from app.engines.video.analysis import Analysis, analysis_from_state, analysis_state
from app.engines.video.configs import SummariseConfig
from app.engines.video.presets import SUMMARISE_PRESETS

if TYPE_CHECKING:
    from app.engines.video.chance import Chance
    from app.engines.video.cutting import Cut
    from app.engines.video.judging import Scored
    from app.engines.video.writing import Output

BUILTIN_CLIP = "builtin:clip"
CHUNKS_PER_CHECKPOINT = 10
WITHOUT_FILM: "frozenset[Output]" = frozenset({"sheet", "lists", "features"})
WITH_FILM: "frozenset[Output]" = frozenset({"film", "sheet", "lists", "features"})


@task(
    "video.summarise",
    title="Summarise a video",
    presets=SUMMARISE_PRESETS,
    emits=(
        Emits("array", "analysis/*", "Seen so far"),
        Emits("array", "waveform", "Sound"),
        Emits("array", "frames/*", "Frames"),
        Emits("array", "picks", "Picks"),
        Emits("array", "features", "Features"),
        Emits("array", "components", "Parts of the blend"),
        Emits("array", "scores", "Scores"),
        Emits("array", "raters", "Scores of people"),
        Emits("array", "shots", "Shots"),
        Emits("array", "shot values", "Values of shots"),
        Emits("array", "selection", "Selection"),
        Emits("array", "attention", "Attention"),
        Emits("metric", "kts/cost", "Cost by number of cuts"),
        Emits("metric", "kts/chosen", "Cost at the chosen number of cuts"),
        Emits("table", "shots", "Shots"),
        Emits("table", "chance", "Better than chance?"),
        Emits("table", "film", "Clips of the film"),
        Emits("image", "sheet", "Contact sheet"),
        Emits("text", "edl", "Edit list"),
        Emits("text", "chapters", "Chapters"),
        Emits("artifact", "*", "Files"),
    ),
)
def summarise(config: SummariseConfig, resume: State | None = None) -> Run:
    """Look at the video once, cut it into shots, score them, choose within the budget, and write the film."""
    from app.engines.video.cutting import Cutter, Film
    from app.engines.video.judging import choices_of, scored
    from app.engines.video.verdicts import summary_result
    from app.engines.video.writing import Work, written

    resume = resume or {}
    with tempfile.TemporaryDirectory(prefix="assay-video-") as scratch:
        yield Stage("open")
        path = _source(config.video, Path(scratch))
        if config.video == BUILTIN_CLIP and not resume:
            yield Artifact("clip.mp4", path, "video", "The generated clip that this run looked at")
        analysed = yield from _analysed(config, path, resume)
        if isinstance(analysed, Result):
            return analysed
        found = analysed
        yield Stage("score")
        try:
            scores: Scored = scored(found, config)
        except Stopped:
            return _partial(found, "stopped before the scores")
        found = scores.analysis
        for finding in scores.findings:
            yield Warn(finding)
        yield showing.of_components(found)
        yield showing.of_scores(scores.rows)
        if scores.ratings is not None:
            yield showing.of_raters(scores.ratings, scores.people)
        if scores.attention is not None:
            yield showing.of_attention(scores.attention, found)
        yield Artifact("analysis", found.files(), "video-analysis", "What the pass over the video found")
        yield Stage("select")
        choices = choices_of(config, found.component_names)
        film = Film(
            found.times, found.difference, found.picks, found.features, found.components, found.component_names,
            scores.given, scores.deviation,
        )  # fmt: skip
        cut: Cut = Cutter(film).cut(choices)
        for notice in cut.selection.notices:
            yield Warn(notice)
        yield from showing.of_cut(cut, found, choices)
        standings = _standings(cut, found, scores, config.seed)
        yield showing.of_chance(standings)
        outputs = WITH_FILM if config.film else WITHOUT_FILM
        work = Work(path, Path(config.video).name, found, cut, choices.keep, choices.drop, scores.ratings)
        yield Stage("write")
        try:
            report = yield from written(work, config, outputs)
        except Stopped:
            return summary_result(cut, found, standings, None, partial=True)
        return summary_result(cut, found, standings, report)


def _analysed(
    config: SummariseConfig, path: Path, resume: State
) -> Generator[Event, Command | None, Analysis | Result]:
    """The pass over the video, or what a checkpoint kept of it; a partial result where it was stopped."""
    from app.engines.video.analysing import Analyser
    from app.engines.video.feature_choice import feature_model, with_given_features

    if "analysis" in resume:
        return analysis_from_state(resume["analysis"])
    yield Stage("analyse")
    analyser = Analyser(path, sampling=config.sampling, model=feature_model(config), state=resume.get("analyser"))
    try:
        for number, chunk in enumerate(analyser.chunks()):
            yield Progress(round(chunk.done), max(1, round(chunk.total)), "s")
            yield from showing.of_chunk(chunk, config.video)
            if number % CHUNKS_PER_CHECKPOINT == CHUNKS_PER_CHECKPOINT - 1:
                yield Checkpoint({"analyser": analyser.state()})
        found = analyser.result()
    except Stopped:
        return _partial(analyser.result(), "stopped before the end of the video")
    found = with_given_features(replace(found, source=replace(found.source, path=config.video)), config)
    for note in found.source.notes:
        yield Warn(note)
    yield Log(f"{found.frames} frames, {len(found.picks)} with features")
    yield from showing.of_analysis(found)
    yield Checkpoint({"analysis": analysis_state(found)})
    return found


def _source(ref: str, scratch: Path) -> Path:
    """The file to decode; the built-in clip is made anew, always the same. Raises AssayError for a folder."""
    if ref != BUILTIN_CLIP:
        if Path(ref).is_dir():
            raise AssayError(
                "A run takes one video, and this is a folder",
                where=ref,
                remedy="Drop the folder in the window, which makes a run for each video, or sweep over video=a.mp4,b.mp4.",
            )
        return Path(ref)
    from app.engines.video.clip_world import builtin_clip
    from app.engines.video.clip_writing import write_clip

    path = scratch / "clip.mp4"
    write_clip(builtin_clip(), path)
    return path


def _standings(cut: "Cut", found: Analysis, scores: "Scored", seed: int) -> list[tuple[str, "Chance"]]:
    from app.engines.video.standing import rated_standing, reward_standing

    rows = [
        (
            "diversity and representativeness",
            reward_standing(cut, found.features, found.picks, found.frames, np.random.default_rng(seed)),
        )
    ]
    if scores.ratings is not None:
        rated = rated_standing(cut, scores.ratings, found.picks, found.frames, np.random.default_rng(seed))
        rows.append((f"F1 with {scores.people}", rated))
    return rows


def _partial(found: Analysis, why: str) -> Result:
    seconds = float(found.times[-1] - found.times[0]) if found.frames else 0.0
    return Result(
        verdict=f"The first {seconds:.0f} s were looked at; {why}",
        tone="unsure",
        advice="Resume goes on from the last checkpoint.",
        partial=True,
    )
