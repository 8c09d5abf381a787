"""Tell whether a data set is still the one that was shown: size, time and a hash of both ends."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from app.core.errors import AssayError
from app.data.builtin import is_builtin
from app.data.files import open_plain, size_of, split_ref, what_is_at
from app.data.text import plain, plural, size_in_words

END = 65_536
ENTRY_LIMIT = 100_000


def fingerprint(ref: str) -> dict[str, Any]:
    """What identifies the data behind `ref`, as JSON values. Raises AssayError where it is gone.

    A file: size, mtime_ns and a hash of its first and last 64 KB. A folder: number of files, their total size and the
    newest mtime_ns, over at most `ENTRY_LIMIT` entries.
    """
    if is_builtin(ref):
        return {"kind": "builtin", "name": ref}
    parts = [_of_path(path) for path in split_ref(ref)]
    return parts[0] if len(parts) == 1 else {"kind": "files", "parts": parts}


def changed(ref: str, before: dict[str, Any]) -> str:
    """What is different from the earlier `fingerprint`, in words; empty where it is the same.

    A small file that was only touched counts as the same; of a large one the middle is not known, so it does not.
    """
    try:
        now = fingerprint(ref)
    except AssayError as error:
        return f"{error.what}: {error.why}" if error.why else error.what
    pairs = zip(before.get("parts", [before]), now.get("parts", [now]), strict=False)
    found = [_difference(old, new) for old, new in pairs]
    if len(before.get("parts", [0])) != len(now.get("parts", [0])):
        found.append("the number of files is different")
    return "; ".join(filter(None, found))


def _of_path(path: Path) -> dict[str, Any]:
    name = plain(path.name)
    kind = what_is_at(path)
    if kind == "folder":
        return {"kind": "folder", "name": name, **_totals(path)}
    with open_plain(path) as handle:
        size = size_of(handle)
        return {
            "kind": "file",
            "name": name,
            "size": size,
            "mtime_ns": os.fstat(handle.fileno()).st_mtime_ns,
            "ends": _hash_of_ends(handle, size),
        }


def _hash_of_ends(handle: BinaryIO, size: int) -> str:
    digest = hashlib.sha256(handle.read(END))
    if size > END:
        handle.seek(max(END, size - END))
        digest.update(handle.read(END))
    return digest.hexdigest()


def _totals(folder: Path) -> dict[str, int]:
    count = total = newest = 0
    for place, _, names in os.walk(folder, followlinks=False):
        for name in names:
            if count >= ENTRY_LIMIT:
                return {"count": count, "size": total, "mtime_ns": newest}
            count += 1
            # A file may vanish while the folder is walked: it is counted, and the next fingerprint will differ.
            with suppress(OSError):
                state = os.stat(os.path.join(place, name), follow_symlinks=False)
                total, newest = total + state.st_size, max(newest, state.st_mtime_ns)
    return {"count": count, "size": total, "mtime_ns": newest}


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    name = f"“{new.get('name', '')}”"
    if old.get("kind") != new.get("kind"):
        return f"{name} is a {new.get('kind')} now"
    if old.get("count") != new.get("count"):
        return f"{name} has {plural(new['count'], 'file')} now, it had {old.get('count'):,}"
    if old.get("size") != new.get("size"):
        return f"{name} has {size_in_words(new['size'])} now, it had {size_in_words(old.get('size', 0))}"
    if old.get("ends") != new.get("ends"):
        return f"the content of {name} is different"
    if new["kind"] == "folder" and old.get("mtime_ns") != new.get("mtime_ns"):
        return f"a file in {name} was changed"
    # Same size and same ends but another time: the middle may differ, and nothing cheap can tell.
    if new["kind"] == "file" and new["size"] > 2 * END and old.get("mtime_ns") != new.get("mtime_ns"):
        return f"{name} was written again"
    return ""
