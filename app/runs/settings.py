"""The user's settings: one small file that survives updates, bad values and a cut at any moment."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core import AssayError, Device
from app.runs.storage import Disk
from app.runs.store import default_root

VERSION = 1
FILE = "settings.json"
LARGEST = 1_000_000
"""Bytes; a larger settings file is not ours."""

Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: Mapping[int, Migration] = {}
"""From a version to the next: MIGRATIONS[1] turns a file of version 1 into one of version 2."""


class Settings(BaseModel):
    """Everything that outlives a window. Names unknown to this version are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    theme: Literal["system", "light", "dark"] = Field(default="system", description="Colours of the window")
    density: Literal["compact", "normal", "touch"] = Field(default="normal", description="Height of controls and rows")
    reduced_motion: bool = Field(default=False, description="No fading and no moving bars")
    device: Device = Field(default="auto", description="Where runs compute unless their own setting says otherwise")
    store: str = Field(default="", description="Folder that keeps the runs; empty for the usual place")
    offline: bool = Field(default=True, description="Nothing leaves this machine, from any process")
    parallel: int = Field(default=1, ge=1, le=64, description="Runs that may go on at the same time")
    warm: Literal["auto", "on", "off"] = Field(
        default="auto", description="Keep a spare process ready so that runs start at once"
    )
    keep_running: bool = Field(default=True, description="Runs go on when the window is closed")
    keep_awake: bool = Field(default=True, description="The computer does not fall asleep while a run is active")
    notifications: bool = Field(default=True, description="Tell me when a run ends and Assay is not in front")
    sound: bool = Field(default=False, description="A sound with each notification")
    silent_minutes: int = Field(
        default=5, ge=1, le=1_440, description="A run that says nothing for so long raises an alarm"
    )
    trash_days: int = Field(default=30, ge=1, le=3_650, description="Days that a run stays in the trash")
    shortcuts: dict[str, str] = Field(default={}, description="Keys that differ from the usual ones, by command")
    hidden_hints: tuple[str, ...] = Field(default=(), description="Hints and tours that were dismissed")
    recent: tuple[str, ...] = Field(default=(), description="Files and folders opened lately, newest first")
    drop_choices: dict[str, str] = Field(
        default={}, description="What to do with a kind of dropped file, where remembered"
    )

    def changed(self, **values: Any) -> "Settings":
        """A copy with `values` set and checked; raises AssayError that names each bad one."""
        try:
            return Settings.model_validate({**self.model_dump(), **values})
        except ValidationError as error:
            raise AssayError(
                "That setting cannot be used",
                where=", ".join(_place(fault) for fault in error.errors()),
                why="; ".join(fault["msg"] for fault in error.errors()),
                remedy="The settings stay as they were.",
            ) from error

    def with_recent(self, path: str, keep: int = 20) -> "Settings":
        others = [known for known in self.recent if known != path]
        return self.changed(recent=(path, *others)[:keep])


@dataclass(frozen=True)
class Loaded:
    """Settings as found, with what had to be set aside, each in a sentence for the user."""

    settings: Settings
    problems: tuple[str, ...] = ()


def load_settings(
    folder: Path | None = None, *, version: int = VERSION, migrations: Mapping[int, Migration] = MIGRATIONS
) -> Loaded:
    """Read the settings. Never raises for what the file holds: a bad value falls back to its default and is named.

    A file of another version, or one that cannot be read, is kept beside the new one.
    """
    path = (folder or config_folder()) / FILE
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes")
        raw = json.loads(path.read_bytes())
        if not isinstance(raw, dict):
            raise ValueError("it holds no settings")
    except FileNotFoundError:
        return Loaded(Settings())
    except OSError as error:
        return Loaded(Settings(), (f"The settings could not be read ({error.strerror}); defaults are used.",))
    except (ValueError, RecursionError) as error:
        kept = _keep(path, "damaged")
        return Loaded(Settings(), (f"The settings were damaged ({error}); defaults are used, the old file is {kept}.",))
    problems = []
    found = raw.pop("version", 1)
    if found != version:
        kept = _keep(path, f"v{found}")
        problems.append(f"The settings came from version {found}; the old file is kept as {kept}.")
        while isinstance(found, int) and found < version and found in migrations:
            raw = migrations[found](raw)
            found += 1
    settings, set_aside = _validated(raw)
    return Loaded(settings, (*problems, *set_aside))


def save_settings(settings: Settings, folder: Path | None = None) -> None:
    """Replace the file as a whole: a cut at any moment leaves the old or the new one."""
    folder = folder or config_folder()
    folder.mkdir(parents=True, exist_ok=True)
    record = {"version": VERSION, **settings.model_dump(mode="json")}
    Disk().replace(folder / FILE, json.dumps(record, indent=2, ensure_ascii=False).encode())


def change_settings(folder: Path | None = None, **values: Any) -> Settings:
    """Load, change, save; raises AssayError and saves nothing when a value cannot be used."""
    settings = load_settings(folder).settings.changed(**values)
    save_settings(settings, folder)
    return settings


def config_folder() -> Path:
    """Where settings live: `ASSAY_CONFIG`, or the place this system keeps them."""
    if chosen := os.environ.get("ASSAY_CONFIG"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "Assay"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Assay"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "assay"


def store_folder(settings: Settings, chosen: Path | None = None) -> Path:
    """Where runs live: `chosen` on the command line, else `ASSAY_STORE`, else the setting, else the usual place."""
    if chosen is not None:
        return chosen.expanduser()
    if variable := os.environ.get("ASSAY_STORE"):
        return Path(variable)
    if settings.store:
        return Path(settings.store).expanduser()
    return default_root()


def _validated(raw: dict[str, Any]) -> tuple[Settings, list[str]]:
    problems: list[str] = []
    while True:
        try:
            return Settings.model_validate(raw), problems
        except ValidationError as error:
            for fault in error.errors():
                problems.append(
                    f"{_place(fault)} was {fault['input']!r:.60}: {fault['msg'].lower()}; the default is used."
                )
                _drop(raw, fault["loc"])


def _drop(raw: dict[str, Any], place: tuple[int | str, ...]) -> None:
    """Take out the smallest part that is wrong: one shortcut, not all of them."""
    entry = raw.get(str(place[0]))
    if len(place) > 1 and isinstance(entry, dict) and place[1] in entry:
        del entry[str(place[1])]
    else:
        raw.pop(str(place[0]), None)


def _place(fault: Any) -> str:
    return ".".join(str(part) for part in fault["loc"])


def _keep(path: Path, word: object) -> str:
    """Copy `path` beside itself before anything new is written there."""
    safe = "".join(letter for letter in str(word) if letter.isalnum())[:20]
    kept = path.with_name(f"{path.stem}.{safe}{path.suffix}")
    Disk().replace(kept, path.read_bytes())
    return kept.name
