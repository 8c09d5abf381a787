"""People's ratings of whole videos, frame by frame: TVSum and SumMe, told apart by content."""

from pathlib import Path
from typing import Literal

from app.core.errors import AssayError
from app.data.annotated_video import EXPECTED, AnnotatedVideo
from app.data.files import head_of, split_ref, what_is_at
from app.data.text import plain

Kind = Literal["matlab-5", "hdf5", "tsv", "folder", ""]


def load_annotations(ref: str) -> tuple[AnnotatedVideo, ...]:
    """The rated videos of files (joined by `|`) or a folder of TVSum or SumMe. Raises AssayError for anything else."""
    return tuple(video for path in split_ref(ref) for video in _load(path))


def annotations_kind(path: Path) -> Kind:
    """Which reader the content at `path` asks for; empty for none. An HDF5 file may still hold something else."""
    where = what_is_at(path)
    if where == "folder":
        return "folder"
    if where != "file":
        return ""
    from app.data.hdf5 import is_hdf5

    if is_hdf5(path):
        return "hdf5"
    head = head_of(path)
    if head.startswith(b"MATLAB 5.0 MAT-file"):
        return "matlab-5"
    return "tsv" if looks_like_tvsum_table(head) else ""


def looks_like_tvsum_table(head: bytes) -> bool:
    """True where the first line is a video, a category and comma-separated ratings, with tabs between the three."""
    cells = head.split(b"\n", 1)[0].split(b"\t")
    return len(cells) == 3 and len(cells[2]) > 40 and set(cells[2].strip()) <= set(b"0123456789,")


def _load(path: Path) -> tuple[AnnotatedVideo, ...]:
    # Each brings a library of its own (HDF5, scipy), and a reader of one does not need the other.
    kind = annotations_kind(path)
    if kind == "hdf5":
        from app.data.tvsum import load_tvsum

        return load_tvsum(path)
    if kind == "tsv":
        from app.data.tvsum_table import load_tvsum_table

        return load_tvsum_table(path)
    if kind in ("matlab-5", "folder"):
        from app.data.summe import load_summe

        return load_summe(path)
    raise AssayError(f"“{plain(path.name)}” holds no ratings of videos", where=plain(str(path)), remedy=EXPECTED)
