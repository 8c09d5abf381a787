"""Which features a run takes: the built-in descriptor, a model of the user's, or a file in the benchmarks' layout."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core import AssayError
from app.data.files import what_is_at
from app.data.text import plain
from app.engines.video.analysis import Analysis
from app.engines.video.configs import AnalyseConfig

if TYPE_CHECKING:
    from app.data.feature_sets import FeatureVideo
    from app.models.image import ImageModel

STRAY = 0.02
"""Share of the frames by which a file's count may differ: decoders disagree about the last ones."""


def feature_model(config: AnalyseConfig) -> "ImageModel | None":
    """The model that describes a frame; None takes the built-in descriptor. Raises AssayError for what is no model."""
    if not config.features or _is_feature_file(config):
        return None
    from app.models.image import load_image_model

    return load_image_model(Path(config.features))


def with_given_features(found: Analysis, config: AnalyseConfig) -> Analysis:
    """The analysis with picks and features of the file that the settings name, if they name one.

    What pixels tell of a pick is taken from the nearest frame that was looked at. Raises AssayError where the file has
    no features of this video.
    """
    if not _is_feature_file(config):
        return found
    from app.data.feature_sets import load_feature_set

    video = _of_this(load_feature_set(config.features).videos, found, config)
    inside = video.picks < found.frames
    picks = video.picks[inside]
    after = np.clip(np.searchsorted(found.picks, picks), 1, max(1, len(found.picks) - 1))
    later = np.abs(found.picks[np.minimum(after, len(found.picks) - 1)] - picks) < np.abs(
        found.picks[after - 1] - picks
    )
    near = np.minimum(np.where(later, after, after - 1), len(found.picks) - 1)
    return replace(
        found,
        picks=picks,
        features=np.ascontiguousarray(video.features[inside], np.float32),
        side=found.side[near],
        components=found.components[:, near],
        feature_kind=f"features of {plain(Path(config.features).name, 60)}",
    )


def _is_feature_file(config: AnalyseConfig) -> bool:
    if not config.features or what_is_at(Path(config.features)) != "file":
        return False
    from app.data.hdf5 import is_hdf5

    return is_hdf5(Path(config.features))


def _of_this(videos: "tuple[FeatureVideo, ...]", found: Analysis, config: AnalyseConfig) -> "FeatureVideo":
    """The one of that name, else the one of that length."""
    name = Path(config.video).stem.casefold()
    named = [video for video in videos if Path(video.name).stem.casefold() == name or video.key.casefold() == name]
    fitting = [video for video in named or videos if abs(video.n_frames - found.frames) <= STRAY * found.frames]
    if len(fitting) == 1:
        return fitting[0]
    lengths = ", ".join(str(video.n_frames) for video in (named or videos)[:5])
    raise AssayError(
        "The file has no features of this video" if not fitting else "Several videos of the file could be this one",
        where=plain(Path(config.features).name),
        why=f"the video has {found.frames} frames; in the file: {lengths}",
        remedy="Choose the file made from this video, or name the video as in the file.",
    )
