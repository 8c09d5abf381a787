"""Say what a dropped file or folder is, show it, and list what is wrong with it."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.core.errors import AssayError
from app.data import recognise
from app.data.archives import unpacked
from app.data.arrays import array_headers
from app.data.describe import describe_samples
from app.data.describe_diffusion import describe_diffusion, describe_pickled, find_diffusion_models
from app.data.describe_folder import describe_image_folder
from app.data.describe_table import describe_table
from app.data.files import join_ref, what_is_at
from app.data.idx import read_header
from app.data.inspection import Inspection, Problem
from app.data.run_folder import describe_run_folder, describe_settings, is_run_folder
from app.data.sources import Source, find_source, folder_inside, is_data_name, read_source
from app.data.text import listed, plain
from app.data.video_sources import find_video_source

FIRST_LOOK = 0.8
"""Seconds for the first answer."""

WHOLE_LOOK = 8.0
"""Seconds for a look at all of it."""

UNPACK_LIMIT = 500_000_000
"""Bytes an archive may become to be looked at; a run may unpack more."""

LOOK_LIMIT = 250_000_000
"""Bytes of values that are read to be looked at: more take longer than the helper has, or more memory."""

KINDS = {"idx": "labelled-images", "cifar": "labelled-images", "arrays": "labelled-images", "table": "table"}
WORDS = {"idx": "IDX files (MNIST format)", "cifar": "CIFAR-10 binary files", "arrays": "A numpy archive"}


def inspect(paths: list[Path], *, budget: float = FIRST_LOOK) -> Inspection:
    """What `paths` are together, within about `budget` seconds.

    Bad content is no exception but a problem of severity “error” in the answer; what no workspace takes has the kind
    “unknown”.
    """
    deadline = time.monotonic() + budget
    # A run reads the data from wherever it is started.
    paths = [Path(path).absolute() for path in paths]
    title = listed([path.name or str(path) for path in paths], 3)
    try:
        if not paths:
            raise AssayError("Nothing was dropped", remedy=recognise.EXPECTED)
        found = (
            _run_folder(paths)
            or _video(paths, deadline)
            or _own_files(paths)
            or _models(paths, deadline)
            or _data(find_source(paths), title, deadline, thorough=budget > FIRST_LOOK)
        )
    except AssayError as error:
        found = Inspection("unknown", title, error.what, join_ref(paths), problems=(Problem.from_error(error),))
    return _with_suffix_note(paths, found)


def _run_folder(paths: list[Path]) -> Inspection | None:
    """A run, whatever lies in its folder; None for everything else."""
    return describe_run_folder(paths[0]) if len(paths) == 1 and is_run_folder(paths[0]) else None


def _video(paths: list[Path], deadline: float) -> Inspection | None:
    """Videos and what belongs to them; None for everything else."""
    found = find_video_source(paths)
    if found is None:
        return None
    # Only here: opening videos and HDF5 brings libraries that pictures and tables do without.
    from app.data.describe_video_room import describe_video_source

    return describe_video_source(found, paths, deadline)


def _own_files(paths: list[Path]) -> Inspection | None:
    """Reports, presets and configs; None for everything else."""
    if len(paths) != 1 or what_is_at(paths[0]) == "folder":
        return None
    kind = recognise.recognise(paths[0])
    return describe_settings(paths[0], kind) if kind in ("html", "json", "toml") else None


def _models(paths: list[Path], deadline: float) -> Inspection | None:
    """Models of others; None for everything else."""
    diffusion = find_diffusion_models(paths)
    if diffusion:
        return describe_diffusion(diffusion, paths, deadline)
    return describe_pickled(paths[0]) if len(paths) == 1 else None


def _data(source: Source, title: str, deadline: float, thorough: bool) -> Inspection:
    first = source.paths[0]
    try:
        if source.kind == "archive":
            return _archive(source, title, deadline, thorough)
        if source.kind == "pictures":
            return describe_image_folder(first, source.ref, deadline)
        if source.kind == "table":
            return describe_table(first, source.ref, thorough)
        if _weight(source) > LOOK_LIMIT:
            raise MemoryError
        return describe_samples(read_source(source), title, source.ref, WORDS[source.kind])
    except AssayError as error:
        problem = Problem.from_error(error)
        kind = KINDS.get(source.kind, "unknown")
        if source.kind == "table" and not is_data_name(first):
            # A letter or a program is text, too; that its lines make no table is not what its owner needs to hear.
            kind, problem = "unknown", Problem.from_error(recognise.not_usable(first, "text"))
        return Inspection(kind, title, error.what, source.ref, problems=(problem,))
    except MemoryError:
        problem = Problem("warning", "It is too large to look at here", title, "A run may still have the memory for it")
        kind = KINDS.get(source.kind, "unknown")
        return Inspection(kind, title, "A large data set", source.ref, problems=(problem,))


def _weight(source: Source) -> int:
    """Bytes of values that `source` promises."""
    if source.kind == "arrays":
        return sum(header.promised for header in array_headers(source.paths[0]).values())
    if source.kind == "idx":
        return sum(read_header(path).promised for path in source.paths)
    return sum(path.stat().st_size for path in source.paths)


def _archive(source: Source, title: str, deadline: float, thorough: bool) -> Inspection:
    """What lies in the archive, under the archive's own name: a run unpacks it again for itself."""
    path = source.paths[0]
    with unpacked(path, UNPACK_LIMIT) as folder:
        if is_run_folder(folder_inside(folder)):
            raise AssayError(
                "The archive holds an Assay run", where=plain(path.name), remedy="Unpack it and drop the folder"
            )
        found = _data(replace(find_source([folder]), ref=source.ref), title, deadline, thorough)
    return replace(found, title=title, summary=f"An archive. {found.summary}")


def _with_suffix_note(paths: list[Path], found: Inspection) -> Inspection:
    said = " ".join(problem.what for problem in found.problems)
    notes = []
    for path in paths:
        with suppress(AssayError):  # what cannot be opened has been named already
            sentence = recognise.disagreement(path, recognise.recognise(path)) if what_is_at(path) == "file" else ""
            if sentence and sentence not in said:
                notes.append(Problem("note", sentence, plain(path.name), "It is read as what it is"))
    return replace(found, problems=(*found.problems, *notes)) if notes else found
