"""What is made of a cut: film, contact sheet, lists for other programs, and a feature file; each an event."""

import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from app.core import Artifact, AssayError, Event, Image, Progress, Table, Text, Warn
from app.core.task import Command
from app.engines.video import edit_lists, sheet
from app.engines.video.analysis import Analysis
from app.engines.video.configs import FilmConfig
from app.engines.video.cutting import Cut
from app.engines.video.feature_file import feature_file
from app.engines.video.film import FilmClip, FilmReport, suffix_of, with_handles, write_film
from app.engines.video.showing import SHOT_COLUMNS, shot_rows

MOST_SHOWN = 200
"""Shots shown one by one; the contact sheet itself holds more."""

Output = Literal["film", "sheet", "lists", "preview", "features"]


@dataclass(frozen=True)
class Work:
    """What is to be written: the video, its analysis, the cut, and what people said of its t picks (U, t)."""

    source: Path
    name: str
    found: Analysis
    cut: Cut
    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    ratings: np.ndarray | None = None


def written(
    work: Work, film: FilmConfig, outputs: frozenset[Output]
) -> Generator[Event, Command | None, FilmReport | None]:
    """Yield everything wanted; the report tells of the film where one was written."""
    rows = shot_rows(work.cut, work.found, work.keep, work.drop)
    clips = clips_of(work, film.handles)
    if "lists" in outputs:
        yield from _lists(work, clips, rows)
    if "sheet" in outputs:
        yield from _sheet(work)
    if "features" in outputs:
        bytes_of = feature_file([(work.name, work.found, work.cut.shots, work.cut.scores, work.ratings)])
        yield Artifact("features.h5", bytes_of, "video-features", "Features, shots and scores in the benchmark layout")
    if not outputs & {"film", "preview"}:
        return None
    with tempfile.TemporaryDirectory(prefix="assay-film-") as scratch:
        target = Path(scratch) / f"summary{suffix_of(film.codec)}"
        steps = write_film(
            work.source,
            with_handles(work.cut.clips, work.found.times, film.handles),
            work.found.stamps,
            target,
            codec=film.codec,
            crf=film.crf,
            fade=film.fade / 1000,
        )
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                report: FilmReport = end.value
                break
            yield Progress(done, total, "frame")
        if "film" in outputs:
            yield Artifact(target.name, target, "video", "The summary film")
        if "preview" in outputs:
            yield Artifact("preview.gif", sheet.preview_gif(target), "picture", "A small moving preview")
    return report


def clips_of(work: Work, handles: float) -> tuple[FilmClip, ...]:
    """The clips with their times in s, where the film follows the video's own clock."""
    times = np.append(work.found.times, work.found.times[-1] + work.found.seconds_per_frame)
    clips, at = [], 0.0
    for first, last in with_handles(work.cut.clips, work.found.times, handles):
        start, end = float(times[first]), float(times[last + 1])
        clips.append(FilmClip(first, last, start, end, at))
        at += end - start
    return tuple(clips)


def _lists(
    work: Work, clips: tuple[FilmClip, ...], rows: list[tuple[int, float, float, float, float, float | None, bool, str]]
) -> Iterator[Event]:
    rate = 1 / work.found.seconds_per_frame
    text = edit_lists.edl(clips, title=work.name, rate=rate, sound=work.found.source.has_audio)
    marks = edit_lists.chapters(clips)
    yield Text("edl", 0, text)
    yield Text("chapters", 0, marks)
    yield Table("film", 0, edit_lists.CLIP_COLUMNS, edit_lists.clip_rows(clips))
    yield Artifact("summary.edl", text, "list", "Edit list (CMX 3600)")
    yield Artifact("chapters.vtt", marks, "list", "Chapters of the film (WebVTT)")
    yield Artifact("chapters.txt", edit_lists.chapters_metadata(clips), "list", "Chapters of the film, for ffmpeg")
    try:
        concat = edit_lists.concat_list(clips, work.found.source.path)
    except AssayError as error:
        yield Warn(error.what, "Rename the video to get this list; everything else is written.")
    else:
        yield Artifact("concat.txt", concat, "list", "For ffmpeg's concat demuxer; cuts fall on its key frames")
    yield Artifact("shots.csv", edit_lists.shots_csv(SHOT_COLUMNS, rows), "table", "All shots")
    whole = edit_lists.summary_json(clips, SHOT_COLUMNS, rows, source=work.found.source.path, rate=rate)
    yield Artifact("summary.json", whole, "table", "Shots and clips, for programs")


def _sheet(work: Work) -> Iterator[Event]:
    middles = [(int(first) + int(last)) // 2 for first, last in work.cut.selection.parts]
    pictures = sheet.pictures_of(work.source, middles)
    starts = work.found.times - work.found.times[0]
    shots = [
        sheet.SheetShot(
            number + 1,
            middle,
            float(starts[first]),
            work.found.seconds_of([(first, last)]),
            float(work.cut.values[number]),
            bool(work.cut.chosen[number]),
        )
        for number, (middle, (first, last)) in enumerate(zip(middles, work.cut.shots, strict=True))
    ]
    shots = [shot for shot in shots if shot.frame in pictures]
    pixels = sheet.contact_sheet(shots, pictures)
    for shot in shots[:MOST_SHOWN]:
        mark = ", kept" if shot.kept else ""
        words = f"{shot.number}: {shot.start:.1f} s, {shot.seconds:.1f} s long, score {shot.score:.2f}{mark}"
        yield Image("sheet", shot.number, pictures[shot.frame], words)
    yield Artifact("contact-sheet.png", sheet.png(pixels), "picture", "All shots; kept ones are framed")
    yield Artifact("contact-sheet.pdf", sheet.pdf(pixels), "picture", "All shots on A4 pages")
