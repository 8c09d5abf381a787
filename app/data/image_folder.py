"""A folder with one sub-folder of pictures per class: list it within limits, read it as samples."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.core.errors import AssayError
from app.data.files import head_of, unreadable, what_is_at
from app.data.images import is_image, read_grey, resize_by_area
from app.data.recognise import EXPECTED, SUFFIXES
from app.data.samples import Samples, check_skips
from app.data.text import listed, plain, plural

ENTRY_LIMIT = 300_000
CLASS_LIMIT = 1000
DEFAULT_SIDE = 28
TRAIN_NAMES = {"train", "training"}
TEST_NAMES = {"test", "testing", "val", "valid", "validation"}


@dataclass
class Listing:
    """What lies in a folder of classes. Paths are absolute; `special` and `unreadable` are in words."""

    root: Path
    classes: dict[str, list[Path]] = field(default_factory=dict)
    test_files: set[Path] = field(default_factory=set)
    special: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    loose: int = 0
    deeper: int = 0
    entries: int = 0
    complete: bool = True

    @property
    def count(self) -> int:
        return sum(map(len, self.classes.values()))

    def relative(self, path: Path) -> str:
        return plain(os.path.relpath(path, self.root))


def list_folder(root: Path, deadline: float = float("inf"), limit: int = ENTRY_LIMIT) -> Listing:
    """List the classes of `root` until `time.monotonic()` reaches `deadline` or `limit` entries are seen.

    A folder with sub-folders named like train and test is listed as the set it holds. Links to folders are followed
    unless they lead back up; pipes, sockets and devices are named and never opened.
    """
    listing = Listing(root)
    budget = _Budget(listing, deadline, limit)
    parts = _folders(root, listing, budget)
    names = {name.lower() for name in parts}
    if names & TRAIN_NAMES and names & TEST_NAMES and names <= TRAIN_NAMES | TEST_NAMES:
        for name, folder in parts.items():
            for class_name, class_folder in _folders(folder, listing, budget).items():
                files = _files(class_folder, listing, budget)
                listing.classes.setdefault(class_name, []).extend(files)
                if name.lower() in TEST_NAMES:
                    listing.test_files.update(files)
    else:
        for name, folder in parts.items():
            listing.classes[name] = _files(folder, listing, budget)
    return listing


def looks_like_picture(path: Path) -> bool:
    """True where name or content says so; a picture's name on other content counts, for it must be reported."""
    return path.suffix.lower() in SUFFIXES["picture"] or is_image(head_of(path, 64))


def read_image_folder(
    root: Path,
    side: int | None = None,
    mode: str = "skip-few",
    progress: Callable[[int, int], None] | None = None,
) -> Samples:
    """Every picture under `root` as luma of `side`² pixels (default 28), classes sorted by name.

    Raises AssayError where it is no such folder, too large, or too many pictures are unreadable.
    """
    listing = list_folder(root, limit=ENTRY_LIMIT)
    check_listing(listing)
    side = side or DEFAULT_SIDE
    pictures, labels, names, bad, held_out = [], [], [], [], []
    ignored = 0
    shapes_differ = False
    done = 0
    class_names = tuple(sorted(name for name, files in listing.classes.items() if files))
    for label, class_name in enumerate(class_names):
        for path in sorted(listing.classes[class_name]):
            done += 1
            if progress is not None and done % 64 == 0:
                progress(done, listing.count)
            try:
                if not looks_like_picture(path):
                    ignored += 1
                    continue
                grey = read_grey(path)
            except AssayError as error:
                bad.append(f"{listing.relative(path)}: {error.what}" + (f" ({error.why})" if error.why else ""))
                continue
            shapes_differ |= grey.shape[0] != grey.shape[1]
            pictures.append(resize_by_area(grey, side))
            labels.append(label)
            names.append(listing.relative(path))
            held_out.append(path in listing.test_files)
    check_skips(bad, len(pictures) + len(bad), mode, "picture", plain(root.name))
    if not pictures:
        raise no_classes(listing)
    notices = list(_notices(listing))
    if bad:
        notices.append(f"Left out {plural(len(bad), 'unreadable picture')}")
    if ignored:
        notices.append(f"Ignored {plural(ignored, 'file that is no picture', 'files that are no pictures')}")
    if shapes_differ:
        notices.append("Some pictures are not square: they are squeezed to fit")
    return Samples(
        images=np.stack(pictures),
        features=None,
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(plain(name, 60) for name in class_names),
        names=tuple(names),
        held_out=np.array(held_out) if any(held_out) and not all(held_out) else None,
        notices=tuple(notices),
        skipped=tuple(bad),
    )


def check_listing(listing: Listing) -> None:
    """Raises AssayError where the listing is no set of classes or too large to read."""
    if not listing.complete:
        raise AssayError(
            f"“{plain(listing.root.name)}” holds more than {ENTRY_LIMIT:,} files",
            where=plain(str(listing.root)),
            remedy="Drop a part of it",
        )
    if listing.count == 0:
        raise no_classes(listing)


def no_classes(listing: Listing) -> AssayError:
    """Why a folder is no set of pictures by class."""
    name = plain(listing.root.name)
    if listing.unreadable:
        why = listed(listing.unreadable)
    elif listing.loose:
        why = f"{plural(listing.loose, 'file')} lie in it directly, and a class is known by its sub-folder"
    else:
        why = "it is empty" if listing.entries == 0 else "its sub-folders hold no pictures"
    return AssayError(f"“{name}” is no data set that can be read", where=name, why=why, remedy=EXPECTED)


def _notices(listing: Listing) -> Iterator[str]:
    if listing.special:
        yield f"Left out: {listed(listing.special)}"
    if listing.unreadable:
        yield f"Could not look into: {listed(listing.unreadable)}"
    if listing.deeper:
        yield f"Ignored {plural(listing.deeper, 'folder')} inside class folders"
    if listing.loose:
        yield f"Ignored {plural(listing.loose, 'file')} outside the class folders"


class _Budget:
    """Counts entries and says when to stop."""

    def __init__(self, listing: Listing, deadline: float, limit: int) -> None:
        self._listing = listing
        self._deadline = deadline
        self._limit = limit

    def spent(self) -> bool:
        self._listing.entries += 1
        if self._listing.entries > self._limit or (
            self._listing.entries % 256 == 0 and time.monotonic() > self._deadline
        ):
            self._listing.complete = False
        return not self._listing.complete


def _entries(folder: Path, listing: Listing, budget: _Budget) -> Iterator[os.DirEntry[str]]:
    with ExitStack() as stack:
        try:
            scan = stack.enter_context(os.scandir(folder))
        except OSError as error:
            listing.unreadable.append(f"{listing.relative(folder)} ({unreadable(folder, error).why})")
            return
        for entry in scan:
            if budget.spent():
                return
            # Hidden files, and what systems leave behind in folders.
            if not entry.name.startswith(".") and entry.name not in ("Thumbs.db", "desktop.ini", "__MACOSX"):
                yield entry


def _folders(folder: Path, listing: Listing, budget: _Budget) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for entry in _entries(folder, listing, budget):
        path = Path(entry.path)
        kind = what_is_at(path)
        if kind == "folder" and entry.is_symlink() and _leads_up(path, listing.root):
            listing.special.append(f"{listing.relative(path)}: a link that leads back up")
        elif kind == "folder":
            if len(found) < CLASS_LIMIT:
                found[entry.name] = path
            else:
                listing.special.append(f"{listing.relative(path)}: more than {CLASS_LIMIT} classes")
        elif kind == "file":
            listing.loose += 1
        else:
            listing.special.append(f"{listing.relative(path)}: {'a broken link' if kind == 'missing' else kind}")
    return dict(sorted(found.items()))


def _files(folder: Path, listing: Listing, budget: _Budget) -> list[Path]:
    found = []
    for entry in _entries(folder, listing, budget):
        path = Path(entry.path)
        kind = "file" if entry.is_file(follow_symlinks=False) else what_is_at(path)
        if kind == "file":
            found.append(path)
        elif kind == "folder":
            listing.deeper += 1
        else:
            listing.special.append(f"{listing.relative(path)}: {'a broken link' if kind == 'missing' else kind}")
    return found


def _leads_up(link: Path, root: Path) -> bool:
    target = Path(os.path.realpath(link))
    here = Path(os.path.realpath(root))
    return target == here or target in here.parents
