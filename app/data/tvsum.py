"""Read TVSum's ratings from MATLAB 7.3 (ydata-tvsum50.mat) or from HDF5 with one group per video."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.annotated_video import EXPECTED, AnnotatedVideo, checked_video
from app.data.hdf5 import Hdf5, Referred, open_hdf5

READ_LIMIT = 1_500_000_000
STRUCT = "tvsum50"
FIELDS = ("video", "category", "title", "length", "nframes", "user_anno", "gt_score")


def load_tvsum(path: Path) -> tuple[AnnotatedVideo, ...]:
    """The rated videos in an HDF5 file. Raises AssayError where it holds none or contradicts itself."""
    with open_hdf5(path, READ_LIMIT) as file:
        found = tuple(_from_matlab(file) if STRUCT in file.members() else _from_groups(file))
        if not found:
            raise AssayError(f"“{file.name}” holds no ratings of videos", where=file.name, remedy=EXPECTED)
        return found


def looks_like_tvsum(file: Hdf5) -> bool:
    """True for MATLAB's struct of TVSum, or groups with `user_anno`."""
    members = file.members()
    groups = [name for name, kind in members.items() if kind == "group"]
    return STRUCT in groups or any("user_anno" in file.members(name) for name in groups[:3])


def _from_groups(file: Hdf5) -> Iterator[AnnotatedVideo]:
    for key, kind in file.members().items():
        inside = file.members(key) if kind == "group" else {}
        if "user_anno" not in inside:
            continue
        given = file.array(f"{key}/user_anno")
        yield checked_video(
            f"{file.name}, {key}",
            video_id=file.text(f"{key}/video_id") if "video_id" in inside else key,
            category=file.text(f"{key}/category") if "category" in inside else "",
            title=file.text(f"{key}/title") if "title" in inside else "",
            user_anno=given,
            gt_score=file.array(f"{key}/gt_score") if "gt_score" in inside else None,
            length_s=file.number(f"{key}/length_s") if "length_s" in inside else None,
            frames=int(file.number(f"{key}/n_frames")) if "n_frames" in inside else None,
        )


def _from_matlab(file: Hdf5) -> Iterator[AnnotatedVideo]:
    inside = file.members(STRUCT)
    missing = [name for name in FIELDS if name not in inside]
    if missing:
        raise AssayError(f"The struct {STRUCT} has no field “{missing[0]}”", where=file.name, remedy=EXPECTED)
    columns: dict[str, list[Referred]] = {name: file.referred(f"{STRUCT}/{name}") for name in FIELDS}
    if len({len(column) for column in columns.values()}) != 1:
        raise AssayError(f"The fields of {STRUCT} differ in length", where=file.name)
    for row in range(len(columns["video"])):
        field = {name: column[row] for name, column in columns.items()}
        yield checked_video(
            f"{file.name}, {STRUCT}({row + 1})",
            video_id=field["video"].text(),
            category=field["category"].text(),
            title=field["title"].text(),
            user_anno=field["user_anno"].array(),
            gt_score=field["gt_score"].array(),
            length_s=float(np.ravel(field["length"].array())[:1].sum()),
            frames=int(np.ravel(field["nframes"].array())[:1].sum()),
        )
