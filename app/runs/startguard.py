"""Breaks a crash loop: after two starts that never finished, the third sets aside what probably ends them."""

import time
from dataclasses import dataclass
from pathlib import Path

from app.core import AssayError
from app.runs import folder as folders
from app.runs.encoding import dumps
from app.runs.identity import is_id
from app.runs.storage import Disk

MARKER = "start-attempt.json"
ASIDE = "aside"
MOST_FAILED = 2


@dataclass(frozen=True)
class SetAside:
    """What was moved out of the way. Nothing is deleted; `folder` holds it all."""

    runs: tuple[str, ...]
    settings: bool
    folder: Path


class StartGuard:
    """Call `begin` before anything of the store or the settings is read, `succeeded` when the window can be used."""

    def __init__(self, root: Path, settings: Path | None = None, disk: Disk | None = None) -> None:
        self._root = root
        self._settings = settings
        self._disk = disk or Disk()
        self._marker = root / "cache" / MARKER

    def begin(self) -> SetAside | None:
        """Count this start; at the third in a row that fails, set aside the newest change and say what it was."""
        failed, good = self._state()
        aside = self._set_aside(good) if failed >= MOST_FAILED else None
        self._write(0 if aside else failed + 1, good)
        return aside

    def succeeded(self) -> None:
        self._write(0, time.time())

    def _state(self) -> tuple[int, float]:
        try:
            marker = folders.read_object(self._marker)
        except AssayError:
            return 0, 0.0
        failed, good = marker.get("failed"), marker.get("good")
        return (failed if isinstance(failed, int) else 0), (float(good) if isinstance(good, (int, float)) else 0.0)

    def _set_aside(self, good: float) -> SetAside:
        """Runs that changed since the last good start (if none did, the newest), and settings that changed since."""
        runs = self._root / "runs"
        changed = {path: _newest(path) for path in runs.iterdir() if is_id(path.name)} if runs.is_dir() else {}
        newest = sorted(changed, key=lambda path: changed[path])[-1:]
        suspects = [path for path, when in changed.items() if when > good] or newest
        place = self._root / ASIDE
        self._disk.make_folder(place)
        for path in suspects:
            self._disk.move(path, self._free(place / path.name))
        moved = self._settings is not None and self._settings.exists() and _newest(self._settings) > good
        if moved and self._settings is not None:
            kept = self._free(self._settings.with_name(f"{self._settings.name}.aside"))
            self._disk.move(self._settings, kept)
        return SetAside(tuple(sorted(path.name for path in suspects)), moved, place)

    @staticmethod
    def _free(path: Path) -> Path:
        candidates = (path.with_name(f"{path.name}{'' if k == 0 else f'-{k}'}") for k in range(10_000))
        return next(candidate for candidate in candidates if not candidate.exists())

    def _write(self, failed: int, good: float) -> None:
        self._disk.make_folder(self._marker.parent)
        self._disk.replace(self._marker, dumps({"format": 1, "failed": failed, "good": good}))


def _newest(path: Path) -> float:
    """When the file, or anything directly in the folder, was changed last."""
    try:
        times: list[float] = [item.lstat().st_mtime for item in (path, *(path.iterdir() if path.is_dir() else ()))]
        return max(times)
    except OSError:
        return 0.0
