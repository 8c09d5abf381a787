"""Put features, ratings, splits, query lists and analyses of videos into words."""

import time
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data import recognise
from app.data.annotated_video import AnnotatedVideo
from app.data.annotations import load_annotations
from app.data.arrays import array_headers
from app.data.describe_video import seconds_in_words
from app.data.feature_sets import FeatureVideo, looks_like_feature_set, read_video
from app.data.files import join_ref
from app.data.hdf5 import open_hdf5
from app.data.image_model_folder import image_model_type, image_model_weights
from app.data.inspection import Inspection, Problem
from app.data.query_sets import load_query_set
from app.data.rater_scores import load_rater_scores, load_user_summary
from app.data.splits import load_splits
from app.data.strict_json import read_json
from app.data.text import listed, plain, plural, size_in_words
from app.data.tvsum import looks_like_tvsum

LOOK_LIMIT = 1_000_000_000
"""Bytes of values that one file of features gives to be looked at; each video is let go before the next is read."""

SHOWN = 200
"""Videos that are named one by one."""


def holds_ratings(path: Path) -> bool:
    """True for an HDF5 file of ratings, False for one of features. Raises AssayError where it is neither."""
    with open_hdf5(path) as file:
        if looks_like_tvsum(file):
            return True
        if looks_like_feature_set(file):
            return False
    raise recognise.not_usable(path, "hdf5")


def describe_features(paths: tuple[Path, ...], deadline: float) -> Inspection:
    """Feature files, video by video until `time.monotonic()` is `deadline`; what is wrong with one is named."""
    problems: list[Problem] = []
    facts: list[tuple[str, str]] = []
    keys: list[str] = []
    looked = total = 0
    widths: set[int] = set()
    for path in paths:
        with open_hdf5(path, LOOK_LIMIT) as file:
            groups = [name for name, kind in file.members().items() if kind == "group"]
            total += len(groups)
            keys += groups if len(paths) == 1 else [f"{path.stem}/{name}" for name in groups]
            for key in groups:
                if looked and time.monotonic() > deadline:
                    break
                looked += 1
                try:
                    video = read_video(file, key)
                except AssayError as error:
                    problems.append(Problem.from_error(error))
                    continue
                widths.add(video.features.shape[1])
                problems += [_note(note, f"{file.name}, {key}") for note in video.notes]
                if len(facts) < SHOWN:
                    facts.append(_feature_line(video))
    if looked < total:
        problems.append(Problem("note", f"Looked into {looked:,} of {total:,} videos"))
    if len(widths) > 1:
        what = f"The videos have different numbers of features: {', '.join(map(str, sorted(widths)))}"
        problems.append(Problem("error", what, remedy="One network cannot take both; use separate files"))
    return Inspection(
        kind="video-features",
        title=listed([path.name for path in paths], 3),
        summary=f"Features of {plural(total, 'video')}" + (f", {min(widths)} values a step" if widths else ""),
        path=join_ref(list(paths)),
        count=total,
        facts=(("Videos", f"{total:,}"), ("Features", ", ".join(map(str, sorted(widths)))), *facts),
        problems=tuple(problems),
        options={"keys": keys[:1000], "features": max(widths, default=0), "complete": looked == total},
    )


def describe_annotations(paths: tuple[Path, ...]) -> Inspection:
    """The ratings of TVSum or SumMe. Raises AssayError where they contradict themselves."""
    ref = join_ref(list(paths))
    videos = load_annotations(ref)
    users = sorted({len(video.user_anno) for video in videos})
    lines = [_annotation_line(video) for video in videos[:SHOWN]]
    return Inspection(
        kind="video-annotations",
        title=listed([path.name for path in paths], 3),
        summary=f"Ratings of {plural(len(videos), 'video')} by {_range(users)} people",
        path=ref,
        count=len(videos),
        facts=(
            ("Videos", f"{len(videos):,}"),
            ("People", _range(users)),
            ("Frames", f"{sum(video.n_frames for video in videos):,}"),
            *lines,
        ),
        options={
            "names": [video.video_id for video in videos[:1000]],
            "users": users,
            "complete": True,
            "form": "frames",
        },
    )


def describe_rater_scores(path: Path) -> Inspection:
    """Rated stretches of one video. Raises AssayError with the line of the first bad row."""
    scores = load_rater_scores(path)
    users = sorted({one.user for one in scores})
    low, high = min(one.score for one in scores), max(one.score for one in scores)
    return Inspection(
        kind="video-annotations",
        title=plain(path.name),
        summary=f"{plural(len(scores), 'score')} of one video by {plural(len(users), 'person', 'people')}",
        path=str(path),
        count=1,
        facts=(
            ("People", listed(users, 8)),
            ("Scores", f"{low:g} to {high:g}"),
            ("Until", seconds_in_words(max(one.end_s for one in scores))),
        ),
        options={"users": [len(users)], "complete": True, "form": "stretches"},
    )


def describe_user_summary(path: Path) -> Inspection:
    """Frames of one video that people chose. Raises AssayError."""
    summary = load_user_summary(path)
    users, frames = summary.shape
    return Inspection(
        kind="video-annotations",
        title=plain(path.name),
        summary=f"{plural(users, 'summary', 'summaries')} of one video, {frames:,} frames",
        path=str(path),
        count=1,
        facts=(
            ("People", f"{users:,}"),
            ("Frames", f"{frames:,}"),
            ("Chosen", f"{100 * summary.mean():.1f} % on average"),
        ),
        options={"users": [users], "complete": True, "form": "summaries"},
    )


def describe_splits(path: Path) -> Inspection:
    """Lists of videos to train and to test on. Raises AssayError where a video is in both."""
    splits = load_splits(path)
    keys = {key for split in splits for key in (*split.train, *split.test)}
    never = sorted(keys - {key for split in splits for key in split.test})
    problems = []
    if never:
        what = f"{plural(len(never), 'video is', 'videos are')} never tested: {listed(never)}"
        problems.append(Problem("note", what, plain(path.name), count=len(never)))
    sizes = sorted({f"{len(split.train)} / {len(split.test)}" for split in splits})
    return Inspection(
        kind="video-splits",
        title=plain(path.name),
        summary=f"{plural(len(splits), 'split')} of {plural(len(keys), 'video')}",
        path=str(path),
        count=len(splits),
        facts=(("Splits", f"{len(splits):,}"), ("Videos", f"{len(keys):,}"), ("Train / test", listed(sizes))),
        problems=tuple(problems),
        options={"keys": sorted(keys)[:1000], "never_tested": never[:1000], "complete": True},
    )


def describe_query_set(path: Path) -> Inspection:
    """Relevance of frames for queries. Raises AssayError with the line of the first bad row."""
    rows = load_query_set(path)
    videos, queries = {row.video for row in rows}, sorted({row.query for row in rows})
    counts = np.bincount([row.relevance for row in rows], minlength=4)
    return Inspection(
        kind="query-set",
        title=plain(path.name),
        summary=f"{plural(len(rows), 'rating')} of frames for {plural(len(queries), 'query', 'queries')}",
        path=str(path),
        count=len(rows),
        facts=(
            ("Ratings", f"{len(rows):,}"),
            ("Videos", f"{len(videos):,}"),
            ("Queries", listed(queries, 5)),
            *(
                (f"Relevance {grade}", f"{count:,} ({100 * count / len(rows):.1f} %)")
                for grade, count in enumerate(counts)
            ),
        ),
        options={"queries": queries[:1000], "complete": True},
    )


def describe_analysis(folder: Path) -> Inspection:
    """What one pass over a video found, as Assay keeps it. Raises AssayError where it is damaged."""
    facts = read_json(folder / "analysis.json")
    source = facts.get("source") if isinstance(facts, dict) else None
    headers = array_headers(folder / "analysis.npz")
    missing = [name for name in ("times", "picks", "features") if name not in headers]
    if not isinstance(source, dict) or missing:
        why = f"no array “{missing[0]}”" if missing else "analysis.json does not name its video"
        raise AssayError("This is no analysis of a video, or it is damaged", where=plain(str(folder)), why=why)
    frames, picks = (headers[name].shape[0] if headers[name].shape else 0 for name in ("times", "picks"))
    video = Path(str(source.get("path", ""))).name
    return Inspection(
        kind="video-analysis",
        title=plain(folder.name),
        summary=f"An analysis of “{plain(video, 80)}”: {picks:,} of {frames:,} frames have features",
        path=str(folder),
        count=1,
        facts=(
            ("Video", plain(video, 80)),
            ("Frames", f"{frames:,}"),
            ("Picks", f"{picks:,}"),
            ("Features", f"{plain(str(facts.get('feature_kind', '')), 60)}, {headers['features'].shape[-1]} values"),
        ),
        options={"video": plain(str(source.get("path", "")), 4000), "complete": True},
    )


def describe_video_model(folder: Path) -> Inspection:
    """A network that Train made: recognised and not loaded. Raises AssayError where its facts are damaged."""
    facts = read_json(folder / "model.json")
    shape = facts.get("shape") if isinstance(facts, dict) else None
    if not isinstance(shape, dict):
        raise AssayError("This is no model that Train made, or it is damaged", where=plain(str(folder)))
    kind, size = plain(str(shape.get("kind", "")), 40), plain(str(facts.get("features", "")), 20)
    return Inspection(
        kind="video-model",
        title=plain(folder.name),
        summary=f"A scoring network ({kind}) for {size} features per frame",
        path=str(folder),
        count=1,
        facts=(("Network", kind), ("Features", size)),
        options={"complete": True},
    )


def describe_image_model(path: Path) -> Inspection:
    """A model that describes pictures, recognised and not loaded; its weights are looked at by their headers."""
    name = plain(path.name)
    kind = "ONNX" if path.is_file() else plain(image_model_type(path), 40)
    size = path.stat().st_size if path.is_file() else sum(one.stat().st_size for one in path.iterdir() if one.is_file())
    facts, problems = [("Type", kind), ("Size", size_in_words(size))], []
    if not path.is_file():
        try:
            facts.append(("Parameters", f"{image_model_weights(path).parameters:,}"))
        except AssayError as error:
            problems.append(Problem.from_error(error))
    return Inspection(
        kind="image-model",
        title=name,
        summary=f"A model for pictures ({kind})",
        path=str(path),
        facts=tuple(facts),
        problems=tuple(problems),
        options={"type": kind, "complete": True},
    )


def _note(note: str, where: str) -> Problem:
    rebuilt = "is missing and was rebuilt" in note
    return Problem("warning" if rebuilt else "note", note, where, "Check that it is right" if rebuilt else "")


def _feature_line(video: FeatureVideo) -> tuple[str, str]:
    """Name and length stand together: releases differ in which key is which video, and only the length tells."""
    length = f", {seconds_in_words(video.n_frames / video.fps)}" if video.fps else ""
    shots = f", {len(video.change_points):,} shots" if video.change_points is not None else ""
    users = f", {len(video.user_summary):,} users" if video.user_summary is not None else ""
    name = "" if video.name == video.key else f"{video.name}: "
    return plain(video.key, 60), f"{name}{video.n_frames:,} frames{length}, {video.n_steps:,} steps{shots}{users}"


def _annotation_line(video: AnnotatedVideo) -> tuple[str, str]:
    length = f", {seconds_in_words(video.length_s)}" if video.length_s else ""
    title = f"{plain(video.title, 80)}: " if video.title else ""
    return plain(video.video_id, 60), f"{title}{video.n_frames:,} frames{length}"


def _range(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
