"""Find out which data set a path, several paths or a folder are, and read it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from app.core.errors import AssayError
from app.data import cifar, recognise
from app.data.archives import TOTAL_LIMIT, unpacked
from app.data.array_sets import read_array_set
from app.data.builtin import is_builtin, read_builtin
from app.data.files import join_ref, split_ref, unreadable, what_is_at
from app.data.idx_sets import pair_up, read_pairs
from app.data.image_folder import read_image_folder
from app.data.samples import Samples, merge
from app.data.table_sets import read_table_set
from app.data.text import listed, plain

Kind = Literal["idx", "cifar", "arrays", "table", "pictures", "archive"]

PEEK_LIMIT = 64
"""Files of a folder that are looked into to find out what it is; a set of binary files has fewer."""


@dataclass(frozen=True)
class Source:
    """A data set: what kind, and the files or the one folder that make it up. `ref` names it in a config."""

    kind: Kind
    paths: tuple[Path, ...]
    ref: str


def find_source(paths: list[Path]) -> Source:
    """The data set that `paths` are; raises AssayError that says what they are instead and what is expected."""
    if len(paths) == 1 and what_is_at(paths[0]) == "folder":
        return _folder_source(paths[0])
    for path in paths:
        if what_is_at(path) == "folder":
            raise AssayError(
                f"{len(paths)} things were dropped together",
                where=plain(path.name),
                remedy="Drop one folder, or the files of one set",
            )
    return _file_source([(path, recognise.recognise(path)) for path in paths])


def read_ref(
    ref: str,
    *,
    side: int | None = None,
    label_column: str | None = None,
    mode: str = "skip-few",
    progress: Callable[[int, int], None] | None = None,
) -> Samples:
    """Read the set that `ref` names: `builtin:…`, a path, or the paths of one set joined by `|`. Raises AssayError."""
    if is_builtin(ref):
        return read_builtin(ref)
    return read_source(find_source(split_ref(ref)), side=side, label_column=label_column, mode=mode, progress=progress)


def read_source(
    source: Source,
    *,
    side: int | None = None,
    label_column: str | None = None,
    mode: str = "skip-few",
    progress: Callable[[int, int], None] | None = None,
    byte_limit: int = TOTAL_LIMIT,
) -> Samples:
    """The samples of `source`; `byte_limit` bounds what an archive may become. Raises AssayError."""
    first = source.paths[0]
    if source.kind == "idx":
        kinds = {path: recognise.recognise(path) for path in source.paths}
        images = [path for path in source.paths if kinds[path] == "idx-images"]
        return read_pairs(pair_up(images, [path for path in source.paths if path not in images]))
    if source.kind == "cifar":
        return merge([(_read_cifar(path), "test" in path.name.lower()) for path in source.paths])
    if source.kind == "arrays":
        return read_array_set(first, mode)
    if source.kind == "table":
        return read_table_set(first, label_column, mode)
    if source.kind == "pictures":
        return read_image_folder(first, side, mode, progress)
    with unpacked(first, byte_limit) as folder:
        inside = _folder_source(folder)
        return read_source(inside, side=side, label_column=label_column, mode=mode, progress=progress)


def _file_source(known: list[tuple[Path, str]]) -> Source:
    kinds = {kind for _, kind in known}
    paths = [path for path, _ in known]
    if kinds <= {"idx-images", "idx-labels"}:
        # The partner of a single file may lie beside it; the reference names both, so that a run reads what was shown.
        pairs = pair_up(_of(known, "idx-images"), _of(known, "idx-labels"))
        found = [path for pair in pairs for path in (pair.images, pair.labels)]
        return Source("idx", tuple(found), join_ref(found))
    if kinds == {"cifar"}:
        return Source("cifar", tuple(sorted(paths)), join_ref(sorted(paths)))
    if len(known) > 1 and kinds != {"picture"}:
        words = [f"{path.name} is {recognise.WORDS[kind]}" for path, kind in known]
        raise AssayError(
            f"{len(known)} files do not make one data set",
            why=listed(words),
            remedy="Drop one folder, or the files of one set",
        )
    path, kind = known[0]
    one: dict[str, Kind] = {"npz": "arrays", "text": "table", "zip": "archive", "tar": "archive"}
    if kind in one:
        return Source(one[kind], (path,), str(path))
    if path.suffix.lower() == ".bin" and kind == "binary":
        cifar.read_cifar(path)
    raise recognise.not_usable(path, kind)


def _folder_source(folder: Path) -> Source:
    folder, given = folder_inside(folder), folder
    files = _some_files(folder)
    known = [(path, recognise.recognise(path)) for path in files]
    images, labels = _of(known, "idx-images"), _of(known, "idx-labels")
    if images or labels:
        pairs = pair_up(images, labels)
        return Source("idx", tuple(path for pair in pairs for path in (pair.images, pair.labels)), str(given))
    if _of(known, "cifar"):
        return Source("cifar", tuple(_of(known, "cifar")), str(given))
    pickled = [path for path, kind in known if kind == "pickle" and path.name in cifar.PICKLE_NAMES]
    if pickled:
        raise cifar.pickled_version(pickled[0])
    tables = [(path, kind) for path, kind in known if kind in ("npz", "text") and is_data_name(path)]
    if len(tables) == 1 and not _has_folders(folder):
        source = _file_source(tables)
        return Source(source.kind, source.paths, str(given))
    return Source("pictures", (folder,), str(given))


def folder_inside(folder: Path) -> Path:
    """Through folders that hold nothing but one folder, as archives often do; not into a single class."""
    for _ in range(5):
        entries = _listing(folder)
        if len(entries) != 1 or what_is_at(entries[0]) != "folder":
            break
        below = _listing(entries[0])
        if not below or any(recognise.suffix_says(path) == "picture" for path in below):
            break
        folder = entries[0]
    return folder


def _listing(folder: Path, limit: int = 1000) -> list[Path]:
    found = []
    try:
        for path in folder.iterdir():
            if not path.name.startswith((".", "__MACOSX")):
                found.append(path)
            if len(found) >= limit:
                break
    except OSError as error:
        raise unreadable(folder, error) from error
    return sorted(found)


def _some_files(folder: Path) -> list[Path]:
    return [path for path in _listing(folder) if what_is_at(path) == "file"][:PEEK_LIMIT]


def _has_folders(folder: Path) -> bool:
    return any(what_is_at(path) == "folder" for path in _listing(folder))


def is_data_name(path: Path) -> bool:
    """True where the name does not say that a text or archive is something other than data."""
    return path.suffix.lower() in (".csv", ".tsv", ".tab", ".npz", ".data") or "." not in path.name


def _of(known: list[tuple[Path, str]], kind: str) -> list[Path]:
    return [path for path, found in known if found == kind]


def _read_cifar(path: Path) -> Samples:
    images, values = cifar.read_cifar(path)
    found, labels = np.unique(values, return_inverse=True)
    name = plain(path.name)
    return Samples(
        images=images,
        features=None,
        labels=labels.astype(np.int64),
        class_names=tuple(cifar.CLASSES[value] for value in found),
        names=tuple(f"{name}, record {i}" for i in range(1, len(labels) + 1)),
    )
