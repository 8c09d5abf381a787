"""Tell whether dropped files or a folder are something of the video room, by their content."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.core.errors import AssayError
from app.data.annotations import looks_like_tvsum_table
from app.data.files import head_of, unreadable, what_is_at
from app.data.image_model_folder import is_image_model_folder
from app.data.query_sets import COLUMNS as QUERY_COLUMNS
from app.data.rater_scores import COLUMNS as RATER_COLUMNS
from app.data.recognise import recognise, suffix_says
from app.data.text import plain

Kind = Literal[
    "video",
    "videos",
    "hdf5",
    "annotations",
    "rater-scores",
    "user-summary",
    "splits",
    "analysis",
    "query-set",
    "image-model",
    "video-model",
]

LISTING_LIMIT = 1_000
PLAYLISTS = (b"#EXTM3U", b"ffconcat version", b"[playlist]", b"<MPD", b"<asx", b"<ASX")
ANALYSIS = ("analysis.json", "analysis.npz")
MODEL = ("model.json", "weights.safetensors")


@dataclass(frozen=True)
class VideoSource:
    """What kind, and the files (or the one folder) that make it up."""

    kind: Kind
    paths: tuple[Path, ...]


def find_video_source(paths: list[Path]) -> VideoSource | None:
    """The video, features, ratings, … that `paths` are; None for everything else.

    Raises AssayError for a playlist, which would point to other files.
    """
    if not paths:
        return None
    if len(paths) == 1:
        where = what_is_at(paths[0])
        if where == "folder":
            return _of_folder(paths[0])
        return _of_file(paths[0]) if where == "file" else None
    if any(what_is_at(path) == "folder" for path in paths):
        return None
    kinds = [recognise(path) if what_is_at(path) == "file" else "" for path in paths]
    if "video" in kinds:
        return VideoSource("videos", tuple(paths))
    if set(kinds) == {"hdf5"}:
        return VideoSource("hdf5", tuple(paths))
    return VideoSource("annotations", tuple(sorted(paths))) if set(kinds) == {"matlab"} else None


def _of_file(path: Path) -> VideoSource | None:
    kind = recognise(path)
    found: Kind | None = {"video": "video", "hdf5": "hdf5", "matlab": "annotations", "onnx": "image-model"}.get(kind)  # type: ignore[assignment]
    if kind in ("text", "json", "html"):
        _refuse_playlist(path)
    if kind == "text":
        found = _of_text(path)
    elif kind == "json":
        head = head_of(path, 4096)
        found = "splits" if b'_keys"' in head else "user-summary" if b'"user_summary"' in head else None
    return VideoSource(found, (path,)) if found else None


def _refuse_playlist(path: Path) -> None:
    if head_of(path).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(PLAYLISTS):
        raise AssayError(
            f"“{plain(path.name)}” is a playlist",
            where=plain(str(path)),
            why="it has no pictures of its own, it points to other files or addresses",
            remedy="Drop the video itself",
        )


def _of_text(path: Path) -> Kind | None:
    head = head_of(path, 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if looks_like_tvsum_table(head):
        return "annotations"
    columns = {cell.strip().strip(b'"') for cell in head.split(b"\n", 1)[0].split(b",")}
    if columns >= {column.encode() for column in RATER_COLUMNS}:
        return "rater-scores"
    if columns >= {column.encode() for column in QUERY_COLUMNS}:
        return "query-set"
    return "splits" if b"train_keys:" in head or b"test_keys:" in head else None


def _of_folder(folder: Path) -> VideoSource | None:
    if all(what_is_at(folder / name) == "file" for name in ANALYSIS):
        return VideoSource("analysis", (folder,))
    if all(what_is_at(folder / name) == "file" for name in MODEL) and b'"feature_kind"' in head_of(
        folder / MODEL[0], 8192
    ):
        return VideoSource("video-model", (folder,))
    if is_image_model_folder(folder):
        return VideoSource("image-model", (folder,))
    entries = _entries(folder)
    if any(path.suffix.lower() == ".mat" for path in entries) or what_is_at(folder / "GT") == "folder":
        # Only now: most folders need no reader of MATLAB files.
        from app.data.summe import summe_files

        if summe_files(folder):
            return VideoSource("annotations", (folder,))
    videos = [path for path in entries if _promises_video(path)]
    if not any(what_is_at(path) == "file" and recognise(path) == "video" for path in videos):
        return None
    return None if _has_class_folders(entries) else VideoSource("videos", tuple(videos))


def _promises_video(path: Path) -> bool:
    """True for names of videos, and for names that promise nothing where the content is one."""
    if suffix_says(path) == "video":
        return True
    return not suffix_says(path) and what_is_at(path) == "file" and recognise(path) == "video"


def _has_class_folders(entries: list[Path]) -> bool:
    folders = [path for path in entries if what_is_at(path) == "folder"][:20]
    return any(suffix_says(path) == "picture" for folder in folders for path in _entries(folder, 20))


def _entries(folder: Path, limit: int = LISTING_LIMIT) -> list[Path]:
    try:
        found = [path for path, _ in zip(folder.iterdir(), range(limit), strict=False)]
    except OSError as error:
        raise unreadable(folder, error) from error
    return sorted(path for path in found if not path.name.startswith("."))
