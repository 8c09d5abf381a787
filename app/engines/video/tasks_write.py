"""The task that writes films and files from an analysis, without looking at the whole video again."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core import AssayError, Emits, Log, Result, Stage, State, Stopped, Warn, task
from app.core.task import Run
from app.data.text import plural
from app.engines.video.analysis import Analysis, load_analysis
from app.engines.video.configs import SummariseConfig
from app.engines.video.write_configs import WriteConfig

if TYPE_CHECKING:
    from app.engines.video.writing import Output

BUILTIN_CLIP = "builtin:clip"
OUTPUTS: "tuple[Output, ...]" = ("film", "preview", "sheet", "lists", "features")


@task(
    "video.write",
    title="Write a film or lists",
    emits=(
        Emits("table", "film", "Clips of the film"),
        Emits("image", "sheet", "Contact sheet"),
        Emits("text", "edl", "Edit list"),
        Emits("text", "chapters", "Chapters"),
        Emits("artifact", "*", "Files"),
    ),
)
def write(config: WriteConfig, resume: State | None = None) -> Run:
    """Take the clips, or choose them, and write what is wanted. A broken-off film is written anew, to the same bytes."""
    from app.engines.video.clip_lists import cut_by_clips, parsed_clips
    from app.engines.video.cutting import Cutter, Film
    from app.engines.video.judging import choices_of, scored
    from app.engines.video.verdicts_write import written_result
    from app.engines.video.writing import Work, written

    outputs = frozenset(name for name in OUTPUTS if getattr(config, name))
    if not outputs:
        raise AssayError("Nothing is to be written", remedy="Choose a film, a contact sheet, lists or a feature file.")
    yield Stage("load")
    found = load_analysis(Path(config.analysis))
    settings = _as_summarise(config, found)
    with tempfile.TemporaryDirectory(prefix="assay-video-") as scratch:
        path = _source(config.video or found.source.path, Path(scratch))
        if outputs - {"lists", "features"}:
            _same_video(path, found)
        yield Stage("select")
        scores = scored(_without_story(found), settings)
        found = scores.analysis
        film = Film(
            found.times, found.difference, found.picks, found.features, found.components, found.component_names,
            scores.given, scores.deviation,
        )  # fmt: skip
        cutter, choices = Cutter(film), choices_of(settings, found.component_names)
        if config.clips:
            clips = parsed_clips(config.clips, found.frames)
            cut = cut_by_clips(film, cutter.scores(choices), cutter.shots(choices)[0], clips)
        else:
            cut = cutter.cut(choices)
        for notice in cut.notices:
            yield Warn(notice)
        yield Log(f"{plural(len(cut.clips), 'clip')}, {cut.kept} of {found.frames} frames")
        work = Work(path, Path(found.source.path).name, found, cut, choices.keep, choices.drop, scores.ratings)
        yield Stage("write")
        try:
            report = yield from written(work, config, outputs)
        except Stopped:
            return Result(
                verdict="Stopped; no half-written film is kept",
                tone="unsure",
                advice="Resume writes it from the beginning.",
                partial=True,
            )
        return written_result(cut, found, report)


def _as_summarise(config: WriteConfig, found: Analysis) -> SummariseConfig:
    """What the two forms share, for the parts that serve both."""
    shared = config.model_dump(include=set(SummariseConfig.model_fields) & set(WriteConfig.model_fields))
    return SummariseConfig(**{**shared, "video": found.source.path, "features": "", "film": config.film})


def _without_story(found: Analysis) -> Analysis:
    """An analysis is kept with the scorer “story”, which scoring computes anew."""
    rows = [row for row, name in enumerate(found.component_names) if name != "story"]
    return replace(
        found,
        components=np.ascontiguousarray(found.components[rows]),
        component_names=tuple(found.component_names[row] for row in rows),
    )


def _source(ref: str, scratch: Path) -> Path:
    """The file to decode; the built-in clip is made anew, always the same."""
    if ref == BUILTIN_CLIP:
        from app.engines.video.clip_world import builtin_clip
        from app.engines.video.clip_writing import write_clip

        write_clip(builtin_clip(), scratch / "clip.mp4")
        return scratch / "clip.mp4"
    return Path(ref)


def _same_video(path: Path, found: Analysis) -> None:
    """Raises AssayError where the file at `path` is missing, or is plainly not what was analysed.

    Every frame's time is compared later, while the film is written.
    """
    from app.data.video import probe

    if not path.is_file():
        raise AssayError(
            "The analysed video is not where it was",
            where=str(path),
            remedy="Choose where it is now under “Video”, in the advanced settings.",
        )
    info = probe(path)
    was, now = found.source, info
    differs = [
        f"{name} was {before}, is {after}"
        for name, before, after in (
            ("codec", was.codec, now.codec),
            ("size", f"{was.width} × {was.height}", f"{now.width} × {now.height}"),
            ("time base", was.time_base, tuple(now.time_base)),
        )
        if before != after
    ]
    if differs:
        raise AssayError(
            f"“{path.name}” is not the video that was analysed",
            where=str(path),
            why="; ".join(differs),
            remedy="Choose the right file, or analyse this one.",
        )
