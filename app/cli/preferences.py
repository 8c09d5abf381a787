"""Commands about settings and kept keys."""

import argparse
import getpass
import sys

from app.cli.context import print_json, print_table
from app.core import AssayError
from app.runs.config_text import to_text, value_from_text
from app.runs.secrets import FILE_WARNING, KNOWN, SESSION_NOTE, Secrets, known
from app.runs.settings import FILE, Settings, change_settings, config_folder, load_settings


def show(options: argparse.Namespace) -> int:
    loaded = load_settings()
    for problem in loaded.problems:
        print(problem, file=sys.stderr)
    values = loaded.settings.model_dump(mode="json")
    if options.json:
        print_json(values)
        return 0
    defaults = Settings().model_dump(mode="json")
    rows = []
    for name, field in Settings.model_fields.items():
        mark = "changed" if values[name] != defaults[name] else ""
        rows.append([name, to_text(values[name]), mark, field.description or ""])
    print_table(["setting", "value", "", "what it does"], rows)
    return 0


def path(options: argparse.Namespace) -> int:
    place = str(config_folder() / FILE)
    if options.json:
        print_json({"settings": place})
    else:
        print(place)
    return 0


def put(options: argparse.Namespace) -> int:
    change_settings(**{options.name: value_from_text(options.value, _annotation(options.name))})
    return 0


def reset(options: argparse.Namespace) -> int:
    _annotation(options.name)
    change_settings(**{options.name: getattr(Settings(), options.name)})
    return 0


def keys(options: argparse.Namespace) -> int:
    """Which keys are kept and where, never what they are."""
    secrets = Secrets()
    rows = [(entry, secrets.where(entry.key)) for entry in KNOWN]
    if options.json:
        print_json(
            [
                {"key": entry.key, "title": entry.title, "variable": entry.variable, "where": place}
                for entry, place in rows
            ]
        )
        return 0
    print_table(["key", "where", "variable", "what it is"], [[e.key, place, e.variable, e.title] for e, place in rows])
    if problem := secrets.keyring_problem():
        print(f"The keyring cannot be used: {problem}", file=sys.stderr)
    return 0


def set_key(options: argparse.Namespace) -> int:
    """Read the key without echo, or from a pipe; a key on the command line would be visible to every user."""
    entry = known(options.name)
    if options.place == "session":
        raise AssayError(
            "A key for one session cannot be kept by a command that ends at once",
            remedy=f"Set {entry.variable} for the command that needs it.",
        )
    if options.place == "file":
        print(FILE_WARNING, file=sys.stderr)
    value = getpass.getpass(f"{entry.title}: ") if sys.stdin.isatty() else sys.stdin.readline()
    secrets = Secrets()
    place = secrets.set(entry.key, value, options.place)
    if place == "session":
        raise AssayError(
            "The key was not kept",
            why=f"{SESSION_NOTE} ({secrets.keyring_problem()})",
            remedy=f"Set {entry.variable}, or use --place file.",
        )
    print(f"Kept: {place}")
    return 0


def forget_key(options: argparse.Namespace) -> int:
    Secrets().forget(options.name)
    return 0


def _annotation(name: str) -> object:
    if name not in Settings.model_fields:
        raise AssayError(f"There is no setting “{name}”", remedy=f"Known settings: {', '.join(Settings.model_fields)}")
    return Settings.model_fields[name].annotation
