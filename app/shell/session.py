"""What the window looked like when it was last seen: tabs, unsent settings, sizes; kept beside the settings."""

import json
from pathlib import Path
from typing import Any

from app.runs.settings import config_folder
from app.runs.storage import Disk

FILE = "session.json"


def load_session(folder: Path | None = None) -> dict[str, Any]:
    """The last session, or nothing where there is none that can be read."""
    try:
        content = json.loads(((folder or config_folder()) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def save_session(content: dict[str, Any], folder: Path | None = None) -> None:
    """Replace the kept session as a whole."""
    place = folder or config_folder()
    place.mkdir(parents=True, exist_ok=True)
    Disk().replace(place / FILE, json.dumps(content, ensure_ascii=False, indent=1).encode())
