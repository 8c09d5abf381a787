"""What the window looked like when it was last seen: tabs, unsent settings, sizes; kept beside the settings."""

import json
from pathlib import Path
from typing import Any

from app.runs.settings import config_folder
from app.runs.storage import Disk

FILE = "session.json"
SHAPES = {"tab": str, "forms": dict, "runs": dict, "layout": dict}
SMALLEST, LARGEST = 200, 20_000


def load_session(folder: Path | None = None) -> dict[str, Any]:
    """The last session; parts that are missing or damaged are left out."""
    try:
        content = json.loads(((folder or config_folder()) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    kept = {name: content[name] for name, shape in SHAPES.items() if isinstance(content.get(name), shape)}
    size = content.get("size")
    if (
        isinstance(size, list)
        and len(size) == 2
        and all(type(side) is int and SMALLEST <= side <= LARGEST for side in size)
    ):
        kept["size"] = size
    return kept


def save_session(content: dict[str, Any], folder: Path | None = None) -> None:
    """Replace the kept session as a whole."""
    place = folder or config_folder()
    place.mkdir(parents=True, exist_ok=True)
    Disk().replace(place / FILE, json.dumps(content, ensure_ascii=False, indent=1).encode())
