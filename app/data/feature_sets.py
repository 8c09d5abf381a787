"""Read the public feature layout of the key-shot benchmarks (method 3.2): one group per video, keys in text order."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core.errors import AssayError
from app.data.files import split_ref
from app.data.text import listed, plain, plural

if TYPE_CHECKING:
    from app.data.hdf5 import Hdf5

READ_LIMIT = 4_000_000_000
USUAL_STEP = 15
"""Frames from pick to pick in the public files."""


@dataclass(frozen=True)
class FeatureVideo:
    """t picks of n frames, d features, U users, S shots.

    `features` (t, d) float32; `picks` (t,) int64, rising, below `n_frames`; `gtscore` (t,) float32 in [0, 1];
    `change_points` (S, 2) int64, first and last frame of each shot, covering [0, n); `user_summary` (U, n) uint8, 0 or 1;
    `user_scores` (U, t) float32 ratings at the picks. `notes` says what was missing, rebuilt or mended.
    """

    key: str
    name: str
    features: np.ndarray
    picks: np.ndarray
    n_frames: int
    gtscore: np.ndarray | None = None
    change_points: np.ndarray | None = None
    user_summary: np.ndarray | None = None
    user_scores: np.ndarray | None = None
    fps: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_steps(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class FeatureSet:
    """The videos of one file or several, in text order of their keys, as splits name them."""

    ref: str
    videos: tuple[FeatureVideo, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(video.key for video in self.videos)

    def video(self, key: str) -> FeatureVideo:
        """The video that a split calls `key`: “video_1”, or with its file as in “tvsum.h5/video_1”."""
        wanted = key.replace(".h5/", "/").split("/")
        for video in self.videos:
            parts = video.key.split("/")
            shared = min(len(parts), len(wanted))
            if parts[-shared:] == wanted[-shared:]:
                return video
        raise AssayError(
            f"There is no video “{plain(key, 80)}” in the features",
            remedy=f"Known ones: {listed(list(self.keys))}. The splits may belong to another data set",
        )


def load_feature_set(ref: str, *, rebuild: bool = True, limit: int = READ_LIMIT) -> FeatureSet:
    """Read one h5 file, or several joined by `|` (their keys then start with the file's name, as in “tvsum/video_1”).

    What can be rebuilt (picks from n_steps, n_frame_per_seg from change_points and the reverse, n_frames) is, with a
    note in the video, or is an error that names it where `rebuild` is False. Raises AssayError for missing features, NaN
    rows, lengths that contradict each other, and shots that do not cover the video. Reads at most `limit` bytes.
    """
    paths = split_ref(ref)
    videos: list[FeatureVideo] = []
    for path in paths:
        found = _read_file(path, rebuild, limit)
        videos += found if len(paths) == 1 else [replace(one, key=f"{path.stem}/{one.key}") for one in found]
    keys = [video.key for video in videos]
    if len(set(keys)) < len(keys):
        raise AssayError("Two files have the same name and the same keys", remedy="Rename one of the files")
    return FeatureSet(ref, tuple(videos))


def looks_like_feature_set(file: "Hdf5") -> bool:
    """True where a group of the file holds `features`."""
    groups = [name for name, kind in file.members().items() if kind == "group"]
    return any("features" in file.members(name) for name in groups[:3])


def read_video(file: "Hdf5", key: str, *, rebuild: bool = True) -> FeatureVideo:
    """The checked video in the group `key`. Raises AssayError as `load_feature_set`."""
    return _Reader(file, key, rebuild).video()


def _read_file(path: Path, rebuild: bool, limit: int) -> list[FeatureVideo]:
    # Only here: the window knows these classes and must not load HDF5.
    from app.data.hdf5 import open_hdf5

    with open_hdf5(path, limit) as file:
        groups = [name for name, kind in file.members().items() if kind == "group"]
        if not groups:
            raise AssayError(
                f"“{file.name}” holds no videos",
                where=file.name,
                remedy="Expected one group per video (video_1, video_2, …) with features, picks, change_points, …",
            )
        return [read_video(file, key, rebuild=rebuild) for key in groups]


class _Reader:
    """Reads one video and collects notes on what it had to mend."""

    def __init__(self, file: "Hdf5", key: str, rebuild: bool) -> None:
        self._file = file
        self._key = key
        self._rebuild = rebuild
        self._members = file.members(key)
        self._notes: list[str] = []

    def video(self) -> FeatureVideo:
        features = self._features()
        given_picks = self._array("picks", 1)
        frames = self._frames(given_picks, len(features))
        picks = self._picks(given_picks, len(features), frames)
        return FeatureVideo(
            key=self._key,
            name=plain(self._file.text(f"{self._key}/video_name")) if "video_name" in self._members else self._key,
            features=features,
            picks=picks,
            n_frames=frames,
            gtscore=self._gtscore(len(features)),
            change_points=self._shots(frames),
            user_summary=self._summaries(frames),
            user_scores=self._user_scores(len(features)),
            fps=self._file.number(f"{self._key}/fps") if "fps" in self._members else None,
            notes=tuple(self._notes),
        )

    def _array(self, name: str, dimensions: int) -> np.ndarray | None:
        if name not in self._members:
            return None
        values = self._file.array(f"{self._key}/{name}")
        if values.ndim != dimensions:
            raise self._error(f"“{name}” has the shape {values.shape}", f"{dimensions} dimensions are expected")
        return values

    def _whole(self, name: str, dimensions: int) -> np.ndarray | None:
        values = self._array(name, dimensions)
        if values is None:
            return None
        if values.dtype.kind == "f" and not (np.isfinite(values).all() and (np.abs(values) < 2**53).all()):
            raise self._error(f"“{name}” holds values that are no whole numbers")
        return values.astype(np.int64)

    def _features(self) -> np.ndarray:
        features = self._array("features", 2)
        if features is None:
            raise self._error("“features” is missing", remedy="It cannot be rebuilt from the rest of the file")
        if not features.size:
            raise self._error("“features” is empty", f"shape {features.shape}")
        # float64 beyond the range of float32 becomes infinite here and is named below.
        with np.errstate(over="ignore"):
            features = features.astype(np.float32)
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if len(bad):
            rows = ", ".join(map(str, bad[:5])) + (", …" if len(bad) > 5 else "")
            raise self._error(
                f"“features” has {plural(len(bad), 'row')} with values that are no finite numbers",
                f"rows {rows} (counted from 0)",
                "Extract the features again, or remove the video",
            )
        return features

    def _frames(self, picks: np.ndarray | None, steps: int) -> int:
        if "n_frames" in self._members:
            frames = self._file.number(f"{self._key}/n_frames")
            if not 1 <= frames <= 2**31 or frames != int(frames):
                raise self._error(f"“n_frames” is {frames:g}")
            return int(frames)
        if "user_summary" in self._members:
            self._missing("n_frames", "the length of user_summary")
            return (0, *self._file.shape(f"{self._key}/user_summary"))[-1]
        shots = self._whole("change_points", 2)
        if shots is not None and len(shots):
            self._missing("n_frames", "the end of change_points")
            return int(shots[-1, -1]) + 1
        self._missing("n_frames", f"the picks, {USUAL_STEP} frames each")
        return int(picks[-1]) + USUAL_STEP if picks is not None and len(picks) else steps * USUAL_STEP

    def _picks(self, given: np.ndarray | None, steps: int, frames: int) -> np.ndarray:
        if given is None:
            step = USUAL_STEP if (steps - 1) * USUAL_STEP < frames else max(1, frames // steps)
            self._missing("picks", f"n_steps: 0, {step}, {2 * step}, …")
            picks = np.arange(steps, dtype=np.int64) * step
        else:
            whole = self._whole("picks", 1)
            assert whole is not None
            picks = whole
            if len(picks) == steps + 1 and picks[-1] >= frames - 1:
                self._notes.append("The last of picks is the end of the video and was left out")
                picks = picks[:-1]
        if len(picks) != steps:
            more = "longer" if len(picks) > steps else "shorter"
            raise self._error(f"“picks” is {more} than “features”", f"{len(picks):,} picks, {steps:,} rows of features")
        if picks[0] < 0 or picks[-1] >= frames or (np.diff(picks) <= 0).any():
            raise self._error(
                "“picks” are no rising frame numbers within the video", f"{picks[0]} to {picks[-1]}, {frames:,} frames"
            )
        return picks

    def _gtscore(self, steps: int) -> np.ndarray | None:
        scores = self._array("gtscore", 1)
        if scores is None:
            self._notes.append("No gtscore: the video cannot be trained on")
            return None
        if len(scores) != steps:
            raise self._error("“gtscore” and “features” differ in length", f"{len(scores):,} and {steps:,}")
        if not np.isfinite(scores).all():
            raise self._error("“gtscore” holds values that are no finite numbers")
        low, high = float(scores.min()), float(scores.max())
        if low < 0 or high > 1:
            self._notes.append(f"gtscore runs from {low:g} to {high:g} and was scaled to 0 … 1")
            scores = (scores - low) / (high - low) if high > low else np.zeros(steps)
        return scores.astype(np.float32)

    def _shots(self, frames: int) -> np.ndarray | None:
        shots = self._whole("change_points", 2)
        if shots is None:
            return self._shots_from_lengths(frames)
        if not len(shots) or shots.shape[1] != 2:
            raise self._error(f"“change_points” has the shape {shots.shape}", "(shots, 2) is expected")
        if (shots[:, 1] < shots[:, 0]).any() or (shots[1:, 0] != shots[:-1, 1] + 1).any():
            raise self._error(
                "“change_points” overlap or leave frames out", "each shot must begin one frame after the last one ends"
            )
        if shots[0, 0] != 0 or shots[-1, 1] != frames - 1:
            gap = abs(int(shots[-1, 1]) - (frames - 1))
            if shots[0, 0] != 0 or gap > USUAL_STEP or shots[-1, 0] >= frames:
                raise self._error(
                    "“change_points” do not cover the video",
                    f"they run from {shots[0, 0]} to {shots[-1, 1]}, the frames from 0 to {frames - 1}",
                )
            self._notes.append(f"The last shot ended at frame {shots[-1, 1]} and was set to end at {frames - 1}")
            shots = shots.copy()
            shots[-1, 1] = frames - 1
        lengths = self._whole("n_frame_per_seg", 1)
        if lengths is None:
            self._missing("n_frame_per_seg", "change_points")
        elif not np.array_equal(lengths, np.diff(shots, axis=1)[:, 0] + 1):
            self._notes.append("n_frame_per_seg does not agree with change_points, which were used")
        return shots

    def _shots_from_lengths(self, frames: int) -> np.ndarray | None:
        lengths = self._whole("n_frame_per_seg", 1)
        if lengths is None or lengths.sum() != frames or (lengths < 1).any():
            self._notes.append("No change_points: shots must be found first")
            return None
        self._missing("change_points", "n_frame_per_seg")
        ends = np.cumsum(lengths)
        return np.stack([ends - lengths, ends - 1], axis=1)

    def _summaries(self, frames: int) -> np.ndarray | None:
        given = self._array("user_summary", 2)
        if given is None:
            self._notes.append("No user_summary: F1 cannot be computed")
            return None
        chosen = (given > 0).astype(np.uint8)
        if not np.isin(given, (0, 1)).all():
            self._notes.append("user_summary holds more than 0 and 1; all above 0 counts as chosen")
        if chosen.shape[1] != frames:
            word = "cut" if chosen.shape[1] > frames else "filled up with 0"
            self._notes.append(f"user_summary has {chosen.shape[1]:,} frames and was {word} to {frames:,}")
            chosen = np.pad(chosen[:, :frames], ((0, 0), (0, max(0, frames - chosen.shape[1]))))
        return chosen

    def _user_scores(self, steps: int) -> np.ndarray | None:
        scores = self._array("user_scores", 2)
        if scores is None:
            return None
        if scores.shape[1] != steps or not np.isfinite(scores).all():
            raise self._error("“user_scores” do not fit the features", f"shape {scores.shape}, {steps:,} steps")
        return scores.astype(np.float32)

    def _missing(self, name: str, source: str) -> None:
        if not self._rebuild:
            raise self._error(f"“{name}” is missing", remedy=f"It can be rebuilt from {source}")
        self._notes.append(f"“{name}” is missing and was rebuilt from {source}")

    def _error(self, what: str, why: str = "", remedy: str = "") -> AssayError:
        return AssayError(what, where=f"{self._file.name}, {plain(self._key, 60)}", why=why, remedy=remedy)
