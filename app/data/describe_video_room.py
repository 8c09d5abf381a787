"""Describe whatever was dropped for the video room; what is damaged keeps its kind and gets an error."""

from pathlib import Path

from app.core.errors import AssayError
from app.data import describe_video, describe_video_sets
from app.data.files import join_ref
from app.data.inspection import Inspection, Problem
from app.data.text import listed
from app.data.video_sources import VideoSource

KINDS = {
    "video": "video",
    "videos": "video-folder",
    "hdf5": "video-features",
    "annotations": "video-annotations",
    "rater-scores": "video-annotations",
    "user-summary": "video-annotations",
    "splits": "video-splits",
    "analysis": "video-analysis",
    "query-set": "query-set",
    "image-model": "image-model",
    "video-model": "video-model",
}


def describe_video_source(source: VideoSource, dropped: list[Path], deadline: float) -> Inspection:
    """`source` as found in `dropped`, within about the time until `time.monotonic()` is `deadline`.

    Raises AssayError for HDF5 files that hold neither features nor ratings, as far as they can be read.
    """
    if source.kind == "hdf5" and describe_video_sets.holds_ratings(source.paths[0]):
        source = VideoSource("annotations", source.paths)
    try:
        return _describe(source, dropped, deadline)
    except AssayError as error:
        title = listed([path.name for path in source.paths], 3)
        problems = (Problem.from_error(error),)
        return Inspection(KINDS[source.kind], title, error.what, join_ref(list(source.paths)), problems=problems)


def _describe(source: VideoSource, dropped: list[Path], deadline: float) -> Inspection:
    first = source.paths[0]
    match source.kind:
        case "video":
            return describe_video.describe_video(first, deadline)
        case "videos":
            return describe_video.describe_videos(source.paths, dropped, deadline)
        case "hdf5":
            return describe_video_sets.describe_features(source.paths, deadline)
        case "annotations":
            return describe_video_sets.describe_annotations(source.paths)
        case "rater-scores":
            return describe_video_sets.describe_rater_scores(first)
        case "user-summary":
            return describe_video_sets.describe_user_summary(first)
        case "splits":
            return describe_video_sets.describe_splits(first)
        case "analysis":
            return describe_video_sets.describe_analysis(first)
        case "query-set":
            return describe_video_sets.describe_query_set(first)
        case "image-model":
            return describe_video_sets.describe_image_model(first)
        case "video-model":
            return describe_video_sets.describe_video_model(first)
