"""Look into a folder of pictures by class for as long as there is time, and put it into words."""

import time
from collections import Counter
from itertools import zip_longest
from pathlib import Path

from app.core.errors import AssayError
from app.data.describe import PREVIEWS, class_facts, class_problems
from app.data.image_folder import DEFAULT_SIDE, Listing, check_listing, list_folder, looks_like_picture
from app.data.images import read_thumbnail
from app.data.inspection import Inspection, Preview, Problem
from app.data.samples import FEW_BAD
from app.data.text import listed, plain, plural


def describe_image_folder(folder: Path, ref: str, deadline: float) -> Inspection:
    """A folder of classes as far as could be seen before `time.monotonic()` reaches `deadline`. Raises AssayError."""
    begin = time.monotonic()
    listing = list_folder(folder, deadline=begin + 0.4 * (deadline - begin))
    if listing.complete or not listing.count:
        check_listing(listing)
    look = _Look(listing)
    # One of each class in turn, so that a look cut short has seen all classes.
    for group in zip_longest(*(sorted(files) for files in listing.classes.values())):
        for path in filter(None, group):
            if time.monotonic() > deadline:
                break
            look.at(path)
        else:
            continue
        break
    counts = {plain(name, 60): len(files) for name, files in sorted(listing.classes.items()) if files}
    total = listing.count
    return Inspection(
        kind="labelled-images",
        title=plain(folder.name),
        summary=f"A folder of pictures: about {plural(total, 'file')} in {plural(len(counts), 'class', 'classes')}",
        path=ref,
        count=total,
        facts=(("Files", f"{total:,}"), ("Sizes", look.sizes_in_words()), *class_facts(counts)),
        problems=(*class_problems(counts), *look.problems(), *_listing_problems(listing, look.seen)),
        previews=tuple(look.previews),
        options={
            "class_names": list(counts),
            "counts": counts,
            "shape": list(look.common_size()[::-1]),
            "side": DEFAULT_SIDE,
            "has_test_set": bool(listing.test_files),
            "scanned": look.seen,
            "skippable": look.skippable,
            "complete": listing.complete and look.seen == total,
        },
    )


class _Look:
    """Opens pictures one after the other and remembers what was wrong."""

    def __init__(self, listing: Listing) -> None:
        self.seen = 0
        self.previews: list[Preview] = []
        self._listing = listing
        self._bad: list[str] = []
        self._ignored = 0
        self._sizes: Counter[tuple[int, int]] = Counter()

    def at(self, path: Path) -> None:
        self.seen += 1
        shown = self._listing.relative(path)
        try:
            if not looks_like_picture(path):
                self._ignored += 1
                return
            png, size = read_thumbnail(path)
        except AssayError as error:
            self._bad.append(f"{shown}: {error.what}" + (f" ({error.why})" if error.why else ""))
            return
        self._sizes[size] += 1
        if len(self.previews) < PREVIEWS:
            self.previews.append(Preview(png, shown))

    def common_size(self) -> tuple[int, int]:
        """(width, height) of most pictures seen."""
        return self._sizes.most_common(1)[0][0] if self._sizes else (0, 0)

    def sizes_in_words(self) -> str:
        if not self._sizes:
            return "none seen"
        width, height = self.common_size()
        return f"{'' if len(self._sizes) == 1 else 'different, most often '}{width} × {height} pixels"

    @property
    def skippable(self) -> int:
        """Bad pictures that a run leaves out only when it is told to."""
        return 0 if len(self._bad) < FEW_BAD * self.seen else len(self._bad)

    def problems(self) -> list[Problem]:
        found = []
        if self._bad:
            few = len(self._bad) < FEW_BAD * self.seen
            what = f"{plural(len(self._bad), 'picture')} cannot be read: {'; '.join(self._bad[:3])}"
            remedy = "They will be left out" if few else "Mend or remove them, or choose to run without them"
            where = self._bad[0].partition(": ")[0]
            found.append(Problem("warning" if few else "error", what, where, remedy, len(self._bad)))
        if self._ignored:
            found.append(Problem("note", f"{plural(self._ignored, 'other file')} will be ignored", count=self._ignored))
        if any(width != height for width, height in self._sizes):
            found.append(Problem("note", "Some pictures are not square: they will be squeezed to fit"))
        return found


def _listing_problems(listing: Listing, seen: int) -> list[Problem]:
    found = []
    if listing.special:
        found.append(Problem("warning", f"Left out: {listed(listing.special)}", count=len(listing.special)))
    if listing.unreadable:
        found.append(
            Problem("warning", f"Could not look into: {listed(listing.unreadable)}", count=len(listing.unreadable))
        )
    if listing.loose:
        found.append(Problem("note", f"{plural(listing.loose, 'file')} outside the class folders", count=listing.loose))
    if not listing.complete or seen < listing.count:
        of = f"{listing.count:,}" if listing.complete else f"more than {listing.count:,}"
        found.append(Problem("note", f"Scanned {seen:,} of {of} files"))
    return found
