"""Read which videos train and which test: JSON as [{train_keys, test_keys}], or DSNet's YAML."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.strict_json import read_json
from app.data.text import listed, plain, size_in_words

SIZE_LIMIT = 1_000_000
YAML_LIMIT = 200_000
"""Bytes; the YAML reader takes about a second for 100 kB."""

DEPTH_LIMIT = 8
SPLITS_LIMIT = 1_000
KEYS_LIMIT = 10_000
NAMES = {"train_keys", "test_keys"}
EXTRA = {"name", "split", "id"}
"""Names that some lists give beside the keys; they say nothing about the split."""


@dataclass(frozen=True)
class Split:
    """Keys of the videos to train on and of those to test on, none in both."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def load_splits(path: Path) -> tuple[Split, ...]:
    """The splits in a .json or .yml file, told apart by content.

    Raises AssayError for keys given twice in a part or in both, unknown names, and anything that is no list of splits.
    """
    with open_plain(path) as handle:
        head = handle.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
    name = plain(path.name)
    # DSNet's lists begin with “- train_keys:”; JSON is YAML, too, but its own reader names the line.
    value = read_json(path, SIZE_LIMIT) if head[:1] in (b"[", b"{") else _read_yaml(path, name)
    return splits_from(value, name)


def looks_like_splits(value: Any) -> bool:
    """True where parsed JSON or YAML is meant as a list of splits."""
    entries = value if isinstance(value, list) else [value]
    return bool(entries) and isinstance(entries[0], dict) and bool(NAMES & entries[0].keys())


def splits_from(value: Any, name: str) -> tuple[Split, ...]:
    """The checked splits of parsed JSON or YAML; `name` says in errors where they are from."""
    entries = value if isinstance(value, list) else [value]
    if not entries or len(entries) > SPLITS_LIMIT or not all(isinstance(entry, dict) for entry in entries):
        raise AssayError(
            f"“{name}” holds no splits", where=name, remedy="Expected a list of {“train_keys”: […], “test_keys”: […]}"
        )
    return tuple(_split(entry, f"{name}, split {number}") for number, entry in enumerate(entries, 1))


def _split(entry: dict[Any, Any], where: str) -> Split:
    unknown = [str(key) for key in entry if key not in NAMES | EXTRA]
    missing = sorted(NAMES - entry.keys())
    if unknown or missing:
        what = f"“{plain(unknown[0], 60)}” is not known" if unknown else f"“{missing[0]}” is missing"
        raise AssayError(what, where=where, remedy="A split has train_keys and test_keys")
    train, test = (_keys(entry[name], name, where) for name in ("train_keys", "test_keys"))
    both = sorted(set(train) & set(test))
    if both:
        raise AssayError(
            f"Videos are in both train and test: {listed(both)}",
            where=where,
            why="a method would be tested on what it learned",
        )
    return Split(train, test)


def _keys(value: Any, name: str, where: str) -> tuple[str, ...]:
    good = isinstance(value, list) and 0 < len(value) <= KEYS_LIMIT and all(isinstance(key, str) for key in value)
    if not good:
        raise AssayError(f"“{name}” is no list of video names", where=where)
    twice = sorted({key for key in value if value.count(key) > 1}) if len(set(value)) < len(value) else []
    if twice:
        raise AssayError(f"“{name}” names videos twice: {listed(twice)}", where=where)
    return tuple(value)


def _read_yaml(path: Path, name: str) -> Any:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    with open_plain(path) as handle:
        data = handle.read(YAML_LIMIT + 1)
    if len(data) > YAML_LIMIT:
        raise AssayError(f"“{name}” is larger than {size_in_words(YAML_LIMIT)}", where=name)
    try:
        text = data.decode("utf-8-sig")
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            # A few lines of them become gigabytes, and no list of splits needs one.
            raise AssayError("YAML aliases are not read", where=name)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if tree is None:
            raise AssayError(f"“{name}” is empty", where=name)
        _check_node(tree, name)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {mark.line + 1}" if mark is not None else name
        why = plain(str(getattr(error, "problem", "") or error))
        raise AssayError("This is no valid YAML", where=place, why=why) from error
    except (ValueError, RecursionError, TypeError) as error:
        raise AssayError("This is no valid YAML", where=name, why=plain(str(error))) from error


def _check_node(node: Any, name: str, depth: int = 0) -> None:
    """Refuses deep nesting and a name given twice in one map."""
    place = f"{name}, line {node.start_mark.line + 1}"
    if depth > DEPTH_LIMIT:
        raise AssayError(f"The YAML is nested more than {DEPTH_LIMIT} deep", where=place)
    if isinstance(node.value, str):
        return
    pairs = [entry for entry in node.value if isinstance(entry, tuple)]
    names = [str(key.value) for key, _ in pairs]
    twice = next((text for number, text in enumerate(names) if text in names[:number]), None)
    if twice is not None:
        raise AssayError(f"The name “{plain(twice, 60)}” is given twice", where=place)
    for inside in [value for _, value in pairs] or node.value:
        _check_node(inside, name, depth + 1)
