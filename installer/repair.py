"""Find the packages of an interrupted set-up that are not whole, and make pip forget them.

pip believes a package is installed as soon as its `.dist-info` folder can be read, although the rest may be missing.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
from pathlib import Path


def forget_broken(site_packages: Path) -> list[str]:
    """Remove the `.dist-info` of each package whose files differ from its own record; the names of those packages."""
    for leftover in site_packages.glob("~*"):
        shutil.rmtree(leftover, ignore_errors=True)
    broken = [folder for folder in sorted(site_packages.glob("*.dist-info")) if not is_whole(folder)]
    for folder in broken:
        shutil.rmtree(folder)
    return [folder.name.removesuffix(".dist-info") for folder in broken]


def is_whole(dist_info: Path) -> bool:
    """Whether each file of the package is there with the recorded content.

    Not judged: files without a hash, and bytecode, which Python writes anew although some wheels bring and record it.
    """
    try:
        rows = list(csv.reader((dist_info / "RECORD").read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    if not rows or not (dist_info / "INSTALLER").exists():
        return False
    return all(len(row) == 3 and _matches(dist_info.parent / row[0], *row[1:]) for row in rows)


def _matches(path: Path, recorded: str, size: str) -> bool:
    algorithm, _, value = recorded.partition("=")
    if not value or path.suffix == ".pyc":
        return True
    try:
        if size and path.stat().st_size != int(size):
            return False
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, algorithm).digest()
    except (OSError, ValueError):
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == value
